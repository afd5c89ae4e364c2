"""Notifications: each has a name, a channel and a recipient, and tells only what the recipient may read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from techlead.declare.access import Member, Policy, nobody
from techlead.declare.backend import Declarations
from techlead.declare.notification import Channel, Notification
from techlead.declare.types import Sensitivity
from techlead.derive.access import ActorClass, residual
from techlead.derive.checks import paths
from techlead.derive.checks.names import is_snake_case
from techlead.derive.checks.problem import Problem
from techlead.derive.plan import FieldPlan, NotificationPlan, Plan, ResourcePlan
from techlead.derive.refusals import Refusals
from techlead.primitives import text

SUBJECT_CHARACTERS_MAX: Final = 200
TEXT_CHARACTERS_MAX: Final = 4_000
PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def check_declared(declarations: Declarations, refusals: Refusals) -> None:
    """Refuse notifications without a name of their own or without a channel."""
    seen: dict[str, Notification[Any]] = {}
    for declared in declarations.resources:
        for one in declared.declaration.notifications:
            for reason, mend in (*_name(one, seen), *_channels(one)):
                refusals.add(one.origin, f"notification {one.name}".strip(), reason, mend)


def check(plan: Plan, refusals: Refusals) -> None:
    """Refuse notifications to nobody, and those that tell what is not for the recipient."""
    for one in plan.notifications:
        resource = plan.resources[one.resource]
        for reason, mend in (*_recipient(plan, resource, one), *_words(resource, one)):
            refusals.add(one.origin, f"notification {one.name}", reason, mend)


def _name(one: Notification[Any], seen: dict[str, Notification[Any]]) -> Iterator[Problem]:
    if not one.name:
        yield "it is not assigned to a name of its module", "write `order_placed = notification(...)`"
    elif not is_snake_case(one.name):
        yield f"the name {one.name!r} is not in snake_case of at most 40 characters", "name it as in `order_placed`"
    elif seen.setdefault(one.name, one) is not one:
        yield f"another one has the name {one.name}", "rename one of them"


def _channels(one: Notification[Any]) -> Iterator[Problem]:
    if not one.via:
        yield "it has no channel", "say via=[inbox], via=[email] or both"
    elif not all(isinstance(channel, Channel) for channel in one.via):
        yield "via names something that is no channel", "say via=[inbox], via=[email] or both"
    elif len(set(one.via)) < len(one.via):
        yield "it names a channel twice", "name it once"


def _recipient(plan: Plan, resource: ResourcePlan, one: NotificationPlan) -> Iterator[Problem]:
    account = plan.account
    if account is None:
        yield (
            "there are no accounts that could receive it",
            "declare one: `@backend.account` on `class Person(Account):`",
        )
    elif isinstance(one.to, Member):
        yield from paths.membership(plan, resource, one.to)
    elif isinstance(one.to, Policy):
        yield f"{one.to} names no list of accounts", 'name a reference, to="seller", or member(...): all of them'
    else:
        field = paths.find(resource, str(one.to))
        if field is None:
            yield paths.unknown(resource, str(one.to))
        elif field.target != account:
            yield f"{resource.name}.{field.name} does not lead to {account}", f"name a field of the type Ref[{account}]"


def _words(resource: ResourcePlan, one: NotificationPlan) -> Iterator[Problem]:
    named = []
    for word, said, longest in (
        ("subject", one.subject, SUBJECT_CHARACTERS_MAX),
        ("text", one.text, TEXT_CHARACTERS_MAX),
    ):
        if len(said) > longest:
            yield f"its {word} has more than {longest} characters", "shorten it"
        try:
            text.clean(said, multiline=word == "text")
        except ValueError as error:
            yield f"its {word} {error}", "write plain text; the subject on one line"
        if re.search(r"[{}]", PLACEHOLDER.sub("", said)):
            yield (
                f"its {word} has braces that name no field",
                'write the name of a field alone, as in "{title} was sold"',
            )
        named += [name for name in PLACEHOLDER.findall(said) if name not in named]
    for name in named:
        yield from _named(resource, paths.find(resource, name), name)
    if named and residual(resource.access.read, ActorClass(signed_in=True)) == nobody and not resource.is_account:
        reason = f"it tells {', '.join(named)}, but read={resource.access.read} shows the row to no ordinary account"
        yield reason, "let the recipient read the row, or write a text without fields"


def _named(resource: ResourcePlan, field: FieldPlan | None, name: str) -> Iterator[Problem]:
    if field is None:
        reason, mend = paths.unknown(resource, name)
        yield f"it names a field that is not there: {reason}", mend
    elif field.sensitivity is not Sensitivity.PUBLIC:
        yield f"it would tell {resource.name}.{name}, which is {field.sensitivity.value}", "leave it out of the text"
    elif field.read is not None:
        yield f"it would tell {resource.name}.{name}, which has read={field.read}", "leave it out of the text"
