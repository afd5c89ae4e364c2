"""From a running instance to an understanding: discover, sign up, make each operation succeed once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from techlead.audit.target.builder import Builder
from techlead.audit.target.database import SqliteDatabase
from techlead.audit.target.discover import from_outside, operations_of
from techlead.audit.target.exchange import Answer, Request
from techlead.audit.target.explore import explore
from techlead.audit.target.given import Given
from techlead.audit.target.instance import Instance
from techlead.audit.target.operation import Operation, Role
from techlead.audit.target.people import Identities
from techlead.audit.target.roles import assign, resources_of
from techlead.audit.target.understanding import Recipe, Understanding
from techlead.audit.target.values import Values
from techlead.audit.target.ways import find_ways
from techlead.errors import TargetRefused

EXPLORE_SECONDS: Final = 15.0

Tell = Callable[[str], None]


def understand(instance: Instance, given: Given, guessed: tuple[str, ...], seed: int, send: Callable[[Request], Answer]) -> Understanding:
    """Find out everything that later instances need.

    Raises:
        TargetRefused: No operation was found.
    """
    routes = instance.routes()
    found = operations_of(routes) or (from_outside(instance.client) if instance.client else ())
    if not found:
        raise TargetRefused(
            "no operation was found: neither a route table of FastAPI, Starlette, Flask or Django, nor OpenAPI, nor a link; "
            "give module:app, or a URL whose /openapi.json can be read"
        )
    operations = tuple(operation for operation in assign(found) if operation.name not in given.leave_alone)
    values = Values(seed, instance.clock.now)

    def database() -> SqliteDatabase | None:
        return instance.database

    ways = find_ways(operations, send, values, database, given)
    people = Identities(ways, send, values, database)
    resources = resources_of(operations)
    recipes: dict[str, Recipe] = {}
    builder = Builder(operations, resources, people, values, recipes, send)
    explored = explore(operations, builder, send, time.monotonic() + EXPLORE_SECONDS)
    return Understanding(
        framework=str(routes.get("framework", "unknown")),
        operations=explored.operations,
        resources=resources_of(explored.operations),
        ways=ways,
        recipes=explored.recipes,
        debug=bool(routes.get("debug")),
        untried=explored.untried,
        guessed=(*guessed, *_told(ways.sign_up, ways.log_in), *ways.told),
    )


def _told(sign_up: Operation | None, log_in: Operation | None) -> tuple[str, ...]:
    return tuple(
        f"{word}: {operation.name}" for word, operation in (("sign up", sign_up), ("log in", log_in)) if operation
    )


def counted(known: Understanding) -> str:
    """One line about what was found."""
    tried = len(known.recipes)
    documents = sum(operation.role is Role.DOCUMENTS for operation in known.operations)
    return f"{len(known.operations) - documents} operations, {tried} of them made to succeed; roles: {', '.join(known.ways.roles) or 'none'}"


