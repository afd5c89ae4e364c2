"""Whose a row is: an owner's row, what of it nobody else can know, and whether the target itself treats it as private."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from techlead.audit.attacks.attack import Site, Thing, Unavailable
from techlead.audit.detect.canaries import CHARACTERS_MIN, stands_in, texts
from techlead.audit.target.exchange import Actor, Answer, Request
from techlead.audit.target.operation import Operation, Role

MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d.*|\d\d:\d\d.*")
TENANT: Final = re.compile(
    r"^(tenant|org|organi[sz]ation|company|workspace|team|account|clinic|school|agency|firm)(_?(id|name|slug))?s?$",
    re.IGNORECASE,
)
PERSONAL: Final = re.compile(
    r"phone|mobile|iban|account_number|card|address|birth|ssn|passport|salary|e?mail|medical|diagnosis", re.IGNORECASE
)
NEVER_PUBLIC: Final = re.compile(
    r"(shipping|billing|delivery|home)_?address|iban|card_?number|ssn|passport|salary", re.IGNORECASE
)
"""What no list shows to everybody on purpose: where one does that another list hides, it is a hole and no publication."""
SECRET: Final = re.compile(r"secret|token|password|api_?key|private|hash|pin$|otp", re.IGNORECASE)
COUNTABLE: Final = re.compile(r"\d{1,12}")


@dataclass(slots=True)
class Property:
    """An owner with rows of his own, and a stranger who has nothing to do with them."""

    site: Site
    owner: Actor
    stranger: Actor
    colleague: Actor | None = None
    """Somebody of the owner's tenant, where the target has tenants."""
    _things: dict[str, Thing | None] = field(default_factory=dict)
    _private: dict[str, bool | None] = field(default_factory=dict)

    def afresh(self) -> Property:
        """Keep the people and forget their rows, so that the next row is one that nothing has happened to."""
        return Property(self.site, self.owner, self.stranger, self.colleague)

    def thing(self, resource: str | None) -> Thing | None:
        """Give a row of the owner's, made once for each resource; None where an ordinary user cannot make one."""
        if resource is None:
            return None
        if resource not in self._things:
            self._things[resource] = None
            with suppress(Unavailable):
                self._things[resource] = self.site.make(resource, self.owner)
        return self._things[resource]

    def reads(self, resource: str) -> Iterator[Operation]:
        """Give the operations that show rows of a resource."""
        for operation in self.site.operations:
            if not operation.unsafe and operation.resource == resource and operation.role is not Role.DOCUMENTS:
                yield operation

    def private(self, thing: Thing) -> bool | None:
        """Tell whether the target keeps a row from strangers: True where one way to it is closed to them, False where a list shows it to them, None where nothing tells."""
        if thing.resource not in self._private:
            self._private[thing.resource] = self._judge(thing)
        return self._private[thing.resource]

    def _judge(self, thing: Thing) -> bool | None:
        """Ask for the row as the owner and as the stranger in each way there is."""
        closed, hidden, listed, told = False, False, False, False
        for operation in self.reads(thing.resource):
            request = self.request(operation, self.owner, thing)
            mine = self.site.send(request) if request else None
            if request is None or mine is None or not shows(mine, thing):
                continue
            theirs = self.site.send(request.but(actor=self.stranger))
            if operation.role is Role.READ or leads_to(operation, thing):
                closed = closed or not theirs.ok
            elif shows(theirs, thing):
                listed = True
                told = told or any(NEVER_PUBLIC.search(name) for name in sensitive(theirs, thing))
            elif theirs.ok:
                hidden = True
        if closed or (hidden and told):
            return True
        return False if listed else (True if hidden else None)

    def closed(self, thing: Thing) -> bool:
        """Tell whether reading the row by its id is refused to the stranger."""
        for operation in self.reads(thing.resource):
            if leads_to(operation, thing):
                request = self.request(operation, self.owner, thing)
                if request and shows(self.site.send(request), thing):
                    return not self.site.send(request.but(actor=self.stranger)).ok
        return False

    def request(self, operation: Operation, actor: Actor, thing: Thing) -> Request | None:
        """Make the request of an operation that leads to the row; None where the operation needs something else."""
        needed = {parameter.name for parameter in operation.parameters}
        if not needed <= set(thing.path):
            return None
        try:
            return self.site.request(operation, actor, path={name: thing.path[name] for name in needed})
        except Unavailable:
            return None


def property_of(site: Site) -> Property:
    """Take an owner and a stranger; new ones of different tenants where the sign-up asks for one."""
    names = tenant_fields(site)
    if not names:
        return Property(
            site, site.people.first, site.people.new()
        )  # the second person is the other party of the first's rows
    ours, theirs = (dict.fromkeys(names, f"{word}-{site.seed}") for word in ("Ash-Works", "Birch-Works"))
    return Property(site, site.people.new(**ours), site.people.new(**theirs), site.people.new(**ours))


def tenant_fields(site: Site) -> tuple[str, ...]:
    """Give the fields of the sign-up that name a tenant."""
    for operation in site.operations:
        if operation.role is Role.SIGN_UP:
            return tuple(one.name for one in operation.body if TENANT.fullmatch(one.name) and one.type == "string")
    return ()


def canaries(thing: Thing) -> tuple[str, ...]:
    """Give the texts of a row that were made up for it: no ids, moments, addresses of the web or words of a list."""
    wanted = (text for text in texts(thing.fields) if len(text) >= CHARACTERS_MIN and not MOMENT.fullmatch(text))
    return tuple(dict.fromkeys(text for text in wanted if text != str(thing.id) and re.search(r"[\d-]", text)))


def shows(answer: Answer, thing: Thing) -> bool:
    """Tell whether an answer shows a row: a text made up for it, or else its id in the place of an id."""
    if not answer.ok:
        return False
    known = canaries(thing)
    if known:
        return any(stands_in(answer.text, text) for text in known)
    return any(row.get("id") == thing.id for row in objects(answer.json))


def objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """Walk over every object in a JSON value."""
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def leads_to(operation: Operation, thing: Thing) -> bool:
    """Tell whether the operation's path ends with the row's own id."""
    last = operation.path.rstrip("/").rpartition("/")[2]
    return last.startswith("{") and str(thing.path.get(last.strip("{}"))) == str(thing.id)


def countable(id_: Any) -> bool:
    """Tell whether an id can be counted up to."""
    return isinstance(id_, int) or bool(COUNTABLE.fullmatch(str(id_)))


def sensitive(answer: Answer, thing: Thing) -> tuple[str, ...]:
    """Name the fields of a shown row whose names say that they are personal or secret."""
    known = canaries(thing)
    found: dict[str, None] = {}
    for row in objects(answer.json):
        for name, value in row.items():
            if isinstance(value, str) and value in known and (PERSONAL.search(name) or SECRET.search(name)):
                found.setdefault(name)
    return tuple(found)
