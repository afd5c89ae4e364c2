"""One connection that the target opened: blocking reads with limits, and ends that tell who hung up."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import time
from collections.abc import Callable

PIECE_BYTES = 65536
HEAD_BYTES_MAX = 1024 * 1024
BODY_BYTES_MAX = 64 * 1024 * 1024
FLOOD_PIECE = b"x" * PIECE_BYTES
TLS_HELLO = b"\x16"


class HungUp(Exception):
    """The other side closed, or the neighbours were told to stop."""


class Line:
    """A socket with a buffer, plain at first and encrypted after `encrypt`."""

    def __init__(self, connection: socket.socket) -> None:
        """Take over a connection that was accepted."""
        self._connection = connection
        self._buffer = b""
        self.encrypted = False

    def first_byte(self, seconds: float) -> bytes | None:
        """Look at the first byte without taking it: None where none came in time, empty where it was closed."""
        if not select.select([self._connection], [], [], seconds)[0]:
            return None
        try:
            return self._connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return b""

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Shake hands as the server.

        Raises:
            HungUp: The target refused the certificate or spoke something else.
        """
        try:
            self._connection = context.wrap_socket(self._connection, server_side=True)
        except (OSError, ValueError) as refused:
            raise HungUp from refused
        self._buffer = b""
        self.encrypted = True

    def line(self) -> bytes:
        """Read up to the end of a line, without it."""
        while b"\n" not in self._buffer:
            self._fill(HEAD_BYTES_MAX)
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line.rstrip(b"\r")

    def exactly(self, size: int) -> bytes:
        """Read so many bytes."""
        while len(self._buffer) < size:
            self._fill(BODY_BYTES_MAX)
        content, self._buffer = self._buffer[:size], self._buffer[size:]
        return content

    def send(self, content: bytes) -> None:
        """Send all of it."""
        try:
            self._connection.sendall(content)
        except (OSError, ValueError) as gone:
            raise HungUp from gone

    def drip(self, every_seconds: float, begin: bytes, dripped: Callable[[], None]) -> None:
        """Send a byte at a time until the target has had enough; `dripped` is told of each."""
        position = 0
        while True:
            self.send(begin[position : position + 1] or b"x")
            position += 1
            dripped()
            self._pause(every_seconds)

    def flood(self, size: int) -> int:
        """Send so many bytes, as fast as they are taken; how many were."""
        sent = 0
        with contextlib.suppress(HungUp):
            while sent < size:
                self.send(FLOOD_PIECE[: size - sent])
                sent += min(PIECE_BYTES, size - sent)
        return sent

    def until_let_go(self) -> None:
        """Say nothing more and wait until the target hangs up."""
        with contextlib.suppress(HungUp):
            while True:
                self._buffer = b""
                self._fill(BODY_BYTES_MAX)

    def reset(self) -> None:
        """Close so that the target sees a reset connection."""
        with contextlib.suppress(OSError):
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        """Close; a thread that reads here wakes up."""
        with contextlib.suppress(OSError):
            self._connection.close()

    def stop(self) -> None:
        """Wake a thread that waits on this line, from another thread."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _fill(self, limit: int) -> None:
        try:
            piece = self._connection.recv(PIECE_BYTES)
        except (OSError, ValueError) as gone:
            raise HungUp from gone
        if not piece or len(self._buffer) + len(piece) > limit:
            raise HungUp
        self._buffer += piece

    def _pause(self, seconds: float) -> None:
        """Wait a little, and notice when the target has closed meanwhile."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self._connection], [], [], left)[0]:
                self._fill(BODY_BYTES_MAX)
