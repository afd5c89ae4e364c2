"""One guard of several that somebody forgot, on a target without a database: found with its hole, silent without, by the effect.

Here the audit has no administrator but by what the target lets everybody set.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from audited import in_order, running, struck

from techlead.audit.attacks import access, exposure, login, session
from techlead.audit.attacks.access import reading, staff, writing
from techlead.audit.attacks.attack import Attack, Sighting
from techlead.audit.attacks.exposure import fields
from techlead.audit.attacks.session import reset
from techlead.audit.site import RunningSite

ATTACKS: Final = {one.name: one for one in (*access.ATTACKS, *session.ATTACKS, *exposure.ATTACKS, *login.ATTACKS)}
# hole -> the attack that must find it, the kind, and the operation that is named
HOLES: Final = {
    "staff-row": ("access.function", "access.function", "DELETE /books/{book_id}"),
    "named-in-body": ("access.account", "access.object-write", "PUT /profile"),
    "role-in-profile": ("access.fields", "access.mass-assignment", "PATCH /profile"),
    "open-list": ("access.read", "access.anonymous", "GET /desk/loans"),
    "by-number": ("access.read", "access.anonymous", "GET /fees/{card_number}"),
    "handed-out": ("exposure.secrets", "exposure.secret-field", "GET /desk/new-password"),
    "phone-logged": ("exposure.logs", "exposure.log-personal", "POST /forgot-password"),
    "code-logged": ("session.reset", "exposure.log-secret", "POST /forgot-password"),
    "code-short": ("session.reset", "session.reset-token-reuse", "POST /reset-password"),
    "no-throttle": ("login.no-throttle", "login.no-throttle", "POST /login"),  # its log-in is a form
    "reset-keeps": ("session.reset", "session.password-change-keeps-sessions", "POST /reset-password"),
}


def seen(site: RunningSite, attack: Attack) -> set[tuple[str, str, str]]:
    return {
        (attack.name, outcome.kind, outcome.operation)
        for outcome in struck(site, attack)
        if isinstance(outcome, Sighting)
    }


@pytest.fixture(scope="module")
def open_() -> Iterator[RunningSite]:
    with running("library_fastapi:app", "identity", {"HOLES": ",".join(HOLES)}) as site:
        yield site


@pytest.fixture(scope="module")
def sound() -> Iterator[RunningSite]:
    with running("library_fastapi:app", "identity", {"HOLES": "none"}) as site:
        yield site


def test_each_forgotten_guard_is_found(open_: RunningSite) -> None:
    attacks = in_order(tuple(ATTACKS[name] for name in dict.fromkeys(name for name, _, _ in HOLES.values())))
    assert set().union(*(seen(open_, attack) for attack in attacks)) >= set(HOLES.values())


def test_nothing_is_found_where_none_was_forgotten(sound: RunningSite) -> None:
    attacks = in_order(tuple(ATTACKS[name] for name in dict.fromkeys(name for name, _, _ in HOLES.values())))
    assert set().union(*(seen(sound, attack) for attack in attacks)) == set()


def test_who_can_make_himself_a_librarian_is_the_administrator(open_: RunningSite, sound: RunningSite) -> None:
    librarian = open_.people.admin
    assert librarian is not None
    add = next(one for one in open_.operations if one.name == "PUT /books")
    assert open_.call(add, librarian).ok
    assert not open_.call(add, open_.people.second).ok
    assert sound.people.admin is None


def yes(*_: Any, **__: Any) -> bool:
    return True


def harmed(*_: Any, **__: Any) -> writing.Harm:
    return writing.Harm("did something")


@pytest.mark.parametrize(
    ("name", "effects"),
    [
        ("access.account", ((writing, "_harmed", harmed),)),
        ("access.read", ((reading, "shows", yes),)),
        ("access.function", ((staff, "_touched", yes), (staff, "_refuses", yes), (staff, "REFUSED", frozenset()))),
        ("exposure.secrets", ((fields, "stands_in", yes),)),
    ],
)
def test_without_its_effect_an_attack_would_accuse_the_sound_library(
    sound: RunningSite, monkeypatch: pytest.MonkeyPatch, name: str, effects: tuple[tuple[Any, str, Any], ...]
) -> None:
    for module, effect, instead in effects:
        monkeypatch.setattr(module, effect, instead)
    assert seen(sound, ATTACKS[name])


def test_a_session_that_ended_is_told_from_one_that_goes_on(
    open_: RunningSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reset, "held", lambda *_: None)
    assert "session.password-change-keeps-sessions" not in {
        kind for _, kind, _ in seen(open_, ATTACKS["session.reset"])
    }
