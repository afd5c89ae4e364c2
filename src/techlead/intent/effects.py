"""What an action did, as a value that can be compared: rows changed, created, deleted, messages sent, or a refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from itertools import islice
from typing import Any, Final, TypeVar

from techlead.declare.effect import Create, Delete, Effect, Refuse, Send
from techlead.declare.resource import Fields, changes_of, values_of
from techlead.declare.types import Ref
from techlead.derive.suggestion import written

EFFECTS_MAX: Final = 1_000
E = TypeVar("E", Create, Delete, Send)
Values = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Done:
    """Everything that an action did; equal when it did the same, in the same order where order is seen."""

    rows: tuple[tuple[str, Values], ...] = ()
    creates: tuple[tuple[str, Values], ...] = ()
    deletes: tuple[str, ...] = ()
    sends: tuple[str, ...] = ()
    refuses: str | None = None
    calls: tuple[str, ...] = ()
    """Whatever else was asked for, in words: a call of another system."""

    def __str__(self) -> str:
        """Print in the words of `gives`."""
        said = [f"{name}={_row(values)}" for name, values in self.rows]
        said += [f"creates {kind}{_row(values)}" for kind, values in self.creates]
        said += [f"deletes {name}" for name in self.deletes] + [f"sends {name}" for name in self.sends]
        said += list(self.calls)
        said += [f"refuses {self.refuses!r}"] if self.refuses is not None else []
        return "; ".join(said) or "nothing"


def effects_of(run: Callable[[], Iterable[Effect] | None], rows: Mapping[str, Any]) -> Done:
    """Run an action to its end and sum up what it did to its rows; a row that kept its value was not changed."""
    held = {name: row for name, row in rows.items() if isinstance(row, Fields)}
    before = {name: values_of(row) for name, row in held.items()}
    known = {before[name]["id"]: name for name in held if "id" in before[name]}
    effects = list(islice(run() or (), EFFECTS_MAX + 1))
    refused = next((one.message for one in effects if isinstance(one, Refuse)), None)
    if refused is not None:
        return Done(refuses=refused)
    names = {id(row): name for name, row in held.items()}
    changed = []
    for name, row in held.items():
        made = {key: value for key, value in changes_of(row).items() if before[name].get(key, ...) != value}
        if made:
            changed.append((name, compared(made, known)))
    return Done(
        tuple(sorted(changed)),
        tuple((type(one.row).__name__, compared(changes_of(one.row), known)) for one in _all(effects, Create)),
        tuple(names.get(id(one.row), type(one.row).__name__) for one in _all(effects, Delete)),
        tuple(_sent(one, held, effects) for one in _all(effects, Send)),
        calls=tuple(
            _other(one, names, known) for one in effects if not isinstance(one, Create | Delete | Refuse | Send)
        ),
    )


def _other(effect: Any, names: Mapping[int, str], known: Mapping[Ref[Any], str]) -> str:
    """Say an effect of a kind that has no words of its own: nothing that an action asks for goes unseen."""
    if isinstance(effect, Asked):
        kind, values = effect.kind, effect.values
    else:
        kind = type(effect).__name__.lower()
        values = tuple(getattr(effect, one.name) for one in fields(effect)) if is_dataclass(effect) else (repr(effect),)
    return f"{kind}({', '.join(_value(one, names, known) for one in values)})"


def _value(value: Any, names: Mapping[int, str], known: Mapping[Ref[Any], str]) -> str:
    if isinstance(value, Fields):
        return names.get(id(value), f"new {type(value).__name__}")
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}: {_value(one, names, known)}' for name, one in value.items())}}}"
    declared = getattr(value, "name", None)
    return declared if isinstance(declared, str) and not isinstance(value, Enum) else _shown(value, known)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a declaration that does not run here was asked for, as its live twin would have yielded it."""

    kind: str
    values: tuple[Any, ...]


def _sent(one: Send, held: Mapping[str, Fields], effects: list[Effect]) -> str:
    """Name a message; when several rows could be meant, with the row that it is about."""
    rows = {id(row): name for name, row in held.items()}
    rows |= {id(made.row): f"new {type(made.row).__name__}" for made in _all(effects, Create)}
    alike = [
        row for row in (*held.values(), *(made.row for made in _all(effects, Create))) if type(row) is type(one.row)
    ]
    if len(alike) == 1 and alike[0] is one.row:
        return one.notification.name
    return f"{one.notification.name} about {rows.get(id(one.row), 'a row that is not there')}"


def _all(effects: Iterable[Effect], kind: type[E]) -> list[E]:
    return [one for one in effects if isinstance(one, kind)]


def compared(values: Mapping[str, Any], known: Mapping[Ref[Any], str]) -> Values:
    """Give values as they are compared: as written, a reference to a row of the action by the row's name."""
    return tuple(sorted((name, _shown(value, known)) for name, value in values.items()))


def _shown(value: Any, known: Mapping[Ref[Any], str]) -> str:
    if isinstance(value, Ref):
        return f"the {known[value]}" if value in known else str(value)
    return written(value)


def _row(values: Values) -> str:
    return f"({', '.join(f'{name}={value}' for name, value in values)})"
