"""Reproducers run: they fail while the hole is there, pass once it is closed, and say so when they could not try."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from unit.audit.reproduce.book import Attacker, Book, served

from techlead.audit.attacks.attack import Compare, Shows, Sighting
from techlead.audit.detect import tokens
from techlead.audit.finding import Exchange, Finding, Report, Severity
from techlead.audit.reproduce.program import program
from techlead.audit.reproduce.replay import replaying
from techlead.audit.reproduce.starting import Start
from techlead.audit.reproduce.suite import write_tests
from techlead.audit.target.exchange import Actor
from techlead.audit.target.given import Given
from techlead.audit.target.launch import Launch

LOG_INS = ("/login",)


def take_over(attacker: Attacker) -> Sighting:
    """Bob sets Alice's password and logs in as her."""
    alice, bob = attacker.new("alice"), attacker.new("bob")
    taken = attacker.send("PUT", f"/people/{alice.login}/password", bob, {"password": "Bobs-own-1"})
    proof = attacker.send("POST", "/login", body={"name": alice.login, "password": "Bobs-own-1"})
    return Sighting(
        "access.object-write",
        "PUT /people/{name}/password",
        "Bob took Alice's account.",
        steps=(taken.exchange, proof.exchange),
        shows=Shows(Compare.STATUS, (200,)),
    )


def read_note(attacker: Attacker) -> Sighting:
    """Bob reads a note that Alice made, whose id only the answer told."""
    alice, bob = attacker.new("alice"), attacker.new("bob")
    note = attacker.send("POST", "/notes", alice, {"text": "secret-7f3a99"}).json
    seen = attacker.send("GET", f"/notes/{note['id']}", bob)
    shows = Shows(Compare.CONTAINS, ("secret-7f3a99", "{alice.login}"))
    return Sighting("access.object-read", "GET /notes/{id}", "Bob read it.", steps=(seen.exchange,), shows=shows)


def promote(attacker: Attacker) -> Sighting:
    """Whoever signs up makes himself an administrator."""
    sent = attacker.send(
        "POST", "/register", body={"name": "mallory5f2e1a", "password": "Some-words-only-1", "admin": True}
    )
    mallory = attacker.log_in(Actor("mallory", login="mallory5f2e1a", password="Some-words-only-1"))
    seen = attacker.send("GET", "/me", mallory)
    shows = Shows(Compare.CONTAINS, ('"admin": true',))
    return Sighting(
        "access.mass-assignment", "POST /register", "Admin.", steps=(sent.exchange, seen.exchange), shows=shows
    )


def sell_twice(attacker: Attacker) -> Sighting:
    """Eight requests at once take the last piece."""
    alice = attacker.new("alice")
    taken = attacker.send("POST", "/take", alice, {})
    return Sighting(
        "race.oversell", "POST /take", "Sold twice.", steps=(taken.exchange,), shows=Shows(Compare.TOGETHER, (8, 1))
    )


def pay_twice(attacker: Attacker) -> Sighting:
    """The same request with the same key makes two notes."""
    alice = attacker.new("alice")
    one, other = (attacker.send("POST", "/notes", alice, {"text": "pay"}, **{"Idempotency-Key": "k"}) for _ in range(2))
    steps, shows = (one.exchange, other.exchange), Shows(Compare.DIFFERS)
    return Sighting("idempotency.missing", "POST /notes", "Twice.", steps=steps, shows=shows)


def echo(attacker: Attacker) -> Sighting:
    """A refused sign-up repeats the password, which keeps its form while the name is made anew."""
    body = {"name": "mallory5f2e1a", "password": "Some-w0rds-only-1"}
    attacker.send("POST", "/register", body=body)
    refused = attacker.send("POST", "/register", body=body)
    steps, shows = (refused.exchange,), Shows(Compare.CONTAINS, ("Some-w0rds-only-1",))
    return Sighting("exposure.secret-field", "POST /register", "It repeats it.", steps=steps, shows=shows)


def promote_by_field(attacker: Attacker) -> Sighting:
    """The same, told by the field of the answer, however it is written."""
    return replace(promote(attacker), shows=Shows(Compare.FIELD, ("admin", True)))


def take_over_by_token(attacker: Attacker) -> Sighting:
    """The same take-over, where a log-in that is refused may say so with 200: what counts is the token."""
    return replace(take_over(attacker), shows=Shows(Compare.GIVES, ("data", "token")))


def call_up(attacker: Attacker) -> Sighting:
    """Nobody has another's telephone number, so that each run makes one of its own."""
    alice = attacker.new("alice", phone="+4915712345678")
    bob = attacker.new("bob", phone="+4915787654321")
    seen = attacker.send("GET", f"/people/{alice.login}/phone", bob)
    shows = Shows(Compare.CONTAINS, ("+4915712345678",))
    return Sighting(
        "exposure.personal-field", "GET /people/{name}/phone", "Bob read it.", steps=(seen.exchange,), shows=shows
    )


def enter_by_form(attacker: Attacker) -> Sighting:
    """The log-in is a form, whose name is made anew as that of a JSON body is."""
    alice = attacker.new("alice", by_form=True)
    note = attacker.send("POST", "/notes", alice, {"text": "secret-7f3a99"}).json
    bob = attacker.new("bob", by_form=True)
    seen = attacker.send("GET", f"/notes/{note['id']}", bob)
    shows = Shows(Compare.CONTAINS, ("secret-7f3a99",))
    return Sighting("access.object-read", "GET /notes/{id}", "Bob read it.", steps=(seen.exchange,), shows=shows)


def forge(attacker: Attacker) -> Sighting:
    """A token of Alice's, written anew without a signature, opens her account."""
    alice = attacker.new("alice")
    token = tokens.read(alice.token)
    assert token is not None
    _, written = next(tokens.unsigned(token.but(iat=5)))
    seen = attacker.send("GET", "/me", replace(alice, name="forger", headers={"Authorization": f"Bearer {written}"}))
    shows = Shows(Compare.STATUS, (200,))
    return Sighting("session.alg-none", "POST /login", "Nobody signed it.", steps=(seen.exchange,), shows=shows)


@pytest.mark.parametrize("key", ["secret", "in-the-source-4711", "in-the-settings-4711", "40711"])
def test_a_token_is_signed_with_the_key_that_is_found_out_again(key: str, tmp_path: Path):
    (tmp_path / "app.py").write_text("KEY = 'in-the-source-4711'\n", encoding="utf-8")
    (tmp_path / "app.toml").write_text("key = 'in-the-settings-4711'\n", encoding="utf-8")
    with served(Book(hole=True, key=key)) as url:
        attacker = Attacker(url)
        alice = attacker.new("alice")
        token = tokens.read(alice.token)
        assert token is not None
        written = tokens.sign(token.but(jti="forged"), key)
        seen = attacker.send(
            "GET", "/me", replace(alice, name="forger", headers={"Authorization": f"Bearer {written}"})
        )
        steps, shows = (seen.exchange,), Shows(Compare.STATUS, (200,))
        sighting = Sighting("session.weak-signing-key", "POST /login", "Guessed.", steps=steps, shows=shows)
        text = program(sighting, attacker.answers, LOG_INS, Start(tmp_path, Launch(("python", "app.py")))) or ""
    assert written not in text
    assert ("secret'" in text) is (key == "secret")  # what is not known to all does not stand in a report
    assert "4711'" not in text
    for hole, code in ((True, 1), (False, 0)):
        with served(Book(hole=hole, key=key)) as url:
            assert run(text, url) == code


def sell_twice_in_rounds(attacker: Attacker) -> Sighting:
    """A race that may be lost: it is run again, with people of each round's own."""
    return replace(sell_twice(attacker), shows=Shows(Compare.TOGETHER, (8, 1, 2)))


def tell_apart(attacker: Attacker) -> Sighting:
    """A wrong password is answered differently for an account that exists; both answers repeat the name."""
    alice = attacker.new("alice")
    known, unknown = (
        attacker.send("POST", "/login", body={"name": name, "password": "Wrong-words-1"})
        for name in (alice.login, "nobody5f2e1a")
    )
    steps, shows = (known.exchange, unknown.exchange), Shows(Compare.UNLIKE)
    return Sighting("login.enumeration", "POST /login", "It tells.", steps=steps, shows=shows)


def count_up(attacker: Attacker) -> Sighting:
    """Two notes have numbers that follow each other."""
    alice = attacker.new("alice")
    one, other = (attacker.send("POST", "/notes", alice, {"text": text}) for text in ("one", "other"))
    steps, shows = (one.exchange, other.exchange), Shows(Compare.COUNTED, ("id",))
    return Sighting("exposure.internal-id", "POST /notes", "They count up.", steps=steps, shows=shows)


def swallow(attacker: Attacker) -> Sighting:
    """A long body is read to its end; the program makes it, and does not hold it."""
    alice = attacker.new("alice")
    step = Exchange("POST", "/take", alice.name, {"Content-Type": "application/json"}, "(0.2 MB)", 201)
    shows = Shows(Compare.TAKEN, (b'{"x": "', b"a", 200_000, b'"}'))
    return Sighting("limits.body-size", "POST /take", "It reads all.", steps=(step,), shows=shows)


def dawdle(attacker: Attacker) -> Sighting:
    """A long text takes its time; it is written as what it is made of."""
    alice = attacker.new("alice")
    slow = attacker.send("GET", f"/search/x{'a' * 300}!", alice)
    shows = Shows(Compare.SLOWER, (0.2,))
    return Sighting("limits.resource", "GET /search/{text}", "It takes long.", steps=(slow.exchange,), shows=shows)


SHOWN: list[Callable[[Attacker], Sighting]] = [
    take_over, read_note, promote, sell_twice, pay_twice, echo, promote_by_field, sell_twice_in_rounds, call_up, enter_by_form, forge, take_over_by_token, tell_apart, count_up, swallow, dawdle,
]  # fmt: skip


def run(text: str, url: str) -> int:
    """Run a program in this process, as `python reproducer.py URL` would: importing httpx anew takes longest."""
    scope: dict[str, Any] = {"__name__": "reproducer"}
    with mock.patch.object(sys, "argv", ["reproducer.py", url]):
        exec(compile(text, "reproducer.py", "exec", dont_inherit=True), scope)
    return scope["main"]()


def recorded(show: Callable[[Attacker], Sighting], *, cookies: bool = False) -> str:
    with served(Book(hole=True)) as url:
        attacker = Attacker(url, cookies=cookies)
        attacker.new("somebody")  # what has nothing to do with it
        sighting = show(attacker)
        text = program(sighting, attacker.answers, LOG_INS)
        assert text is not None
        return text


@pytest.mark.parametrize(("show", "cookies"), [*((show, False) for show in SHOWN), (read_note, True)])
def test_it_fails_on_the_hole_and_passes_on_the_fixed_twin(show: Callable[[Attacker], Sighting], cookies: bool):
    text = recorded(show, cookies=cookies)
    assert "somebody" not in text
    with served(Book(hole=True, first_id=40)) as url:  # other ids than those that were recorded
        assert run(text, url) == 1
    with served(Book(hole=False, first_id=40)) as url:
        assert run(text, url) == 0


def test_whoever_logs_in_has_signed_up_also_where_his_name_does_not_look_made_up():
    with served(Book(hole=True)) as url:
        attacker = Attacker(url)
        attacker.new("somebody")
        attacker.send("POST", "/register", body={"name": "Ann@B_c", "password": "Some-words-only-1"})
        ann = attacker.log_in(Actor("ann", login="Ann@B_c", password="Some-words-only-1"))
        seen = attacker.send("GET", "/me", ann)
        sighting = Sighting("x.y", "GET /me", "x", steps=(seen.exchange,), shows=Shows(Compare.STATUS, (200,)))
        text = program(sighting, attacker.answers, LOG_INS) or ""
    assert text.count("send('POST', '/register'") == 1
    with served(Book(hole=True)) as url:  # where nobody has signed up yet, and where he has
        assert [run(text, url) for _ in range(2)] == [1, 1]


def test_it_can_be_run_again_and_again_on_one_target():
    text = recorded(take_over)
    with served(Book(hole=True)) as url:
        assert [run(text, url) for _ in range(2)] == [1, 1]


def test_telephone_numbers_do_not_come_twice():
    text = recorded(call_up)
    with served(Book(hole=True)) as url:
        assert [run(text, url) for _ in range(2)] == [1, 1]


def test_it_says_when_it_could_not_try(capsys: pytest.CaptureFixture[str]):
    with served(Book(hole=True, closed=True)) as url:
        assert run(recorded(take_over), url) == 2
    assert "could not be tried: POST /register" in capsys.readouterr().out


def test_a_target_that_does_not_answer_could_not_be_tried():
    assert run(recorded(take_over), "http://127.0.0.1:9") == 2


def test_it_stands_alone(tmp_path: Path):
    file = tmp_path / "reproducer.py"
    file.write_text(recorded(take_over), encoding="ascii")
    with served(Book(hole=True)) as url:
        command = [sys.executable, "-W", "error", file, url]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert ended.stdout == "the hole is there: Bob took Alice's account.\n"


def test_the_pytest_files_fail_on_the_hole_and_pass_on_the_fixed_twin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    finding = Finding(
        "access.object-write", "PUT /people/{name}/password", Severity.HIGH, "x", reproducer=recorded(take_over)
    )
    file = write_tests(Report("app:app", 1.0, 1, (finding,)), tmp_path / "holes")[0]
    assert file.name == "test_access_object_write_put_people_name_password.py"
    codes = []
    for hole in (True, False):
        with served(Book(hole=hole)) as url:
            monkeypatch.setenv("TARGET_URL", url)
            command = [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                "--rootdir",
                tmp_path,
                file,
            ]
            codes.append(subprocess.run(command, capture_output=True, timeout=60, check=False).returncode)
    assert codes == [1, 0]


def test_two_causes_at_one_place_are_two_files(tmp_path: Path):
    finding = Finding(
        "exposure.secret-field", "GET /me", Severity.HIGH, "x", reproducer="def hole():\n    return True\n"
    )
    written = write_tests(Report("app:app", 1.0, 1, (finding, finding, finding)), tmp_path)
    names = ["", "__2", "__3"]
    assert [file.name for file in written] == [f"test_exposure_secret_field_get_me{name}.py" for name in names]
    assert all(file.is_file() for file in written)


def test_what_needs_a_hostile_world_runs_that_part_of_the_audit(tmp_path: Path):
    given = Given(app="app:app", folder=tmp_path, python="/venv/bin/python")
    text = replaying(given, "outbound.no-timeout", 'worker: "e-mail\\"""', "It waits\n for ever.")
    scope: dict[str, Any] = {"__name__": "reproducer"}
    exec(
        compile(text, "reproducer.py", "exec", dont_inherit=True), scope
    )  # the program as it would be run, but for its last lines
    assert scope["COMMAND"][:3] == ["techlead", "audit", "app:app"]
    assert scope["COMMAND"][-2:] == ["--replay", 'outbound.no-timeout@worker: "e-mail????']
    scope["COMMAND"] = [sys.executable, "-c", "raise SystemExit(1)"]
    assert scope["hole"]() is True
    scope["COMMAND"] = [sys.executable, "-c", "raise SystemExit(2)"]
    with pytest.raises(RuntimeError, match="could not be tried"):
        scope["hole"]()


def test_no_token_of_the_audit_stands_in_a_program():
    with served(Book(hole=True)) as url:
        attacker = Attacker(url)
        text = program(take_over(attacker), attacker.answers, LOG_INS) or ""
        tokens = [answer.json["data"]["token"] for answer in attacker.answers if answer.request.path == "/login"]
    assert len(tokens) == 3
    assert not any(token in text for token in tokens)


def test_what_plain_requests_cannot_show_gives_no_program():
    sighting = Sighting("outbound.no-timeout", "worker: e-mail", "It waits for ever.")
    assert program(sighting, (), LOG_INS) is None


def test_long_texts_are_written_as_what_they_are_made_of():
    text = recorded(dawdle)
    assert "'a' * 300" in text
    assert "aaaa" not in text
    assert "b'a' * 200000" in recorded(swallow)
