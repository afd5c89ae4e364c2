"""`make bench`: measure techlead and its peers in one run, print the table, write results.json and docs/bench.md.

Exit code 0 when it could run (missed targets are printed), 1 with --strict and a missed or unmeasured target, 2 when it could not run.
"""

from __future__ import annotations

import argparse
import platform
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

from bench import measure, report
from bench.environment import NotAvailableError
from bench.machine import machine_class, missing
from bench.memory import marketplace_megabytes
from bench.outcome import Outcome
from bench.prepare import Prepared, prepared
from bench.servers import SERVERS
from bench.start_up import Start, startable, started
from bench.targets import verdicts

START_REPEATS = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and answer the exit code."""
    asked = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the servers are stopped, too
    why_not = missing()
    if why_not:
        print(f"bench: not run: {why_not}")
        return 2
    only = tuple(word.lower() for word in asked.only)
    outcome = run(measure.QUICK if asked.quick else measure.FULL, only)
    print("\n" + report.tables(outcome))
    if asked.quick or only:
        print("\nA quick or partial run: bench/results.json and docs/bench.md are left as they are.")
    else:
        report.write_results(outcome)
        report.write_document(outcome)
    if not outcome.load:
        return 2
    return 1 if asked.strict and not all(verdict.met for verdict in verdicts(outcome)) else 0


def run(effort: measure.Effort, only: tuple[str, ...] = ()) -> Outcome:
    """Measure everything that can be measured here (or only servers whose name has one of the words)."""
    skipped: dict[str, str] = {}
    with ExitStack() as stack:
        servers = _prepared(stack, only, skipped)
        bystanders = measure.Bystanders(servers)
        load = measure.measured(servers, effort) if servers else {}
        others = bystanders.processors()
        memory = {one.server.name: one.running.memory_megabytes() for one in servers}
    return Outcome(
        date=datetime.now(UTC).date().isoformat(),
        machine=machine_class() | {"python": platform.python_version()},
        versions={server.name: server.packages for server in SERVERS if server.packages},
        effort=effort,
        others_processors=others,
        load=load,
        memory_megabytes=memory,
        start=_starts(1 if effort is measure.QUICK else START_REPEATS, only, skipped),
        marketplace_megabytes=_marketplace(effort, only, skipped),
        skipped=skipped,
    )


def _prepared(stack: ExitStack, only: tuple[str, ...], skipped: dict[str, str]) -> list[Prepared]:
    servers = []
    for server in SERVERS:
        if not _wanted(server.name, only):
            continue
        print(f"preparing {server.name}", flush=True)
        try:
            one = prepared(server)
        except NotAvailableError as error:
            skipped[server.name] = str(error)
            print(f"  skipped: {error}", flush=True)
            continue
        stack.callback(one.running.stop)
        servers.append(one)
    return servers


def _starts(repeats: int, only: tuple[str, ...], skipped: dict[str, str]) -> dict[str, Start]:
    starts = {}
    for server in startable():
        if not _wanted(server.name, only):
            continue
        print(f"starting 200 resources: {server.name}", flush=True)
        try:
            starts[server.name] = started(server, repeats)
        except NotAvailableError as error:
            skipped[f"start of {server.name}"] = str(error)
    return starts


def _marketplace(effort: measure.Effort, only: tuple[str, ...], skipped: dict[str, str]) -> float | None:
    if not _wanted("marketplace techlead", only):
        return None
    print("loading the marketplace", flush=True)
    try:
        return marketplace_megabytes(effort.seconds)
    except NotAvailableError as error:
        skipped["memory of the marketplace"] = str(error)
        return None


def _wanted(name: str, only: tuple[str, ...]) -> bool:
    return not only or any(word in name.lower() for word in only)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description="Measure techlead and its peers in one run.")
    parser.add_argument("--quick", action="store_true", help="a few seconds for each server; writes no file")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a target is missed or was not measured")
    parser.add_argument(
        "--only", action="append", default=[], metavar="WORD", help="only servers with this word in their name"
    )
    return parser
