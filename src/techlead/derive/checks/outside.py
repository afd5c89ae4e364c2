"""Other systems: each has a name and a safe address, and what runs on its answer or its event can be run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from techlead.declare.backend import Declarations
from techlead.declare.notification import Channel
from techlead.declare.outside import Event, Incoming, System
from techlead.derive.checks.names import is_snake_case
from techlead.derive.checks.problem import Problem
from techlead.derive.plan import ActionPlan, Plan, ResourcePlan
from techlead.derive.refusals import Refusals
from techlead.primitives import text

SECONDS_MAX: Final = 30
CALLS_PER_SECOND_MAX: Final = 1_000
WINDOW_SECONDS_MIN: Final = 30
WINDOW_SECONDS_MAX: Final = 3_600
KIND_CHARACTERS_MAX: Final = 200
CHANNEL_CHARACTERS_MAX: Final = 20
TAKEN: Final = frozenset({"call", *(channel.value for channel in Channel)})
VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9_]{2,63}")
HEADER: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,63}")
HEADERS_OF_OURS: Final = frozenset({"authorization", "content-type", "content-length", "host", "accept-encoding"})


def check_declared(declarations: Declarations, refusals: Refusals) -> None:
    """Refuse systems and endpoints without a name, with an address or a variable that cannot be one."""
    seen: dict[str, object] = {}
    declared: tuple[System | Incoming, ...] = (*declarations.outside.systems, *declarations.outside.incoming)
    for one in declared:
        noun = "system" if isinstance(one, System) else "incoming"
        of_kind = _system(one) if isinstance(one, System) else _incoming(one)
        for reason, mend in (*_name(one, seen), *of_kind):
            refusals.add(one.origin, f"{noun} {one.name}".strip(), reason, mend)

    for name, channel in declarations.outside.channels.items():
        if not is_snake_case(name) or len(name) > CHANNEL_CHARACTERS_MAX or name in TAKEN:
            reason = f"{name!r} is no name for a channel of one's own"
            mend = (
                f"use snake_case of at most {CHANNEL_CHARACTERS_MAX} characters, other than {', '.join(sorted(TAKEN))}"
            )
            refusals.add(declarations.origin, f"channel {name}", reason, mend)
        if not callable(getattr(channel, "send", None)):
            refusals.add(declarations.origin, f"channel {name}", "it cannot send", "give it `async def send(...)`")


def check(plan: Plan, refusals: Refusals) -> None:
    """Refuse actions that another system runs and that cannot know what they ask for."""
    for resource in plan.resources.values():
        twice = Counter(one.outside for one in resource.actions if one.outside is not None)
        for action in (*resource.actions, *resource.on_create):
            for reason, mend in (*_run(plan, resource, action), *_twice(action, twice)):
                refusals.add(action.origin, f"{resource.name}.{action.name}", reason, mend)


def _name(one: System | Incoming, seen: dict[str, object]) -> Iterator[Problem]:
    if not one.name:
        yield "it is not assigned to a name of its module", "write `sms_gateway = backend.system(...)`"
    elif not is_snake_case(one.name):
        yield f"the name {one.name!r} is not in snake_case of at most 40 characters", "name it as in `sms_gateway`"
    elif seen.setdefault(one.name, one) is not one:
        yield f"another one has the name {one.name}", "rename one of them"


def _system(one: System) -> Iterator[Problem]:
    try:
        if text.url(one.base_url, schemes=("https",)) != one.base_url or "?" in one.base_url or "#" in one.base_url:
            yield "its address is not in its plain form", "write it in ASCII and lower case, without ? and #"
    except ValueError as error:
        yield f"its address {error}", 'write it as in "https://sms.example/v1"'
    if one.credentials is not None:
        yield from _variable(one.credentials, "credentials")
    if HEADER.fullmatch(one.idempotency_header) is None or one.idempotency_header.lower() in HEADERS_OF_OURS:
        yield "idempotency_header is no header of its own", 'write it as in "Idempotency-Key"'
    if not 0 < one.seconds_max <= SECONDS_MAX:
        yield f"seconds_max is not between 0 and {SECONDS_MAX}", "nothing waits longer for one answer"
    if not 0 < one.calls_per_second <= CALLS_PER_SECOND_MAX:
        yield f"calls_per_second is not between 0 and {CALLS_PER_SECOND_MAX}", "say what the system takes"


def _incoming(one: Incoming) -> Iterator[Problem]:
    yield from _variable(one.key, "key")
    if not WINDOW_SECONDS_MIN <= one.window_seconds <= WINDOW_SECONDS_MAX:
        yield (
            f"window_seconds is not between {WINDOW_SECONDS_MIN} and {WINDOW_SECONDS_MAX}",
            "300 is what Standard Webhooks advises",
        )


def _variable(name: str, what: str) -> Iterator[Problem]:
    if VARIABLE.fullmatch(name) is None:
        yield (
            f"{what} is not the name of an environment variable",
            f'name one, {what}="SMS_GATEWAY_TOKEN"; the secret itself never stands in a declaration',
        )


def _run(plan: Plan, resource: ResourcePlan, action: ActionPlan) -> Iterator[Problem]:
    outside = action.outside
    kinds = {one.kind for one in action.parameters}
    if "delivered" in kinds and not isinstance(outside, System):
        yield "`delivered` is known only to what runs on a system's answer", "say on=..., or leave it out"
    if outside is None:
        return
    known: tuple[Any, ...] = plan.systems if isinstance(outside, System) else plan.incoming
    if (outside if isinstance(outside, System) else outside.incoming) not in known:
        yield "on= names what is no part of this backend", "declare it on this backend: backend.system(...)"
    if any(one.kind == "actor" or "actor" in dict(one.anchors).values() for one in action.parameters):
        yield "another system runs it, so there is no actor", "do without the actor"
    if isinstance(outside, Event):
        if not 0 < len(outside.kind) <= KIND_CHARACTERS_MAX:
            yield "its event has no name", 'say which: payments.event("payment.succeeded")'
        leading = [field.name for field in (action.body.fields if action.body else ()) if field.target == resource.name]
        if len(leading) != 1:
            yield (
                f"its body has {len(leading) or 'no'} fields that lead to a {resource.name}",
                f"give it a `body` with one `Mapped[Ref[{resource.name}]]`",
            )


def _twice(action: ActionPlan, counted: Counter[Any]) -> Iterator[Problem]:
    if action.outside is not None and counted[action.outside] > 1:
        yield "another action runs on the same", "make them one"
