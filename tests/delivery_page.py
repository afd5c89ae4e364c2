"""The page about delivery, printed from the tables by which the runtime decides: `python tests/delivery_page.py`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from techlead.deliver.breaker import TRANSITIONS
from techlead.deliver.limits import OF_CHANNEL, OF_PROCESS, RANGES, Limits, LimitsBook, Process
from techlead.deliver.port import COUNTED, Fault, Kind
from techlead.deliver.step import LIFE, State

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "delivery.md"
RESULTS = ROOT / "bench" / "outage" / "results.json"
HEAD = """\
# Delivery

A message waits in the transaction of its change: it exists if and only if the change does. A dispatcher claims it, writes
down that a try begins, sends, and notes how it ended. **Promised:** nothing is lost, nothing is sent for a change that did
not commit, and what a crash leaves in doubt is sent again under the same id (`webhook-id`, `Idempotency-Key`,
`Message-ID`). Never promised: "exactly once" to a mail server, a chat or a telephone.

This page is printed by `python tests/delivery_page.py` from the tables by which the runtime decides; a test holds it to them.

## Two engines, one URL

| database | who delivers | how |
|---|---|---|
| `sqlite:///shop.db` | `techlead serve` itself | one dispatcher in the process |
| `postgresql://...` | `techlead serve`, or any number of `techlead deliver` beside `techlead serve --no-deliver` | `techlead[lanes]`: one pgqueuer job for each lane in which something is due |

A *lane* is the queue of one destination: a channel and a host (`webhook:hooks.example`); of a chat, one room. All that is
known of a destination is in the database, in the row that a turn locks: so a restart forgets nothing, and several processes
obey one breaker, one rate and one retry budget. Both engines pass one suite, `tests/unit/deliver/test_engines.py`.

## What an operator does

    techlead outbox                          every destination: what waits, how it is and why, the next try
    techlead outbox dead [DESTINATION]       messages that ended undelivered, with their history
    techlead outbox show delivery_...        one message with its history; never its address or its words
    techlead outbox replay DESTINATION       let what ended undelivered begin anew (or ids, or `all`)
    techlead outbox drop delivery_...        end what waits or is dead; the action that waits for a call is told
    techlead outbox drop DESTINATION         end all that is dead there; what waits stays
    techlead outbox pause DESTINATION        let nothing go there; `resume` lets it, and forgives what stood against it

Each takes `--json`. Whoever has the role `admin`, where the backend declares it, finds the same below `/outbox` of the
API. Each change of a destination, each try and each message that ends undelivered is an event in the log, with ids and
hosts and without personal data. With `techlead[metrics]` there are numbers by channel, for Prometheus at
`http://127.0.0.1:PORT/metrics` with `TECHLEAD_METRICS_PORT`, a port for each process, and for whatever OpenTelemetry is told by its own
settings: tries, their duration, what ended undelivered, and every 15 s how much waits (`techlead.delivery.waiting`) and how late the
first of it is (`techlead.delivery.late`), both of the whole database.

## Measured

On a virtual machine with two processors (AMD EPYC) and nothing else on it, 27 November 2026, three runs; 20,000 messages to a sink on
loopback, durable rows, in one run (`python -m bench.deliveries 20000 postgresql://...`): SQLite 9,600 to 10,600 a second; PostgreSQL
with lanes 6,000 to 6,300 where a bare pgqueuer queue drains 10,200 to 12,100 (1.7, 1.9 and 2.0 times as many).

What a notification adds to a POST (`python -m bench.enqueue`: the same POST with and without it, turn by turn in one run, SQLite, its
part of the commit included, on the same machine and day, six runs in which it was not equally fast): 18 to 27 us of processor time with 16
requests under way, of a POST of 94 to 132 us, a fifth of it in each; 39 to 52 us of 330 to 400 where each request is committed alone. **15 us were asked for and are not met.** Written by itself, again and again,
the row takes 6 us, half of them for the indexes by which it is found when it is due and when its time is over, and what leads there 5 us of
Python; the rest is what both cost among everything else. Without the second index it would be a microsecond less, and each waiting
message would have to be looked through. A table that keeps its rows in the order in which they are written, larger pages, and fewer
collections of garbage make no difference or a worse one.

Killed with -9 while it delivers, at any moment: 1,000 times on SQLite and 1,000 times on PostgreSQL (27 November 2026), 60 and 20 times at
every change of this project, and once at each labelled place on both; nothing was lost, nothing sent for a change that did not commit, and
no more was sent twice than was in flight. A week of every weather was simulated with all 1,000 seeds of `make proof`; no promise was broken.
"""


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def diagram(moves: Iterable[tuple[str, str, str]], start: str, ends: Iterable[str]) -> str:
    """Draw a table of transitions."""
    lines = [f"    [*] --> {start}"]
    lines += [f"    {_word(before)} --> {_word(after)}: {event}" for before, event, after in moves]
    lines += [f"    {_word(end)} --> [*]" for end in ends]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def _word(name: str) -> str:
    return name.replace("-", "_")


def span(seconds: float) -> str:
    """Write a span of time."""
    for unit, length in (("h", 3_600), ("min", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} s"


def schedules() -> str:
    """Write the schedule of each kind."""
    book, rows = LimitsBook(), []
    for kind in Kind:
        one = book.of(kind, "", "", "")
        waits = f"{span(one.wait_seconds_first)} x {one.wait_factor:g}, at most {span(one.wait_seconds_max)}"
        rows.append((kind.value, one.tries_max, waits, span(one.live_seconds_max)))
    return table(("kind", "tries", "waits", "time to live"), rows)


def limits(owner: type[Limits | Process], ranges: Any) -> str:
    """Write every limit with its default and its range."""
    given = owner()
    rows = [
        (f"`{one.name}`", f"{getattr(given, one.name):,g}", f"{ranges[one.name].lowest:,g} to {ranges[one.name].highest:,g}",
         ranges[one.name].meaning)
        for one in fields(owner)
    ]  # fmt: skip
    return table(("limit", "default", "may be", "meaning"), rows)


def outages() -> str:
    """Write what was simulated."""
    found = json.loads(RESULTS.read_text())
    parts = []
    for outage in dict.fromkeys(one["outage"] for one in found):
        these = [one for one in found if one["outage"] == outage]
        rows = [
            (f"**{one['policy']}**" if one["policy"] == "ours" else one["policy"], f"{one['attempts_in_outage']:,}",
             f"{one['per_notification']:.3g}", f"{one['lost']:.1%}", f"{one['left']:,}",
             _seconds(one["left"] / one["load"]["takes_per_second"]), _seconds(one["drain_seconds"]),
             _seconds(one["healthy_p99_seconds"]))
            for one in these
        ]  # fmt: skip
        head = (
            "policy",
            "tries in the outage",
            "for each notification",
            "lost",
            "left at its end",
            "drained at best",
            "drained after",
            "healthy p99",
        )
        parts.append(f"{_load(outage, **these[0]['load'])}\n\n{table(head, rows)}")
    return "\n\n".join(parts)


def _load(outage: str, per_minute: int, outage_seconds: float, takes_per_second: float, seed: int) -> str:
    return (
        f"**It {outage}** for {outage_seconds / 60:.0f} minutes, while {per_minute:,} notifications a minute are made for it"
        f" and as many for the other; then it takes {takes_per_second:g} a second (seed {seed})."
    )


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:,.1f} s" if seconds < 10 else f"{seconds:,.0f} s"


def page() -> str:
    """Write the page."""
    counted = ", ".join(f"`{fault.value}`" for fault in Fault if fault in COUNTED)
    ends = [state.value for state in State if state not in (State.WAITING, State.SENDING)]
    life = [(before.value, event.value, after.value) for (before, event), after in LIFE.items()]
    moves = [(before.value, event.value, after.value) for (before, event), after in TRANSITIONS.items()]
    rates = [(channel, f"{given['rate_per_second']:g}/s") for channel, given in OF_CHANNEL.items()]
    parts = [
        HEAD,
        "## The life of a message\n\n" + diagram(life, State.WAITING.value, ends),
        ('Half of each wait is certain and half is chance ("equal jitter"). `Retry-After` is a lower bound. What could only be'
        " tried after its time to live ends at once. 429 and a probe that fails burn no try. `withdrawn` is no failure: the kind is"
        " switched off or kept for a digest, or its reader is gone or may no longer read; it is not replayed."),
        schedules(),
        "## The breaker of a destination\n\n" + diagram(moves, "closed", ()),
        (f"It counts {counted}: other refusals tell nothing of the destination's health. Half-open, one message at a time is sent"
        " as a probe, which is free for the message. When of ten calls and more fewer than a tenth fail again, what waited because the"
            " destination failed goes at once: who was unlucky several times would be late by hours otherwise."),
        ("## Every limit\n\nSet them with `TECHLEAD_DELIVERY`, as JSON by scope: a kind, a channel, `notification NAME`, a"
        ' destination, or `process`. What is more special wins. No value means "for ever".\n\n'
        "    TECHLEAD_DELIVERY='{\"webhook\": {\"tries_max\": 8}, \"webhook:hooks.example\": {\"rate_per_second\": 50}}'"),
        limits(Limits, RANGES),
        "By channel: " + ", ".join(f"{channel} {rate}" for channel, rate in rates) + ". In one process:",
        limits(Process, OF_PROCESS),
        (
            "## An outage, simulated\n\nOne destination fails beside a healthy one. Virtual time, and the code that runs in"
            " production; each of the others with its documented schedule in a worker of sixteen slots."
            " `python -m bench.outage` repeats it."
        ),
        outages(),
        (
            "Of a full outage everything is left at its end, and it is drained as fast as the destination takes it, but for the"
            " ramp. A partial one leaves what the retry budget has put off. Its end is seen by what arrives, not by the window"
            f" of {Limits().breaker_window_seconds:g} s, which would ration retries for a minute after it: each retry that arrives"
            f" lets {Limits().budget_factor:g} times as many out in a second, up to the destination's rate, and the first failure"
            f" puts it back to {Limits().budget_per_second:g} a second. While 40 % fail, such rows are short: they add one retry to"
            " fifty notifications. Nobody who was unlucky more than once waits longer than"
            f" {Limits().wait_seconds_partial_max:g} s for the next of the first half of the tries; who waits for longer goes at once when the"
            " destination has mended."
        ),
    ]  # fmt: skip
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
