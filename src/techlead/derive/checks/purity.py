"""Purity: rules, actions and computed fields reach nothing but what they are given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

from techlead.declare.backend import Declarations
from techlead.declare.effect import create, delete, refuse
from techlead.declare.notification import Notification
from techlead.declare.origin import Origin
from techlead.declare.outside import System
from techlead.declare.purity import Role, class_impurities, impurities, verifier_impurities
from techlead.declare.resource import Body, Fields
from techlead.declare.rule import Rule
from techlead.derive.checks.rules import declared_rules
from techlead.derive.checks.strays import modules_of
from techlead.derive.refusals import Refusals, field_origin
from techlead.errors import Refusal


def check(declarations: Declarations, refusals: Refusals) -> None:
    """Refuse functions that could reach the world, each at its own line; none of them is run."""
    for where, function, role, origin in _functions(declarations):
        own = isinstance(function, FunctionType)  # what is none has no line of the user's
        for one in impurities(function, role=role, known=is_known):
            place = (one.file, one.line) if own else (origin.file, origin.line)
            refusals.extend([Refusal(*place, where, one.reason, one.mend)])
    for incoming in declarations.outside.incoming:
        for one in () if incoming.verify is None else verifier_impurities(incoming.verify, known=is_known):
            refusals.extend([Refusal(one.file, one.line, f"verifier of {incoming.name}", one.reason, one.mend)])
    for declared in _classes(declarations):
        for one in class_impurities(declared, known=is_known):
            refusals.extend([Refusal(one.file, one.line, declared.__name__, one.reason, one.mend)])


def is_known(thing: object) -> bool:
    """Tell whether an object is one of ours that a pure function may name: what it reads, makes and yields."""
    if isinstance(thing, type):
        return issubclass(thing, Fields)
    return isinstance(thing, Rule | Notification | System) or thing in (create, delete, refuse)


def _functions(declarations: Declarations) -> Iterator[tuple[str, Callable[..., Any], Role, Origin]]:
    for rule in declared_rules(declarations):
        yield f"rule {rule.name}", rule.function, "rule", rule.origin
    for declared in declarations.resources:
        said = declared.declaration
        for action in said.actions:
            yield f"{declared.__name__}.{action.name}", action.function, "action", action.origin
        for name, spec in said.fields.items():
            if callable(spec.source.function):
                origin = field_origin(declared, name, said.origin)
                yield f"{declared.__name__}.{name}", spec.source.function, "rule", origin


def _classes(declarations: Declarations) -> tuple[type[Fields], ...]:
    """List the classes whose rows pure functions are given: resources, and the bodies of their modules."""
    named = [value for names in modules_of(declarations) for value in names.values()]
    bodies = [one for one in named if isinstance(one, type) and issubclass(one, Body) and one is not Body]
    return tuple(dict.fromkeys([*declarations.resources, *bodies]))
