"""The views as pages of blocks, which the terminal and the site then write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from techlead.explain.access import Matrix
from techlead.explain.blocks import Block, Code, Items, Page, Table, Warned, Words
from techlead.explain.cards import Card
from techlead.explain.flow import Flow
from techlead.explain.messages import Message
from techlead.explain.sequence import Sequence
from techlead.explain.since import Changed, Since
from techlead.explain.whole import Derived, Whole

GROUPS: Final = ("access", "rules", "operations", "fields", "notifications", "derived")
"""The groups of pages, in their order; each is also a word that `techlead explain` takes."""


def pages(whole: Whole) -> tuple[Page, ...]:
    """Write every view as a page."""
    return (
        *(Page("access", one.resource, tuple(_access(one))) for one in whole.access),
        *(Page("rules", one.name, tuple(_card(one))) for one in whole.rules),
        *(Page("operations", f"{one.method} {one.path}", tuple(_sequence(one))) for one in whole.operations),
        *(Page("fields", f"{one.resource}.{one.field}", tuple(_flow(one))) for one in whole.flows),
        *(Page("notifications", one.name, tuple(_message(one))) for one in whole.notifications),
        *(Page("derived", one.resource, tuple(_derived(one))) for one in whole.derived),
    )


def since_pages(found: Since) -> tuple[Page, ...]:
    """Write what changed as pages."""
    changed = [Page("since", one.title, tuple(_changed(one))) for one in found.changed]
    access = [Page("since", "who may do what now", (Items(found.access),))] if found.access else []
    told = [Page("since", "messages and calls that reach further", (Items(found.messages),))] if found.messages else []
    return (*changed, *access, *told)


def _access(one: Matrix) -> Iterator[Block]:
    heads = ("operation", *one.kinds)
    yield Table(heads, tuple((row.name, *row.verdicts) for row in one.may))
    if one.unguarded:
        yield Warned(f"Nothing guards {', '.join(one.unguarded)}: whoever finds the address may do it.")
    yield Words("Who reads which field, in any answer:")
    yield Table(("field", *one.kinds), tuple((row.name, *row.verdicts) for row in one.reads))
    yield Words("Who may send which field:")
    yield Table(("field", *one.kinds), tuple((row.name, *row.verdicts) for row in one.writes))


def _card(one: Card) -> Iterator[Block]:
    yield Words(f"Because: {one.because}")
    yield Code(one.source)
    yield Words(f"Who is refused reads: {one.message}")
    yield Words(f"It guards {', '.join(one.guards)}.")
    yield Table(
        ("example", "facts"), (*(("allows", text) for text in one.allows), *(("refuses", text) for text in one.refuses))
    )
    yield (Words if one.is_signed else Warned)(f"Ledger: {one.signed}.")
    yield from (Warned(f"An example does not hold: {text}") for text in one.failures)
    yield from (Warned(f"Not pinned: {text}") for text in one.unpinned)
    yield from (Warned(f"A dead condition decides nothing: {text}") for text in one.dead)
    if one.shadow:
        yield Words(f"Shadow: {one.shadow}.")


def _sequence(one: Sequence) -> Iterator[Block]:
    yield Words(one.summary)
    yield Words(one.policy)
    yield one.diagram


def _flow(one: Flow) -> Iterator[Block]:
    yield from (Warned(f"This must not be: {text}.") for text in one.wrong)
    rows = [
        ("is", one.sensitivity),
        ("enters", "; ".join(one.enters)),
        ("is stored in", one.stored),
        ("is given back to", "; ".join(one.returned) or "nobody"),
        ("is read by", "; ".join(one.decides) or "no rule and no action"),
        ("is told in", one.told),
        ("is sent", "; ".join(one.sent) or "nowhere"),
    ]
    yield Table(("step", "where"), tuple(rows))


def _message(one: Message) -> Iterator[Block]:
    yield Words(f"About {one.about}, to {one.to}; sent by {', '.join(one.sent_by) or 'no action'}.")
    yield Table(("part", "words"), (("subject", one.subject), ("text", one.text)))
    if one.languages:
        yield Words(f"Templates for {', '.join(one.languages)}.")
    for way in one.ways:
        place = f" at {way.address}" if way.address else ""
        if not way.limits:
            yield Words(f"By {way.channel}{place}: a row in this database, written with the change itself.")
            continue
        yield Words(f"By {way.channel}{place}, after the commit, from the outbox:")
        yield Table(("limit", "value", "meaning"), tuple((x.name, f"{x.value:g}", x.meaning) for x in way.limits))


def _derived(one: Derived) -> Iterator[Block]:
    yield Words(f"A hand-written version would have these {one.lines} lines to write and to review; nothing runs them.")
    yield Code(one.source)


def _changed(one: Changed) -> Iterator[Block]:
    said = f"{one.what}, {one.verdict}" if one.verdict else one.what
    yield (Warned if "widened" in one.verdict or one.verdict == "not shown" else Words)(f"{said}; {one.risk}")
    if one.lines:
        yield Items(one.lines)
