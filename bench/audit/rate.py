"""`python bench/audit/rate.py FOLDER[=TRUTH] ... [--venvs DIR] [--seconds N]`: requests a second on one target, beside Schemathesis.

Both send hostile requests to the same plain server (uvicorn, one process), one after the other, for as long: ours by the client and
the values that the audit uses, Schemathesis by its fuzzing phase with as many workers as it likes. What is counted is answered requests.
Then ours sends them to the target as an audit starts it: in its hostile world, where hashing a password costs next to nothing, and
as many instances side by side as there are processors.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final
from urllib.request import urlopen

sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)  # the package `bench` is not installed

from bench.audit.case import Case, case  # noqa: E402
from bench.audit.tools import copied, served  # noqa: E402
from techlead.audit.attacks.input.hostile import tries  # noqa: E402
from techlead.audit.stable import Stable  # noqa: E402
from techlead.audit.target.client import Client  # noqa: E402
from techlead.audit.target.discover import operations_of  # noqa: E402
from techlead.audit.target.exchange import ANONYMOUS, Request  # noqa: E402
from techlead.audit.target.given import READY_SECONDS, Given  # noqa: E402
from techlead.audit.target.launch import launch_of  # noqa: E402
from techlead.audit.target.people import request_with  # noqa: E402
from techlead.audit.target.reading import filled  # noqa: E402
from techlead.audit.target.roles import assign  # noqa: E402
from techlead.audit.target.values import Values  # noqa: E402

SEED: Final = 20_211
BATCH: Final = 256
EXAMPLES: Final = 100_000
"""More than fit into the time: its time is what ends it."""
ROW: Final = "{:<16} {:<22} {:>9} {:>8} {:>10}"
GENERATED: Final = re.compile(r"([\d,]+) generated")


def main() -> int:
    """Measure both on each target, and print how many times as fast ours is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", metavar="FOLDER[=TRUTH]")
    parser.add_argument("--venvs", type=Path)
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    print(ROW.format("target", "who", "requests", "seconds", "a second"))
    for one in (case(argument, asked.venvs) for argument in asked.folders):
        with _running(one) as url:
            ours = _said(one.name, "techlead audit", *sustained(url, asked.seconds))
        with _running(one) as url:
            theirs = _said(one.name, "Schemathesis", *schemathesis(url, asked.seconds))
        with _attacked(one) as urls, ThreadPoolExecutor(len(urls)) as lanes:
            counted = list(lanes.map(lambda url: sustained(url, asked.seconds), urls))
        answered, took = sum(count for count, _ in counted), max(seconds for _, seconds in counted)
        inside = _said(one.name, "as audits start it", answered, took)
        times = (
            f"{ours / theirs:.1f} times, {inside / theirs:.1f} as audits start it"
            if theirs
            else "it counted no request"
        )
        print(f"{one.name:<16} {times}")
    return 0


def sustained(url: str, seconds: float) -> tuple[int, float]:
    """Send hostile requests as fast as they are answered: how many were, and in how many seconds."""
    with urlopen(f"{url}/openapi.json", timeout=10) as answer:
        operations = assign(operations_of({"openapi": json.load(answer)}))
    client = Client(url)
    values = Values(SEED, time.time)
    bases = [
        (
            one,
            request_with(one, values.body(one.body), ANONYMOUS, filled(one.path, {p.name: 1 for p in one.parameters})),
        )
        for one in operations
    ]
    endless = itertools.cycle(
        each.request for one, base in bases for each in tries(one, base, listing=one.method == "GET", headers=True)
    )
    started, answered = time.monotonic(), 0
    while time.monotonic() - started < seconds:
        batch: list[Request] = list(itertools.islice(endless, BATCH))
        answered += sum(bool(answer.status) for answer in client.many(batch, 10.0))
    took = time.monotonic() - started
    client.close()
    return answered, took


def schemathesis(url: str, seconds: float) -> tuple[int, float]:
    """Let it fuzz for as long: how many cases it says that it has generated and sent."""
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", f"{url}/openapi.json", "--url", url]
    command += ["--no-color", "--continue-on-failure", "--phases", "fuzzing", "--workers", "auto"]
    command += ["--max-examples", str(EXAMPLES), "--max-time", str(int(seconds))]
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-rate-") as place:
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds * 4 + 60, check=False, cwd=place
        )
    took = time.monotonic() - started
    found = GENERATED.search(ended.stdout)
    if not found:
        print(ended.stdout[-1500:], ended.stderr[-500:], file=sys.stderr)
    return (int(found[1].replace(",", "")) if found else 0), took


def _said(name: str, who: str, requests: int, seconds: float) -> float:
    rate = requests / seconds
    print(ROW.format(name, who, f"{requests:,}", f"{seconds:.1f}", f"{rate:,.0f}"), flush=True)
    return rate


@contextlib.contextmanager
def _running(one: Case) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="bench-rate-") as place, served(one, copied(one, Path(place))) as url:
        if not url:
            raise SystemExit(f"{one.name}: it publishes no schema, or could not be started")
        yield url


@contextlib.contextmanager
def _attacked(one: Case) -> Iterator[list[str]]:
    with tempfile.TemporaryDirectory(prefix="bench-rate-") as place:
        copy = copied(one, Path(place))
        folder = copy / one.arguments[one.arguments.index("--app-dir") + 1] if "--app-dir" in one.arguments else copy
        given = Given(
            app=one.target, folder=folder, python=one.python, environment=one.environment, ready_seconds=READY_SECONDS
        )
        stable = Stable(given, launch_of(given, folder), folder)
        try:
            clients = [stable.fresh().client for _ in range(os.cpu_count() or 1)]
            yield [f"http://{client.host}:{client.port}" for client in clients if client is not None]
        finally:
            stable.close()


if __name__ == "__main__":
    sys.exit(main())
