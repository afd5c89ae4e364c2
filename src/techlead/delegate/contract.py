"""What a draft may not do to what is there: the old and the new Plan compared, once the draft may be loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from techlead.declare.types import Sensitivity
from techlead.delegate.brief import Brief, examples_of, sensitivities
from techlead.delegate.gate import Finding
from techlead.derive.plan import Plan
from techlead.explain.flow import Flow, flows
from techlead.intent.changes import changes, sentences
from techlead.intent.difference import Prover, Verdict
from techlead.intent.items import Item
from techlead.intent.pinned import Pinned, check_plan

ORDER: Final = (Sensitivity.PUBLIC, Sensitivity.PERSONAL, Sensitivity.INTERNAL, Sensitivity.SECRET)
"""How far a value may travel, the farthest first."""
BELONGS: Final[Mapping[str, str]] = {"policy": "resource", "setting": "resource", "message": "notification"}
"""Of what in a brief an item of the ledger is a part."""


@dataclass(frozen=True, slots=True, eq=False)
class Versions:
    """What is there and what is drafted."""

    old: Plan
    new: Plan
    old_items: Mapping[str, Item]
    new_items: Mapping[str, Item]
    signed: frozenset[str]
    """The titles that a person has signed."""
    prover: Prover | None = None


def contract_findings(versions: Versions, brief: Brief) -> tuple[Finding, ...]:
    """List everything that a draft does to what it had to leave alone, and what it lacks itself."""
    return tuple(one for check in CHECKS for one in check(versions, brief))


def _untouched(versions: Versions, brief: Brief) -> Iterator[Finding]:
    """Refuse a change of what the task does not name, with the facts that show it."""
    for one in changes(versions.old_items, versions.new_items, versions.prover):
        if one.what == "new" or not _is_fixed(one.title, brief) or _is_equal(one.differences):
            continue
        if one.what == "changed" and _only_adds(versions.old_items[one.title], versions.new_items[one.title]):
            continue
        shown = next((words for found in one.differences for words in sentences(found)), "")
        whose = "is signed" if one.title in versions.signed else "is not what the task is about"
        yield Finding(one.title, f"it is {one.what}, and it {whose}: leave it as it is{f' ({shown})' if shown else ''}")


def _is_fixed(title: str, brief: Brief) -> bool:
    kind, _, name = title.partition(" ")
    return f"{BELONGS.get(kind, kind)} {name}" not in brief.stake


def _only_adds(old: Item, new: Item) -> bool:
    """Tell whether a resource's policies are what they were, but for those of actions that are new."""
    if not old.title.startswith("policy "):
        return False
    kept = {name: new.record["actions"].get(name) for name in old.record["actions"]}
    return {**new.record, "actions": kept, "members": old.record["members"]} == old.record


def _is_equal(differences: tuple[object, ...]) -> bool:
    return bool(differences) and all(getattr(one, "verdict", None) is Verdict.EQUAL for one in differences)


def _reasons(versions: Versions, _brief: Brief) -> Iterator[Finding]:
    """Refuse another reason for what is signed, and a reason that says nothing."""
    for title, item in versions.new_items.items():
        old = versions.old_items.get(title)
        if old is not None and title in versions.signed and old.record.get("because") != item.record.get("because"):
            yield Finding(title, "its `because` is signed: only a person writes another")


def _examples(versions: Versions, _brief: Brief) -> Iterator[Finding]:
    new = examples_of(versions.new)
    for title, examples in examples_of(versions.old).items():
        lost = examples - new.get(title, frozenset())
        if lost and title in versions.signed and title in new:
            yield Finding(title, f"a signed example is gone or changed: {min(lost)}; leave it, and add your own")


def _personal(versions: Versions, _brief: Brief) -> Iterator[Finding]:
    """Refuse a value that may now travel farther, and a new flow that must not be."""
    before, after = sensitivities(versions.old), sensitivities(versions.new)
    for field, old in before.items():
        if field in after and ORDER.index(after[field]) < ORDER.index(old):
            yield Finding(".".join(field), f"it was {old.value} and would be {after[field].value}")
    known = {(one.resource, one.field): one for one in flows(versions.old)}
    for flow in flows(versions.new):
        yield from _farther(flow, known.get((flow.resource, flow.field)))


def _farther(flow: Flow, old: Flow | None) -> Iterator[Finding]:
    where = f"{flow.resource}.{flow.field}"
    yield from (
        Finding(where, f"{wrong}: name who may read it, as in field(..., read=owner)")
        for wrong in flow.wrong
        if old is None or wrong not in old.wrong
    )
    for sent in flow.sent:
        if flow.sensitivity != "public" and (old is None or sent not in old.sent) and sent.startswith("in the words"):
            yield Finding(where, f"a {flow.sensitivity} value would be sent {sent}: leave it out of messages")
    if old is not None and flow.sensitivity != "public":
        given = {one.partition(": ")[0] for one in flow.returned} - {one.partition(": ")[0] for one in old.returned}
        if given:
            yield Finding(
                where,
                f"a {flow.sensitivity} value would be given to {', '.join(sorted(given))}, who does not get it now",
            )


def _pinned(versions: Versions, _brief: Brief) -> Iterator[Finding]:
    """Refuse rules and actions, new or changed, whose conditions no example pins."""
    changed = {title for title, one in versions.new_items.items() if versions.old_items.get(title) != one}
    for one in check_plan(versions.new):
        if one.title in changed and not one.holds:
            yield from _loose(one)


def _loose(one: Pinned) -> Iterator[Finding]:
    yield from (
        Finding(one.title, f"its example does not hold: {failure.example}: {failure.reason}")
        for failure in one.failures
    )
    for survivor in one.survivors[:3]:
        yield Finding(one.title, f"not pinned ({survivor.words}): add to {survivor.listed}: {survivor.example}")


Check = Callable[[Versions, Brief], Iterator[Finding]]
CHECKS: Final[tuple[Check, ...]] = (_reasons, _examples, _untouched, _personal, _pinned)
