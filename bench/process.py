"""A server's process tree: start it on one processor, read its CPU time and memory, stop it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.environment import ROOT, NotAvailableError
from bench.machine import SERVER_CPU, pinned

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
STOP_SECONDS_MAX = 10.0
POLL_SECONDS = 0.002


def free_port() -> int:
    """Answer a TCP port of the loopback interface that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Running:
    """A started server; it leads a session of its own, so its whole tree can be found."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def cpu_seconds(self) -> float:
        """Answer user and system time of the tree so far, in seconds."""
        return sum(sum(map(int, fields[11:15])) for fields in self._tree()) / TICKS_PER_SECOND

    def memory_megabytes(self) -> float:
        """Answer the resident set of the tree in MB (10^6 bytes)."""
        return sum(int(fields[21]) for fields in self._tree()) * PAGE_BYTES / 1e6

    def wait_answered(self, asked: bytes, statuses: bytes = b"234", seconds_max: float = 60.0) -> None:
        """Return at the first answer whose status begins with one of the digits; raises NotAvailableError with the log's end."""
        end = time.monotonic() + seconds_max
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise NotAvailableError(f"stopped with exit code {self.process.returncode}: {self._last_words()}")
            if _answered(self.port, asked, statuses):
                return
            time.sleep(POLL_SECONDS)
        raise NotAvailableError(f"no answer within {seconds_max:.0f} s: {self._last_words()}")

    def stop(self) -> None:
        """End the tree: politely, then not."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                continue
            except ProcessLookupError:
                pass
            return

    def _tree(self) -> Iterator[list[str]]:
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[3]) == self.process.pid:
                yield fields

    def _last_words(self) -> str:
        lines = [line.strip() for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        # The report is published: it names no folder of this machine.
        return lines[-1].replace(str(ROOT), ".")[:300] if lines else "it wrote no log"


def start(command: list[str], *, port: int, folder: Path, variables: dict[str, str], log: Path) -> Running:
    """Start a server on the serving processor; its output goes to the log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    with log.open("wb") as output:
        process = subprocess.Popen(
            pinned(command, SERVER_CPU),
            cwd=folder,
            env=environment | variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Running(process, port, log)


def request(path: str) -> bytes:
    """Answer a GET request as bytes; the connection ends with the answer."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()


def _answered(port: int, asked: bytes, statuses: bytes) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(asked)
            head = connection.recv(64)
    except OSError:
        return False
    return head.startswith(b"HTTP/1.") and head[9:10] != b"" and head[9:10] in statuses
