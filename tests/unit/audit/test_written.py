"""The file that a person writes about a target, and the one that `--init` writes."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from techlead.audit.finding import Question
from techlead.audit.target.exchange import Actor
from techlead.audit.target.given import Given
from techlead.audit.target.operation import Operation, Role
from techlead.audit.target.understanding import Understanding, Ways
from techlead.audit.written import first_file, inferred, read
from techlead.errors import SettingsRefused

SAID = """
leave_alone = ["POST /danger"]
[target]
app = "main:app"
python = "/venv/python"
[environment]
PORT = 8000
[people]
sign_up = "POST /join"
[answers."access.anonymous@GET /users"]
meant = true
because = "public"
"""


def test_what_is_written_is_read(tmp_path: Path):
    file = tmp_path / "techlead-audit.toml"
    file.write_text(SAID)
    given = read(file, Given(environment={"DEBUG": "0"}))
    assert (given.app, given.python, given.leave_alone) == ("main:app", "/venv/python", ("POST /danger",))
    assert given.environment == {"PORT": "8000", "DEBUG": "0"}
    assert given.people["sign_up"] == "POST /join"
    assert given.answers["access.anonymous@GET /users"]["because"] == "public"


def test_the_command_line_goes_before_the_file(tmp_path: Path):
    file = tmp_path / "techlead-audit.toml"
    file.write_text(SAID)
    given = read(file, Given(starts=("python run.py",), python="/other"))
    assert (given.app, given.starts, given.python) == (None, ("python run.py",), "/other")


def test_no_file_changes_nothing(tmp_path: Path):
    assert read(tmp_path / "none.toml", Given(app="a:b")) == Given(app="a:b")


@pytest.mark.parametrize("said", ["[target", "[tarrget]\napp = 'a:b'"])
def test_a_file_with_a_mistake_is_refused_by_name(tmp_path: Path, said: str):
    file = tmp_path / "techlead-audit.toml"
    file.write_text(said)
    with pytest.raises(SettingsRefused, match=r"techlead-audit\.toml"):
        read(file, Given())


def test_the_first_file_can_be_read_back_and_names_everything_that_was_inferred(tmp_path: Path):
    sign_up, cancel = Operation("POST", "/join", Role.SIGN_UP), Operation("POST", "/orders/{id}/cancel", Role.ACT)
    known = Understanding(
        operations=(sign_up, cancel),
        ways=Ways(sign_up=sign_up, roles=("user", "admin")),
        untried={cancel.name: "409 nothing\nto cancel"},
        guessed=("environment: ADMIN_EMAIL=a@b.c",),
    )
    question = Question("GET /users", "access.anonymous", "Meant?", ("Yes", "No"))
    text = first_file(Given(app="main:app"), inferred(known), (question,))
    for part in ("POST /join", "user, admin", "409 nothing to cancel", "ADMIN_EMAIL", "Meant?", question.id):
        assert part in text
    assert tomllib.loads(text)["target"] == {"app": "main:app"}
    file = tmp_path / "techlead-audit.toml"
    file.write_text(text)
    assert read(file, Given()).people == {"sign_up": "POST /join"}


def test_no_token_is_shown_among_what_was_inferred():
    ways = Ways(carries=Actor("alice", headers={"Authorization": "Bearer very-secret"}).headers)
    assert "very-secret" not in str(inferred(Understanding(ways=ways)))
