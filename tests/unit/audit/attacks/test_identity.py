"""Attacks on access, sessions, log-in, passwords and exposure: each finds its hole, and nothing on the sound twin.

Short form: holes that do not hide each other are opened together. Long form (`TECHLEAD_PROOF=long`): each alone, three times in a row.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
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
        "session.digit-signing-key": (("session.digit-key", "session.weak-signing-key"),),
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
    JOURNAL: (
        ("session.deleted-or-banned-user",),
        ("access.object-read", "session.role-stale", "session.digit-signing-key"),
    ),
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
@pytest.mark.parametrize(
    ("app", "holes"), list(groups()), ids=lambda value: value if isinstance(value, str) else value[0]
)
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


def yes(*_: Any, **__: Any) -> bool:
    return True


def something(*_: Any, **__: Any) -> str:
    return "something"


def harmed(*_: Any, **__: Any) -> Any:
    return access.writing.Harm("did something")


def any_answer(site: RunningSite, found: Any, actor: Any) -> Any:
    return site.send(found[0].request.but(actor=actor))


def old_answer(site: RunningSite, staff: Any, admin: Any) -> Any:
    return site.send(staff.request.but(actor=admin))


def to_users(answer: Any, _: Any) -> bool:
    return bool(answer.request.actor.role != "anonymous")


def sign_up_sent(site: RunningSite, names: list[str], word: str) -> Any:
    return site.send(site.people.sign_up_request().with_fields(**dict.fromkeys(names, word)))


def whatever_was_tried(site: RunningSite, _: Any, __: int) -> Any:
    return site.world.ledger.connections()


def what_was_sent(before: Any, after: Any, name: str, value: Any) -> dict[str, Any]:
    return {name: value}


# attack -> a sound twin, and what looks at the effect, replaced by something that never looks
EFFECTS: Final[dict[str, tuple[str, tuple[tuple[Any, str, Any], ...]]]] = {
    "access.read": (JOURNAL, ((access.reading, "shows", to_users),)),
    "access.write": (JOURNAL, ((access.writing, "_touched", yes), (access.writing, "REFUSED", frozenset()))),
    "access.account": (SHOP, ((access.writing, "_harmed", harmed),)),
    "access.function": (SHOP, ((access.power, "stands_in", yes),)),
    "access.fields": (SHOP, ((access.power, "_gained", what_was_sent),)),
    "session.revoked": (JOURNAL, ((session.ended, "held", any_answer),)),
    "session.password-change": (JOURNAL, ((session.ended, "held", any_answer),)),
    "session.self-deleted": (JOURNAL, ((session.ended, "held", any_answer),)),
    "session.locked-out": (JOURNAL, ((session.ended, "held", any_answer),)),
    "session.role-stale": (JOURNAL, ((session.ended, "_outlived", old_answer),)),
    "session.expired": (JOURNAL, ((session.ended, "held", any_answer),)),
    "session.alg-none": (JOURNAL, ((session.forged, "held", any_answer),)),
    "session.weak-key": (JOURNAL, ((session.forged.tokens, "crack", something), (session.forged, "held", any_answer))),
    "session.digit-key": (JOURNAL, ((session.forged.tokens, "crack", something), (session.forged, "held", any_answer))),
    "session.reset": (JOURNAL, ((session.reset, "_logs_in", yes),)),
    "session.queued": (JOURNAL, ((session.queued, "_reached", whatever_was_tried),)),
    "login.no-throttle": (DESK, ((login, "_came_in", yes),)),
    "login.enumeration": (DESK, ((login, "_differ", yes),)),
    "login.time": (DESK, ((login.ranks, "apart", yes), (login, "RATIO_WORTH_MORE", 0))),
    "password.weak-hash": (DESK, ((password.hashes, "weakness", something),)),
    "password.no-policy": (DESK, ((password, "_taken", sign_up_sent),)),
    "exposure.identifiers": (SHOP, ((exposure.identifiers, "counted", yes),)),
    "exposure.secrets": (SHOP, ((exposure.fields, "stands_in", yes),)),
    "exposure.echoes": (JOURNAL, ((exposure.fields, "stands_in", yes),)),
    "exposure.personal": (SHOP, ((exposure.fields, "stands_in", yes),)),
    "exposure.errors": (JOURNAL, ((exposure.errors.traces, "inside", something),)),
    "exposure.debugging": (SHOP, ((exposure.errors.traces, "debugger", something),)),
    "exposure.administrator": (JOURNAL, ((exposure.administrator, "_enters", yes),)),
    "exposure.logs": (SHOP, ((exposure.logs, "stands_in", yes),)),
    "exposure.refused-messages": (DESK, ((exposure.logs, "stands_in", yes),)),
}


@contextmanager
def without_looking(attack: Attack) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module, name, instead in EFFECTS[attack.name][1]:
            patch.setattr(module, name, instead)
        yield


def sightings(site: RunningSite, attack: Attack) -> list[Sighting]:
    return [outcome for outcome in struck(site, attack) if isinstance(outcome, Sighting)]


@pytest.mark.parametrize("app", HOLES)
def test_the_sound_twin_is_passed_over_and_only_because_the_effect_is_looked_at(app: str) -> None:
    found: dict[str, list[Sighting]] = {}
    accused: dict[str, list[Sighting]] = {}
    with target(app) as site:
        for attack in in_order(ATTACKS):
            if EFFECTS[attack.name][0] == app:
                with without_looking(attack):
                    accused[attack.name] = sightings(site, attack)
            found[attack.name] = sightings(site, attack)
    assert {name: seen for name, seen in found.items() if seen} == {}
    assert [name for name, seen in accused.items() if not seen] == []


def test_every_attack_has_a_hole_and_an_effect() -> None:
    assert set(EFFECTS) == set(BY_NAME)
    assert {attack for holes in HOLES.values() for expected in holes.values() for attack, _ in expected} == set(BY_NAME)


def test_every_kind_of_these_families_has_a_twin() -> None:
    kinds = {kind for attack in ATTACKS for kind in attack.kinds}
    assert {kind for holes in HOLES.values() for expected in holes.values() for _, kind in expected} == kinds
