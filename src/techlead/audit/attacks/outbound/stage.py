"""The people of a scene, where they want to be called, and the rows that a message needs before it can be caused."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from techlead.audit.attacks.attack import Site, Unavailable
from techlead.audit.finding import Exchange
from techlead.audit.target.exchange import Actor, Answer, Request
from techlead.audit.target.operation import Field, Meaning, Operation, Role

PERSONAL_HOSTS: Final = "*.hooks.example.com"
"""Each person's own webhook is below it; what the target has in its settings is elsewhere."""
SUBSCRIBING_WORDS: Final = ("hook", "callback", "subscri", "endpoint", "/me", "profile", "account", "setting", "notif")
ACCOUNTS: Final = frozenset({"users", "accounts", "people", "members", "customers"})


@dataclass(frozen=True, slots=True)
class Fired:
    """One message that was caused: from which place in the neighbours' book to look for it, and when it was."""

    answer: Answer
    mark: int
    at: float


@dataclass(frozen=True, slots=True)
class Ground:
    """Rows that are there before the operation is done: values for its path and its body."""

    path: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)


class Stage:
    """Makes people and rows at one instance; each call makes new ones, so that scenes can follow one another."""

    def __init__(self, site: Site, prefix: str = "p") -> None:
        """Begin with nobody; `prefix` keeps the hosts of several stages at one instance apart."""
        self.site = site
        self._prefix = prefix
        self._counter = itertools.count(1)
        self._hosts: dict[str, str] = {}
        self._ordinary: Counter[str] = Counter()
        self._subscribed: dict[str, tuple[Exchange, ...]] = {}

    def person(self, role: str) -> Actor:
        """Somebody who is not yet on this stage, with a webhook at a host of his own wherever he can set one. Raises Unavailable."""
        if role == "anonymous":
            return self.site.people.anonymous
        host = PERSONAL_HOSTS.replace("*", f"{self._prefix}{next(self._counter)}")
        url = f"http://{host}/in"
        actor = self._actor(role, url)
        self._hosts[actor.name] = host
        self.subscribe(actor, url)
        return actor

    def host_of(self, actor: Actor) -> str:
        """Where this person's webhook is."""
        return self._hosts.get(actor.name, "")

    def subscribe(self, actor: Actor, url: str) -> tuple[Answer, ...]:
        """Set every URL that this person can set; the answers to it."""
        answers = []
        for operation in subscriptions(self.site):
            with suppress(Unavailable):
                body = {one.name: url for one in urls(operation.body)}
                answers.append(self.site.send(self.site.request(operation, actor, body=body)))
        self._subscribed[actor.name] = tuple(answer.exchange for answer in answers if answer.ok)
        return tuple(answers)

    def steps(self, answer: Answer, *people: Actor | None) -> tuple[Exchange, ...]:
        """Give the requests that cause one message: where these people said that they want to be called, then what sends it."""
        names = dict.fromkeys(person.name for person in people if person is not None)
        return (*(step for name in names for step in self._subscribed.get(name, ())), answer.exchange)

    def makers(self, operation: Operation) -> frozenset[str]:
        """The roles that were seen to make the rows which the operation refers to."""
        named = [one.refers_to or operation.resource for one in operation.parameters]
        named += [one.refers_to for one in operation.body if one.required]
        rows = [row for row in map(self.site.resource, named) if row is not None and row.create is not None]
        return frozenset(self.site.role_of(row.create) for row in rows if row.create)

    def ground(self, operation: Operation, owner: Actor | None) -> Ground:
        """Make the rows that the operation refers to, as this owner's."""
        path: dict[str, Any] = {}
        body: dict[str, Any] = {}
        if owner is None:
            return Ground()
        for parameter in operation.parameters:
            resource = parameter.refers_to or operation.resource
            if resource and parameter.name not in path:
                with suppress(Unavailable):
                    thing = self.site.make(resource, owner)
                    path |= {**thing.path, parameter.name: thing.id}
        for one in operation.body:
            if (
                one.refers_to and one.required and one.refers_to not in ACCOUNTS
            ):  # the recipe knows what is better left out
                with suppress(Unavailable):
                    body[one.name] = self.site.make(one.refers_to, owner).id
        return Ground(path, body)

    def request(self, operation: Operation, caller: Actor, ground: Ground = Ground(), **fields: Any) -> Request:
        """Make the request that does the operation once; whatever must be done before is done now. Raises Unavailable."""
        if operation.role is Role.SIGN_UP:
            return self.site.people.sign_up_request(**fields)
        given = {**ground.body, **fields}
        if operation.role is Role.FORGOT:
            given = {**_whose(operation, self.site.people.first), **given}
        return self.site.request(operation, caller, path=ground.path or None, body=given or None)

    def send(self, request: Request) -> Fired:
        """Send it, and remember since when its message may come."""
        mark, at = self.site.world.ledger.mark(), self.site.clock.now()
        return Fired(self.site.send(request), mark, at)

    def _actor(self, role: str, url: str) -> Actor:
        if role == "admin":
            if self.site.people.admin is None:
                raise Unavailable("no administrator")
            return self.site.people.admin
        signing_up = next((one for one in self.site.operations if one.role is Role.SIGN_UP), None)
        given = {one.name: url for one in urls(signing_up.body)} if signing_up else {}
        if given:
            return self.site.people.new(role, **given)
        self._ordinary[role] += 1  # whoever is signed up already: hashing a password takes longer than all else
        return self.site.people.of(role, self._ordinary[role])


def subscriptions(site: Site) -> tuple[Operation, ...]:
    """Operations through which a person says where he wants to be called."""
    return tuple(one for one in site.operations if one.unsafe and urls(one.body) and _subscribes(one))


def urls(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """The fields that take an address to be called."""
    return tuple(one for one in fields if one.meaning is Meaning.URL)


def needs_rows(operation: Operation) -> bool:
    """Whether the operation refers to rows that must be there before it."""
    return bool(operation.parameters) or any(one.refers_to for one in operation.body)


def _subscribes(operation: Operation) -> bool:
    return operation.role is Role.CHANGE_ME or (
        operation.role is not Role.SIGN_UP and any(word in operation.path.lower() for word in SUBSCRIBING_WORDS)
    )


def _whose(operation: Operation, somebody: Actor) -> dict[str, Any]:
    known = {Meaning.EMAIL, Meaning.USERNAME}
    return {one.name: somebody.login for one in operation.body if one.meaning in known}
