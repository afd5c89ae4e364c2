"""A process of the target's Python with its libraries loaded, that forks the processes of instances: half of the cost of a start."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

PROGRAM: Final = Path(__file__).parent.parent / "world" / "child" / "techlead_child" / "zygote.py"


class Forked:
    """One process that was forked: what `subprocess.Popen` is for others."""

    def __init__(self, pid: int, control: Path) -> None:
        """Remember where it leaves its exit code."""
        self.pid = pid
        self._exit = control / f"exit-{pid}"

    def poll(self) -> int | None:
        """Its exit code, or None while it runs; -9 when it left none."""
        with contextlib.suppress(OSError, IndexError):
            state = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
            if state not in {"Z", "X"}:
                return None
        try:
            return int(self._exit.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return -signal.SIGKILL

    def wait(self, seconds: float) -> int:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: It still runs.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if (code := self.poll()) is not None:
                return code
            time.sleep(0.01)
        raise subprocess.TimeoutExpired("forked", seconds)


class Zygote:
    """Forks until closed; None from `fork` says that the process must be started in the usual way."""

    def __init__(self, python: str, libraries: Sequence[str], folder: Path) -> None:
        """Load the libraries, in the background."""
        listing = folder / "libraries"
        listing.write_text("\n".join(libraries), encoding="utf-8")
        self._python = python
        self._lock = threading.Lock()
        self._ready: bool | None = None
        self._process = subprocess.Popen(  # noqa: S603 - the target's own Python
            [python, str(PROGRAM), str(listing)],
            cwd=folder,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(PROGRAM.parent.parent), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def fork(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], output: Path, control: Path
    ) -> Forked | None:
        """Fork one process; only `python file ...` can be."""
        if len(command) < 2 or command[0] != self._python or not command[1].endswith(".py"):  # noqa: PLR2004 - python, file
            return None
        asked = {"command": list(command), "cwd": str(folder), "environment": dict(environment), "output": str(output)}
        with self._lock:
            try:
                said = self._ask(asked) if self._is_ready() else ""
            except (OSError, ValueError):  # it is gone, or closed
                self._ready = False
                return None
        return Forked(int(said), control) if said.isdigit() else None

    def close(self) -> None:
        """End it; what it forked is ended by its owner."""
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _is_ready(self) -> bool:
        if self._ready is None and self._process.stdout is not None:
            self._ready = self._process.stdout.readline().strip() == "ready"
        return bool(self._ready) and self._process.poll() is None

    def _ask(self, asked: Mapping[str, object]) -> str:
        if self._process.stdin is None or self._process.stdout is None:
            return ""
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()
