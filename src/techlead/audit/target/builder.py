"""Makes requests that should succeed: bodies by recipe, ids of rows made for the purpose, by whoever may make them."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, urlencode

from techlead.audit.target.exchange import Actor, Answer, Request, Unavailable
from techlead.audit.target.meaning import PEOPLE as NOUNS
from techlead.audit.target.meaning import singular, snake
from techlead.audit.target.operation import Field, Meaning, Operation, Resource, Role
from techlead.audit.target.people import Identities, request_with
from techlead.audit.target.things import Thing, id_in, rows_in
from techlead.audit.target.understanding import Recipe
from techlead.audit.target.values import Values

DEPTH_MAX: Final = 6
RECIPIENT: Final = re.compile(
    r"(?:to|recipient|receiver|payee|beneficiary|destination)(?:_(account|user|username|name|email|iban|card|wallet)\w*)?"
)
PEOPLE: Final = "people"
OWN, OTHER, SELF = "own", "other", "self"
"""Whose row a reference leads to; `self`, `other` and roles of `people` references mean that person's account."""

Send = Callable[[Request], Answer]


class Builder:
    """Requests and rows at one instance."""

    def __init__(
        self,
        operations: Sequence[Operation],
        resources: Sequence[Resource],
        people: Identities,
        values: Values,
        recipes: MutableMapping[str, Recipe],
        send: Send,
    ) -> None:
        """Nothing is made before it is asked for."""
        self.operations = {operation.name: operation for operation in operations}
        self.resources = {resource.name: resource for resource in resources}
        self.people = people
        self.values = values
        self.recipes = recipes
        self._send = send
        self._lock = threading.RLock()

    def request(
        self,
        operation: Operation,
        actor: Actor,
        *,
        path: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        without: Sequence[str] = (),
        depth: int = 0,
    ) -> Request:
        """A request that should succeed for this actor.

        Raises:
            Unavailable: A row that it needs could not be made.
        """
        recipe = self.recipes.get(operation.name) or Recipe(operation.name)
        ids = self.path_ids(operation, actor, recipe, dict(path or {}), depth)
        given = self.body(operation, actor, recipe, dict(body or {}), depth)
        for name in without:
            given.pop(name, None)
        for name in recipe.before:
            self._first(name, actor, ids, depth)
        return request_with(operation, given, actor, filled(operation, ids, query))

    def path_ids(
        self, operation: Operation, actor: Actor, recipe: Recipe, known: dict[str, Any], depth: int = 0
    ) -> dict[str, Any]:
        """An id for each parameter of the path, and the ids of the rows above: the innermost row brings its parents' along."""
        for field in reversed(operation.parameters):
            if field.name in known:
                continue
            thing = self._referred(field, actor, recipe, depth, within=known)
            known[field.name] = thing.id
            for name, value in thing.path.items():
                known.setdefault(name, value)
        return known

    def body(
        self, operation: Operation, actor: Actor, recipe: Recipe, known: dict[str, Any], depth: int = 0
    ) -> dict[str, Any]:
        """A body by recipe, with references made."""
        if not operation.body and not recipe.body:
            return known
        fields = [field for field in operation.body if field.name not in recipe.left_out]
        for field in fields:
            wanted = field.required or field.name in recipe.owners
            if field.meaning is Meaning.REFERENCE and wanted and field.name not in known:
                thing = self._referred(field, actor, recipe, depth, within={})
                known[field.name] = [thing.id] if field.type == "array" else thing.id
            elif field.name not in known and operation.role not in {Role.SIGN_UP, Role.LOG_IN}:
                known.update(self._named_in_body(field, actor) or self._rows_inside(field, actor, recipe, depth))
        return self.values.body(fields, optional=True, known={**recipe.fixed, **known})

    def _named_in_body(self, field: Field, actor: Actor) -> Mapping[str, Any]:
        """One's own user name and role, and where something goes to: another person's account number, name or address."""
        if field.meaning is Meaning.USERNAME and field.name in actor.fields:
            return {field.name: actor.fields[field.name]}
        if (
            field.meaning is Meaning.ROLE
            and field.type == "string"
            and not field.choices
            and "role" in snake(field.name)
        ):
            return {field.name: actor.shown["role"]} if "role" in actor.shown else {}
        to_whom = RECIPIENT.fullmatch(snake(field.name))
        if to_whom is None or field.type not in {"string", "integer"}:
            return {}
        other = self.people.other_than(actor)
        stem = to_whom[1] or "username"
        called = {**other.shown, **{snake(name): value for name, value in other.fields.items()}}
        value = next((value for name, value in called.items() if stem in name), None)
        return {} if value is None else {field.name: value}

    def _rows_inside(self, field: Field, actor: Actor, recipe: Recipe, depth: int) -> Mapping[str, Any]:
        """An object, or a list of one, that names rows: `items: [{menu_item_id, quantity}]`."""
        named: dict[str, Any] = {}
        for inner in field.fields:
            if inner.meaning is Meaning.REFERENCE and inner.required:
                words = set(re.split("_", re.sub(r"_?(id|pk|uuid)$", "", snake(inner.name))))
                to = inner.refers_to or next((name for name in self.resources if singular(snake(name)) in words), None)
                if to is not None:
                    named[inner.name] = self._referred(replace(inner, refers_to=to), actor, recipe, depth, {}).id
        if not named:
            return {}
        whole = self.values.body(field.fields, optional=True, known=named)
        return {field.name: [whole] if field.type == "array" else whole}

    def _referred(self, field: Field, actor: Actor, recipe: Recipe, depth: int, within: Mapping[str, Any]) -> Thing:
        whose = recipe.owners.get(field.name, OWN)
        named = self._named_person(field, actor, whose)
        if named is not None:
            return named
        if self._means_a_person(field):
            who = actor if whose in {OWN, SELF} else self.whom(whose, actor)
            if who.id is None:
                raise Unavailable("the target does not show an account's id")
            return Thing(PEOPLE, who.id, who)
        if not field.refers_to:
            raise Unavailable(f"nothing tells which row {field.name} means")
        owner = actor if whose == OWN else self.whom(whose, actor)
        return self.make(field.refers_to, owner, within=within, depth=depth + 1)

    def _named_person(self, field: Field, actor: Actor, whose: str) -> Thing | None:
        """Somebody by another name than an id: `/users/{username}`, `/balance/{account_number}`."""
        resource = self.resources.get(field.refers_to or "")
        if field.type != "string" or field.name.lower().endswith("id") or (resource is not None and resource.create):
            return None
        who = actor if whose in {OWN, SELF} else self.whom(whose, actor)
        value = who.fields.get(field.name, who.shown.get(snake(field.name)))
        return None if value is None else Thing(PEOPLE, value, who)

    def _means_a_person(self, field: Field) -> bool:
        """Whether an id is an account's: `student_id`, where nothing makes students."""
        resource = self.resources.get(field.refers_to or "")
        makes = resource is not None and resource.create is not None
        return field.refers_to == PEOPLE or (not makes and singular(field.refers_to or "") in NOUNS)

    def whom(self, word: str, actor: Actor) -> Actor:
        """The person behind `other` or a role, as seen from the actor."""
        if word == OTHER:
            return self.people.other_than(actor)
        found = self.people.of(word)
        return self.people.of(word, 2) if found.name == actor.name else found

    def make(
        self,
        resource: str,
        owner: Actor,
        fields: Mapping[str, Any] | None = None,
        within: Mapping[str, Any] | None = None,
        depth: int = 0,
    ) -> Thing:
        """A new row that belongs to the owner.

        Raises:
            Unavailable: The target has no operation for it, or refused.
        """
        known = self.resources.get(resource)
        if depth > DEPTH_MAX:
            raise Unavailable(f"{resource} need each other")
        if known is None or known.create is None:
            return self._found(resource, owner)
        operation = known.create
        recipe = self.recipes.get(operation.name) or Recipe(operation.name)
        maker = owner if recipe.role in {"user", "anonymous", owner.role} else self.people.of(recipe.role)
        body = dict(fields or {})
        if maker is not owner:
            for field in operation.body:
                if field.refers_to == PEOPLE and owner.id is not None:
                    body.setdefault(field.name, owner.id)
        ids = self.path_ids(operation, maker, recipe, dict(within or {}), depth)
        request = self.request(operation, maker, path=ids, body=body, depth=depth + 1)
        answer = self._send(request)
        if not answer.ok:
            raise Unavailable(f"{operation.name} was refused: {answer.status} {answer.text[:200] or answer.error}")
        return self.thing(known, answer, owner, maker, ids, request.body)

    def thing(
        self,
        resource: Resource,
        answer: Answer,
        owner: Actor,
        maker: Actor,
        ids: Mapping[str, Any],
        sent: Mapping[str, Any] | None = None,
    ) -> Thing:
        """The row that an answer tells of; where paths name it by a field that was sent, that is its id."""
        number = id_in(answer, resource.name, resource.parameter)
        if number is None and resource.parameter:
            number = (sent or {}).get(resource.parameter)
        if number is None and resource.list is not None and not resource.list.parameters:
            rows = rows_in(self._send(Request("GET", resource.list.path, maker)))
            number = next(
                (row["id"] for row in sorted(rows, key=lambda row: str(row.get("id")), reverse=True) if "id" in row),
                None,
            )
        if number is None:
            raise Unavailable(f"the answer of {resource.create.name if resource.create else resource.name} shows no id")
        said = answer.json
        path = {**ids, **({resource.parameter: number} if resource.parameter else {})}
        told = dict(said) if isinstance(said, Mapping) else {}
        if not any(str(value) in answer.text for value in (sent or {}).values() if isinstance(value, str) and value):
            told = {**dict(sent or {}), **told}  # the answer says that it was made, and not what
        return Thing(resource.name, number, owner, told, resource.create, path)

    def _found(self, resource: str, owner: Actor) -> Thing:
        """A row that is there already: what only the target itself makes."""
        known = self.resources.get(resource)
        places = [
            operation
            for operation in self.operations.values()
            if operation.method == "GET" and not operation.parameters and operation.resource == resource
        ]
        parameter = known.parameter if known else None
        for who in (owner, *((self.people.admin,) if self.people.admin else ())):
            rows = (row for place in places for row in reversed(rows_in(self._send(Request("GET", place.path, who)))))
            for row in rows:
                number = row.get(parameter or "id", row.get("id"))
                if number is not None:
                    return Thing(resource, number, who, row, None, {parameter: number} if parameter else {})
        raise Unavailable(f"no operation makes {resource}, and none lists them")

    def _first(self, name: str, actor: Actor, ids: Mapping[str, Any], depth: int) -> None:
        operation = self.operations[name]
        known = {field.name: ids[field.name] for field in operation.parameters if field.name in ids}
        self._send(self.request(operation, actor, path=known, depth=depth + 1))


def filled(operation: Operation, ids: Mapping[str, Any], query: Mapping[str, Any] | None = None) -> str:
    """The path with its parameters in place."""
    path = operation.path
    for field in operation.parameters:
        path = path.replace(f"{{{field.name}}}", quote(str(ids[field.name]), safe=""))
    asked: dict[str, Any] = {
        field.name: "audit" for field in operation.query if field.required and field.type == "string"
    }
    asked |= {field.name: 1 for field in operation.query if field.required and field.type in {"integer", "number"}}
    asked = {**asked, **dict(query or {})}
    return f"{path}?{urlencode(asked, doseq=True)}" if asked else path


def with_owner(recipe: Recipe, field: str, whose: str) -> Recipe:
    """The same recipe with another person's row at a reference."""
    return replace(recipe, owners={**recipe.owners, field: whose})
