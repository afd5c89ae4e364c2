"""Load from `wrk` on the other processor: one thread, 32 connections, for a time."""

from __future__ import annotations

import itertools
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.environment import NotAvailableError
from bench.machine import LOAD_CPU, pinned

SCRIPT = Path(__file__).resolve().parent / "wrk" / "requests.lua"
CONNECTIONS = 32
_seeds = itertools.count()


@dataclass(frozen=True, slots=True)
class Work:
    """What is asked of one server in one scenario."""

    port: int
    paths: Path
    authorization: str
    body: Path | None = None
    keyed: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """What `wrk` counted."""

    requests: int
    seconds: float
    p99_milliseconds: float
    refused: int
    broken: int


def send(work: Work, seconds: float) -> Load:
    """Send requests for some seconds; raises NotAvailableError when `wrk` itself fails."""
    body = "-" if work.body is None else str(work.body)
    command = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{max(1, round(seconds))}s"]
    command += ["--timeout", "30s", "--script", str(SCRIPT), f"http://127.0.0.1:{work.port}", "--"]
    command += [str(work.paths), work.authorization, body, f"load-{next(_seeds)}" if work.keyed else "-"]
    done = subprocess.run(pinned(command, LOAD_CPU), capture_output=True, text=True, timeout=seconds + 120, check=False)
    if done.returncode:
        raise NotAvailableError(f"wrk failed: {(done.stderr or done.stdout).strip()[-300:]}")
    said = json.loads(done.stdout.strip().splitlines()[-1])
    return Load(
        said["requests"], said["microseconds"] / 1e6, said["p99_microseconds"] / 1e3, said["refused"], said["broken"]
    )
