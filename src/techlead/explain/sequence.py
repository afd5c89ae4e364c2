"""What happens when somebody asks for an operation: step by step, with what ends it at each, as text and as a diagram."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from techlead.derive.plan import ActionPlan, Operation, Plan, ResourcePlan
from techlead.derive.words import policy_words
from techlead.explain.blocks import Arrow, Diagram
from techlead.explain.reading import effects_asked

CALLER: Final = "caller"
SERVER: Final = "techlead"
YOURS: Final = "your function"
DATABASE: Final = "database"
WORLD: Final = "outside"
UNSAFE: Final = frozenset({"POST", "PATCH", "PUT", "DELETE"})


@dataclass(frozen=True, slots=True)
class Sequence:
    """The steps of one operation."""

    operation: str
    method: str
    path: str
    summary: str
    policy: str
    diagram: Diagram


def sequence(plan: Plan, operation: Operation) -> Sequence:
    """Tell the steps of one operation, in the order in which they are taken."""
    resource = plan.resources.get(operation.resource or "")
    arrows = tuple(_arrows(plan, operation, resource))
    used = {lane for arrow in arrows for lane in (arrow.source, arrow.target)}
    lanes = tuple(lane for lane in (CALLER, SERVER, YOURS, DATABASE, WORLD) if lane in used)
    words = policy_words(operation.policy, resource)
    title = f"{operation.method} {operation.path}"
    return Sequence(operation.name, operation.method, operation.path, operation.summary, f"{title}: {words}",
                    Diagram(lanes, arrows))  # fmt: skip


def mermaid(diagram: Diagram) -> str:
    """Write a diagram as Mermaid, which forges and editors draw."""
    short = {lane: f"l{number}" for number, lane in enumerate(diagram.lanes)}
    lines = ["sequenceDiagram", *(f"    participant {short[lane]} as {lane}" for lane in diagram.lanes)]
    for arrow in diagram.arrows:
        lines.append(f"    {short[arrow.source]}->>{short[arrow.target]}: {arrow.text.replace(';', ',')}")
        lines += [f"    Note over {short[arrow.target]}: {one.replace(';', ',')}" for one in arrow.refusals]
    return "\n".join(lines)


def _arrows(plan: Plan, operation: Operation, resource: ResourcePlan | None) -> Iterator[Arrow]:
    sent = f"{operation.method} {operation.path}"
    yield Arrow(CALLER, SERVER, sent, ("413, 414, 431 too large", "429 too many requests"))
    signs = "token" if not _is_open(operation) else "token, if there is one"
    yield Arrow(SERVER, DATABASE, f"look up the session of the {signs}", ("401 no session, or an ended one",))
    if operation.method in UNSAFE and operation.kind not in ("login", "logout", "incoming"):
        yield Arrow(SERVER, DATABASE, "look up the Idempotency-Key", ("the kept answer", "422 key of another request"))
    yield from STEPS.get(operation.kind, _runtime)(plan, operation, resource)
    yield Arrow(SERVER, CALLER, ANSWERS.get(operation.kind, "200 the answer"))


def _is_open(operation: Operation) -> bool:
    return str(operation.policy) == "anyone"


def _list(_plan: Plan, operation: Operation, resource: ResourcePlan | None) -> Iterator[Arrow]:
    yield Arrow(SERVER, SERVER, "read filters, order and cursor", ("422 unknown or out of bounds",))
    yield Arrow(SERVER, DATABASE, f"one page of what {policy_words(operation.policy, resource)} may read")
    yield Arrow(SERVER, SERVER, "leave out fields that this actor may not read")


def _read(_plan: Plan, operation: Operation, resource: ResourcePlan | None) -> Iterator[Arrow]:
    missing = "404 missing, or another's: the same answer"
    yield Arrow(SERVER, DATABASE, f"the row, if {policy_words(operation.policy, resource)}", (missing,))
    yield Arrow(SERVER, SERVER, "compare the ETag, leave out fields that this actor may not read", ("304 unchanged",))


def _create(plan: Plan, operation: Operation, resource: ResourcePlan | None) -> Iterator[Arrow]:
    yield Arrow(
        SERVER, SERVER, "read the body: every field within its bounds, none unknown", ("422 all faults at once",)
    )
    yield Arrow(SERVER, SERVER, f"may create: {policy_words(operation.policy, resource)}", ("403 not allowed",))
    yield Arrow(
        SERVER, DATABASE, "begin; check references, copy fields, fill owner and defaults", ("422 leads nowhere",)
    )
    for action in resource.on_create if resource is not None else ():
        yield from _act(plan, action)
    yield Arrow(SERVER, DATABASE, "write the row, its history, the kept answer; commit", ("409 already taken",))
    yield from _delivery(plan, resource.on_create if resource is not None else ())


def _update(_plan: Plan, operation: Operation, resource: ResourcePlan | None) -> Iterator[Arrow]:
    yield Arrow(
        SERVER, SERVER, "read the body: every field within its bounds, none unknown", ("422 all faults at once",)
    )
    yield _locked(operation, resource)
    yield Arrow(SERVER, SERVER, "compare If-Match, and each field's own write policy", ("412 changed since", "403"))
    yield Arrow(SERVER, DATABASE, "write the row, its history, the kept answer; commit", ("409 already taken",))


def _delete(_plan: Plan, operation: Operation, resource: ResourcePlan | None) -> Iterator[Arrow]:
    yield _locked(operation, resource)
    yield Arrow(SERVER, SERVER, "compare If-Match", ("412 changed since",))
    how = (
        "mark the row deleted, keep its history" if resource is not None and resource.soft_delete else "delete the row"
    )
    yield Arrow(SERVER, DATABASE, f"{how}; commit", ("409 still referenced",))


def _action(plan: Plan, operation: Operation, resource: ResourcePlan | None) -> Iterator[Arrow]:
    action = next(one for one in resource.actions if one.name == operation.action) if resource is not None else None
    if action is None:
        return
    if action.body is not None:
        yield Arrow(SERVER, SERVER, "read the body: every field within its bounds", ("422 all faults at once",))
    yield _locked(operation, resource)
    yield Arrow(SERVER, SERVER, "compare If-Match", ("412 changed since",))
    yield from _act(plan, action)
    yield Arrow(SERVER, DATABASE, "write the effects, their history, the kept answer; commit")
    yield from _delivery(plan, (action,))


def _runtime(_plan: Plan, operation: Operation, _resource: ResourcePlan | None) -> Iterator[Arrow]:
    yield Arrow(SERVER, DATABASE, operation.summary.rstrip(".").lower())


def _incoming(plan: Plan, operation: Operation, _resource: ResourcePlan | None) -> Iterator[Arrow]:
    yield Arrow(SERVER, SERVER, "check the signature and its age", ("403 not signed by a known key",))
    yield Arrow(SERVER, DATABASE, "begin; note the message's id", ("200 it was taken before: nothing happens again",))
    name = operation.name.removeprefix("incoming_")
    for resource in plan.resources.values():
        for action in resource.actions:
            if getattr(getattr(action.outside, "incoming", None), "name", None) == name:
                yield from _act(plan, action)
    yield Arrow(SERVER, DATABASE, "write the effects; commit")


def _locked(operation: Operation, resource: ResourcePlan | None) -> Arrow:
    refusals = ("404 missing, or not to be read by this actor: the same answer", "403 may read it, may not do this")
    return Arrow(SERVER, DATABASE, f"begin; lock the row; {policy_words(operation.policy, resource)}?", refusals)


def _act(_plan: Plan, action: ActionPlan) -> Iterator[Arrow]:
    rows = [one.name for one in action.parameters if one.kind in ("reference", "aggregate")]
    if rows:
        yield Arrow(SERVER, DATABASE, f"lock and read {', '.join(rows)}")
    for rule, _ in action.rules:
        yield Arrow(SERVER, YOURS, f"rule {rule.name}", (f"409 {rule.message}",))
    given = ", ".join(action.arguments)
    yield Arrow(SERVER, YOURS, f"{action.name}({given}): pure, on frozen facts")
    asked = "; ".join(map(str, effects_asked(action))) or "no effect"
    yield Arrow(YOURS, SERVER, asked)


def _delivery(plan: Plan, actions: tuple[ActionPlan, ...]) -> Iterator[Arrow]:
    sent = {one.what for action in actions for one in effects_asked(action) if one.verb == "sends"}
    for one in plan.notifications:
        if one.name in sent:
            yield Arrow(
                SERVER, WORLD, f"after the commit, from the outbox: {one.name} by {', '.join(w.value for w in one.via)}"
            )
    for called in dict.fromkeys(one.what for a in actions for one in effects_asked(a) if one.verb == "calls"):
        yield Arrow(SERVER, WORLD, f"after the commit, from the outbox: a call of {called}")


Steps = Callable[[Plan, Operation, ResourcePlan | None], Iterator[Arrow]]
STEPS: Final[Mapping[str, Steps]] = {
    "list": _list,
    "read": _read,
    "history": _read,
    "create": _create,
    "register": _create,
    "update": _update,
    "change_me": _update,
    "delete": _delete,
    "action": _action,
    "incoming": _incoming,
}
ANSWERS: Final[Mapping[str, str]] = {
    "create": "201 the row, its ETag",
    "register": "201 the account",
    "delete": "204",
    "list": "200 the page, and the cursor of the next",
    "read": "200 the row, its ETag",
    "action": "200 the row, its new ETag",
    "logout": "204",
}
