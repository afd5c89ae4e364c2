"""kill -9 of the writing process: whatever it acknowledged is there afterwards, and nothing is there by halves."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import apsw
import pytest

WRITER = """
import asyncio, itertools, sys
from pathlib import Path
from techlead.store.port import StoreSettings
from techlead.store.sqlite import SqliteStore

async def main(path, start):
    store = SqliteStore(Path(path), StoreSettings(checkpoint_pages=50, checkpoint_pages_max=200))
    await store.open()
    await store.write(lambda t: t.run("CREATE TABLE IF NOT EXISTS pair (id INTEGER, half INTEGER, PRIMARY KEY (id, half))"))
    numbers = itertools.count(start)

    def both(number):
        async def work(transaction):
            await transaction.run("INSERT INTO pair VALUES (?, 1)", (number,))
            await transaction.run("INSERT INTO pair VALUES (?, 2)", (number,))
        return work

    async def client():
        while True:
            number = next(numbers)
            await store.write(both(number))
            sys.stdout.write(f"{number}\\n")
            sys.stdout.flush()

    await asyncio.gather(*[client() for _ in range(16)])

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_every_acknowledged_row_outlives_the_process(tmp_path: Path, seed: int) -> None:
    path, acknowledged = tmp_path / "data.db", set[int]()
    moment = random.Random(seed)
    for start in (0, 1_000_000):
        acknowledged |= await asyncio.to_thread(write_until_killed, path, start, 0.1 + moment.random() * 0.3)
    connection = apsw.Connection(str(path))
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    whole = {number for (number,) in connection.execute("SELECT id FROM pair GROUP BY id HAVING count(*) = 2")}
    halves = connection.execute("SELECT id FROM pair GROUP BY id HAVING count(*) = 1").fetchall()
    connection.close()
    assert len(acknowledged) > 50
    assert acknowledged <= whole
    assert halves == []


def write_until_killed(path: Path, start: int, seconds: float) -> set[int]:
    """Let a child write for some seconds after its first acknowledgement, kill it, give what it acknowledged."""
    child = subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(start)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    with child.stdout as stdout:
        first = stdout.readline()
        time.sleep(seconds)
        child.send_signal(signal.SIGKILL)
        # A last line may be cut off in the middle; it is then no acknowledgement.
        lines = (first + stdout.read()).split(b"\n")[:-1]
    child.wait()
    return {int(line) for line in lines}
