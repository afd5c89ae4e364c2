"""What a failing neighbour was given, read as tries of messages: pure functions from arrivals to what is wrong with them."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from techlead.audit.world.arrival import Arrival

CHANGING_NAMES: Final = re.compile(
    r"(attempt|retr|try|tries|sent|deliver|now|timestamp|_at$|^at$|nonce|signature)", re.IGNORECASE
)
CHANGING_TEXT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?")

KEYS_MAX: Final = 4096
"""How many arrivals keep their name: it is asked for at each step of a walk, and a mail is slow to take apart."""
SAME_GAP_SECONDS: Final = 4.0
SAME_GAP_SHARE: Final = 0.08
"""Waits of different messages that differ by less than this have no random part; a poll may come a little later."""
GAP_SECONDS_MIN: Final = 50.0
GAP_SECONDS_MAX: Final = 450.0
"""Shorter waits say nothing about jitter, for a poll of a few seconds hides it; longer ones are not measured as finely."""
GROWTH_MIN: Final = 1.25
GROWTH_OF_TWO_MIN: Final = 1.6
"""By how much a wait is longer than the one before it, and than the one before that."""
STEADY_SECONDS_MAX: Final = 300.0
"""Who waits longer than this between all tries does no harm by not waiting longer still."""
TRIES_OF_GROWTH: Final = 3
SLOW_WORKER_SECONDS_MAX: Final = 60.0
"""Messages that were caused together and are first tried further apart than this were not sent slowly: something held them back."""


@dataclass(frozen=True, slots=True)
class Tries:
    """When one message was tried, in seconds of the target's clock."""

    times: tuple[float, ...]

    @property
    def gaps(self) -> tuple[float, ...]:
        """Seconds between one try and the next."""
        return tuple(later - earlier for earlier, later in zip(self.times, self.times[1:], strict=False))


def by_message(arrivals: Iterable[Arrival]) -> tuple[Tries, ...]:
    """Group what came by what it says."""
    times: dict[str, list[float]] = {}
    for arrival in arrivals:
        times.setdefault(message_key(arrival), []).append(arrival.at)
    return tuple(Tries(tuple(each)) for each in times.values())


@lru_cache(maxsize=KEYS_MAX)
def message_key(arrival: Arrival) -> str:
    """Name a message so that its tries have the same name: its text without times and counts of tries."""
    if arrival.channel == "smtp":
        whole = f"{arrival.recipients} {arrival.text}"
        return CHANGING_TEXT.sub("", whole)
    decoded = arrival.json
    text = json.dumps(_steady(decoded), sort_keys=True) if decoded is not None else arrival.text
    return f"{arrival.destination} {arrival.path} {CHANGING_TEXT.sub('', text)}"


def _steady(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _steady(each) for name, each in value.items() if not _changes(name, each)}
    if isinstance(value, list):
        return [_steady(each) for each in value]
    return value


def _changes(name: str, value: Any) -> bool:
    return not isinstance(value, Mapping | list) and bool(CHANGING_NAMES.search(name))


def gaps_of_round(messages: Sequence[Tries], number: int) -> tuple[float, ...]:
    """The wait before try `number` (from 1) of each message that came so far."""
    return tuple(each.gaps[number - 1] for each in messages if len(each.gaps) >= number)


def median_gaps(messages: Sequence[Tries]) -> tuple[float, ...]:
    """The usual wait before each try, as long as at least half of the messages came so far."""
    most = max((len(each.gaps) for each in messages), default=0)
    rounds = (gaps_of_round(messages, number) for number in range(1, most + 1))
    return tuple(statistics.median(gaps) for gaps in rounds if len(gaps) * 2 >= len(messages))


def grows(gaps: Sequence[float]) -> bool | None:
    """Whether the waits become longer; None where there are too few to tell."""
    if len(gaps) < TRIES_OF_GROWTH - 1:
        return None
    if min(gaps) > STEADY_SECONDS_MAX:
        return True
    first = max(gaps[0], 0.05)
    if len(gaps) == TRIES_OF_GROWTH - 1:
        return gaps[1] / first >= GROWTH_MIN
    return max(gaps[2:5]) / first >= GROWTH_OF_TWO_MIN


def in_step(messages: Sequence[Tries]) -> float | None:
    """Find the longest wait that all messages kept to the second, in seconds; None where some part of it is random."""
    kept: float | None = None
    most = max((len(each.gaps) for each in messages), default=0)
    for number in range(1, most + 1):
        gaps = gaps_of_round(messages, number)
        if len(gaps) < max(3, len(messages) - 1):
            break
        middle = statistics.median(gaps)
        if not GAP_SECONDS_MIN <= middle <= GAP_SECONDS_MAX:
            continue
        if max(gaps) - min(gaps) > max(SAME_GAP_SECONDS, middle * SAME_GAP_SHARE):
            return None
        kept = middle
    return kept


def all_called_again(messages: Sequence[Tries], rounds: int) -> bool:
    """Whether each message was tried so many times before any was tried once more: nothing had stopped the calls."""
    if any(len(each.times) < rounds for each in messages):
        return False
    more = [each.times[rounds] for each in messages if len(each.times) > rounds]
    last_of_round = max(each.times[rounds - 1] for each in messages)
    spread = max(each.times[0] for each in messages) - min(each.times[0] for each in messages)
    return not more or last_of_round <= min(more) + min(spread, SLOW_WORKER_SECONDS_MAX) + SAME_GAP_SECONDS


def stable_id(first: Arrival, second: Arrival) -> str:
    """Where two tries of one message carry the same id, so that a receiver can drop the second: a header or field; '' for none."""
    if first.channel == "smtp":
        named = first.mail.get("Message-ID")
        return "Message-ID" if named and named == second.mail.get("Message-ID") else ""
    for name, value in first.headers:
        if _is_id(name) and value and second.header(name) == value:
            return name
    one, other = first.json, second.json
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for name, value in one.items():
            if _is_id(name, of_the_message=True) and other.get(name) == value:
                return str(name)
    return ""


def _is_id(name: str, *, of_the_message: bool = False) -> bool:
    lowered = name.lower().replace("-", "_")
    if of_the_message:
        return (
            re.fullmatch(r"(id|(event|message|delivery|notification|webhook|idempotency)_?(id|key))", lowered)
            is not None
        )
    return re.search(r"(^|_)(id|key)$", lowered) is not None
