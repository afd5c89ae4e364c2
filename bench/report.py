"""The report: a table for the terminal and the documentation, and every figure as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from bench.environment import ROOT
from bench.load import CONNECTIONS
from bench.outcome import Outcome
from bench.prepare import BARE, CREATE, LIST, ONE, ROWS
from bench.servers import SERVERS
from bench.start_up import RESOURCES
from bench.targets import verdicts

RESULTS = ROOT / "bench" / "results.json"
DOCUMENT = ROOT / "docs" / "bench.md"
BEGIN, END = "<!-- bench:begin (written by `make bench`) -->", "<!-- bench:end -->"
HEADS = (
    "server",
    f"{ONE} µs",
    f"{LIST} µs",
    f"{CREATE} µs",
    f"{BARE} µs",
    f"{ONE} r/s",
    f"{CREATE} r/s",
    f"{ONE} p99 ms",
    f"{CREATE} p99 ms",
    "memory MB",
)


def tables(outcome: Outcome) -> str:
    """Answer the report as Markdown, which the terminal shows as it is."""
    parts = [
        _provenance(outcome),
        _table(HEADS, _load_rows(outcome)),
        f"Start of a backend with {RESOURCES} resources of 6 fields, seconds to the first answered request:",
        _table(("server", "first wall", "first CPU", "again wall", "again CPU", "memory MB"), _start_rows(outcome)),
        _marketplace(outcome),
        "Targets:\n\n" + "\n".join(f"- {verdict.sentence()}" for verdict in verdicts(outcome)),
    ]
    if outcome.skipped:
        parts.append("Not measured:\n\n" + "\n".join(f"- {name}: {why}" for name, why in outcome.skipped.items()))
    return "\n\n".join(part for part in parts if part)


def patterns() -> str:
    """Answer what each server is, as a Markdown table."""
    rows = [[server.name, server.pattern, server.durability, ", ".join(server.packages)] for server in SERVERS]
    return _table(("server", "what it is", "durability", "versions"), rows)


def write_results(outcome: Outcome) -> None:
    """Write every figure to `bench/results.json`; of each round the CPU µs, in order."""
    said = asdict(outcome)
    for scenarios in said["load"].values():
        for figures in scenarios.values():
            figures["rounds"] = " ".join(f"{one['cpu_microseconds']:.1f}" for one in figures["rounds"])
    said["targets"] = [
        {
            "promise": one.target.promise,
            "sense": one.target.sense,
            "bound": one.target.bound,
            "figure": one.figure,
            "met": one.met,
        }
        for one in verdicts(outcome)
    ]
    RESULTS.write_text(json.dumps(_rounded(said), indent=2) + "\n", encoding="utf-8")


def write_document(outcome: Outcome, document: Path = DOCUMENT) -> None:
    """Put the tables between the markers of the document; the words around them are kept."""
    text = document.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{document} has lost its markers {BEGIN} and {END}")
    document.write_text(f"{before}{BEGIN}\n\n{tables(outcome)}\n\n{patterns()}\n\n{END}{after}", encoding="utf-8")


def _provenance(outcome: Outcome) -> str:
    effort, machine = outcome.effort, outcome.machine
    return (
        f"{outcome.date}, {machine['cpu']}, {machine['cores']} cores (one serves, one loads), Python {machine['python']}; "
        f"{CONNECTIONS} connections, {ROWS} rows of 10 columns, median of {effort.rounds} interleaved rounds of "
        f"{effort.seconds:g} s; other programs used {outcome.others_processors:.1f} processors meanwhile. µs: CPU time (user + system) of the server's whole process tree per request."
    )


def _load_rows(outcome: Outcome) -> list[list[str]]:
    rows = []
    for name, scenarios in outcome.load.items():
        one, create = scenarios[ONE], scenarios.get(CREATE)
        spent = [scenarios[each].cpu_microseconds if each in scenarios else None for each in (ONE, LIST, CREATE, BARE)]
        rates = [one.requests_per_second, create and create.requests_per_second]
        waits = [one.p99_milliseconds, create and create.p99_milliseconds]
        figures = [_figure(figure) for figure in (*spent, *rates, *waits)]
        rows.append([name, *figures, f"{outcome.memory_megabytes[name]:.0f}"])
    return rows


def _start_rows(outcome: Outcome) -> list[list[str]]:
    return [
        [
            name,
            f"{one.first_wall:.2f}",
            f"{one.first_cpu:.2f}",
            f"{one.again_wall:.2f}",
            f"{one.again_cpu:.2f}",
            f"{one.memory_megabytes:.0f}",
        ]
        for name, one in outcome.start.items()
    ]


def _marketplace(outcome: Outcome) -> str:
    if outcome.marketplace_megabytes is None:
        return ""
    return f"Memory of `examples/marketplace` after load: {outcome.marketplace_megabytes:.0f} MB."


def _table(heads: tuple[str, ...], rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in [list(heads), *rows]) for column in range(len(heads))]

    def line(cells: list[str]) -> str:
        padded = [
            cell.ljust(width) if not index else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "| " + " | ".join(padded) + " |"

    rule = ["-" * width if not index else "-" * (width - 1) + ":" for index, width in enumerate(widths)]
    return "\n".join([line(list(heads)), line(rule), *(line(row) for row in rows)])


def _figure(value: float | None) -> str:
    """Answer three digits that matter, or a dash for what a server cannot do."""
    if value is None:
        return "-"
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value
