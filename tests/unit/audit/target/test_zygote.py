"""Processes that are forked behave as those that are started: output, exit code, arguments, clock, imports of their own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from techlead.audit.target.processes import Processes, wait_until
from techlead.audit.target.zygote import Forked, Zygote
from techlead.audit.world.clock import MovedClock

PROGRAM = """
import json, os, sys, time
import beside
print(sys.argv[1:], os.getcwd() == os.path.dirname(os.path.abspath(__file__)), os.environ["COLOUR"], beside.NAME)
print(int(time.time()))
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture
def zygote(tmp_path: Path) -> Iterator[Zygote]:
    rooms = tmp_path / "zygote"
    rooms.mkdir()
    made = Zygote(sys.executable, ["json", "uuid", "no_such_library"], rooms)
    yield made
    made.close()


@pytest.fixture
def control(tmp_path: Path) -> Path:
    folder = tmp_path / "control"
    folder.mkdir()
    (folder / "ports").write_text("")
    return folder


def processes(tmp_path: Path, control: Path, zygote: Zygote | None) -> Processes:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "beside.py").write_text("NAME = 'beside'")
    return Processes(tmp_path, control, {"AUDITED_FOLDER": str(control), "COLOUR": "blue"}, zygote)


@pytest.mark.parametrize("code", [0, 3])
def test_a_forked_program_runs_as_if_it_had_been_started(tmp_path: Path, control: Path, zygote: Zygote, code: int):
    clock = MovedClock(control)
    clock.advance(1_000_000)
    group = processes(tmp_path, control, zygote)
    group.start([sys.executable, "program.py", str(code)])
    assert isinstance(group._started[0], Forked)
    assert wait_until(lambda: group.exited() is not None, 20)
    assert group.exited() == code
    first, second = (control / "output-1.log").read_text().splitlines()
    assert first == f"['{code}'] True blue beside"
    assert abs(int(second) - clock.now()) < 60


def test_a_forked_program_that_is_killed_is_gone(tmp_path: Path, control: Path, zygote: Zygote):
    MovedClock(control)
    group = processes(tmp_path, control, zygote)
    (tmp_path / "endless.py").write_text("import time\nwhile True:\n    time.sleep(1)")
    group.start([sys.executable, "endless.py"])
    process = group._started[0]
    assert group.alive()
    assert group.memory_bytes() > 1_000_000
    group.kill()
    assert process.poll() == -9


def test_what_cannot_be_forked_is_started(tmp_path: Path, control: Path, zygote: Zygote):
    group = processes(tmp_path, control, zygote)
    group.start([sys.executable, "-c", "print('started')"])
    assert not isinstance(group._started[0], Forked)
    assert wait_until(lambda: group.exited() == 0, 20)


def test_without_a_zygote_processes_are_started_in_the_usual_way(tmp_path: Path, control: Path, zygote: Zygote):
    zygote.close()
    MovedClock(control)
    group = processes(tmp_path, control, zygote)
    group.start([sys.executable, "program.py", "0"])
    assert not isinstance(group._started[0], Forked)
    assert wait_until(lambda: group.exited() == 0, 20)
