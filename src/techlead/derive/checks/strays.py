"""Strays: what stands beside a backend's declarations and belongs to no resource of it would silently do nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from techlead.declare.action import Action
from techlead.declare.backend import Declarations
from techlead.declare.notification import Notification
from techlead.derive.refusals import Refusals


def check(declarations: Declarations, refusals: Refusals) -> None:
    """Refuse actions and notifications of what no backend has as a resource."""
    for names in modules_of(declarations):
        declared = {id(declarations): declarations}
        declared |= {id(value): value for value in names.values() if isinstance(value, Declarations)}
        known = [resource for one in declared.values() for resource in one.resources]
        for name, value in names.items():
            if isinstance(value, Action | Notification) and value.resource not in known:
                stray = value.resource.__name__
                mend = f"decorate {stray} with @backend.resource(read=...)"
                kind = "action" if isinstance(value, Action) else "notification"
                refusals.add(value.origin, f"{kind} {name}", f"{stray} is no resource of this backend", mend)


def modules_of(declarations: Declarations) -> Iterator[Mapping[str, Any]]:
    """Give the names of each module that declares something of a backend, once."""
    origins = [declarations.origin, *(resource.declaration.origin for resource in declarations.resources)]
    origins += [action.origin for resource in declarations.resources for action in resource.declaration.actions]
    yield from {id(origin.names): origin.names for origin in origins}.values()
