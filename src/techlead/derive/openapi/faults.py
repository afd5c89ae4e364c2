"""The table of faults: which errors of `errors.py` an operation can really answer, by its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from techlead.declare.access import Anyone, Nobody, Policy
from techlead.derive.access import ActorClass, residual
from techlead.derive.plan import ActionPlan, FieldPlan, Operation, Plan, ResourcePlan
from techlead.errors import (
    AlreadyTaken,
    BodyTooLarge,
    DeadlineExceeded,
    HeadersTooLarge,
    InvalidFields,
    KeyReused,
    MalformedRequest,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Overloaded,
    Refused,
    RequestInFlight,
    RequestTimeout,
    RevisionMismatch,
    ShuttingDown,
    SignatureRefused,
    StillReferenced,
    StoreBusy,
    StoreFull,
    StoreUnavailable,
    TechleadError,
    TooManyRequests,
    UnsupportedMediaType,
    UrlTooLong,
    WrongCredentials,
)

Errors = tuple[type[TechleadError], ...]

ALWAYS: Final[Errors] = (UrlTooLong, HeadersTooLarge, ShuttingDown, StoreUnavailable)
"""What any request can meet: its head is bounded, the process may be stopping, the first request opens the store."""
BODY: Final[Errors] = (BodyTooLarge, RequestTimeout)
JSON_BODY: Final[Errors] = (*BODY, MalformedRequest, UnsupportedMediaType, InvalidFields)
ONCE: Final[Errors] = (MalformedRequest, RequestInFlight, KeyReused)
"""What `Idempotency-Key` brings."""
READ: Final[Errors] = (StoreBusy, DeadlineExceeded, Overloaded)
WRITE: Final[Errors] = (*READ, StoreFull)
LIST: Final[Errors] = (MalformedRequest, InvalidFields, *READ)
ONE: Final[Errors] = (NotFound, *READ)
ROW: Final[Errors] = (NotFound, RevisionMismatch)
INCOMING: Final[Errors] = (
    *BODY,
    MalformedRequest,
    SignatureRefused,
    InvalidFields,
    NotFound,
    Refused,
    RequestInFlight,
    AlreadyTaken,
    StillReferenced,
)
PLAIN: Final = ActorClass(signed_in=True)


def errors_of(plan: Plan, operation: Operation) -> Errors:
    """List the errors that an operation can answer, by status and name, each once."""
    found = {*ALWAYS, *_actor(plan, operation), *ERRORS[operation.kind](plan, operation)}
    return tuple(sorted(found, key=lambda error: (status_of(error), error.__name__)))


def status_of(error: type[TechleadError]) -> int:
    """Give the HTTP status of an error."""
    status: int = getattr(error, "status", 500)
    return status


def _actor(plan: Plan, operation: Operation) -> Iterator[type[TechleadError]]:
    if plan.account is None or operation.kind in ("register", "login", *UNKNOWN_ACTOR):
        return
    yield NotSignedIn
    if isinstance(residual(operation.policy, PLAIN), Nobody):
        yield NotAllowed


def _list(_plan: Plan, _operation: Operation) -> Iterator[type[TechleadError]]:
    yield from LIST


def _read(_plan: Plan, _operation: Operation) -> Iterator[type[TechleadError]]:
    yield from ONE


def _create(plan: Plan, operation: Operation) -> Iterator[type[TechleadError]]:
    resource = _resource(plan, operation)
    yield from (*JSON_BODY, *ONCE, *WRITE)
    if any(field.target for field in resource.fields):
        yield NotFound
    if _may_be_refused(operation.policy) or _guarded(resource.fields):
        yield NotAllowed
    if _has_unique(resource):
        yield AlreadyTaken
    if resource.on_create:
        yield from (Refused, NotFound)
        yield from _effects(plan)


def _update(plan: Plan, operation: Operation) -> Iterator[type[TechleadError]]:
    resource = _resource(plan, operation)
    yield from (*JSON_BODY, *ONCE, *WRITE, *ROW)
    if _may_be_refused(operation.policy) or _guarded(resource.fields):
        yield NotAllowed
    if _has_unique(resource):
        yield AlreadyTaken


def _delete(plan: Plan, operation: Operation) -> Iterator[type[TechleadError]]:
    resource = _resource(plan, operation)
    yield from (*BODY, *ONCE, *WRITE, *ROW)
    if _may_be_refused(operation.policy):
        yield NotAllowed
    if _is_held(plan, resource):
        yield StillReferenced


def _action(plan: Plan, operation: Operation) -> Iterator[type[TechleadError]]:
    resource = _resource(plan, operation)
    action = next(one for one in resource.actions if one.name == operation.action)
    yield from (*_body(action), *ONCE, *WRITE, *ROW, Refused, *_effects(plan))
    if _may_be_refused(operation.policy):
        yield NotAllowed


def _body(action: ActionPlan) -> Errors:
    return JSON_BODY if action.body else BODY


def _register(plan: Plan, _operation: Operation) -> Iterator[type[TechleadError]]:
    account = plan.accounts
    yield from (*JSON_BODY, *ONCE, *WRITE, AlreadyTaken)
    if any(field.target for field in account.fields):
        yield NotFound
    if _guarded(account.fields):
        yield NotAllowed
    if account.on_create:
        yield from (Refused, NotFound)
        yield from _effects(plan)


def _login(_plan: Plan, _operation: Operation) -> Iterator[type[TechleadError]]:
    yield from (*JSON_BODY, *WRITE, WrongCredentials, TooManyRequests)


def _change_me(plan: Plan, _operation: Operation) -> Iterator[type[TechleadError]]:
    yield from (*JSON_BODY, *ONCE, *WRITE, *ROW)
    if _guarded(plan.accounts.fields):
        yield NotAllowed
    if any(field.spec.unique and field.name != "email" for field in plan.accounts.fields) or plan.accounts.unique:
        yield AlreadyTaken


def _nothing(_plan: Plan, _operation: Operation) -> Iterator[type[TechleadError]]:
    yield from ()


ORDERS: Final = ("outbox_replay", "outbox_drop", "outbox_pause", "outbox_resume")
ERRORS: Final[Mapping[str, Callable[[Plan, Operation], Iterator[type[TechleadError]]]]] = {
    "list": _list,
    "read": _read,
    "history": _read,
    "create": _create,
    "update": _update,
    "delete": _delete,
    "action": _action,
    "register": _register,
    "login": _login,
    "logout": lambda _plan, _operation: iter((*BODY, *ONCE, *WRITE)),
    "me": _read,
    "change_me": _change_me,
    "inbox": _list,
    "inbox_events": lambda _plan, _operation: iter((MalformedRequest, InvalidFields, TooManyRequests, *READ)),
    "inbox_read": lambda _plan, _operation: iter((*BODY, *ONCE, *WRITE, NotFound)),
    "preferences": lambda _plan, _operation: iter(READ),
    "set_preferences": lambda _plan, _operation: iter((*JSON_BODY, *ONCE, *WRITE, NotFound)),
    "ask_unsubscribe": lambda _plan, _operation: iter((NotFound,)),
    "unsubscribe": lambda _plan, _operation: iter((*BODY, *ONCE, *WRITE, NotFound)),
    "webhook_keys": lambda _plan, _operation: iter(READ),
    "browsers": lambda _plan, _operation: iter(READ),
    "add_browser": lambda _plan, _operation: iter((*JSON_BODY, *ONCE, *WRITE, Refused)),
    "remove_browser": lambda _plan, _operation: iter((*BODY, *ONCE, *WRITE, NotFound)),
    "incoming": lambda _plan, _operation: iter((*INCOMING, *ONCE, *WRITE)),
    "outbox": lambda _plan, _operation: iter(READ),
    "outbox_dead": lambda _plan, _operation: iter(READ),
    "outbox_message": lambda _plan, _operation: iter((*READ, NotFound)),
    **dict.fromkeys(ORDERS, lambda _plan, _operation: iter((*JSON_BODY, *WRITE))),
    "alive": _nothing,
    "ready": lambda _plan, _operation: iter(READ),
    "openapi": _nothing,
    "docs": _nothing,
}
"""What each kind of operation can answer beside what all can."""
UNKNOWN_ACTOR: Final = ("ask_unsubscribe", "unsubscribe", "incoming", "alive", "ready", "openapi", "docs")


def _resource(plan: Plan, operation: Operation) -> ResourcePlan:
    return plan.resources[operation.resource or ""]


def _may_be_refused(policy: Policy) -> bool:
    """Tell whether somebody signed in, without any role, may be refused."""
    return not isinstance(residual(policy, PLAIN), Anyone)


def _guarded(fields: tuple[FieldPlan, ...]) -> bool:
    return any(field.writable and field.write is not None for field in fields)


def _has_unique(resource: ResourcePlan) -> bool:
    return bool(resource.unique) or any(field.spec.unique for field in resource.fields)


def _is_held(plan: Plan, resource: ResourcePlan) -> bool:
    """Tell whether rows can lead to this one and so keep it from being deleted."""
    if resource.soft_delete:
        return False
    return any(field.target == resource.name for other in plan.resources.values() for field in other.fields)


def _effects(plan: Plan) -> Iterator[type[TechleadError]]:
    resources = plan.resources.values()
    if any(_has_unique(resource) for resource in resources):
        yield AlreadyTaken
    if any(_is_held(plan, resource) for resource in resources):
        yield StillReferenced
