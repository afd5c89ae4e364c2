"""From a running instance to an understanding: discover, sign up, make each operation succeed once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from techlead.audit.target.builder import Builder
from techlead.audit.target.discover import from_outside, operations_of, published, schema_places
from techlead.audit.target.exchange import Actor
from techlead.audit.target.explore import explore
from techlead.audit.target.given import Given
from techlead.audit.target.instance import Instance
from techlead.audit.target.operation import Operation, Role
from techlead.audit.target.people import Identities, Send
from techlead.audit.target.remote import Remote
from techlead.audit.target.roles import assign, resources_of, wrecks
from techlead.audit.target.understanding import Recipe, Understanding, Ways
from techlead.audit.target.values import Values
from techlead.audit.target.ways import find_ways
from techlead.errors import TargetRefused

EXPLORE_SECONDS: Final = 15.0
SETTLERS: Final = 4
"""Added to the seed, so that settlers have other names than those who were met (0), explore (1) or attack (2 and 3)."""


@dataclass(frozen=True, slots=True)
class Met:
    """What is known after the first minute of an acquaintance: what there is, and how one becomes a user."""

    framework: str
    operations: tuple[Operation, ...]
    ways: Ways
    debug: bool
    left: tuple[str, ...] = ()
    """Operations that are not called, because they empty or remake the whole database."""
    libraries: tuple[str, ...] = ()
    """What further processes of the target need not load again."""


def meet(instance: Instance | Remote, given: Given, seed: int, send: Send) -> Met:
    """Discover the operations, sign up and log in.

    Raises:
        TargetRefused: No operation was found.
    """
    routes = instance.routes()
    if instance.client and not routes.get("openapi"):
        routes = {**routes, "openapi": published(instance.client, schema_places(routes))}
    found = operations_of(routes) or (from_outside(instance.client) if instance.client else ())
    if not found:
        raise TargetRefused(
            "no operation was found: neither a route table of FastAPI, Starlette, Flask or Django, nor OpenAPI, nor a link "
            "that answers JSON (HTML pages alone are no API); give module:app, or a URL whose /openapi.json can be read"
        )
    left = tuple(operation.name for operation in found if wrecks(operation))
    operations = tuple(operation for operation in assign(found) if operation.name not in {*given.leave_alone, *left})
    ways = find_ways(operations, send, Values(seed, instance.clock.now), lambda: instance.database, given)
    if not ways.carries and not given.anonymous:
        raise TargetRefused(_no_way_in(operations))
    libraries = tuple(routes.get("modules", ()))
    return Met(str(routes.get("framework", "unknown")), operations, ways, bool(routes.get("debug")), left, libraries)


def _no_way_in(operations: tuple[Operation, ...]) -> str:
    """Why nobody could be signed up and logged in, and what to do."""
    doors = [operation.name for operation in operations if operation.role in {Role.SIGN_UP, Role.LOG_IN}]
    tried = f"tried {', '.join(doors)} without success" if doors else "no operation looks like sign-up or log-in"
    return (
        f"no way to sign up and log in was found ({tried}): name them in techlead-audit.toml under [people] "
        '(sign_up = "POST /path", log_in = "POST /path"), or go on as a stranger alone with --anonymous'
    )


def settle(instance: Instance | Remote, met: Met, seed: int, send: Send) -> Mapping[str, Actor]:
    """Sign up the people whom every attack needs: three ordinary users and one of each other role."""
    values = Values(seed + SETTLERS, instance.clock.now)
    people = Identities(met.ways, send, values, lambda: instance.database, wait=instance.clock.advance)
    people.settle((role, number) for role in met.ways.roles for number in ((1, 2, 3) if role == "user" else (1,)))
    return people.kept()


def understand(
    instance: Instance | Remote,
    met: Met,
    guessed: tuple[str, ...],
    seed: int,
    send: Send,
    seconds: float = EXPLORE_SECONDS,
    settled: Mapping[str, Actor] | None = None,
) -> Understanding:
    """Make each operation succeed once, with those who are `settled` there already."""
    values = Values(seed + 1, instance.clock.now)
    people = Identities(met.ways, send, values, lambda: instance.database, settled, instance.clock.advance)
    recipes: dict[str, Recipe] = {}
    builder = Builder(met.operations, resources_of(met.operations), people, values, recipes, send)
    explored = explore(met.operations, builder, send, time.monotonic() + seconds)
    return Understanding(
        framework=met.framework,
        operations=explored.operations,
        resources=resources_of(explored.operations),
        ways=met.ways,
        recipes=explored.recipes,
        debug=met.debug,
        settled=settled or {},
        has_database=instance.database is not None,
        untried=explored.untried,
        guessed=(
            *guessed,
            *_told(met.ways.sign_up, met.ways.log_in),
            *met.ways.told,
            *(f"left alone, because its name says that it remakes the database: {name}" for name in met.left),
        ),
    )


def acquainted(met: Met, settled: Mapping[str, Actor], *, has_database: bool) -> Understanding:
    """What can be said before anything was explored: enough to sign up, to log in, and to attack that."""
    return Understanding(
        framework=met.framework,
        operations=met.operations,
        resources=resources_of(met.operations),
        ways=met.ways,
        debug=met.debug,
        settled=settled,
        has_database=has_database,
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
