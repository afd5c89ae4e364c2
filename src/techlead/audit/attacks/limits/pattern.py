"""A text on which one request works for seconds while everybody waits: a pattern that backtracks, or other work that outgrows its input."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from techlead.audit.attacks.attack import (
    Attack,
    Compare,
    Harm,
    Need,
    Outcome,
    Shows,
    Sighting,
    Site,
    Unavailable,
)
from techlead.audit.attacks.limits.load import ENOUGH_SECONDS, PAUSE_SECONDS, Pressed, bystanders, starved
from techlead.audit.attacks.limits.swelling import (
    LOOKS,
    Climb,
    Swelling,
    benign,
    climbed,
    longer,
    swellings,
    swells,
)
from techlead.audit.attacks.other_value import distinct
from techlead.audit.attacks.sight import Callers
from techlead.audit.finding import Severity
from techlead.audit.target.exchange import Answer, Request
from techlead.audit.target.operation import Audience, Field, Meaning, Operation, Role

KIND: Final = "limits.resource"
PATIENCE_SECONDS = 4.0
RESERVE_SECONDS = 1.5
SLOW_SECONDS = 0.12  # such as one that hashes a password: there only what is likely matched with a pattern is tried
SHOWN_PART = 4
"""A reproducer asks for a quarter of the time that was seen: machines differ."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One text field of one operation, and a request that is right but for it."""

    operation: Operation
    base: Request
    field: Field
    in_query: bool
    numbers: Iterator[int]

    def request(self, text: str) -> Request:
        """Put the text there; other texts that must be unique are new ones."""
        if self.in_query:
            bare, _, asked = self.base.path.partition("?")
            kept = [pair for pair in asked.split("&") if pair and pair.partition("=")[0] != self.field.name]
            return self.base.but(path=f"{bare}?{'&'.join([*kept, f'{self.field.name}={quote(text)}'])}")
        known = {one.name: one for one in self.operation.body}
        return self.base.but(body={**distinct(self.base.body, known, next(self.numbers)), self.field.name: text})


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one text at one place: how its time grows, and what a bystander noticed of its worst."""

    climb: Climb
    pressed: Pressed | None = None


def runs_away(seen: Seen) -> bool:
    """Tell whether the text's time outgrows its length, and an unrelated caller waited for its end."""
    return swells(seen.climb) and seen.pressed is not None and starved(seen.pressed)


def strike(site: Site) -> Iterator[Outcome]:
    """Grow texts in one field after the other, those that strangers may fill in first."""
    watchers = bystanders(site)
    if not watchers:
        raise Unavailable("there is no cheap read to time meanwhile")
    callers = Callers(site)
    tried = False
    for operation in sorted(site.places(), key=_order):
        if site.left() < RESERVE_SECONDS:
            break
        if not (operation.body or operation.query):
            continue
        for spot in _spots(site, callers, operation):
            tried = True
            sighting = _one(site, spot, watchers[0])
            if sighting is not None:
                yield sighting
                break
    if not tried:
        raise Unavailable("no operation takes a text")


def _order(operation: Operation) -> tuple[bool, bool, str]:
    """Put what strangers may send first; bans, deletions and log-outs last."""
    late = operation.method == "DELETE" or operation.role is Role.LOG_OUT
    return (late, operation.audience is not Audience.ANYONE, operation.path)


def _spots(site: Site, callers: Callers, operation: Operation) -> Iterator[Spot]:
    """Give the text fields of an operation; where it is slow by itself, those alone that are likely matched with a pattern."""
    base, answer = callers.usual(operation)
    numbers = iter(range(1_000 * (site.seed % 100), 10**9))
    known = {one.name: one for one in operation.body}
    carried = base.body if isinstance(base.body, dict) and base.raw is None else {}
    body = [known.get(name, Field(name)) for name, value in carried.items() if isinstance(value, str)]
    for one, in_query in [(one, False) for one in body] + [(one, True) for one in operation.query]:
        plain = one.type == "string" and not one.choices and one.meaning is not Meaning.PASSWORD
        if plain and (answer.seconds < SLOW_SECONDS or one.meaning in {Meaning.EMAIL, Meaning.URL}):
            yield Spot(operation, base, one, in_query, numbers)


def _one(site: Site, spot: Spot, bystander: Request) -> Sighting | None:
    """Try the texts that fit the field, short and long ones."""
    before = {
        (one.evidence["field"], one.evidence["text"]) for one in site.before if one.operation == spot.operation.name
    }
    for text in swellings(spot.field):
        if before and (spot.field.name, text.name) not in before:
            continue
        for first in LOOKS:
            if site.left() < RESERVE_SECONDS:
                break
            seen = _grown(site, spot, text, first, bystander)
            if runs_away(seen):
                return _sighting(spot, text, seen, bystander)
    return None


def _grown(site: Site, spot: Spot, text: Swelling, first: int, bystander: Request) -> Seen:
    def timed(pieces: int) -> float:
        answer = site.send(spot.request(text.of(pieces)), PATIENCE_SECONDS)
        if answer.error == "timeout":  # it still works on it
            site.state.kill()
            site.state.restart()
        return answer.seconds

    def calmly(pieces: int) -> float:
        return site.send(spot.request(benign(len(text.of(pieces)))), PATIENCE_SECONDS).seconds

    climb = climbed(timed, calmly, first)
    if not swells(climb):
        return Seen(climb)
    worst = spot.request(text.of(longer(climb.top)))  # a load that went away meanwhile must not make it too quick
    return Seen(climb, _watched(site, worst, bystander, climb.calm))


def _watched(site: Site, worst: Request, bystander: Request, calm: float) -> Pressed:
    """Send the worst, and see how long a bystander waits meanwhile; the target is started again where it goes on working."""
    quiet = max(site.send(bystander, PATIENCE_SECONDS).seconds for _ in range(3))
    thread = threading.Thread(target=lambda: site.send(worst, PATIENCE_SECONDS), daemon=True)
    thread.start()
    time.sleep(PAUSE_SECONDS)
    waited = site.send(bystander, ENOUGH_SECONDS).seconds
    if thread.is_alive():
        site.state.kill()
        thread.join(PATIENCE_SECONDS)
        site.state.restart()
    return Pressed((), quiet, waited, calm)


def _sighting(spot: Spot, text: Swelling, seen: Seen, bystander: Request) -> Sighting:
    climb = seen.climb
    took = climb.seconds[climb.top]
    length = len(text.of(climb.top))
    worst = seen.pressed.worst_seconds if seen.pressed else 0.0
    step = Answer(spot.request(text.of(climb.top)), 0).exchange
    return Sighting(
        kind=KIND,
        operation=spot.operation.name,
        claim=f"{spot.operation.name} works {took:.1f} s on one text of {length} characters in `{spot.field.name}` ({text.name}), {climb.calm:.2f} s on a harmless one; "
        f"{bystander.method} {bystander.path} waits {worst:.1f} s meanwhile.",
        cause=f"pattern {spot.field.name}",
        evidence={
            "field": spot.field.name,
            "text": text.name,
            "characters": length,
            "seconds_by_pieces": {str(n): round(climb.seconds[n], 3) for n in sorted(climb.seconds)},
            "harmless_seconds": round(climb.calm, 3),
            "bystander": f"{bystander.method} {bystander.path}",
            "bystander_seconds": round(worst, 3),
        },
        steps=(step,),
        shows=Shows(Compare.SLOWER, (round(took / SHOWN_PART, 2),)),
        severity=Severity.HIGH if spot.operation.audience is Audience.ANYONE else Severity.MEDIUM,
    )


ATTACK: Final = Attack(
    name="limits.pattern",
    kinds=(KIND,),
    claim="One text of a few characters keeps the whole service busy.",
    effect="Its time outgrows its length, a harmless text of the same length is answered at once, and an unrelated cheap request waits for seconds.",
    strike=strike,
    needs=frozenset({Need.PROCESS}),
    harm=Harm.WRITES,
    seconds=25.0,
)
