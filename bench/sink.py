"""A sink on loopback, as fast as a receiver can be, and the wire to it; shared by the measurement and the proofs."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any

from techlead import Account, Backend
from techlead.deliver.port import Delivered, Delivery, Outcome

backend = Backend("deliveries")


@backend.account
class Person(Account):
    """Nobody."""


class Sink(asyncio.Protocol):
    """Takes 16 bytes, gives one back: as fast as a receiver can be."""

    def connection_made(self, transport: Any) -> None:
        """Remember the connection."""
        self._transport = transport
        self._left = 0

    def data_received(self, data: bytes) -> None:
        """Answer each message."""
        whole, self._left = divmod(self._left + len(data), 16)
        self._transport.write(b"+" * whole)


def sink(ports: Any) -> None:
    """Run the sink in a process of its own."""

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
        ports.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    with suppress(KeyboardInterrupt):
        asyncio.run(main())


class Wire(asyncio.Protocol):
    """A channel over one connection to the sink: each delivery waits for its own answer."""

    def __init__(self) -> None:
        """Wait for nothing yet."""
        self._waiting: deque[asyncio.Future[None]] = deque()

    def connection_made(self, transport: Any) -> None:
        """Remember the connection."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Tell those that were answered."""
        for _ in data:
            waiting = self._waiting.popleft()
            if not waiting.done():  # its time was over before
                waiting.set_result(None)

    async def send(self, delivery: Delivery, deadline: float) -> Outcome:  # noqa: ARG002 - the engine holds it
        """Send, and wait until it was taken."""
        await self.exchange(delivery.id)
        return Delivered()

    async def exchange(self, message: bytes) -> None:
        """Send 16 bytes, and wait for their answer."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._transport.write(message)
        await future
