"""The outbox for operators over the API: what waits and why, replay, drop, pause and resume; for the role `admin`."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, Final

from techlead.deliver.desk import LAST_ID, LISTED_MAX, Desk, delivery_id
from techlead.derive.openapi.steering import DELIVERIES_MAX, DESTINATION
from techlead.derive.operations import ADMIN
from techlead.errors import FieldError, InvalidFields, MalformedRequest, NotFound
from techlead.serve.answer import Answer, json_answer
from techlead.serve.change.outside import aftermath_of
from techlead.serve.request import Request
from techlead.serve.runtime import Handler, Runtime

AT_ONCE_MAX: Final = 5_000
"""Messages of a destination that one request replays or drops; the next goes on."""
_DESTINATION: Final = re.compile(DESTINATION["pattern"].removeprefix("^").removesuffix("$"))
Order = dict[str, Any]


def desk_of(runtime: Runtime) -> Desk:
    """Give the desk of a backend; what is done at it is in the log."""
    log = runtime.log
    return Desk(
        runtime.store,
        runtime.statements,
        runtime.clock,
        runtime.limits,
        lambda what, values: log.event(what, **values),
        aftermath_of(runtime.statements, runtime.clock, runtime.random, runtime.limits),
    )


def steering(runtime: Runtime) -> dict[str, Callable[[], Handler]]:
    """Give the handlers by kind of operation."""
    desk = desk_of(runtime)

    async def destinations(_request: Request) -> Answer:
        return json_answer(200, {"items": [asdict(one) for one in await desk.destinations()]})

    async def dead(_request: Request) -> Answer:
        found = [one for state in ("dead", "expired") for one in await desk.listed(state, "", LAST_ID, LISTED_MAX // 5)]
        return json_answer(200, {"items": [asdict(one) for one in found]})

    async def message(request: Request) -> Answer:
        found = await desk.message(_id(request.params[0]))
        if found is None:
            raise NotFound
        return json_answer(200, asdict(found))

    async def replay(order: Order) -> Answer:
        if "deliveries" in order:
            return _done(await desk.replay_these(order["deliveries"]))
        return _done(*await desk.replay_some(order.get("destination", ""), AT_ONCE_MAX))

    async def pause(order: Order) -> Answer:
        await desk.pause(order["destination"])
        return Answer(204)

    async def resume(order: Order) -> Answer:
        await desk.resume(order["destination"])
        return Answer(204)

    return {
        "outbox": lambda: _reading(runtime, destinations),
        "outbox_dead": lambda: _reading(runtime, dead),
        "outbox_message": lambda: _reading(runtime, message),
        "outbox_replay": lambda: _ordering(runtime, replay, {"destination", "deliveries"}, set()),
        "outbox_drop": lambda: _ordering(
            runtime, lambda order: _dropped(desk, order), {"destination", "deliveries"}, set()
        ),
        "outbox_pause": lambda: _ordering(runtime, pause, {"destination"}, {"destination"}),
        "outbox_resume": lambda: _ordering(runtime, resume, {"destination"}, {"destination"}),
    }


async def _dropped(desk: Desk, order: Order) -> Answer:
    if ("deliveries" in order) is ("destination" in order):  # dropped for good: nothing of it is guessed
        raise InvalidFields(errors=(FieldError("/destination", "or `deliveries` is needed, one of them."),))
    if "deliveries" in order:
        return _done(await desk.drop_these(order["deliveries"]))
    return _done(*await desk.drop_some(order["destination"], AT_ONCE_MAX))


def _reading(runtime: Runtime, work: Callable[[Request], Awaitable[Answer]]) -> Handler:
    async def handle(request: Request) -> Answer:
        await runtime.actor(request, ADMIN)
        return await work(request)

    return handle


def _ordering(
    runtime: Runtime, work: Callable[[Order], Awaitable[Answer]], known: set[str], needed: set[str]
) -> Handler:
    """Take an order; each can be given again, so none needs a key to be done once."""

    async def handle(request: Request) -> Answer:
        await runtime.actor(request, ADMIN)
        return await work(_read(await request.json(), known, needed))

    return handle


def _read(given: Any, known: set[str], needed: set[str]) -> Order:
    if not isinstance(given, dict):
        message = "The body is not an object."
        raise MalformedRequest(message)
    faults = [
        FieldError("/" + name[:80].encode("ascii", "backslashreplace").decode(), "is not known here.")
        for name in sorted(set(given) - known)
    ]
    faults += [FieldError(f"/{name}", "is needed.") for name in sorted(needed - set(given))]
    order: Order = {}
    if "destination" in given and "destination" in known:
        name = given["destination"]
        order["destination"] = name
        if not isinstance(name, str) or len(name) > DESTINATION["maxLength"] or not _DESTINATION.fullmatch(name):
            faults.append(FieldError("/destination", "must be a destination as `GET /outbox` lists it."))
    if "deliveries" in given and "deliveries" in known:
        try:
            order["deliveries"] = _ids(given["deliveries"])
        except (ValueError, TypeError, AttributeError):
            faults.append(FieldError("/deliveries", f"must be 1 to {DELIVERIES_MAX} ids of deliveries."))
    if faults:
        raise InvalidFields(errors=tuple(faults))
    return order


def _ids(given: Any) -> list[bytes]:
    if not isinstance(given, list) or not 0 < len(given) <= DELIVERIES_MAX:
        raise ValueError
    return [delivery_id(one) for one in given]


def _id(given: str) -> bytes:
    try:
        return delivery_id(given)
    except ValueError:
        raise NotFound from None


def _done(count: int, more: bool = False) -> Answer:  # noqa: FBT001, FBT002 - as the desk gives it
    return json_answer(200, {"count": count, "more": more})
