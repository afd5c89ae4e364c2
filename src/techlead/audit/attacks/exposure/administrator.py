"""An administrator whose password everybody knows: in the database from the start, or of the names that are tried first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from techlead.audit.attacks.attack import Outcome, Sighting, Site
from techlead.audit.attacks.standing import one, proofs
from techlead.audit.detect import published
from techlead.audit.target.exchange import Actor
from techlead.audit.target.operation import Role

LOGIN_COLUMNS: Final = re.compile(r"^(e_?mail|user_?name|login|name)$", re.IGNORECASE)
HASH_COLUMNS: Final = re.compile(r"password|passwd|pass_?hash|^hash", re.IGNORECASE)
TRIES_MAX = 40
EACH_MAX = 8
OURS: Final = re.compile(r"@(people|admin)\.example\.com$")
"""Addresses of people that the audit itself signed up."""
COMMON: Final = ("admin", "admin123", "password", "changeme", "change-me-please")


def known_administrator(site: Site) -> Iterator[Outcome]:
    """Try the accounts that the target begins with, with passwords from its source and from everybody's list."""
    operation = one(site, Role.LOG_IN)
    if operation is None:
        return
    ours = {actor.login for actor in (site.people.admin, site.people.first, site.people.second) if actor is not None}
    tried = 0
    for login, password in dict.fromkeys(_pairs(site)):
        if login in ours or OURS.search(login) or tried >= TRIES_MAX:
            continue
        tried += 1
        if _enters(site, login, password):
            yield Sighting(
                "exposure.default-admin",
                operation.name,
                f"The account {login} is there from the start, with a password that everybody knows or that stands in the source.",
                evidence={"login": login},
                steps=(),
            )
            return


def _enters(site: Site, login: str, password: str) -> bool:
    """Tell whether an account can be logged in to, and then opens what strangers are refused."""
    known = site.people.log_in(Actor("seeded", login=login, password=password), password)
    return known is not None and bool(proofs(site, known, 1))


def _pairs(site: Site) -> Iterator[tuple[str, str]]:
    """Give log-ins and passwords to try, the likeliest first."""
    folder = site.state.folder
    for login in _begun_with(site):
        near = published.written_near(folder, login) if folder is not None else ()
        yield from ((login, password) for password in (*near, *COMMON)[:EACH_MAX])
    if site.database is None:
        yield from published.ADMINISTRATORS


def _begun_with(site: Site) -> tuple[str, ...]:
    """Give the log-ins in the database that the audit did not sign up: it is asked before anybody signs up here."""
    database = site.database
    if database is None:
        return ()
    found: dict[str, None] = {}
    for table in database.tables():
        for row in database.rows(table):
            ours = any(isinstance(value, str) and OURS.search(value) for value in row.values())
            if not ours and any(HASH_COLUMNS.search(name) and value for name, value in row.items()):
                found.update(dict.fromkeys(_logins(row)))
    return tuple(found)[: TRIES_MAX // 4]


def _logins(row: Mapping[str, Any]) -> Iterator[str]:
    """Give what an account's row may log in with."""
    yield from (value for name, value in row.items() if LOGIN_COLUMNS.search(name) and isinstance(value, str) and value)
