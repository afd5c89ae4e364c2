"""Notifications with their policy: who is told what, by which ways, and how hard each way is tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from techlead.declare.notification import Channel, Own
from techlead.deliver.limits import RANGES, LimitsBook
from techlead.deliver.port import Kind
from techlead.derive.plan import ActionPlan, NotificationPlan, Plan
from techlead.explain.reading import sends_of
from techlead.serve.change.telling import KINDS

SHOWN: Final = ("tries_max", "wait_seconds_first", "wait_factor", "wait_seconds_max", "live_seconds_max",
    "retry_after_seconds_max", "attempt_seconds_max", "rate_per_second", "breaker_failures_in_a_row",
    "breaker_open_seconds", "budget_share")  # fmt: skip
"""The limits that say how a message is tried; `techlead outbox` and docs/delivery.md tell of all."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of delivery, its value, and what it means."""

    name: str
    value: float
    meaning: str


@dataclass(frozen=True, slots=True)
class Way:
    """One way that a notification goes: its channel, and where the address stands."""

    channel: str
    address: str
    limits: tuple[Limit, ...]
    """How hard it is tried, as it is set when nothing else is; empty for the inbox, which is in this database."""


@dataclass(frozen=True, slots=True)
class Message:
    """One notification: about what, to whom, in which words, when, and by which ways."""

    name: str
    about: str
    to: str
    subject: str
    text: str
    languages: tuple[str, ...]
    sent_by: tuple[str, ...]
    ways: tuple[Way, ...]


def messages(plan: Plan) -> tuple[Message, ...]:
    """Give every notification, in the order of declaration."""
    return tuple(_message(plan, one) for one in plan.notifications)


def _message(plan: Plan, one: NotificationPlan) -> Message:
    ways = tuple(
        Way(way.value, ".".join(one.at[way]) if way in one.at else _usual(way), _limits(one, way)) for way in one.via
    )
    languages = tuple(language or "every other" for language in sorted(one.templates))
    senders = tuple(f"{action.resource}.{action.name}" for action in every_action(plan) if one.name in sends_of(action))
    return Message(one.name, one.resource, str(one.to), one.subject, one.text, languages, senders, ways)


def _limits(one: NotificationPlan, way: Channel | Own) -> tuple[Limit, ...]:
    if way is Channel.INBOX:
        return ()
    kind = Kind.CODE if one.code else Kind.CHAT if isinstance(way, Own) else KINDS[way]
    limits = LimitsBook().of(kind, way.value, one.name, "")
    return tuple(Limit(name, getattr(limits, name), RANGES[name].meaning) for name in SHOWN)


def every_action(plan: Plan) -> tuple[ActionPlan, ...]:
    """List every action of a Plan, those that belong to creating a row first."""
    return tuple(action for resource in plan.resources.values() for action in (*resource.on_create, *resource.actions))


def _usual(way: object) -> str:
    """Say where an address is when no field was named: the inbox needs none."""
    return "" if way is Channel.INBOX else "the account's own"
