"""Reading what belongs to somebody else: as another user, as another tenant, as nobody at all."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from techlead.audit.attacks.access.property import (
    TENANT,
    Property,
    countable,
    leads_to,
    property_of,
    sensitive,
    shows,
)
from techlead.audit.attacks.attack import Compare, Outcome, Shows, Sighting, Site, Thing
from techlead.audit.finding import Question
from techlead.audit.target.exchange import Actor, Answer, Request
from techlead.audit.target.meaning import snake
from techlead.audit.target.operation import Operation, Role
from techlead.audit.target.reading import HELD, filled, numbers

READS = Shows(Compare.STATUS, (200,))


def foreign_reads(site: Site) -> Iterator[Outcome]:
    """Make rows as one user, and read them as a stranger and as nobody."""
    owned = property_of(site)
    for operation in site.places(unsafe=False):
        thing = owned.thing(operation.resource)
        if thing is None or operation.role is Role.DOCUMENTS:
            continue
        request = owned.request(operation, owned.owner, thing)
        mine = site.send(request) if request else None
        if request is None or mine is None or not shows(mine, thing):
            continue
        for reader in (site.people.anonymous, owned.stranger):
            answer = site.send(request.but(actor=reader))
            if shows(answer, thing):
                yield from _judged(owned, operation, thing, reader, mine, answer)
                break
    yield from _purses(site, owned)


def _purses(site: Site, owned: Property) -> Iterator[Outcome]:
    """Ask for what the owner holds by whatever a path may call his account: the same amount in a stranger's answer is the effect."""
    known = {snake(name): value for name, value in {**owned.owner.fields, **owned.owner.shown}.items()}
    for operation in site.places(unsafe=False):
        names = [parameter.name for parameter in operation.parameters]
        if len(names) != 1 or snake(names[0]) not in known:
            continue
        path = filled(operation.path, {names[0]: quote(str(known[snake(names[0])]), safe="")})
        mine = site.send(Request("GET", path, owned.owner, operation=operation.name))
        held = numbers(mine.json, HELD) if mine.ok else {}
        for reader in (site.people.anonymous, owned.stranger) if held else ():
            answer = site.send(mine.request.but(actor=reader))
            if answer.ok and numbers(answer.json, HELD) == held:
                yield _sighting(owned, operation, reader, mine, answer)
                break


def _judged(
    owned: Property, operation: Operation, thing: Thing, reader: Actor, mine: Answer, answer: Answer
) -> Iterator[Outcome]:
    """Tell a hole from what is meant to be public: by what the target itself keeps closed, then by what is shown."""
    own = leads_to(operation, thing)
    if own and owned.private(thing) is False:
        return
    private = owned.private(thing) is True or (not own and owned.closed(thing))
    if not own and not private:
        return
    anonymous = reader.role == "anonymous"
    shared_by_link = anonymous and own and not countable(thing.id)
    told = sensitive(answer, thing)
    if (private or told) and not shared_by_link:
        yield _sighting(owned, operation, reader, mine, answer)
    else:
        who = "without logging in" if anonymous else "who is signed in"
        yield Question(
            about=operation.name,
            kind="access.anonymous" if anonymous else "access.object-read",
            question=f"Anyone {who} can read every row by its id with {operation.name}. Is that meant?",
            answers=("Yes, these are public", "No, only their owner may read them"),
        )


def _sighting(owned: Property, operation: Operation, reader: Actor, mine: Answer, answer: Answer) -> Sighting:
    """Name the kind of hole: nobody at all, another tenant, another user."""
    if reader.role == "anonymous":
        kind, who = "access.anonymous", "somebody who is not logged in"
    elif _is_of_tenants(owned, operation, mine):
        kind, who = "access.tenant", "a user of another tenant"
    else:
        kind, who = "access.object-read", "another user"
    return Sighting(
        kind,
        operation.name,
        f"{operation.name} showed {who} a row that belongs to {owned.owner.name}.",
        evidence={"answer": answer.text[:300]},
        steps=(mine.exchange, answer.exchange),
        shows=READS,
    )


def _is_of_tenants(owned: Property, operation: Operation, mine: Answer) -> bool:
    """Tell whether rows are shared within a tenant, so that the stranger has crossed the border between two."""
    if any(TENANT.fullmatch(name) for parameter in operation.parameters[:-1] for name in (parameter.name,)):
        return True
    if owned.colleague is None:
        return False
    theirs = owned.site.send(mine.request.but(actor=owned.colleague))
    return theirs.ok and len(theirs.text) >= len(mine.text) // 2
