"""Attacks on access, sessions, log-in, passwords and exposure: each finds its hole, and nothing on the sound twin.

Short form: holes that do not hide each other are opened together. Long form (`TECHLEAD_PROOF=long`): each alone, three times in a row.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from audited import in_order, running, struck

from techlead.audit.attacks import access, exposure, login, password, session
from techlead.audit.attacks.attack import Attack, Sighting
from techlead.audit.site import RunningSite

ATTACKS: Final = (*access.ATTACKS, *session.ATTACKS, *login.ATTACKS, *password.ATTACKS, *exposure.ATTACKS)
BY_NAME: Final = {attack.name: attack for attack in ATTACKS}
JOURNAL, SHOP, DESK = "journal_fastapi:app", "shop_flask:app", "desk_django:application"

# hole -> the attacks that must find it, and the kind under which they do
HOLES: Final[dict[str, dict[str, tuple[tuple[str, str], ...]]]] = {
    JOURNAL: {
        "access.object-read": (("access.read", "access.object-read"),),
        "access.function": (("access.function", "access.function"),),
        "access.anonymous": (("access.read", "access.anonymous"),),
        "session.revoked-token": (("session.revoked", "session.revoked-token"),),
        "session.password-change-keeps-sessions": (
            ("session.password-change", "session.password-change-keeps-sessions"),
        ),
        "session.role-stale": (("session.role-stale", "session.role-stale"),),
        "session.expired-token": (("session.expired", "session.expired-token"),),
        "session.alg-none": (("session.alg-none", "session.alg-none"),),
        "session.weak-signing-key": (("session.weak-key", "session.weak-signing-key"),),
        "session.reset-token-reuse": (("session.reset", "session.reset-token-reuse"),),
        "session.queued": (("session.queued", "session.deleted-or-banned-user"),),
        "session.deleted-or-banned-user": (
            ("session.self-deleted", "session.deleted-or-banned-user"),
            ("session.locked-out", "session.deleted-or-banned-user"),
        ),
        "password.no-policy": (("password.no-policy", "password.no-policy"),),
        "exposure.secret-field": (("exposure.echoes", "exposure.secret-field"),),
        "exposure.error-detail": (("exposure.errors", "exposure.error-detail"),),
        "exposure.default-admin": (("exposure.administrator", "exposure.default-admin"),),
    },
    SHOP: {
        "access.object-write": (("access.write", "access.object-write"), ("access.account", "access.object-write")),
        "access.function": (("access.function", "access.function"),),
        "access.mass-assignment": (("access.fields", "access.mass-assignment"),),
        "session.revoked-token": (("session.revoked", "session.revoked-token"),),
        "session.password-change-keeps-sessions": (
            ("session.password-change", "session.password-change-keeps-sessions"),
        ),
        "login.no-throttle": (("login.no-throttle", "login.no-throttle"),),
        "login.no-throttle-forged": (("login.no-throttle", "login.no-throttle"),),
        "login.enumeration": (("login.enumeration", "login.enumeration"),),
        "login.enumeration-time": (("login.time", "login.enumeration"),),
        "password.weak-hash": (("password.weak-hash", "password.weak-hash"),),
        "exposure.secret-field": (("exposure.secrets", "exposure.secret-field"),),
        "exposure.internal-id": (("exposure.identifiers", "exposure.internal-id"),),
        "exposure.personal-field": (("exposure.personal", "exposure.personal-field"),),
        "exposure.log-secret": (("exposure.logs", "exposure.log-secret"),),
        "exposure.log-personal": (("exposure.logs", "exposure.log-personal"),),
        "exposure.debug": (("exposure.debugging", "exposure.debug"),),
    },
    DESK: {
        "access.tenant": (("access.read", "access.tenant"),),
        "session.deleted-or-banned-user": (("session.locked-out", "session.deleted-or-banned-user"),),
        "login.enumeration": (("login.enumeration", "login.enumeration"),),
        "password.no-policy": (("password.no-policy", "password.no-policy"),),
        "password.weak-hash": (("password.weak-hash", "password.weak-hash"),),
        "exposure.debug": (("exposure.debugging", "exposure.debug"),),
        "exposure.log-personal": (("exposure.refused-messages", "exposure.log-personal"),),
    },
}
HIDING: Final = {  # what another hole would hide is opened alone
    JOURNAL: (("session.deleted-or-banned-user",), ("access.object-read", "session.role-stale")),
    SHOP: (("password.weak-hash",), ("login.no-throttle-forged", "exposure.internal-id")),
    DESK: (),
}
LONG: Final = os.environ.get("TECHLEAD_PROOF") == "long"
ROUNDS: Final = 3 if LONG else 1


def groups() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give the holes that are opened together."""
    for app, holes in HOLES.items():
        if LONG:
            yield from ((app, (hole,)) for hole in holes)
            continue
        alone = {hole for group in HIDING[app] for hole in group}
        yield app, tuple(hole for hole in holes if hole not in alone)
        yield from ((app, group) for group in HIDING[app])


def target(app: str, *holes: str) -> Any:
    return running(app, "identity", {"HOLES": ",".join(holes) or "none"})


@pytest.mark.parametrize("round_", range(ROUNDS))
@pytest.mark.parametrize(("app", "holes"), list(groups()), ids=lambda value: value if isinstance(value, str) else value[0])
def test_each_hole_is_found(app: str, holes: tuple[str, ...], round_: int) -> None:
    wanted = {expected for hole in holes for expected in HOLES[app][hole]}
    with target(app, *holes) as site:
        attacks = in_order(tuple(BY_NAME[name] for name in sorted({name for name, _ in wanted})))
        found = {
            (attack.name, outcome.kind)
            for attack in attacks
            for outcome in struck(site, attack)
            if isinstance(outcome, Sighting)
        }
    assert found >= wanted, f"not found: {wanted - found}"


@contextmanager
def without(where: tuple[tuple[Any, str, Callable[..., Any]], ...]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module, name, instead in where:
            patch.setattr(module, name, instead)
        yield


def sightings(site: RunningSite, attack: Attack) -> list[Sighting]:
    return [outcome for outcome in struck(site, attack) if isinstance(outcome, Sighting)]
