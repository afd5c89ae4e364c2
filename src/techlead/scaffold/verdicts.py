"""What a project's own tests ask of its backend, besides a rehearsal: each answers with plain values, to be compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from techlead.declare.action import Action
from techlead.declare.facts import ActionExample, Example
from techlead.declare.rule import Rule
from techlead.derive.checks.examples import rules_of
from techlead.derive.examples import facts_of
from techlead.derive.matrix import Cell, access_matrix, verdict
from techlead.derive.previews import previews
from techlead.intent.subjects import action_subject, actions_of
from techlead.scaffold.refused import ScaffoldRefused
from techlead.serve.backend import Backend


@dataclass(frozen=True, slots=True)
class Told:
    """A message: about what, to whom, by which ways, and what it says with sample values."""

    about: str
    to: str
    via: tuple[str, ...]
    text: str


def decides(backend: Backend, rule: Rule[...], given: Example) -> bool:
    """Give what a rule says of some facts; ScaffoldRefused when no action asks it, so that nobody knows its rows."""
    for known, action in rules_of(backend.plan()):
        if known.name == rule.name:
            return bool(rule.function(**facts_of(known, action.parameters, backend.plan(), given, action.body)))
    raise ScaffoldRefused(f"No action asks the rule {rule.name}: name it in the `when` of one.")


def breaks(backend: Backend, action: Action[...], example: ActionExample) -> str:
    """Say how what an action does is not what an example says; empty when it is."""
    plan = backend.plan()
    for one in actions_of(plan):
        if one.name == action.name and one.resource == action.resource.__name__:
            subject = action_subject(plan, replace(one, examples=(example,)))
            (case,) = subject.cases
            found = subject.decide(case.point)
            return "" if found == case.expected else f"it does: {found}; the example says: {case.expected}"
    raise ScaffoldRefused(f"The backend has no action {action.resource.__name__}.{action.name}.")


def told(backend: Backend, name: str) -> Told:
    """Give what a message says; KeyError when there is none of that name."""
    plan = backend.plan()
    (one,) = [each for each in plan.notifications if each.name == name]
    preview = next(each for each in previews(plan, name) if not each.language)
    return Told(one.resource, str(one.to), tuple(channel.value for channel in one.via), preview.text)


def access_table(backend: Backend, resource: str) -> list[str]:
    """Give the access matrix of a resource as lines: an operation or a field, then what each kind of actor may."""
    cells = [cell for cell in access_matrix(backend.plan()) if cell.resource == resource]
    actors = list(dict.fromkeys(cell.actor.name for cell in cells))
    rows = [["may", *actors], *_rows(cells, actors)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(actors) + 1)]
    return [" | ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _rows(cells: list[Cell], actors: list[str]) -> Iterator[list[str]]:
    """Give a row of each operation; of each field, only where it is not as open as the row that it stands on."""
    for operation in dict.fromkeys(cell.operation for cell in cells):
        of_it = {cell.actor.name: cell for cell in cells if cell.operation == operation}
        yield [operation, *(verdict(of_it[actor].may) for actor in actors)]
        names = [one.field for one in of_it[actors[0]].fields]
        if operation.startswith(("read_", "me")):
            yield from _fields(of_it, actors, names)


def _fields(of_it: dict[str, Cell], actors: list[str], names: list[str]) -> Iterator[list[str]]:
    rows: dict[str, list[Any]] = {name: [] for name in names}
    for actor in actors:
        for one in of_it[actor].fields:
            rows[one.field].append(verdict(one.read))
    row = [verdict(of_it[actor].may) for actor in actors]
    for name, seen in rows.items():
        if seen != row:
            yield [f"  sees {name}", *seen]
