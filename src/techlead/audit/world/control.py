"""The line on which the target's processes ask where a name or a connection leads, and tell which ports they opened.

The other end is `child/techlead_child/control.py`, where the questions and answers stand as a table.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

LINE_BYTES_MAX: Final = 4096
ANSWER_SECONDS_MAX: Final = 5.0
THROUGH: Final = "through"
REFUSED: Final = "refused"


class Neighbours(Protocol):
    """Who decides what the target reaches; called from many threads."""

    def lookup(self, name: str) -> tuple[str, ...]:
        """The addresses of a name, as the target shall see them; none when it does not exist."""
        ...

    def route(self, address: str, port: int) -> int | str:
        """The port on 127.0.0.1 that takes the place of that address, or THROUGH (loopback only), or REFUSED."""
        ...


class Control:
    """Listens on loopback until closed; `opened` maps the port that was asked for to the real one."""

    def __init__(self, folder: Path, neighbours: Neighbours, on_listen: Callable[[int, int, int], None]) -> None:
        """Open the line and leave its port in the control folder."""
        self._neighbours = neighbours
        self._on_listen = on_listen
        self._server = socket.create_server(("127.0.0.1", 0), backlog=128)
        (folder / "control").write_text(str(self._server.getsockname()[1]), encoding="ascii")
        self._thread = threading.Thread(target=self._accept, name="audit-control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hang up."""
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(1.0)

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with line, suppress(OSError):
            line.settimeout(ANSWER_SECONDS_MAX)
            question = b""
            while not question.endswith(b"\n") and len(question) < LINE_BYTES_MAX:
                part = line.recv(LINE_BYTES_MAX)
                if not part:
                    return
                question += part
            line.sendall(f"{self._answer(question.decode('utf-8', 'replace').split())}\n".encode())

    def _answer(self, words: list[str]) -> str:
        match words:
            case ["lookup", name]:
                return " ".join(self._neighbours.lookup(name))
            case ["connect", address, port]:
                return str(self._neighbours.route(address, int(port)))
            case ["listen", asked, actual, process]:
                self._on_listen(int(asked), int(actual), int(process))
                return "ok"
        return REFUSED
