"""Who comes to a target that an attack has broken, and who raises himself where the target lets everybody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from techlead.audit.target.exchange import Answer, Request, Unavailable
from techlead.audit.target.operation import Field, Meaning, Operation, Role
from techlead.audit.target.people import Identities
from techlead.audit.target.promotion import found_promotion
from techlead.audit.target.understanding import Promotion, Ways
from techlead.audit.target.values import Values

SIGN_UP = Operation(
    "POST",
    "/register",
    Role.SIGN_UP,
    body=(
        Field("username", meaning=Meaning.USERNAME, required=True),
        Field("password", meaning=Meaning.PASSWORD, required=True),
    ),
)
ME = Operation("GET", "/me", Role.ME)
CHANGE = Operation("PATCH", "/me", Role.CHANGE_ME)
WAYS = Ways(sign_up=SIGN_UP, carries={"Authorization": "Bearer ..."}, probe=ME, roles=("user",))


class Target:
    """A target that signs up, shows and changes accounts; broken, it fails until it is started again."""

    def __init__(self, *, broken: bool = False, open_to_all: bool = False) -> None:
        self.broken, self.open_to_all = broken, open_to_all
        self.roles: dict[str, str] = {}
        self.started = 0

    def start(self) -> bool:
        self.broken = False
        self.started += 1
        return self.started == 1

    def send(self, request: Request) -> Answer:
        token = request.actor.token
        if self.broken:
            return Answer(request, 500)
        if request.method == "POST":
            made = f"token-of-{request.body['username']}"
            self.roles[made] = "reader"
            return self._said(request, 201, {"token": made})
        if request.method == "PATCH":
            wanted = request.body.get("role")
            if wanted not in {"reader", "keeper"}:
                return self._said(request, 422, {})
            self.roles[token] = wanted if self.open_to_all else self.roles[token]
        return self._said(request, 200, {"role": self.roles[token]})

    @staticmethod
    def _said(request: Request, status: int, said: object) -> Answer:
        return Answer(request, status, {}, json.dumps(said).encode())


def people(target: Target, ways: Ways = WAYS) -> Identities:
    return Identities(ways, target.send, Values(7, lambda: 0.0), lambda: None, heal=target.start)


def test_a_target_that_fails_is_started_again_and_then_takes_people() -> None:
    target = Target(broken=True)
    assert people(target).new().headers
    assert target.started == 1


def test_one_that_goes_on_failing_is_said_to() -> None:
    target = Target(broken=True)
    target.started = 1
    with pytest.raises(Unavailable, match="sign-up was refused: 500"):
        people(target).new()


def source(folder: Path) -> Path:
    (folder / "ranks.py").write_text('class Rank:\n    A = "reader"\n    B = "keeper"\n\nSIZES = ["reader", 1]\n')
    return folder


def test_the_words_of_the_source_lead_to_a_promotion_where_everybody_may_set_them(tmp_path: Path) -> None:
    target = Target(open_to_all=True)
    found = found_promotion((ME, CHANGE), WAYS, people(target), target.send, source(tmp_path))
    assert found == Promotion(CHANGE, "role", "keeper")
    raised = people(target, Ways(**{**_fields(WAYS), "promotion": found})).new("admin")
    assert target.roles[raised.token] == "keeper"


def test_what_is_accepted_and_not_stored_is_no_promotion(tmp_path: Path) -> None:
    target = Target()
    assert found_promotion((ME, CHANGE), WAYS, people(target), target.send, source(tmp_path)) is None
    assert found_promotion((ME, CHANGE), WAYS, people(target), target.send, None) is None


def test_nobody_is_signed_up_where_no_operation_could_raise_him(tmp_path: Path) -> None:
    target = Target()
    assert found_promotion((ME, SIGN_UP), WAYS, people(target), target.send, source(tmp_path)) is None
    assert target.roles == {}


def _fields(ways: Ways) -> dict[str, object]:
    return {name: getattr(ways, name) for name in ways.__dataclass_fields__}
