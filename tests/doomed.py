"""A process that puts messages into its outbox and delivers them until somebody kills it, or it kills itself."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.sink import Wire
from engines import EAGER, HASTY, HOOK, Engine, row_of, statements_of, waiting_of

from techlead.deliver import sql_statements
from techlead.deliver.limits import LimitsBook
from techlead.deliver.port import Delivered, Delivery, Outcome
from techlead.deliver.sql_outbox import SqlOutbox
from techlead.primitives.clock import system_clock

PLACES = ("putting", "put", "claiming", "claimed", "sending", "sent", "noting", "noted")
"""Where a crash matters: before and after each commit, and on either side of what leaves the process."""
MESSAGES_AT_ONCE = 5
PATIENT = LimitsBook({"webhook": {**EAGER["webhook"], "tries_max": 50}}, HASTY)
"""Each kill may burn a try of what was in flight: a message that kills its process is dead at last."""
LIVE_SECONDS = 3_600
"""Longer than the killing lasts: what a busy machine leaves behind is delivered at its end, and has not expired."""
WARM = {dialect: statements_of(dialect) for dialect in ("sqlite", "postgresql")}
"""Compiled in the server that forks: a child comes into the world ready to die, and many do so in a second."""
HERE = Path(__file__).parent
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["doomed"])
# The server that forks starts with the environment's path and not with this process's (CPython issue 117378).
os.environ["PYTHONPATH"] = os.pathsep.join(
    dict.fromkeys([str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", "")])
)


@dataclass
class Post:
    """The receiver on loopback: survives every crash, and counts what it was sent."""

    port: int = 0
    received: Counter[bytes] = field(default_factory=Counter)

    def take(self) -> asyncio.Protocol:
        """Take one connection."""
        post = self

        class Taking(asyncio.Protocol):
            def connection_made(self, transport: Any) -> None:
                self.transport, self.rest = transport, b""

            def data_received(self, data: bytes) -> None:
                data = self.rest + data
                whole = len(data) // 16 * 16
                post.received.update(data[at : at + 16] for at in range(0, whole, 16))
                self.rest = data[whole:]
                self.transport.write(b"+" * (whole // 16))

        return Taking()


@asynccontextmanager
async def post_office() -> AsyncIterator[Post]:
    """Listen on loopback."""
    post = Post()
    server = await asyncio.get_running_loop().create_server(post.take, "127.0.0.1", 0)
    post.port = server.sockets[0].getsockname()[1]
    try:
        yield post
    finally:
        server.close()


@dataclass
class Doom:
    """Kills this process when it comes to a place for the n-th time."""

    place: str
    times: int

    def point(self, name: str) -> None:
        """Pass a place."""
        if name and name == self.place:
            self.times -= 1
            if self.times <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


class Doomed:
    """A channel that may die between sending and being answered."""

    def __init__(self, wire: Wire, doom: Doom) -> None:
        self.wire, self.doom = wire, doom

    async def send(self, delivery: Delivery, deadline: float) -> Outcome:
        outcome = asyncio.ensure_future(self.wire.send(delivery, deadline))
        await asyncio.sleep(0.002)
        self.doom.point("sending")
        await outcome
        return Delivered()


def live(kind: str, url: str, port: int, place: str = "", times: int = 0, *, puts: bool = True) -> None:
    """Run the process."""
    asyncio.run(_live(Engine(kind, url, PATIENT), port, Doom(place, times), puts=puts))


async def _live(engine: Engine, port: int, doom: Doom, *, puts: bool) -> None:
    await engine.open(fresh=False)
    assert engine.store is not None
    _, wire = await asyncio.get_running_loop().create_connection(Wire, "127.0.0.1", port)
    given = SqlOutbox._many

    async def many(self: SqlOutbox, tx: Any, key: str, rows: Any) -> None:
        await given(self, tx, key, rows)
        if rows:
            doom.point({"attempt": "claiming", "attempted": "noting"}.get(key, ""))

    SqlOutbox._many = many  # type: ignore[method-assign]
    running = asyncio.ensure_future(engine.worker(Doomed(wire, doom), doom.point).run())
    put = engine.statements.made("outbox: put", sql_statements.put)
    while True:
        if puts:
            rows = [put.values(row_of(waiting_of(system_clock(), HOOK, LIVE_SECONDS))) for _ in range(MESSAGES_AT_ONCE)]

            async def business(tx: Any, rows: Any = rows) -> None:
                await tx.run_many(put.sql, rows)
                doom.point("putting")

            await engine.store.write(business)
            doom.point("put")
        await asyncio.sleep(0.01)
        if running.done():
            running.result()
