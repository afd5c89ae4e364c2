"""Makes each operation succeed once, on an instance that is thrown away: who may, with which body, on whose rows, after what."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from techlead.audit.target.builder import OTHER, OWN, PEOPLE, Builder, filled
from techlead.audit.target.exchange import ANONYMOUS, Actor, Answer, Request, Unavailable
from techlead.audit.target.operation import Audience, Meaning, Operation, Role
from techlead.audit.target.people import Send, request_with
from techlead.audit.target.repair import mended
from techlead.audit.target.understanding import Recipe

REPAIRS_MAX: Final = 4
TRIES_MAX: Final = 16
BEFORE_MAX: Final = 6
SKIPPED: Final = frozenset(
    {Role.SIGN_UP, Role.LOG_IN, Role.LOG_OUT, Role.DOCUMENTS, Role.FORGOT, Role.RESET, Role.PASSWORD}
)
"""Roles that have ways of their own, or that would end a session that is still needed."""
ORDER: Final = (
    Role.ME,
    Role.CHANGE_ME,
    Role.CREATE,
    Role.LIST,
    Role.READ,
    Role.ACT,
    Role.CHANGE,
    Role.OTHER,
    Role.DELETE,
)
REFUSED: Final = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Explored:
    """What came of it."""

    operations: tuple[Operation, ...]
    recipes: Mapping[str, Recipe]
    untried: Mapping[str, str]


def explore(operations: Sequence[Operation], builder: Builder, send: Send, deadline: float) -> Explored:
    """Try every operation, creations first and again once others succeeded."""
    tour = _Tour(builder, send, deadline)
    waiting = sorted(
        (operation for operation in operations if operation.role not in SKIPPED),
        key=lambda one: (
            ORDER.index(one.role),
            len(one.parameters),
            sum(field.meaning is Meaning.REFERENCE for field in one.body),
        ),
    )
    for _ in range(3):
        failed = [operation for operation in waiting if not tour.succeeds(operation)]
        if len(failed) == len(waiting) or not failed or time.monotonic() > deadline:
            waiting = failed
            break
        waiting = failed
    return Explored(
        tuple(replace(operation, audience=tour.audience(operation)) for operation in operations),
        dict(builder.recipes),
        {operation.name: tour.last.get(operation.name, "") for operation in waiting},
    )


class _Tour:
    def __init__(self, builder: Builder, send: Send, deadline: float) -> None:
        self._builder = builder
        self._send = send
        self._deadline = deadline
        self._open: dict[str, bool] = {}
        self.last: dict[str, str] = {}

    def audience(self, operation: Operation) -> Audience:
        """Who is let in, as far as was seen."""
        if operation.role in {Role.SIGN_UP, Role.LOG_IN, Role.DOCUMENTS, Role.FORGOT, Role.RESET}:
            return Audience.ANYONE
        recipe = self._builder.recipes.get(operation.name)
        if self._open.get(operation.name):
            return Audience.ANYONE
        if recipe is None:
            return Audience.UNKNOWN
        return Audience.STAFF if recipe.refused_user else Audience.SIGNED_IN

    def succeeds(self, operation: Operation) -> bool:
        """Try until it does, within limits; leaves a recipe."""
        if operation.name in self._builder.recipes:
            return True
        refused_user = False
        for recipe in itertools.islice(self._recipes(operation), TRIES_MAX):
            if time.monotonic() > self._deadline:
                return False
            actor = self._actor(recipe.role)
            if actor is None:
                continue
            answer, found = self._attempt(operation, actor, recipe)
            if answer is None:
                continue
            if answer.ok or answer.status in {302, 303}:
                self._builder.recipes[operation.name] = replace(
                    found, status=answer.status, refused_user=refused_user and recipe.role != "user"
                )
                self._ask_as_stranger(operation, answer.request)
                return True
            self.last[operation.name] = f"{answer.status} {answer.text[:160] or answer.error}"
            if answer.status in REFUSED and recipe.role == "user":
                refused_user = True
        return False

    def _actor(self, role: str) -> Actor | None:
        people = self._builder.people
        try:
            return people.first if role == "user" else people.of(role)
        except Unavailable:
            return None

    def _recipes(self, operation: Operation) -> Iterator[Recipe]:
        """Who, and whose rows, the likeliest first; then with something done before."""
        references = [
            field
            for field in (*operation.parameters, *operation.body)
            if field.meaning is Meaning.REFERENCE or field in operation.parameters
        ]
        references = [
            field
            for field in references
            if field.required or field in operation.parameters or field.refers_to not in {None, PEOPLE}
        ]
        roles = self._builder.people.roles or ("user",)
        helpers = [role for role in roles if role not in {"user", "admin"}]
        for role in roles:
            yield self._recipe(operation, role, {field.name: OWN for field in references})
        for role in roles:
            for whose in (OTHER, *helpers, *(("admin", "user") if role != "user" else ("admin",))):
                if references and whose != role:
                    yield self._recipe(operation, role, {field.name: whose for field in references})
            if len(references) > 1:
                for field in references:
                    yield self._recipe(
                        operation, role, {one.name: OTHER if one is field else OWN for one in references}
                    )

    @staticmethod
    def _recipe(operation: Operation, role: str, owners: Mapping[str, str]) -> Recipe:
        return Recipe(operation.name, role, owners=dict(owners))

    def _attempt(self, operation: Operation, actor: Actor, recipe: Recipe) -> tuple[Answer | None, Recipe]:
        """One way of doing it: send, mend what is complained about, leave out what is optional, do first what may be needed."""
        try:
            ids = self._builder.path_ids(operation, actor, recipe, {})
            answer, recipe = self._with_bodies(operation, actor, recipe, ids)
        except Unavailable as missing:
            self.last.setdefault(operation.name, str(missing))
            return None, recipe
        if answer.status in {403, 404, 409, 400, 422} and operation.parameters and recipe.role == "user":
            for name in self._could_be_first(operation, ids):
                first = self._builder.operations[name]
                known = {field.name: ids[field.name] for field in first.parameters}
                try:
                    done = self._send(self._builder.request(first, actor, path=known))
                except Unavailable:
                    continue
                if done.ok:
                    again, mended_recipe = self._with_bodies(operation, actor, recipe, ids)
                    if again.ok:
                        return again, replace(mended_recipe, before=(name,))
        return answer, recipe

    def _could_be_first(self, operation: Operation, ids: Mapping[str, Any]) -> list[str]:
        """Operations that succeeded for the same parents and may open the way."""
        names = set(ids)
        found = []
        for name, recipe in self._builder.recipes.items():
            first = self._builder.operations.get(name)
            if (
                first is None
                or not first.unsafe
                or first.method == "DELETE"
                or not first.parameters
                or recipe.role != "user"
            ):
                continue
            if {field.name for field in first.parameters} <= names and name != operation.name:
                found.append(name)
        return found[:BEFORE_MAX]

    def _with_bodies(
        self, operation: Operation, actor: Actor, recipe: Recipe, ids: Mapping[str, Any]
    ) -> tuple[Answer, Recipe]:
        fields = {field.name: field for field in operation.body}
        body = self._builder.body(operation, actor, recipe, {})
        path = filled(operation, ids)
        answer = self._send(request_with(operation, body, actor, path))
        fixed: dict[str, Any] = {}
        for _ in range(REPAIRS_MAX):
            if answer.ok or answer.status not in {400, 409, 415, 422, 500}:
                break
            better = mended(body, fields, answer, self._builder.values)
            if better is None:
                break
            fixed.update({name: value for name, value in better.items() if name not in body or body[name] != value})
            body = better
            answer = self._send(request_with(operation, body, actor, path))
        left = tuple(name for name in fields if name not in body)
        if not answer.ok and answer.status in {400, 409, 415, 422, 500} and body:
            for smaller in _smaller(operation, body):
                tried = self._send(request_with(operation, smaller, actor, path))
                if tried.ok:
                    left = tuple(name for name in fields if name not in smaller)
                    return tried, replace(
                        recipe, body=smaller, left_out=left, fixed={k: v for k, v in fixed.items() if k in smaller}
                    )
        return answer, replace(recipe, body=body, left_out=left, fixed=fixed)

    def _ask_as_stranger(self, operation: Operation, request: Request) -> None:
        """Whether somebody who is not logged in may do the same."""
        if operation.method == "DELETE" or (self._builder.people.ways.log_in is None and not operation.unsafe):
            self._open[operation.name] = not operation.unsafe and self._send(request.but(actor=ANONYMOUS)).ok
            return
        answer = self._send(request.but(actor=ANONYMOUS))
        self._open[operation.name] = answer.ok or answer.status in {409, 422}


def _smaller(operation: Operation, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Bodies with less in them: the required fields alone, then each optional one left out."""
    required = {field.name for field in operation.body if field.required}
    least = {name: value for name, value in body.items() if name in required}
    if least != body:
        yield least
        for name in body:
            if name not in required:
                yield {key: value for key, value in body.items() if key != name}
        for name in body:
            if name not in required:
                yield {**least, name: body[name]}
