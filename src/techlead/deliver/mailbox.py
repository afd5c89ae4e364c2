"""Where a developer finds what would have been sent: a file for each message, or the console."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Protocol

from techlead.errors import MailboxUnavailable


class Mailbox(Protocol):
    """Takes messages; once `put` returns, a crash loses none of them."""

    def put(self, messages: dict[str, bytes]) -> None:
        """Take messages by their names; the same name again is the same message. MailboxUnavailable when it can't."""
        ...


class Folder:
    """A folder of `.eml` files that nobody but its owner reads, and that git leaves alone."""

    def __init__(self, folder: Path) -> None:
        """Put files here; the folder is made with the first of them."""
        self._folder = folder

    def put(self, messages: dict[str, bytes]) -> None:
        """Write each message whole or not at all."""
        try:
            self._prepare()
            for name, content in messages.items():
                self._write(f"{name}.eml", content)
            _make_durable(self._folder)
        except OSError as error:
            raise MailboxUnavailable from error

    def _prepare(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (self._folder / ".gitignore").exists():
            self._write(".gitignore", b"*\n")

    def _write(self, name: str, content: bytes) -> None:
        draft = self._folder / f".{name}.{os.getpid()}.draft"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._folder / name)


class Console:
    """A stream that the developer watches."""

    def __init__(self, stream: BinaryIO) -> None:
        """Write to this stream."""
        self._stream = stream

    def put(self, messages: dict[str, bytes]) -> None:
        """Write each message after a line with its name."""
        try:
            for name, content in messages.items():
                self._stream.write(b"---- %b\n%b\n" % (name.encode(), content.replace(b"\r\n", b"\n")))
            self._stream.flush()
        except OSError as error:
            raise MailboxUnavailable from error


def _make_durable(folder: Path) -> None:
    """Let the new names survive a power failure; Windows has no such call and needs none."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
