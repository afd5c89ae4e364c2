"""`techlead outbox` and `techlead deliver`: what an operator types, and what comes of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dispatching import until
from engines import Engine

from techlead.cli.main import COULD_NOT_RUN, FINE, FOUND, main
from techlead.cli.outbox import _told
from techlead.deliver.port import Dead, Fault
from techlead.primitives import ids

PAGE = '''
from techlead import Account, Backend
backend = Backend("deliveries")
@backend.account
class Person(Account):
    """Nobody."""
'''
LANE = "webhook:hooks.example"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a backend and a database, in which one delivery is dead and one waits."""
    (tmp_path / "backend.py").write_text(PAGE)
    monkeypatch.setenv("TECHLEAD_DATABASE", f"sqlite:///{tmp_path / 'data.db'}")
    return tmp_path


async def filled(folder: Path) -> tuple[str, str]:
    engine = Engine("sqlite", f"sqlite:///{folder / 'data.db'}")
    await engine.open()
    engine.receiver.behaviour = lambda _one: Dead(Fault.REFUSED, "400")
    [dead] = await engine.put()
    async with engine.running():
        await until(engine.ended)
    [waits] = await engine.put()
    await engine.close()
    return ids.encode("delivery", dead), ids.encode("delivery", waits)


def ran(folder: Path, capsys: pytest.CaptureFixture[str], *words: str, code: int = FINE) -> Any:
    assert main(["outbox", *words, "--folder", str(folder), "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_an_operator_finds_replays_and_drops(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dead, waits = asyncio.run(filled(folder))
    [shown] = ran(folder, capsys, code=FOUND)
    assert (shown["destination"], shown["waiting"], shown["dead"]) == (LANE, 1, 1)
    [letter] = ran(folder, capsys, "dead", LANE, code=FOUND)
    assert (letter["delivery"], letter["history"][0]["detail"]) == (dead, "400")
    assert ran(folder, capsys, "show", dead) == [letter]
    assert ran(folder, capsys, "replay", "all") == {"replayed": 1}
    assert ran(folder, capsys, "replay", dead) == {"replayed": 0}
    assert ran(folder, capsys, "drop", dead, waits) == {"dropped": 2}
    [shown] = ran(folder, capsys)
    assert (shown["waiting"], shown["dead"]) == (0, 0)


def test_an_operator_drops_what_is_dead_in_a_destination(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(filled(folder))
    assert ran(folder, capsys, "drop", "email") == {"dropped": 0}
    assert ran(folder, capsys, "drop", LANE) == {"dropped": 1}
    [shown] = ran(folder, capsys)
    assert (shown["waiting"], shown["dead"]) == (1, 0)


def test_an_operator_pauses_and_resumes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(filled(folder))
    assert ran(folder, capsys, "pause", LANE) == {"paused": LANE, "known": True}
    assert main(["outbox", "--folder", str(folder)]) == FOUND
    told = capsys.readouterr().out
    assert told.startswith(f"{LANE}: 1 waiting, 1 dead, 0 expired\n    breaker closed (paused by an operator)")
    assert main(["outbox", "pause", "webhook:hoks.example", "--folder", str(folder)]) == FINE
    assert "is it spelt as `techlead outbox` lists it?" in capsys.readouterr().out
    ran(folder, capsys, "resume", "webhook:hoks.example")
    ran(folder, capsys, "resume", LANE)
    assert ran(folder, capsys, code=FOUND)[0]["held"] is False


def test_what_follows_an_option_counts_and_an_unknown_option_does_not(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dead, _ = asyncio.run(filled(folder))
    assert main(["outbox", "show", "--folder", str(folder), "--json", dead]) == FINE
    assert [one["delivery"] for one in json.loads(capsys.readouterr().out)] == [dead]
    for words in (["outbox", "show", "--jsn", dead], ["outbox", "show", dead, "--json", dead]):
        with pytest.raises(SystemExit) as ended:
            main([*words, "--folder", str(folder)])
        assert ended.value.code == COULD_NOT_RUN


def test_a_database_that_is_not_there_is_not_made(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = folder / "typo.db"
    for words in (["outbox"], ["grant", "ada@example.com", "admin"]):
        assert main([*words, "--folder", str(folder), "--database", f"sqlite:///{missing}"]) == COULD_NOT_RUN
        said = capsys.readouterr().err
        assert f"There is no database {missing}" in said or 'declare it: Backend(..., roles=["admin"])' in said
        assert not missing.exists()


def test_whoever_drops_a_call_reads_that_its_action_failed(capsys: pytest.CaptureFixture[str]) -> None:
    _told("outbox_dropped", {"count": 1})
    assert capsys.readouterr().err == ""
    _told("aftermath_failed", {"delivery": "delivery_1", "error": "LookupError"})
    assert "delivery_1: the action that waits for its call failed (LookupError)" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["replay"], ["drop"], ["pause"], ["resume", "a", "b"], ["show", "order_01h455vb4pex5vsknk084sn02q"]]
)
def test_what_is_not_understood_says_what_to_write(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    asyncio.run(filled(folder))
    assert main(["outbox", *words, "--folder", str(folder)]) == COULD_NOT_RUN
    assert capsys.readouterr().err.count("\n") == 1


def test_a_worker_delivers_until_it_is_told_to_stop(folder: Path) -> None:
    run = "import sys; from techlead.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", run, "deliver", str(folder)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=os.environ.copy()) as worker:
        assert worker.stderr is not None
        assert b"deliveries: delivering" in worker.stderr.readline()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == FINE
