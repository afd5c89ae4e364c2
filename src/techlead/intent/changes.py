"""What changed between two versions of a backend, in plain words: one change a signed thing, with its risk and its witness."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import ndiff
from typing import Any, Final

from techlead.derive.matrix import access_matrix, verdict
from techlead.derive.plan import Plan
from techlead.intent.difference import Difference, Prover, Verdict, compare
from techlead.intent.items import FIXED, Item, changed_titles, item
from techlead.intent.ledger import CHANGED, Entry
from techlead.intent.policies import compare_policies
from techlead.intent.record import Record, subject_of
from techlead.intent.risk import Risk

SHOWN_CHARACTERS_MAX: Final = 160


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was."""

    title: str
    what: str
    """`new`, `gone` or `changed`."""
    risk: Risk
    words: tuple[str, ...]
    differences: tuple[Difference, ...]

    @property
    def widened(self) -> bool:
        """Whether somebody may now do what was refused, or nobody can say."""
        return any("widened" in one.directions for one in self.differences)


def changes(old: Mapping[str, Item], new: Mapping[str, Item], prover: Prover | None) -> tuple[Change, ...]:
    """List every change between the items of two versions, the riskiest first."""
    found = [_change(title, old.get(title), new.get(title), prover) for title in changed_titles(old, new)]
    return tuple(sorted(found, key=lambda one: (one.risk.of.value != "careful", not one.widened, one.title)))


def signed_items(entries: Mapping[str, Entry]) -> dict[str, Item]:
    """Make the items that a ledger holds."""
    return {title: signed_item(entry.record) for title, entry in entries.items()}


def signed_item(record: Record) -> Item:
    """Make the item of a signed record, ready to be run."""
    return item(record, subject_of(record) if "parts" in record else None)


def _change(title: str, old: Item | None, new: Item | None, prover: Prover | None) -> Change:
    either = new or old
    assert either is not None  # noqa: S101 - a change has at least one side
    what = "new" if old is None else "gone" if new is None else "changed"
    differences = tuple(_differences(either.record["kind"], old, new, prover))
    words = tuple(_words(old.record if old else {}, new.record if new else {}, either.record["kind"]))
    return Change(title, what, either.risk, words, differences)


def _differences(kind: str, old: Item | None, new: Item | None, prover: Prover | None) -> Iterator[Difference]:
    if kind == "policy":
        found = compare_policies(old.record if old else None, new.record if new else None)
        yield from (one for one in found if one.how != "it says the same")
    elif old is not None and new is not None and old.subject is not None and new.subject is not None:
        yield compare(old.subject, new.subject, prover)


def _words(old: Record, new: Record, kind: str) -> Iterator[str]:
    if not old or not new:
        yield from _whole(new or old)
        return
    if kind in FIXED:
        yield from lines_of(old, new)
        return
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield from _aspect(name, old.get(name), new.get(name))


def _whole(record: Record) -> Iterator[str]:
    """Say what a new or a gone thing is."""
    if record.get("because"):
        yield f"because: {record['because']}"
    fields = record.get("fields", {}) if record["kind"] == "setting" else {}
    for name, said in fields.items():
        unique = ", unique" if said["unique"] else ""
        yield f"{name}: {said['sensitivity']} {said['kind']}, from {'.'.join(said['source'])}{unique}"
    if record["kind"] == "message":
        yield f"about {record['about']}, by {', '.join(record['via'])}: {record['text'] or record['subject']}"
    if "roles" in record:
        yield f"roles: {', '.join(record['roles']) or 'none'}"
    if record["kind"] in LEADS:
        yield LEADS[record["kind"]](record)


def _aspect(name: str, old: Any, new: Any) -> Iterator[str]:
    if name in ("because", "message"):
        yield f"{CHANGED[name]}: {old!r} became {new!r}"
    elif name == "examples":
        gone = sum(1 for one in old if one not in new)
        added = sum(1 for one in new if one not in old)
        yield f"examples: {gone} taken away, {added} added"
    elif name == "when":
        yield from (f"the rule {one} no longer stands before it" for one in old if one not in new)
        yield from (f"the rule {one} now stands before it" for one in new if one not in old)
        if sorted(old) == sorted(new):
            yield "its rules are asked in another order"
    elif name == "outside":
        yield f"what starts it: {old or 'a request'} became {new or 'a request'}"
    elif name == "parts":
        yield from _parts(old, new)
    elif name == "enums":
        yield from lines_of(old, new, "Enum")
    else:
        yield f"{CHANGED.get(name, name)} changed"


def _parts(old: Record, new: Record) -> Iterator[str]:
    for key in sorted({*old, *new}):
        short = key.rpartition(".")[2]
        if key not in old or key not in new:
            yield f"the function {short} is {'new' if key in new else 'no longer called'}"
        elif old[key]["source"] != new[key]["source"]:
            yield f"the code of {short} changed"
        elif old[key]["names"] != new[key]["names"]:
            yield from lines_of(old[key]["names"], new[key]["names"], "constant")


def lines_of(old: Any, new: Any, where: str = "") -> Iterator[str]:
    """Say each value that two pieces of data do not have alike."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name) and name not in ("kind", "name"):
                yield from lines_of(old.get(name), new.get(name), f"{where} {name}".strip())
            elif name == "kind" and old.get(name) != new.get(name) and where:
                yield f"{where} {name}: {_shown(old.get(name))} became {_shown(new.get(name))}"
    elif where.startswith("templates "):
        yield from (f"{where}: {line}" for line in ndiff(old or (), new or ()) if line[0] in "-+")
    elif old != new:
        yield f"{where}: {_shown(old)} became {_shown(new)}"


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, list) and len(value) > 1 and isinstance(value[0], str):
        value = value[1:] if value[0] in ("int", "str", "bool", "decimal", "date", "datetime", "money") else value
    text = str(value[0] if isinstance(value, list) and len(value) == 1 else value)
    return text if len(text) <= SHOWN_CHARACTERS_MAX else f"{text[:SHOWN_CHARACTERS_MAX]}..."


def sentences(difference: Difference) -> Iterator[str]:
    """Say a difference: the verdict, each witness, or what was not covered."""
    if difference.verdict is Verdict.DIFFERS:
        for one in difference.witnesses:
            yield f"{one.direction.upper()}: {one.facts}: was {one.before}, is now {one.after}"
    elif difference.verdict is Verdict.EQUAL:
        yield f"PROVED EQUAL: {difference.how}"
    else:
        yield f"NOT SHOWN: {difference.how}; not covered: {', '.join(difference.uncovered)}"


def matrix_changes(old: Plan, new: Plan) -> tuple[str, ...]:
    """Say each cell of the access matrix that changed: who, what, from which answer to which."""
    before, after = _cells(old), _cells(new)
    return tuple(
        f"{actor}: {operation}: {before.get((operation, actor), 'no')} became {after.get((operation, actor), 'no')}"
        for operation, actor in sorted({*before, *after})
        if before.get((operation, actor), "no") != after.get((operation, actor), "no")
    )


def _cells(plan: Plan) -> dict[tuple[str, str], str]:
    return {(cell.operation, cell.actor.name): verdict(cell.may) for cell in access_matrix(plan)}


def message_changes(old: Mapping[str, Item], new: Mapping[str, Item]) -> tuple[str, ...]:
    """Say which messages and calls are new or reach further: whatever is not the inbox leaves the system."""
    return tuple(words for title, one in new.items() for words in _further(old.get(title), one, new))


def _further(old: Item | None, new: Item, items: Mapping[str, Item]) -> Iterator[str]:
    """Say in which ways one thing leads further out, or further in, than it did."""
    record, before = new.record, old.record if old is not None else {}
    kind, name = record["kind"], record["name"]
    word = "goes further" if before else "is new"
    if kind == "message":
        added = sorted(set(record["via"]) - set(before.get("via", ())))
        outside = [channel for channel in added if channel != "inbox"]
        leaves = f"; {', '.join(outside)} leaves this system" if outside else ""
        if added:
            yield f"{name} {word}: about {record['about']}, by {', '.join(added)}{leaves}"
    elif kind in LEADS and LEADS[kind](record) != (LEADS[kind](before) if before else ""):
        yield f"{name} {'leads elsewhere' if before else 'is new'}: {LEADS[kind](record)}"
    elif kind == "action":
        calls = sorted(_declared(record) - _declared(before))
        yield from (f"action {name} newly calls {one}" for one in calls if f"system {one}" in items)


def _declared(record: Record) -> set[str]:
    """Name the declarations that code reads: the systems that it calls are among them."""
    names = (value for part in record.get("parts", {}).values() for value in part["names"].values())
    return {value[1] for value in names if value[0] == "declared"}


LEADS: Final[Mapping[str, Callable[[Record], str]]] = {
    "system": lambda one: f"calls go to {one['base_url']}, {_with(one['credentials'])}",
    "incoming": lambda one: f"POST /incoming/{one['name']} takes what is signed with the key in {one['key']}",
    "channel": lambda one: f"messages leave this system through {one['sends']}",
}
"""Where each kind of thing outside leads, in words."""


def _with(credentials: str) -> str:
    return f"with the credentials in {credentials}" if credentials else "without credentials"
