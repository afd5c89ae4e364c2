"""What answers show that they should not: passwords, hashes and keys to anybody, personal data to strangers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from techlead.audit.attacks.attack import Compare, Outcome, Shows, Sighting, Site, Unavailable
from techlead.audit.attacks.exposure.tour import asked, broken
from techlead.audit.detect import hashes
from techlead.audit.detect.canaries import line_with, named_values, stands_in
from techlead.audit.finding import Severity
from techlead.audit.target.exchange import Actor, Answer
from techlead.audit.target.operation import Operation, Role

SECRET: Final = re.compile(r"secret|token|password|passwd|api_?key|private_?key|otp|recovery|pin$", re.IGNORECASE)
PERSONAL: Final = re.compile(
    r"e?mail|phone|mobile|iban|account_number|card|address|birth|ssn|passport|salary", re.IGNORECASE
)
NEVER_PUBLIC: Final = re.compile(
    r"(shipping|billing|delivery|home)_?address|iban|card|ssn|passport|salary", re.IGNORECASE
)
"""Of a row that is no account: the address or telephone of a shop or a flat to let is there to be seen."""
GIVING: Final = (Role.SIGN_UP, Role.LOG_IN, Role.PASSWORD, Role.RESET, Role.CHANGE_ME)
PASSWORD: Final = re.compile(r"(new_|temporary_|admin_|root_)?(password|passwd)", re.IGNORECASE)
BLANKED: Final = re.compile(r"^[*x.\u2022 -]+$|^(string|hidden|redacted|none|null|required|masked)$|\s", re.IGNORECASE)
"""What stands in the place of a password that is not shown, or speaks of one."""
PASSWORD_CHARACTERS_MIN = 6
SECRET_CHARACTERS_MIN = 12
BROKEN_MAX = 14


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that some people must not see, and whose it is."""

    value: str
    what: str
    owner: Actor | None
    """Who may see it; None for what nobody may."""


def secret_fields(site: Site) -> Iterator[Outcome]:
    """Read everything as everybody and search the answers for the secrets that the audit knows of."""
    owner, stranger = site.people.first, site.people.new()
    secrets = tuple(_secrets(site, owner))
    readers = tuple(actor for actor in (site.people.anonymous, owner, stranger, site.people.admin) if actor is not None)
    seen: set[tuple[str, str]] = set()
    for answer in asked(site, readers):
        reader = answer.request.actor
        if reader.role == "anonymous":
            yield from _handed_out(answer, seen)
        for secret in secrets:
            if not answer.ok or (secret.owner is not None and (reader == secret.owner or reader.role == "admin")):
                continue
            place = (answer.request.operation or answer.request.path, secret.what)
            if place not in seen and stands_in(answer.text, secret.value):
                seen.add(place)
                yield _shown(place[0], f"{place[0]} shows {secret.what}.", answer, secret)
    yield from _hashes_shown(site, owner, seen)


def _handed_out(answer: Answer, seen: set[tuple[str, str]]) -> Iterator[Outcome]:
    """Find a password that the target hands to whoever reads, which it made itself: it is told by the name of its field."""
    place = answer.request.operation or answer.request.path
    for name, value in named_values(answer.json) if answer.ok else ():
        written = isinstance(value, str) and len(value) >= PASSWORD_CHARACTERS_MIN and not BLANKED.search(value)
        if written and PASSWORD.fullmatch(name) and (place, "a password") not in seen:
            seen.add((place, "a password"))
            claim = f"{place} gives whoever asks a password, without logging in."
            yield _shown(place, claim, answer, Secret(value, "a password", None))


def _secrets(site: Site, owner: Actor) -> Iterator[Secret]:
    """Give the owner's password and token, his hash, and what columns of secret names hold."""
    yield Secret(owner.password, "a password in clear", None)
    if owner.token:
        yield Secret(owner.token, "another user's token", owner)
    database = site.database
    if database is None:
        return
    for table in database.tables():
        for row in database.rows(table):
            own = _is_of(row, owner)
            for name, value in row.items():
                text = hashes.decoded(value) if isinstance(value, str | bytes) else ""
                if hashes.looks_hashed(text):
                    yield Secret(text, "the hash of a password", None)
                elif own and SECRET.search(name) and len(text) >= SECRET_CHARACTERS_MIN:
                    yield Secret(text, f"another user's {name}", owner)


def _is_of(row: Mapping[str, Any], owner: Actor) -> bool:
    """Tell whether a row is the owner's: by his log-in, or by his id where an owner's id stands."""
    named = any(str(value) == str(owner.id) for name, value in row.items() if OWNER.search(name))
    return named or any(str(value).lower() == owner.login.lower() for value in row.values())


OWNER: Final = re.compile(r"^(user|owner|account|customer|member|seller|author)(_id)?$", re.IGNORECASE)
HASH: Final = re.compile(
    r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}|\$argon2id?\$v=\d+\$|pbkdf2[_:]sha\d+[$:]\d+|scrypt:\d+:\d+:\d+\$"
)


def _hashes_shown(site: Site, owner: Actor, seen: set[tuple[str, str]]) -> Iterator[Outcome]:
    """Without a database: look for the notations of password hashes."""
    if site.database is not None:
        return
    for answer in asked(site, (owner,)):
        place = answer.request.operation or answer.request.path
        found = HASH.search(answer.text)
        if found and (place, "hash") not in seen:
            seen.add((place, "hash"))
            yield _shown(place, f"{place} shows the hash of a password.", answer, Secret(found[0], "hash", None))


def _shown(operation: str, claim: str, answer: Answer, secret: Secret, severity: Severity | None = None) -> Sighting:
    """Say that an answer shows a secret, without repeating it."""
    seen = {"answer": line_with(answer.text, secret.value)}
    shows = (
        Shows(Compare.CONTAINS, (secret.value,))
        if "hash" not in secret.what and "column" not in secret.what
        else Shows()
    )
    return Sighting(
        "exposure.secret-field",
        operation,
        claim,
        cause=secret.what,
        evidence=seen,
        steps=(answer.exchange,),
        severity=severity,
        shows=shows,
    )


def echoes(site: Site) -> Iterator[Outcome]:
    """Break requests that carry a password and search the refusals for it."""
    actor = site.people.first
    for operation in site.places(*GIVING, unsafe=True):
        with suppress(Unavailable):
            caller = site.people.anonymous if operation.role in {Role.SIGN_UP, Role.LOG_IN, Role.RESET} else actor
            request = site.request(operation, caller)
            words = {
                name: value
                for name, value in (request.body or {}).items()
                if "pass" in name.lower() and isinstance(value, str)
            }
            for variant in islice(broken(operation, request), BROKEN_MAX) if words else ():
                answer = site.send(variant)
                leaked = [value for value in words.values() if stands_in(answer.text, value)]
                if leaked:
                    claim = f"A refused {operation.name} repeats the password that was sent."
                    yield _shown(
                        operation.name, claim, answer, Secret(leaked[0], "a password in a refusal", None), Severity.LOW
                    )
                    break


def personal_fields(site: Site) -> Iterator[Outcome]:
    """Give an account personal data, and read everything as a stranger and as nobody."""
    owner, stranger = site.people.first, site.people.new()
    canaries = dict(_personal(site, owner))
    seen: set[str] = set()
    for answer in _strangers_answers(site, owner, stranger):
        place = answer.request.operation or answer.request.path
        shown = [name for name, value in canaries.items() if answer.ok and stands_in(answer.text, value)]
        if not shown or place in seen:
            continue
        seen.add(place)
        who = "anybody, without logging in" if answer.request.actor.role == "anonymous" else "any other user"
        yield Sighting(
            "exposure.personal-field",
            place,
            f"{place} shows somebody's {' and '.join(sorted(shown))} to {who}.",
            evidence={"fields": sorted(shown), "answer": line_with(answer.text, canaries[shown[0]])},
            steps=(answer.exchange,),
            shows=Shows(Compare.CONTAINS, (canaries[shown[0]],)),
        )


def _personal(site: Site, owner: Actor) -> Iterator[tuple[str, str]]:
    """Fill in the owner's profile, and give each personal value that strangers should not see, by the name of its field."""
    given: dict[str, Any] = {**owner.fields, **({"email": owner.login} if "@" in owner.login else {})}
    for operation in site.operations:
        if operation.role is Role.CHANGE_ME:
            with suppress(Unavailable):
                answer = site.call(operation, owner)
                given |= dict(answer.request.body or {}) if answer.ok else {}
    for resource in site.resources:
        with suppress(Unavailable):
            made = site.make(resource.name, owner).fields if resource.create is not None else {}
            given |= {name: value for name, value in _texts(made).items() if NEVER_PUBLIC.search(name)}
    yield from ((name, value) for name, value in given.items() if PERSONAL.search(name) and isinstance(value, str))


def _texts(fields: Mapping[str, Any]) -> dict[str, str]:
    """Give the texts of a row by the names of their fields."""
    return {name: value for name, value in fields.items() if isinstance(value, str)}


def _strangers_answers(site: Site, owner: Actor, stranger: Actor) -> Iterator[Answer]:
    """Ask as nobody and as a stranger: for lists, and for the owner's account by whatever a path may call it."""
    readers = (site.people.anonymous, stranger)
    yield from asked(site, readers)
    for operation in site.places(unsafe=False):
        if len(operation.parameters) == 1 and _names_people(operation):
            for name in dict.fromkeys(
                value for value in (owner.id, owner.login, owner.fields.get("username")) if value is not None
            ):
                for reader in readers:
                    with suppress(Unavailable):
                        yield site.call(operation, reader, path={operation.parameters[0].name: name})


def _names_people(operation: Operation) -> bool:
    """Tell whether a path leads to somebody's account."""
    return bool(
        re.search(
            r"user|account|customer|member|profile|people|person|seller|author|instructor|student|agent", operation.path
        )
    )
