"""Every limit of delivery: its name ends in its unit, it has a default, a lowest and a highest value, and a meaning.

What is set for a destination wins over what is set for a notification, that over its channel, that over its kind, and
that over the default. The highest value of each is finite: a setting that means "for ever" does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from techlead.deliver.port import Kind
from techlead.errors import SettingsRefused

HOUR_SECONDS: Final = 3_600
DAY_SECONDS: Final = 86_400
KNOWN_MAX: Final = 4_096
"""Combinations of kind, channel, notification and destination whose limits are kept worked out."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one message, and the destination it goes to, are allowed."""

    tries_max: int = 8
    wait_seconds_first: float = 10
    wait_factor: float = 3
    wait_seconds_max: float = 2 * HOUR_SECONDS
    wait_seconds_partial_max: float = 15
    live_seconds_max: float = DAY_SECONDS
    retry_after_seconds_max: float = HOUR_SECONDS
    attempt_seconds_max: float = 15
    rate_per_second: float = 25
    burst_seconds: float = 0.2
    slots_of_destination_max: int = 8
    breaker_window_seconds: float = 60
    breaker_calls_min: int = 10
    breaker_failed_share: float = 0.5
    breaker_failures_margin: int = 5
    breaker_failures_in_a_row: int = 5
    breaker_messages_min: int = 3
    breaker_open_seconds: float = 30
    breaker_open_seconds_max: float = 60
    breaker_late_after_seconds: float = HOUR_SECONDS
    breaker_late_seconds: float = 300
    breaker_probes_to_close: int = 3
    breaker_ramp_seconds: float = 60
    breaker_ramp_share: float = 0.25
    disabled_after_seconds: float = 5 * DAY_SECONDS
    budget_share: float = 0.2
    budget_per_second: float = 1
    budget_retries_max: float = 10
    budget_failed_share: float = 0.1
    budget_factor: float = 2
    pause_seconds: float = 10
    pause_seconds_min: float = 1
    slow_share_min: float = 0.02
    slow_seconds: float = 60


@dataclass(frozen=True, slots=True)
class Range:
    """Between which values a limit may be set, and what it means."""

    lowest: float
    highest: float
    meaning: str


RANGES: Final[Mapping[str, Range]] = {
    "tries_max": Range(1, 50, "tries of one message; probes and 429 do not count"),
    "wait_seconds_first": Range(0.1, DAY_SECONDS, "wait after the first try that failed"),
    "wait_factor": Range(1, 10, "by how much each wait is longer than the one before"),
    "wait_seconds_max": Range(0.1, DAY_SECONDS, "the longest wait between two tries"),
    "wait_seconds_partial_max": Range(
        0.1,
        DAY_SECONDS,
        "the longest wait in the first half of the tries while the destination takes some and fails others",
    ),
    "live_seconds_max": Range(1, 7 * DAY_SECONDS, "time to live: after it a message is not tried"),
    "retry_after_seconds_max": Range(1, DAY_SECONDS, "how much of a `Retry-After` is believed"),
    "attempt_seconds_max": Range(0.1, 30, "one try, from the first byte to the last"),
    "rate_per_second": Range(0.01, 1_000_000, "tries for one destination in a second"),
    "burst_seconds": Range(0.01, 60, "how much unused rate may be used at once (always one try at least)"),
    "slots_of_destination_max": Range(1, 1_000, "tries for one destination at the same time, in one process"),
    "breaker_window_seconds": Range(6, HOUR_SECONDS, "how far back the breaker and the retry budget look"),
    "breaker_calls_min": Range(2, 10_000, "calls in the window from which on their share of failures counts"),
    "breaker_failed_share": Range(0.05, 1, "share of failures at which the breaker opens"),
    "breaker_failures_margin": Range(0, 1_000, "failures beyond that share, so that it is not by chance"),
    "breaker_failures_in_a_row": Range(2, 1_000, "failures in a row at which it opens when there are fewer calls"),
    "breaker_messages_min": Range(1, 16, "different messages among those failures"),
    "breaker_open_seconds": Range(0.1, HOUR_SECONDS, "how long it stays open at first; doubles each time"),
    "breaker_open_seconds_max": Range(0.1, HOUR_SECONDS, "the longest it stays open at a time"),
    "breaker_late_after_seconds": Range(1, DAY_SECONDS, "after so long an outage it stays open longer"),
    "breaker_late_seconds": Range(0.1, HOUR_SECONDS, "how long it stays open at a time then"),
    "breaker_probes_to_close": Range(1, 100, "probes that must succeed before it closes"),
    "breaker_ramp_seconds": Range(0.1, HOUR_SECONDS, "how long the rate takes to come back after it closed"),
    "breaker_ramp_share": Range(0.01, 1, "share of the rate with which it comes back"),
    "disabled_after_seconds": Range(60, 30 * DAY_SECONDS, "after so long without a success it is disabled"),
    "budget_share": Range(0, 10, "retries allowed for each first try"),
    "budget_per_second": Range(0.01, 1_000, "retries allowed in a second beside those"),
    "budget_retries_max": Range(1, 10_000, "retries that can be saved up"),
    "budget_failed_share": Range(0, 1, "share of failures in the window from which on the budget binds"),
    "budget_factor": Range(
        1, 10, "by how much each retry that arrived since the last failure multiplies the retries allowed in a second"
    ),
    "pause_seconds": Range(0.1, HOUR_SECONDS, "how long 429 without `Retry-After` pauses a destination"),
    "pause_seconds_min": Range(0.1, HOUR_SECONDS, "how long 429 pauses a destination at least"),
    "slow_share_min": Range(0.001, 1, "the least share of the rate that is left when 429 halves it"),
    "slow_seconds": Range(1, HOUR_SECONDS, "without 429 for so long, the rate doubles again"),
}

OF_KIND: Final[Mapping[Kind, Mapping[str, float]]] = {
    Kind.WEBHOOK: {"tries_max": 12, "wait_seconds_first": 5, "wait_seconds_max": 21_600, "live_seconds_max": 259_200},
    Kind.EMAIL: {"tries_max": 8, "wait_seconds_first": 10, "wait_seconds_max": 7_200, "live_seconds_max": 86_400},
    Kind.CODE: {
        "tries_max": 5, "wait_seconds_first": 1, "wait_factor": 2, "wait_seconds_max": 30, "live_seconds_max": 600,
    },
    Kind.CHAT: {
        "tries_max": 6, "wait_seconds_first": 2, "wait_factor": 2, "wait_seconds_max": 300, "live_seconds_max": 3_600,
    },
    Kind.PUSH: {"tries_max": 5, "wait_seconds_first": 5, "wait_seconds_max": 600, "live_seconds_max": 14_400},
    Kind.DIGEST: {
        "tries_max": 4, "wait_seconds_first": 60, "wait_factor": 4, "wait_seconds_max": 7_200, "live_seconds_max": 43_200,
    },
    Kind.CALL: {"tries_max": 12, "wait_seconds_first": 5, "wait_seconds_max": 21_600, "live_seconds_max": 259_200},
}  # fmt: skip
"""The schedule of each kind; a call to another system follows that of a webhook."""

OF_CHANNEL: Final[Mapping[str, Mapping[str, float]]] = {
    "webhook": {"rate_per_second": 25},
    "email": {"rate_per_second": 5},
    "chat": {"rate_per_second": 1},
}

SHORTER_FOR: Final[Mapping[Kind | None, float]] = {Kind.CODE: 600}
"""What no setting can make live longer: a security code is worthless after it."""

Given = Mapping[str, Mapping[str, float]]
"""What was set, by scope: a kind, a channel, `notification NAME`, or a destination such as `webhook:hooks.example`."""


@dataclass(frozen=True, slots=True)
class Process:
    """What one dispatching process is allowed, whatever the destination."""

    slots_max: int = 16
    claim_messages_max: int = 50
    lease_seconds: float = 45
    look_seconds: float = 1
    sweep_seconds: float = 5
    sweep_messages_max: int = 500
    store_pause_seconds: float = 1
    dedupe_seconds: float = 30 * DAY_SECONDS
    kept_seconds: float = 90 * DAY_SECONDS


OF_PROCESS: Final[Mapping[str, Range]] = {
    "slots_max": Range(2, 1_000, "tries at the same time"),
    "claim_messages_max": Range(1, 50, "messages claimed in one transaction"),
    "lease_seconds": Range(1, HOUR_SECONDS, "a claimed message of which nothing is heard is tried again after this"),
    "look_seconds": Range(0.01, 60, "between two looks for what other processes put into the outbox"),
    "sweep_seconds": Range(0.1, 60, "between two rounds that end what is past its time to live"),
    "sweep_messages_max": Range(1, 10_000, "messages ended in one transaction"),
    "store_pause_seconds": Range(0.01, 60, "nothing is claimed for so long after the database failed"),
    "dedupe_seconds": Range(60, 365 * DAY_SECONDS, "how long a dedupe key is remembered"),
    "kept_seconds": Range(DAY_SECONDS, 3_650 * DAY_SECONDS, "how long the history of an ended message is kept"),
}


class LimitsBook:
    """Gives the limits of any message; worked out once for each combination that occurs."""

    def __init__(self, given: Given = {}, process: Mapping[str, float] = {}) -> None:  # noqa: B006 - never changed
        """Take what was set; SettingsRefused names each value that cannot be."""
        problems = [line for scope, values in given.items() for line in _problems(scope, values, RANGES)]
        problems += _problems("process", process, OF_PROCESS)
        if problems:
            raise SettingsRefused("\n".join(problems))
        self._given = given
        self._known: dict[tuple[Kind | None, str, str, str], Limits] = {}
        self.process: Process = replace(Process(), **_typed(Process, process))

    def of(self, kind: Kind, channel: str, notification: str, lane: str) -> Limits:
        """Give the limits of a message of this kind, on this channel, of this notification, to this destination."""
        return self._of((kind, channel, notification, lane))

    def of_lane(self, channel: str, lane: str) -> Limits:
        """Give the limits of a destination, of whatever kind what is sent there is."""
        return self._of((None, channel, "", lane))

    def _of(self, key: tuple[Kind | None, str, str, str]) -> Limits:
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= KNOWN_MAX:  # destinations come from users: not all of them are remembered
                self._known.clear()
            found = self._known[key] = self._made(*key)
        return found

    def _made(self, kind: Kind | None, channel: str, notification: str, lane: str) -> Limits:
        scopes = (kind.value if kind else "", channel, f"notification {notification}", lane)
        values: dict[str, float] = {**(OF_KIND[kind] if kind else {}), **OF_CHANNEL.get(channel, {})}
        for scope in dict.fromkeys(scopes):
            values |= self._given.get(scope, {})
        limits = replace(Limits(), **_typed(Limits, values))
        if kind not in SHORTER_FOR:
            return limits
        return replace(limits, live_seconds_max=min(limits.live_seconds_max, SHORTER_FOR[kind]))


def _typed(owner: type[Limits | Process], values: Mapping[str, float]) -> dict[str, Any]:
    whole = {one.name for one in fields(owner) if one.type == "int"}
    return {name: int(value) if name in whole else float(value) for name, value in values.items()}


def _problems(scope: str, values: Mapping[str, float], ranges: Mapping[str, Range]) -> list[str]:
    found = []
    for name, value in values.items():
        allowed = ranges.get(name)
        if allowed is None:
            found.append(f"delivery, {scope}: there is no limit {name}; there are {', '.join(ranges)}")
        elif isinstance(value, bool) or not isinstance(value, int | float) or not allowed.lowest <= value <= allowed.highest:  # fmt: skip
            found.append(f"delivery, {scope}: {name} must be from {allowed.lowest:g} to {allowed.highest:g}")
    return found


DEFAULT_LIMITS: Final = LimitsBook()
"""What counts where nothing was set."""
