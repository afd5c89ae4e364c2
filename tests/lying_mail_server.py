"""A mail server on loopback that says what a test wants it to say, over TLS or after STARTTLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from typing import Self

READY = {"greeting": "220 mail", "EHLO": "250", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on", ".": "250 taken",
         "RSET": "250 ok", "QUIT": "221 bye", "AUTH": "235 welcome"}  # fmt: skip


class MailReceiver:
    """Answers each command as `said` says; "hang" says nothing, "reset" breaks off."""

    def __init__(self, tls: ssl.SSLContext, said: Mapping[str, str] | None = None, *, offers: str = "STARTTLS") -> None:
        self._tls = tls
        self._said = {**READY, **(said or {})}
        self._offers = offers
        self._server: asyncio.Server | None = None
        self.commands: list[str] = []
        self.letters: list[bytes] = []
        self.in_the_clear: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_raised: object) -> None:
        if self._server is not None:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1]) if self._server else 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with suppress(OSError, ssl.SSLError, asyncio.CancelledError, asyncio.IncompleteReadError):
            await self._talk(reader, writer)
        with suppress(Exception):
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        secured = False
        if not await self._say(writer, self._said["greeting"]):
            return
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            verb = line.split(" ", maxsplit=1)[0].upper()
            self.commands.append(line)
            if not secured:
                self.in_the_clear.append(verb)
            if verb == "EHLO":
                writer.write(
                    f"250-mail\r\n250-{self._offers if not secured else 'AUTH PLAIN'}\r\n250 8BITMIME\r\n".encode()
                )
                await writer.drain()
                continue
            if verb == "STARTTLS":
                writer.write(b"220 go on\r\n")
                await writer.drain()
                await writer.start_tls(self._tls)
                secured = True
                continue
            if not await self._say(writer, self._said.get(verb, "500 what?")):
                return
            if verb == "DATA" and self._said["DATA"].startswith("354"):
                self.letters.append(await reader.readuntil(b"\r\n.\r\n"))
                if not await self._say(writer, self._said["."]):
                    return

    async def _say(self, writer: asyncio.StreamWriter, words: str) -> bool:
        if words == "hang":
            await asyncio.sleep(60)
        if words in ("hang", "reset"):
            writer.transport.abort()
            return False
        writer.write(words.encode() + b"\r\n")
        await writer.drain()
        return True
