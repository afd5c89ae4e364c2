"""Every way in which Python waits follows the moved clock, and so does every way in which it tells the time."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from unit.audit.world.child import held

PRELUDE = "import asyncio, datetime, queue, select, socket, threading, time\nprint('ready', flush=True)\n"

WAITS = {
    "sleep": "time.sleep(3600)",
    "event": "threading.Event().wait(3600)",
    "timer": "t = threading.Timer(3600, int); t.start(); t.join()",
    "queue": "\ntry:\n    queue.Queue().get(timeout=3600)\nexcept queue.Empty:\n    pass",
    "asyncio": "asyncio.run(asyncio.sleep(3600))",
    "select": "select.select([], [], [], 3600)",
    "uvloop": "import uvloop; uvloop.run(asyncio.sleep(3600))",
    "socket": "\na, b = socket.socketpair(); a.settimeout(3600)\ntry:\n    a.recv(1)\nexcept TimeoutError:\n    pass",
    "thread": "t = threading.Thread(target=time.sleep, args=(3600,)); t.start(); t.join()",
}


@pytest.mark.parametrize("wait", WAITS)
def test_whoever_waits_for_an_hour_wakes_when_the_clock_is_moved_by_an_hour(tmp_path: Path, wait: str):
    with held(tmp_path) as target:
        process = target.start(PRELUDE + WAITS[wait] + "\nprint('woke')")
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        woken = target.clock.walk(3601 * 400, step=3601, pause=0.05, until=lambda: process.poll() is not None)
        assert (woken, process.communicate()[0], process.returncode) == (True, "woke\n", 0)


def test_whoever_waits_sleeps_on_while_the_clock_is_left_alone(tmp_path: Path):
    with held(tmp_path) as target:
        process = target.start(PRELUDE + WAITS["event"])
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.kill()
        process.communicate()


def test_every_clock_tells_the_moved_time(tmp_path: Path):
    with held(tmp_path) as target:
        target.clock.advance(86_400 * 365)
        told = target.run(
            "import datetime as d, time\n"
            "print(time.time(), d.datetime.now().timestamp(), d.datetime.now(d.UTC).timestamp(), time.time_ns() / 1e9,\n"
            "      d.datetime.fromisoformat(d.date.today().isoformat()).timestamp() + 86400, time.mktime(time.localtime()))"
        )
        for moment in told.split():
            assert abs(float(moment) - target.clock.now()) < 86_400 + 10


def test_a_replaced_clock_may_be_the_attribute_of_a_class(tmp_path: Path):
    program = "import logging, time\nlogging.basicConfig(format='%(asctime)s %(message)s')\nlogging.warning('x')"
    with held(tmp_path) as target:
        assert "Error" not in target.run(program)


def test_walking_stops_as_soon_as_something_has_happened(tmp_path: Path):
    with held(tmp_path) as target:
        before = target.clock.ahead
        assert target.clock.walk(100, step=10, pause=0, until=lambda: target.clock.ahead >= before + 30)
        assert target.clock.ahead == before + 30
        assert not target.clock.walk(20, step=10, pause=0, until=lambda: False)
