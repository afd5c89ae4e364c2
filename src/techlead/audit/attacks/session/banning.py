"""How a target locks people out: by deletion of the own account, by an administrator's verb, by a flag of the account."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from techlead.audit.attacks.attack import Site, Unavailable
from techlead.audit.attacks.standing import password_body
from techlead.audit.detect.canaries import stands_in
from techlead.audit.target.exchange import Actor, Answer
from techlead.audit.target.operation import Operation, Role

PEOPLE: Final = re.compile(
    r"(user|account|customer|member|agent|people|person|employee|staff|student|teacher|instructor|seller|buyer|patient|client|author|admin|driver|tenant)",
    re.IGNORECASE,
)
LOCKING: Final = re.compile(r"/(ban|block|suspend|deactivate|disable|lock)/?$", re.IGNORECASE)
OWN: Final = re.compile(
    r"/(me|account|profile|self|user)(/(delete|close|deactivate|remove))?/?$|/(delete|close)[-_]?(my[-_]?)?account/?$",
    re.IGNORECASE,
)
FLAGS: Final[Mapping[str, Any]] = {
    "is_active": False, "active": False, "enabled": False, "is_enabled": False, "disabled": True, "is_disabled": True, "banned": True,
    "is_banned": True, "blocked": True, "is_blocked": True, "suspended": True, "is_suspended": True, "locked": True,
    "status": ("banned", "suspended", "blocked", "disabled", "inactive", "deactivated"),
}  # fmt: skip
"""Field of an account -> the value that locks it; where there are several, the first that the schema allows."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way of locking somebody out, and how to let him in again."""

    operation: Operation
    body: Mapping[str, Any]
    undo: Operation | None
    undo_body: Mapping[str, Any]

    def lock(self, site: Site, admin: Actor, id_: Any) -> Answer:
        """Lock the account out."""
        return act_on(site, self.operation, admin, id_, self.body)

    def unlock(self, site: Site, admin: Actor, id_: Any) -> bool:
        """Let it in again; False where there is no way."""
        return self.undo is not None and act_on(site, self.undo, admin, id_, self.undo_body).ok


def act_on(site: Site, operation: Operation, admin: Actor, id_: Any, body: Mapping[str, Any]) -> Answer:
    """Do something to an account: its id is the last path parameter; a flag is sent alone, as it stands."""
    request = site.request(operation, admin, path={operation.parameters[-1].name: id_})
    return site.send(request.but(body=dict(body)) if body else request)


def deletes_own(operation: Operation) -> bool:
    """Tell whether an operation deletes the caller's own account, by its method and path."""
    verb = operation.method == "DELETE" or "delete" in operation.path.lower() or "close" in operation.path.lower()
    return operation.unsafe and verb and not operation.parameters and bool(OWN.search(operation.path))


def delete_own(site: Site, operation: Operation, actor: Actor) -> Answer:
    """Delete the actor's account, with his password where the body asks for it."""
    body = dict.fromkeys(password_body(operation, actor.password, actor.password), actor.password)
    request = site.request(operation, actor)
    return site.send(request.with_fields(**body) if operation.body else request)


def ways(site: Site) -> Iterator[Way]:
    """Find the ways in which an administrator may lock somebody out."""
    for operation in site.operations:
        if operation.unsafe and operation.parameters and _about_people(operation):
            yield from _ways(site, operation)


def _about_people(operation: Operation) -> bool:
    """Tell whether its last path parameter is somebody's account: `/users/{id}/ban`, `/customers/{id}`."""
    before = operation.path.partition("{" + operation.parameters[-1].name)[0]
    return bool(PEOPLE.search(before.rstrip("/").rpartition("/")[2]) or PEOPLE.search(operation.parameters[-1].name))


def _ways(site: Site, operation: Operation) -> Iterator[Way]:
    """Give the ways of one operation: its verb, one of its flags, or its deletion."""
    if LOCKING.search(operation.path):
        yield Way(operation, {}, _opposite(site, operation), {})
    elif operation.role is Role.DELETE or operation.method == "DELETE":
        yield Way(operation, {}, None, {})
    elif operation.method in {"PATCH", "PUT"}:
        known = {field.name: field for field in operation.body}
        for name, value in FLAGS.items():
            if name not in known and (operation.body or name not in {"is_active", "active"}):
                continue
            chosen = _allowed(value, known[name].choices if name in known else ())
            if chosen is not None:
                undo = "active" if isinstance(chosen, str) else not chosen
                yield Way(operation, {name: chosen}, operation, {name: undo})


def _allowed(value: Any, choices: tuple[Any, ...]) -> Any:
    """Choose the value that locks: of several words the first that is allowed."""
    if not isinstance(value, tuple):
        return value
    return next((word for word in value if word in choices), None)


def _opposite(site: Site, operation: Operation) -> Operation | None:
    """Find `/unban` beside `/ban`, `/activate` beside `/deactivate`, or DELETE of the same path."""
    found = LOCKING.search(operation.path)
    stem, verb = operation.path[: found.start() + 1] if found else "", found.group(1).lower() if found else ""
    wanted = {
        f"un{verb}",
        verb.removeprefix("de"),
        verb.replace("disable", "enable"),
        "reinstate",
        "restore",
        "activate",
    } - {verb}
    for other in site.operations:
        if other.path == operation.path and other.method == "DELETE":
            return other
        if other.path.startswith(stem) and other.path[len(stem) :].strip("/").lower() in wanted:
            return other
    return None


def account_id(site: Site, actor: Actor) -> Any:
    """Find out the id of an account: it is known, or the account shows it, or an administrator's list does."""
    if actor.id is not None:
        return actor.id
    for operation in sorted(site.operations, key=lambda op: op.role is not Role.ME):
        if operation.unsafe or operation.parameters or operation.role is Role.DOCUMENTS:
            continue
        for asker in (actor, site.people.admin):
            found = _id_in(site, operation, asker, actor) if asker is not None else None
            if found is not None:
                return found
    message = "the id of an account is never shown"
    raise Unavailable(message)


def _id_in(site: Site, operation: Operation, asker: Actor, actor: Actor) -> Any:
    """Look for the account's object in one answer."""
    try:
        answer = site.call(operation, asker)
    except Unavailable:
        return None
    return (
        next((row["id"] for row in _objects(answer.json) if "id" in row and _is_of(row, actor)), None)
        if answer.ok
        else None
    )


def _is_of(row: Mapping[str, Any], actor: Actor) -> bool:
    """Tell whether an object is the actor's account."""
    return any(isinstance(value, str) and stands_in(value, actor.login) for value in row.values())


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """Walk over every object in a JSON value."""
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)
