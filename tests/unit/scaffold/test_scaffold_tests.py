"""Generated tests pass, fail when what they pin changes, and are kept up to date around what a person changed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from backends import EXAMPLES
from served import PLAIN

from techlead.cli.main import main
from techlead.scaffold.cases.block import Block, TestFile
from techlead.scaffold.keep import fingerprint, keep
from techlead.scaffold.refused import ScaffoldRefused


def made(**blocks: str) -> TestFile:
    texts = {name: f"def {name}() -> None:\n    assert {said}\n" for name, said in blocks.items()}
    return TestFile("test_it.py", "What it does.", tuple(Block(name, text, ()) for name, text in texts.items()))


FIRST = keep(None, made(test_a="1", test_b="2"), {})


def test_a_second_run_without_a_change_changes_nothing():
    again = keep(FIRST.text, made(test_a="1", test_b="2"), FIRST.record)
    assert (again.text, again.record) == (FIRST.text, FIRST.record)
    assert (again.added, again.renewed, again.removed, again.left) == ((), (), (), ())


def test_what_nobody_touched_follows_the_declarations():
    again = keep(FIRST.text, made(test_a="3", test_c="4"), FIRST.record)
    assert (again.added, again.renewed, again.removed) == (("test_c",), ("test_a",), ("test_b",))
    assert "assert 3" in again.text
    assert "test_b" not in again.text


def test_what_a_person_changed_or_wrote_stays():
    edited = (
        FIRST.text.replace("assert 1", "assert 1  # because I say so") + "\n\ndef test_mine() -> None:\n    assert 5\n"
    )
    again = keep(edited, made(test_a="3", test_b="2", test_mine="6"), FIRST.record)
    assert again.text == edited
    assert again.left == ("test_a",)


def test_what_a_person_changed_stays_even_when_nothing_declares_it_any_more():
    edited = FIRST.text.replace("assert 1", "assert 7")
    assert "assert 7" in keep(edited, made(test_b="2"), FIRST.record).text


def test_what_a_person_deleted_does_not_come_back():
    edited = FIRST.text.replace("def test_a() -> None:\n    assert 1\n", "")
    assert "test_a" not in keep(edited, made(test_a="3", test_b="2"), FIRST.record).text


def test_a_formatter_is_no_person():
    assert fingerprint("f(\n    a,\n    b,\n)\n") == fingerprint("f(a, b)")
    assert fingerprint("f(a)") != fingerprint("f(a)  # not this one")


def test_a_file_that_is_no_python_is_left_alone():
    with pytest.raises(ScaffoldRefused, match=r"test_it\.py:1: .*nothing was written"):
        keep("def (", made(test_a="1"), {})


@pytest.fixture
def market(tmp_path: Path) -> Path:
    """Give a copy of the marketplace, without its signatures."""
    folder = tmp_path / "market"
    shutil.copytree(EXAMPLES / "marketplace", folder, ignore=shutil.ignore_patterns("techlead.lock", "test_*"))
    return folder


def ran(folder: Path) -> subprocess.CompletedProcess[str]:
    words = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(folder),
        ".",
    ]
    return subprocess.run(words, cwd=folder, env=PLAIN, capture_output=True, text=True, check=False)


def test_the_tests_of_the_marketplace_pass_and_notice_a_door_left_open_and_a_rule_that_forgets(market, capsys):
    assert main(["scaffold", "tests", str(market)]) == 0
    assert main(["scaffold", "tests", str(market), "--check"]) == 0
    assert ran(market).returncode == 0
    page = market / "backend.py"
    page.write_text(
        page.read_text()
        .replace('read=owner | the("seller") | role("admin"), create', "read=anyone, create")
        .replace("return order.status is OrderStatus.PLACED", "return order.status is not OrderStatus.CANCELLED")
        .replace("An order for {price} was cancelled", "Your {price} are gone")
        .replace('to="buyer", via=[inbox, email]', 'to="buyer", via=[inbox]')
    )
    failed = ran(market).stdout
    for name in ("test_who_may_do_what_to_orders", "test_nobody_gets_at_orders", "test_a_stranger_sees_nothing_of_somebody_elses_order",
                 "test_the_rule_not_handed_over", "test_the_message_order_shipped"):  # fmt: skip
        assert (
            f"FAILED test_{'access' if 'may' in name or 'nobody' in name or 'stranger' in name else 'intent' if 'rule' in name else 'messages'}.py::{name}"
            in failed
        )
    assert main(["scaffold", "tests", str(market), "--check", "--json"]) == 1
    told = json.loads(capsys.readouterr().out[-20000:].partition("\n{")[2].join(["{", ""]) or "{}")
    assert "test_access.py" in told["changed"]


def test_a_record_that_cannot_be_read_is_refused_in_words(market, capsys):
    (market / "techlead-scaffold.json").write_text("{")
    assert main(["scaffold", "tests", str(market)]) == 2
    assert "restore it" in capsys.readouterr().err
