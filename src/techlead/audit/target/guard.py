"""Ends what an audit started when the audit itself is killed: a small process that waits for the audit's end of a pipe to close.

It stands outside, because a target must not be changed: a signal at its parent's death would also end the workers that it
means to outlive the thread or process that forked them. It is run as a program, and needs the standard library alone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SWEEPS: Final = 20
"""What is just being started is found by the next one."""
PAUSE_SECONDS: Final = 0.05
PROCESSES: Final = Path("/proc")


class Guard:
    """Waits beside an audit until it ends, in whatever way."""

    def __init__(self, root: Path) -> None:
        """Watch over the folder in which all of the audit's processes live."""
        self._process = subprocess.Popen(  # noqa: S603 - our own Python and this file
            [sys.executable, "-I", "-S", __file__, str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # what ends the audit's group must not end this
        )

    def close(self) -> None:
        """Let it sweep now."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()


def sweep(root: str) -> None:
    """End every process that lives in the folder, and remove it."""
    for _ in range(SWEEPS):
        found = list(_living(root))
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if not found:
            break
        time.sleep(PAUSE_SECONDS)
    shutil.rmtree(root, ignore_errors=True)


def _living(root: str) -> Iterator[int]:
    """Processes that work below the folder, or were told of it in their environment."""
    for entry in PROCESSES.iterdir() if PROCESSES.is_dir() else ():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            place = (entry / "cwd").readlink()
            if place.is_relative_to(Path(root).resolve()) or f"{root}/".encode() in (entry / "environ").read_bytes():
                yield int(entry.name)


if __name__ == "__main__":
    sys.stdin.read()
    sweep(sys.argv[1])
