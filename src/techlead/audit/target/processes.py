"""The target's processes: started in groups of their own with their output in a file, and ended for certain."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from techlead.audit.target.zygote import Forked, Zygote
from techlead.errors import TargetRefused

END_SECONDS: Final = 5.0
REST_SECONDS: Final = 0.15
"""Who has not used the processor for so long is at rest: ticks are of 10 ms."""
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
TICKS: Final = os.sysconf("SC_CLK_TCK")
"""Of the processor, a second."""


class Processes:
    """All processes of one instance; they are found again by the control folder in their environment."""

    def __init__(
        self, folder: Path, control: Path, environment: Mapping[str, str], zygote: Zygote | None = None
    ) -> None:
        """Remember where they live, and who may fork them."""
        self._zygote = zygote
        self._folder = folder
        self._control = control
        self._environment = dict(environment)
        self._started: list[subprocess.Popen[bytes] | Forked] = []
        self._count = 0

    def start(self, command: Sequence[str]) -> None:
        """Start one, in the background."""
        self._count += 1
        output = self._control / f"output-{self._count}.log"
        forked = self._zygote and self._zygote.fork(command, self._folder, self._environment, output, self._control)
        self._started.append(forked or self._opened(command, output))

    def _opened(self, command: Sequence[str], file: Path) -> subprocess.Popen[bytes]:
        with file.open("ab") as output:
            try:
                return subprocess.Popen(  # noqa: S603 - the target, which the user asked to run
                    list(command),
                    cwd=self._folder,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise TargetRefused(
                    f"`{command[0]}` cannot be run ({error.strerror}): check the path given with --python or --start"
                ) from error

    def finish(self, command: Sequence[str], seconds: float) -> int:
        """Run one to its end; its exit code, or 124 when it took too long."""
        self._count += 1
        process = self._opened(command, self._control / f"output-{self._count}.log")
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            _signal_group(process.pid, signal.SIGKILL)
            process.wait(END_SECONDS)
            return 124

    def kill(self) -> None:
        """End all of them at once, and whatever they started."""
        for process in self._started:
            _signal_group(process.pid, signal.SIGKILL)
        running = [process.pid for process in self._started if process.poll() is None]  # forked, not yet a group
        for pid in (*running, *self._stray()):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        for process in self._started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(END_SECONDS)
        self._started.clear()

    def rest(self, seconds: float) -> None:
        """Wait until none of them works any more: whoever still loads would miss what happens next."""
        deadline = time.monotonic() + seconds
        worked, since = self._worked(), time.monotonic()
        while time.monotonic() < min(deadline, since + REST_SECONDS):
            time.sleep(REST_SECONDS / 5)
            if (now := self._worked()) != worked:
                worked, since = now, time.monotonic()

    def worked_seconds(self) -> float:
        """Seconds of the processor that they have used; 0 where nothing tells."""
        return self._worked() / TICKS

    def _worked(self) -> int:
        """Ticks of the processor that they have used."""
        total = 0
        for process in self._started:
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                total += int(fields[11]) + int(fields[12])  # utime and stime: see proc(5)
        return total

    def exited(self) -> int | None:
        """The exit code of the first that ended by itself, or None."""
        return next((code for process in self._started if (code := process.poll()) is not None), None)

    def alive(self) -> bool:
        """Whether all that were started still run."""
        return bool(self._started) and self.exited() is None

    def memory_bytes(self) -> int:
        """Resident memory of all of them."""
        total = 0
        for pid in {process.pid for process in self._started} | set(self._stray()):
            with contextlib.suppress(OSError, ValueError, IndexError):
                total += int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES
        return total

    def _stray(self) -> list[int]:
        """Processes with our control folder in their environment: workers that made a session of their own."""
        mark = f"AUDITED_FOLDER={self._control}\0".encode()
        found = []
        for entry in Path("/proc").iterdir() if Path("/proc/self").exists() else ():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if mark in (entry / "environ").read_bytes() + b"\0":
                        found.append(int(entry.name))
        return found


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def wait_until(happened: object, seconds: float, pause: float = 0.01) -> bool:
    """Call `happened` until it is true, at most so long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if callable(happened) and happened():
            return True
        time.sleep(pause)
    return False
