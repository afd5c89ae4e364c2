"""Delivery inside the server: its dispatcher, its limits, and what it tells the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from typing import Final

import msgspec

from techlead.declare.notification import Channel as Inbox
from techlead.deliver.compose import Composer
from techlead.deliver.dispatcher import Dispatcher, Point
from techlead.deliver.limits import LimitsBook
from techlead.deliver.outbox import Change, Claimed, Ended, Moved, Released, lane_of
from techlead.deliver.port import Channel, Compose, Kind, Outcome
from techlead.deliver.sql_outbox import SqlOutbox
from techlead.derive.plan import Plan
from techlead.errors import SettingsRefused, WorldError
from techlead.primitives import ids
from techlead.serve.change.outside import aftermath_of
from techlead.serve.channels import channels_of
from techlead.serve.digests import DIGEST, DIGEST_NAME, LOOK_SECONDS, send_digests
from techlead.serve.events import EventLog
from techlead.serve.metrics import MEASURE_SECONDS, MEASURING, measure, metered, queues_of
from techlead.serve.preferences import link
from techlead.serve.runtime import Runtime
from techlead.serve.settings import Settings
from techlead.serve.tasks import Periodic

DELIVERY: Final = "deliver"
ANNOUNCING: Final = "announce"
CALL: Final = Kind.CALL.value
REMINDER: Final = "delivery_reminder"
REMIND_SECONDS: Final = 3_600
WARNED: Final = frozenset({"open", "disabled"})
_SCOPES: Final = (
    "name a kind or a channel (webhook, email, code, chat, push, digest, call, one of your own), 'notification NAME', a "
    "destination as `techlead outbox` lists it, or process"
)
_FORM: Final = 'write JSON such as {"webhook": {"tries_max": 8}, "webhook:hooks.example": {"rate_per_second": 50}}'


def limits_from(settings: Settings, plan: Plan) -> LimitsBook:
    """Read TECHLEAD_DELIVERY: limits by kind, channel, `notification NAME` or destination; `process` for all.

    What is declared of a system stands for its host, where the rate is kept, unless something else is set: of two systems
    there, the slower one's. SettingsRefused for what is not understood, and for a scope that nothing here has.
    """
    slowest_last = sorted(plan.systems, key=lambda one: -one.calls_per_second)
    declared = {lane_of(CALL, one.base_url): {"rate_per_second": one.calls_per_second} for one in slowest_last}
    try:
        set_here = msgspec.json.decode(settings.delivery or "{}", type=dict[str, dict[str, float]])
    except msgspec.DecodeError as error:
        message = f"TECHLEAD_DELIVERY is not what it must be ({error}): {_FORM}"
        raise SettingsRefused(message) from None
    process = set_here.pop("process", {})
    unknown = [scope for scope in set_here if not _is_of(plan, scope)]
    if unknown:
        raise SettingsRefused(f"TECHLEAD_DELIVERY sets limits for {unknown[0]!r}, which is nothing here: {_SCOPES}")
    given = {scope: {**declared.get(scope, {}), **set_here.get(scope, {})} for scope in {**declared, **set_here}}
    return LimitsBook(given, process)


def _is_of(plan: Plan, scope: str) -> bool:
    """Tell whether limits may be set for this: a kind, a channel, a notification, a destination."""
    channels = {*(one.value for one in Inbox if one is not Inbox.INBOX), CALL, *plan.channels}
    word, _, name = scope.partition(" ")
    if word == "notification":
        return name in {DIGEST_NAME, *(one.name for one in plan.notifications), *(one.name for one in plan.systems)}
    channel, is_destination, _ = scope.partition(":")
    return channel in channels or (not is_destination and channel in {one.value for one in Kind})


def outbox_of(runtime: Runtime) -> SqlOutbox:
    """Give this backend's outbox, with what follows when a call has ended."""
    return SqlOutbox(
        runtime.store,
        runtime.statements,
        runtime.clock,
        runtime.limits,
        aftermath={Kind.CALL: aftermath_of(runtime.statements, runtime.clock, runtime.random, runtime.limits)},
        failed=LogReports(runtime.log).aftermath_failed,
    )


def dispatcher_of(
    runtime: Runtime,
    channels: Mapping[str, Channel] | None = None,
    compose: Compose | None = None,
    point: Point = lambda _name: None,
    *,
    told_lanes: bool = False,
) -> Dispatcher:
    """Make the dispatcher of this backend's outbox."""
    given = channels_of(runtime) if channels is None else channels
    compose = compose or composer_of(runtime).compose
    reports = metered(LogReports(runtime.log))
    return Dispatcher(
        outbox_of(runtime), given, compose, runtime.limits, runtime.clock, reports, point, told_lanes=told_lanes
    )


def is_outward(runtime: Runtime) -> bool:
    """Tell whether anything of this backend leaves the process at all."""
    plan = runtime.plan
    return bool(plan.systems) or any(set(one.via) - {Inbox.INBOX} for one in plan.notifications)


def composer_of(runtime: Runtime) -> Composer:
    """Make what makes the messages; a letter has a link to end its kind where we have a key to sign one."""
    linked = bool(runtime.keys.secrets)
    return Composer(
        runtime.store,
        runtime.statements,
        runtime.clock,
        (lambda account, notification, channel: link(runtime, account, notification, channel)) if linked else None,
        runtime.settings.emails_of_account_per_hour_max,
    )


def delivery_tasks(runtime: Runtime) -> tuple[list[Periodic], Callable[[], None]]:
    """Give what is to be done about delivery in this process, and how to hurry it."""
    if not is_outward(runtime):
        return [], lambda: None
    if not runtime.settings.deliver:
        return announcing(runtime)
    channels = channels_of(runtime)
    dispatcher = dispatcher_of(runtime, channels)
    lacking = {way.value for one in runtime.plan.notifications for way in one.via} - {*channels, "inbox"}

    async def remind() -> None:
        runtime.log.warning("messages_wait", channels=sorted(lacking), reason="no process here has these channels")

    tasks = [
        *collecting(runtime),
        *measuring(runtime),
        Periodic(DELIVERY, runtime.limits.process.look_seconds, dispatcher.run),
    ]
    return tasks + ([Periodic(REMINDER, REMIND_SECONDS, remind)] if lacking else []), dispatcher.hurry


def collecting(runtime: Runtime) -> list[Periodic]:
    """Give what collects messages into digests, wherever messages are delivered."""
    if runtime.plan.account is None:
        return []
    composer = composer_of(runtime)
    return [Periodic(DIGEST, LOOK_SECONDS, lambda: send_digests(runtime, composer))]


def measuring(runtime: Runtime) -> list[Periodic]:
    """Give what looks how much waits, for the metrics; nothing where nobody could read it."""
    plan = runtime.plan
    ways = {way.value for one in plan.notifications for way in one.via} - {Inbox.INBOX.value}
    queues = queues_of(sorted(ways | ({CALL} if plan.systems else set())))
    return [] if queues is None else [Periodic(MEASURING, MEASURE_SECONDS, lambda: measure(runtime, queues))]


def announcing(runtime: Runtime) -> tuple[list[Periodic], Callable[[], None]]:
    """Tell the workers of other machines at once what a change has left; without pgqueuer they look for themselves."""
    url = getattr(runtime.store, "url", "")
    if not url or not has_lanes():
        return [], lambda: None
    from techlead.deliver.lanes import Announcer, Lanes  # noqa: PLC0415 - pgqueuer is an extra, and costs 30 MB

    announcer = Announcer(Lanes(url, outbox_of(runtime), runtime.clock), LogReports(runtime.log).waits)
    return [Periodic(ANNOUNCING, runtime.limits.process.look_seconds, announcer.run)], announcer.hurry


def has_lanes() -> bool:
    """Tell whether the extra is installed that spreads lanes over several machines."""
    try:
        distribution("pgqueuer")
    except PackageNotFoundError:
        return False
    return True


class LogReports:
    """Tells the log: ids, destinations by their host, faults. Never an address or a word of a message."""

    def __init__(self, log: EventLog) -> None:
        """Write to this log."""
        self._log = log
        self._waits = False

    def tried(self, claimed: Claimed, outcome: Outcome | Moved | Released, seconds: float) -> None:
        """A try ended."""
        self._waits = False
        fault = getattr(outcome, "fault", None)
        self._log.event(
            "delivery",
            delivery=ids.encode("delivery", claimed.waiting.id),
            destination=claimed.lane,
            notification=claimed.waiting.notification,
            number=claimed.waiting.number,
            outcome=type(outcome).__name__.lower(),
            **({"fault": fault.value} if fault else {}),
            **({"probe": True} if claimed.probe else {}),
            **({"reason": outcome.reason} if isinstance(outcome, Released) else {}),
            ms=round(seconds * 1000, 2),
        )

    def changed(self, change: Change) -> None:
        """A destination changed its phase."""
        told = {"destination": change.lane, "before": change.before.value, "after": change.after.value}
        if change.seconds:
            told["seconds"] = round(change.seconds)  # type: ignore[assignment]
        tell = self._log.warning if change.after.value in WARNED else self._log.event
        tell("destination", **told)

    def ended(self, ended: Ended) -> None:
        """A message ended without being delivered."""
        self._log.warning(
            "undelivered",
            delivery=ids.encode("delivery", ended.id),
            destination=ended.lane,
            state=ended.state,
            reason=ended.reason,
        )

    def waits(self, error: WorldError) -> None:
        """The database failed: told once, until something is tried again."""
        if not self._waits:
            self._waits = True
            self._log.warning("delivery_waits", reason=type(error).__name__)

    def failed(self, error: Exception, channel: str) -> None:
        """A channel raised an exception."""
        self._log.failure("channel_failed", error, channel=channel)

    def aftermath_failed(self, message: bytes, error: Exception) -> None:
        """The action that a call's answer should run went wrong."""
        self._log.failure("aftermath_failed", error, delivery=ids.encode("delivery", message))
