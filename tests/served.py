"""An example served as a user serves it: `techlead serve` as a process of its own, on loopback."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx
from backends import EXAMPLES

PLAIN = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
"""Of a process whose lines are not counted: coverage doubles the time of a start."""
SERVE = "from techlead.cli.main import main; raise SystemExit(main())"


class Server:
    """`techlead serve` as a process of its own."""

    def __init__(self, folder: Path, url: str, port: int, name: str = "marketplace") -> None:
        self._command = [sys.executable, "-c", SERVE, "serve", str(EXAMPLES / name)]
        self._command += ["--port", str(port), "--database", url]
        self._log = folder / "server.log"
        self._folder = folder
        self.address = f"http://127.0.0.1:{port}"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave no process behind, however the test ended."""
        if self.process is not None and self.process.poll() is None:
            self.end(signal.SIGKILL)

    async def start(self) -> float:
        """Start it, and give the seconds until it answers."""
        began = time.monotonic()
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._command, stderr=log, cwd=self._folder, env=PLAIN)  # noqa: ASYNC220 - a test
        async with httpx.AsyncClient() as client:
            while time.monotonic() - began < 30:
                with suppress(httpx.TransportError):
                    if (await client.get(f"{self.address}/readyz")).status_code == 200:
                        return time.monotonic() - began
                assert self.process.poll() is None, self._log.read_text()
                await asyncio.sleep(0.02)
        raise AssertionError(self._log.read_text())

    def end(self, how: signal.Signals) -> int:
        """Signal it and wait for its end."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(30)
