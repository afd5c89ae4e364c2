"""A receiver on loopback that behaves as badly as the world does: what a channel must live with can be tried on it."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

LINES_MAX: Final = 64
BODY_BYTES_MAX: Final = 1_048_576
BOMB_BYTES: Final = 64 * 1_048_576
FLOOD_BYTES: Final = 1_073_741_824
HANG_LOOKS_MAX: Final = 50_000
CHUNK: Final = bytes(65_536)


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Receiver:
    """An HTTP server on loopback whose paths are its moods (`BEHAVIOURS`); it keeps what it received."""

    def __init__(self, tls: ssl.SSLContext | None = None, host: str = "localhost", port: int = 0) -> None:
        """Prepare; with `tls` it speaks HTTPS. `host` is how its addresses name it; port 0 is any that is free."""
        self.received: list[Received] = []
        self.open_now = 0
        self.moods: dict[str, str] = {}
        """Moods to take for others, by the first part of the path."""
        self._tls = tls
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, ssl=self._tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, whoever is still connected."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._serving):
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server is not None else 0

    def url(self, mood: str) -> str:
        """Give the address at which it behaves so."""
        return f"{'https' if self._tls else 'http'}://{self._host}:{self.port}/{mood}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        self.open_now += 1
        try:
            with suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while await self._one(reader, writer):
                    pass
        finally:
            self.open_now -= 1
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first = (await reader.readline()).decode("latin-1").split(" ")
        if len(first) < 3:  # noqa: PLR2004 - method, path, version
            return False
        headers: dict[str, str] = {}
        for _ in range(LINES_MAX):
            name, colon, value = (await reader.readline()).decode("latin-1").rstrip("\r\n").partition(":")
            if not colon:
                break
            headers[name.lower()] = value.strip()
        body = await reader.readexactly(min(int(headers.get("content-length", "0")), BODY_BYTES_MAX))
        self.received.append(Received(first[0], first[1], headers, body))
        mood = first[1].strip("/").split("/", maxsplit=1)[0]
        mood = self.moods.get(mood, mood)
        await BEHAVIOURS.get(mood, _not_found)(writer)
        return mood not in ENDING


def _answer(status: str, body: bytes = b"{}", **headers: str) -> Behaviour:
    head = {"content-length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1") + body)
        await writer.drain()

    return answer


_not_found: Final = _answer("404 Not Found")


async def _hang(writer: asyncio.StreamWriter) -> None:
    """Say nothing, until the caller has had enough."""
    for _ in range(HANG_LOOKS_MAX):
        if writer.is_closing():
            return
        await asyncio.sleep(0.02)


async def _reset(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def _drip_head(writer: asyncio.StreamWriter) -> None:
    await _drip(writer, b"HTTP/1.1 200 OK\r\nx-slow: " + b"a" * 100_000)


async def _drip_body(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    await _drip(writer, b"a" * 100_000)


async def _drip(writer: asyncio.StreamWriter, content: bytes) -> None:
    for byte in content:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.02)


async def _flood(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % FLOOD_BYTES)
    for _ in range(FLOOD_BYTES // len(CHUNK)):
        writer.write(CHUNK)
        await writer.drain()


async def _endless_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(FLOOD_BYTES // len(CHUNK)):
        writer.write(b"x-%d: %b\r\n" % (number, b"a" * len(CHUNK)))
        await writer.drain()


async def _bomb(writer: asyncio.StreamWriter) -> None:
    packed = await asyncio.to_thread(gzip.compress, bytes(BOMB_BYTES))
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed)
    writer.write(head + packed)
    await writer.drain()


async def _nonsense(writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.9\r\n\x00\x01\x02\r\n\r\n")
    await writer.drain()


async def _late(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(14)
    await BEHAVIOURS["ok"](writer)


ENDING: Final = frozenset({"hang", "reset", "drip_head", "drip_body", "flood", "endless_head", "bomb", "nonsense"})
"""Moods after which the connection is closed."""

BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    "ok": _answer("200 OK"),
    "v1": _answer("200 OK", b'{"sms":"sms_1","queued":true}'),
    "accepted": _answer("202 Accepted", b""),
    "failing": _answer("503 Service Unavailable"),
    "busy": _answer("503 Service Unavailable", retry_after="7"),
    "limited": _answer("429 Too Many Requests", retry_after="7"),
    "limited_for_ever": _answer("429 Too Many Requests", retry_after="99999999999999"),
    "refused": _answer("400 Bad Request"),
    "gone": _answer("410 Gone"),
    "away": _answer("302 Found", location="/ok/followed"),
    "to_metadata": _answer("302 Found", location="http://169.254.169.254/latest/meta-data/"),
    "hang": _hang,
    "reset": _reset,
    "drip_head": _drip_head,
    "drip_body": _drip_body,
    "flood": _flood,
    "endless_head": _endless_head,
    "bomb": _bomb,
    "nonsense": _nonsense,
    "late": _late,
}
"""How it answers, by the first part of the path."""
