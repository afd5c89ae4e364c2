"""A receiver on loopback that behaves as badly as the world does: what a channel must live with can be tried on it."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Final, Self

LINES_MAX: Final = 64
BODY_BYTES_MAX: Final = 1_048_576
BOMB_BYTES: Final = 8 * 1_048_576
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
Answer = tuple[str, bytes, Mapping[str, str]]
"""A status, a body and headers."""


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
        if mood in BEHAVIOURS:
            await BEHAVIOURS[mood](writer)
            return False
        await _answer(writer, ANSWERS.get(mood, NOT_FOUND), head=first[0] == "HEAD")
        return True


async def _answer(writer: asyncio.StreamWriter, answer: Answer, *, head: bool) -> None:
    status, body, more = answer
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"content-length": str(len(body)), **more}.items())
    writer.write(f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1") + (b"" if head else body))
    await writer.drain()


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


@cache
def _packed() -> bytes:
    return gzip.compress(bytes(BOMB_BYTES))


async def _bomb(writer: asyncio.StreamWriter) -> None:
    packed = _packed()
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed)
    writer.write(head + packed)
    await writer.drain()


async def _nonsense(writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.9\r\n\x00\x01\x02\r\n\r\n")
    await writer.drain()


async def _late(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(14)
    await _answer(writer, ANSWERS["ok"], head=False)


NOT_FOUND: Final[Answer] = ("404 Not Found", b"{}", {})
ANSWERS: Final[Mapping[str, Answer]] = {
    "ok": ("200 OK", b"{}", {}),
    "v1": ("200 OK", b'{"sms":"sms_1","queued":true}', {}),
    "accepted": ("202 Accepted", b"", {}),
    "failing": ("503 Service Unavailable", b"{}", {}),
    "busy": ("503 Service Unavailable", b"{}", {"retry-after": "7"}),
    "limited": ("429 Too Many Requests", b"{}", {"retry-after": "7"}),
    "limited_for_ever": ("429 Too Many Requests", b"{}", {"retry-after": "99999999999999"}),
    "refused": ("400 Bad Request", b"{}", {}),
    "gone": ("410 Gone", b"{}", {}),
    "away": ("302 Found", b"{}", {"location": "/ok/followed"}),
    "to_metadata": ("302 Found", b"{}", {"location": "http://169.254.169.254/latest/meta-data/"}),
}
"""What it answers, by the first part of the path, after which the connection is kept."""
BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
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
"""What it does instead, after which the connection ends."""
