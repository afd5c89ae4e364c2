"""Rows that only staff may make, changed or removed by an ordinary user: one operation of several that somebody forgot to guard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from techlead.audit.attacks.attack import Compare, Outcome, Shows, Sighting, Site, Unavailable
from techlead.audit.detect.canaries import stands_in, texts
from techlead.audit.target.exchange import Actor, Answer, Request
from techlead.audit.target.operation import Operation, Role
from techlead.audit.target.things import rows_in

REFUSED: Final = frozenset({401, 403})
ROWS_MAX = 3
"""How many rows are tried: some cannot be removed because others refer to them."""


def staffs_rows(site: Site) -> Iterator[Outcome]:
    """Change and remove rows of resources that an ordinary user may not add to; then look as somebody else."""
    user, other = site.people.second, site.people.first
    for operation in site.places(Role.CHANGE, Role.DELETE):
        if len(operation.parameters) != 1 or operation.method not in {"PUT", "PATCH", "DELETE"}:
            continue
        view = _view(site, operation, other)
        guarded = view and next((one for one in _siblings(site, operation) if _refuses(site, one, user)), None)
        if view is None or not guarded:
            continue
        for row in _rows(site, view)[:ROWS_MAX]:
            answer = _sent(site, operation, user, row)
            if answer is None or answer.status in REFUSED:
                break
            if _touched(site, view, row, answer):
                did = "removed" if operation.method == "DELETE" else "changed"
                yield Sighting(
                    "access.function",
                    operation.name,
                    f"{operation.name}, sent by an ordinary user, {did} a row of others, while {guarded.name} refuses him.",
                    evidence={"refused": guarded.name, "looked_at": view.path},
                    steps=(answer.exchange,),
                    shows=Shows(Compare.STATUS, (answer.status,)),
                )
                break


def _view(site: Site, operation: Operation, reader: Actor) -> Request | None:
    """Find a list in which the rows are to be seen."""
    for one in site.operations:
        if one.method == "GET" and not one.parameters and one.resource == operation.resource:
            request = Request("GET", one.path, reader, operation=one.name)
            if _rows(site, request):
                return request
    return None


def _rows(site: Site, view: Request) -> tuple[Mapping[str, Any], ...]:
    return tuple(row for row in rows_in(site.send(view)) if "id" in row)


def _siblings(site: Site, operation: Operation) -> Iterator[Operation]:
    """Give the other operations that write to the same resource."""
    for one in site.operations:
        if one.unsafe and one.resource == operation.resource and one.name != operation.name:
            yield one


def _refuses(site: Site, operation: Operation, user: Actor) -> bool:
    """Tell whether the target lets only others do it."""
    with suppress(Unavailable):
        return site.call(operation, user).status in REFUSED
    return False


def _sent(site: Site, operation: Operation, user: Actor, row: Mapping[str, Any]) -> Answer | None:
    with suppress(Unavailable):
        return site.call(operation, user, path={operation.parameters[0].name: row["id"]})
    return None


def _touched(site: Site, view: Request, row: Mapping[str, Any], answer: Answer) -> bool:
    """Tell whether the row is gone, or shows what was sent."""
    after = next((one for one in _rows(site, view) if one["id"] == row["id"]), None)
    if after is None:
        return answer.request.method == "DELETE"
    return any(stands_in(str(after), text) and not stands_in(str(row), text) for text in texts(answer.request.body))
