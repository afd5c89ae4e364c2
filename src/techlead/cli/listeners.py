"""Closing a listening socket without cutting off who has just connected to it.

The kernel finishes a connection before the server has accepted it, and resets what waits there when the socket is
closed: a request that was written meanwhile is lost. So new connections are turned away first, and what had connected is
accepted.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from socket import SOL_SOCKET, socket
from typing import Final, Protocol

ATTACH_FILTER: Final = 26
"""SO_ATTACH_FILTER of Linux (socket(7))."""
SYN: Final = 0x02
FLAGS_AT: Final = 13
"""Where a TCP header has its flags (RFC 9293, 3.1); a filter of a TCP socket sees the packet from that header on."""
LOAD_BYTE, AND, JUMP_IF_EQUAL, RETURN = 0x30, 0x54, 0x15, 0x06
WHOLE: Final = 0xFFFFFFFF
NO_SYN: Final = (
    (LOAD_BYTE, 0, 0, FLAGS_AT),
    (AND, 0, 0, SYN),
    (JUMP_IF_EQUAL, 0, 1, 0),
    (RETURN, 0, 0, WHOLE),
    (RETURN, 0, 0, 0),
)  # fmt: skip
"""A classic BPF program (the kernel's networking/filter.rst): drops what begins a connection, and lets the rest pass."""


class Listening(Protocol):
    """A socket that listens, as a socket or as an event loop shows it."""

    def fileno(self) -> int:
        """Give its descriptor."""
        ...


def turn_away(listening: Iterable[Listening]) -> None:
    """Let these sockets take no new connection; one that is under way becomes one and waits to be accepted.

    A caller's SYN is dropped, so that it is sent again, to whoever listens then or to be refused. Does nothing where
    there is no such filter (not Linux, not TCP).
    """
    if sys.platform != "linux":
        return
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *one) for one in NO_SYN))
    program = struct.pack("@HP", len(NO_SYN), ctypes.addressof(code))
    for one in listening:
        with suppress(OSError), socket(fileno=os.dup(one.fileno())) as same:
            same.setsockopt(SOL_SOCKET, ATTACH_FILTER, program)
