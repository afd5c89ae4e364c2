"""Notifications: each has a name, a channel and a recipient, and tells only what the recipient may read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from techlead.declare.access import Member, Policy, nobody
from techlead.declare.backend import Declarations
from techlead.declare.notification import Channel, Notification, Own, Way
from techlead.declare.types import Sensitivity
from techlead.derive.access import ActorClass, residual
from techlead.derive.checks import paths
from techlead.derive.checks.names import is_snake_case
from techlead.derive.checks.problem import Problem
from techlead.derive.plan import FieldPlan, NotificationPlan, Plan, ResourcePlan
from techlead.derive.refusals import Refusals
from techlead.derive.templates import Template, Unrenderable
from techlead.primitives import text

SUBJECT_CHARACTERS_MAX: Final = 200
TEXT_CHARACTERS_MAX: Final = 4_000
WORDS: Final = frozenset({"text", "email", "url", "webhook_url"})
"""Kinds of field that can hold the address of a channel of one's own."""
ADDRESSED: Final = frozenset({Channel.WEBHOOK, Channel.CHAT})
"""Channels whose address may stand in a field of the row."""
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
        for reason, mend in (
            *_recipient(plan, resource, one),
            *_words(resource, one),
            *_addresses(plan, resource, one),
        ):
            refusals.add(one.origin, f"notification {one.name}", reason, mend)


def _name(one: Notification[Any], seen: dict[str, Notification[Any]]) -> Iterator[Problem]:
    if not one.name:
        yield "it is not assigned to a name of its module", "write `order_placed = notification(...)`"
    elif not is_snake_case(one.name):
        yield f"the name {one.name!r} is not in snake_case of at most 40 characters", "name it as in `order_placed`"
    elif seen.setdefault(one.name, one) is not one:
        yield f"another one has the name {one.name}", "rename one of them"


def _channels(one: Notification[Any]) -> Iterator[Problem]:
    mend = "say via=[inbox], via=[email] or both; from techlead.outside, webhook, chat and push"
    if not one.via:
        yield "it has no channel", mend
    elif not all(isinstance(way, Channel | Own | Way) for way in one.via):
        yield "via names something that is no channel", mend
    else:
        channels = [way.channel if isinstance(way, Way) else way for way in one.via]
        for bare in (way for way in one.via if isinstance(way, Own)):
            yield f"{bare.value} has no address", f'name the field that holds it: {bare.value}.at("owner.address")'
        if len(set(channels)) < len(channels):
            yield "it names a channel twice", "name it once"
        if Channel.CHAT in one.via:
            yield "a chat room has an address", 'name the field that holds it: chat.at("workspace.chat_url")'
        for way in one.via:
            if isinstance(way, Way) and isinstance(way.channel, Channel) and way.channel not in ADDRESSED:
                yield f"{way.channel.value} takes no address of a row", f"say {way.channel.value} alone"


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
    for template in one.templates.values():
        with suppress(Unrenderable):  # which is refused as a template
            named += [name for name in sorted(_named_in(template)) if name not in named]
    for name in named:
        yield from _named(resource, paths.find(resource, name), name)
    if named and residual(resource.access.read, ActorClass(signed_in=True)) == nobody and not resource.is_account:
        reason = f"it tells {', '.join(named)}, but read={resource.access.read} shows the row to no ordinary account"
        yield reason, "let the recipient read the row, or write a text without fields"


def _addresses(plan: Plan, resource: ResourcePlan, one: NotificationPlan) -> Iterator[Problem]:
    """Refuse a channel without an address that it can find: a WebhookUrl of the account, or at the path that was named."""
    if Channel.WEBHOOK in one.via and Channel.WEBHOOK not in one.at and plan.account is not None:
        fields = [field.name for field in plan.accounts.fields if field.kind == "webhook_url"]
        if len(fields) != 1:
            yield (
                f"{plan.account} has {len(fields) or 'no'} fields of the type WebhookUrl",
                'give it one, or name the field: webhook.at("shop.webhook_url")',
            )
        else:
            yield from _unread(plan.accounts, plan.accounts.field(fields[0]))
    for channel, path in one.at.items():
        end = paths.follow(plan, resource, path[:-1])
        if not isinstance(end, ResourcePlan):
            yield end
            continue
        field = paths.find(end, path[-1])
        if field is None:
            yield paths.unknown(end, path[-1])
        elif field.sensitivity is Sensitivity.SECRET:
            yield from _unread(end, field)
        elif isinstance(channel, Own):
            if field.kind not in WORDS:
                yield f"{channel.value} goes to {end.name}.{field.name}, which is no text", "name a field of text"
        elif field.kind != "webhook_url":
            yield f"{channel.value} goes to {end.name}.{field.name}, which is no WebhookUrl", "give the field that type"


def _unread(resource: ResourcePlan, field: FieldPlan) -> Iterator[Problem]:
    if field.sensitivity is Sensitivity.SECRET:
        reason = f"{resource.name}.{field.name} is Secret and never read back, so nothing can be sent there"
        yield reason, "leave the mark out, and say who may read it: field(read=owner)"


def _named(resource: ResourcePlan, field: FieldPlan | None, name: str) -> Iterator[Problem]:
    if field is None:
        reason, mend = paths.unknown(resource, name)
        yield f"it names a field that is not there: {reason}", mend
    elif field.sensitivity is not Sensitivity.PUBLIC:
        yield f"it would tell {resource.name}.{name}, which is {field.sensitivity.value}", "leave it out of the text"
    elif field.read is not None:
        yield f"it would tell {resource.name}.{name}, which has read={field.read}", "leave it out of the text"


def _named_in(template: Template) -> frozenset[str]:
    from techlead.derive.rendering import named_in  # noqa: PLC0415 - only who has templates pays for Jinja and Markdown

    return named_in(template)
