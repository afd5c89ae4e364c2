"""The family `money`: amounts that a caller chooses, and whether the sums are still right afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from techlead.audit.attacks.attack import Attack, Compare, Harm, Outcome, Question, Shows, Sighting, Site, Unavailable
from techlead.audit.attacks.sight import ACCOUNT, Callers, View, addressee, look, values_of, windows
from techlead.audit.finding import Severity
from techlead.audit.target.exchange import Actor, Answer, Request
from techlead.audit.target.operation import Field, Meaning, Operation
from techlead.audit.target.reading import HELD, leaves, number, numbers

FLOAT, NEGATIVE, LEAK, OVERFLOW = "money.float", "money.negative-or-zero", "money.rounding-leak", "money.overflow"
NAMED: Final = re.compile(r"amount|price|total|cost|fee|salary|budget|deposit|balance|tip|bid", re.IGNORECASE)
WHOLE: Final = re.compile(r"cents|minor|pence|points|coins", re.IGNORECASE)
NEGATIVE_AMOUNT = -7
BINARY: Final = 3.3000000000000003
"""What 1.1 + 2.2 is in binary floats; a decimal of cents cannot hold it."""
TAIL: Final = re.compile(r"\d\.\d{10,}")
BENDING: Final = 2**53 + 1
"""The first whole number that a float cannot hold."""
FULL: Final = 2**63 - 1
PART_OF_CENT: Final = ("0.005", "0.006", "0.014")
LEAKS = 5
RESERVE_SECONDS = 1.0


def went_below(field: str, sent: Any, answer: Answer, change: View) -> bool:
    """Tell whether a negative amount was taken: the row shows it, or the caller holds more than before by spending."""
    shown = [number(value) for name, value in leaves(answer.json) if name.rpartition(".")[2] == field]
    return answer.ok and (Decimal(str(sent)) in shown or any(moved > 0 for moved in change.held.values()))


def is_binary(answer: Answer) -> bool:
    """Tell whether the answer holds an amount as a JSON number with the tail of a binary float."""
    return answer.ok and any(
        isinstance(value, float) and TAIL.search(repr(value)) is not None
        for name, value in leaves(answer.json)
        if NAMED.search(name) or HELD.search(name)
    )


def bent(sent: Decimal, seen: Decimal | None) -> bool:
    """Tell whether an amount that was accepted is another one when it is read again."""
    return seen is not None and seen != sent


def leaked(before: Decimal, after: Decimal) -> bool:
    """Tell whether the two who traded hold more, or less, than before."""
    return before != after


def places(site: Site) -> Iterator[tuple[Operation, Field]]:
    """Give each operation that takes an amount, with its field."""
    for operation in site.places(unsafe=True):
        if operation.role in ACCOUNT or operation.method == "DELETE":
            continue
        for field in operation.body:
            if field.meaning is Meaning.MONEY or (NAMED.search(field.name) and field.type in {"integer", "number"}):
                yield operation, field


def strike_below(site: Site) -> Iterator[Outcome]:
    """Send amounts below zero, and look at what the caller holds afterwards; ask about zero."""
    for operation, field, base in _bases(site):
        through = windows(site, base.actor, operation, values_of(operation, base))
        before = look(site, through)
        answer = site.send(
            base.with_fields(**{field.name: _typed(field, Decimal(NEGATIVE_AMOUNT), base.body[field.name])})
        )
        change = look(site, through).since(before)
        if went_below(field.name, NEGATIVE_AMOUNT, answer, change):
            yield _below(operation, field, answer, change)
            continue
        zero = site.send(base.with_fields(**{field.name: _typed(field, Decimal(0), base.body[field.name])}))
        if zero.ok:
            yield Question(
                about=operation.name,
                kind=NEGATIVE,
                question=f"{operation.name} takes `{field.name}` = 0: is something for nothing meant?",
                answers=("yes, it may be free", "no, it must be above zero"),
                evidence={"status": zero.status},
            )


def _below(operation: Operation, field: Field, answer: Answer, change: View) -> Sighting:
    gained = {name: str(moved) for name, moved in change.held.items() if moved > 0}
    more = f", and the caller holds {next(iter(gained.values()))} more" if gained else ""
    return Sighting(
        kind=NEGATIVE,
        operation=operation.name,
        claim=f"{operation.name} takes `{field.name}` = {NEGATIVE_AMOUNT}{more}.",
        evidence={"field": field.name, "sent": NEGATIVE_AMOUNT, "gained": gained},
        steps=(answer.exchange,),
        shows=Shows(Compare.STATUS, (answer.status,)),
        severity=Severity.CRITICAL if gained else Severity.HIGH,
    )


def strike_float(site: Site) -> Iterator[Outcome]:
    """Send an amount that only a binary float can hold, and look for it, or for such a sum, in what comes back."""
    for operation, field, base in _bases(site):
        if WHOLE.search(field.name) or field.type == "string":
            continue
        answers = [site.send(base.with_fields(**{field.name: amount})) for amount in (BINARY, 0.1, 0.2)]
        through = windows(site, base.actor, operation, values_of(operation, base))
        for answer in (*answers, *(site.send(window) for window in through)):
            if is_binary(answer):
                yield Sighting(
                    kind=FLOAT,
                    operation=operation.name,
                    claim=f"{operation.name} keeps `{field.name}` as a binary float: 1.1 + 2.2 comes back as {BINARY!r}.",
                    cause="float",
                    evidence={"field": field.name, "shown_by": answer.request.path},
                    steps=(answers[0].exchange, answer.exchange),
                )
                break


def strike_overflow(site: Site) -> Iterator[Outcome]:
    """Send amounts that a float or a column cannot hold, twice, and read the sum."""
    for operation, field, base in _bases(site):
        for amount in (BENDING, FULL):
            sighting = _bends(site, operation, field, base, amount)
            if sighting is not None:
                yield sighting
                break


def _bends(site: Site, operation: Operation, field: Field, base: Request, amount: int) -> Sighting | None:
    through = windows(site, base.actor, operation, values_of(operation, base))
    request = base.with_fields(**{field.name: _typed(field, Decimal(amount), base.body[field.name])})
    before, answers = look(site, through), [site.send(request), site.send(request)]
    done = [answer for answer in answers if answer.ok]
    moved = look(site, through).since(before).held
    sent = Decimal(amount)
    wrong = {name: str(value) for name, value in moved.items() if bent(sent * len(done), abs(value))}
    for answer in done:
        shown = next(
            (number(value) for name, value in leaves(answer.json) if name.rpartition(".")[2] == field.name), None
        )
        if bent(sent, shown):
            wrong[field.name] = str(shown)
    if not done or not wrong:
        return None
    return Sighting(
        kind=OVERFLOW,
        operation=operation.name,
        claim=f"{operation.name} takes `{field.name}` = {amount}, and what is read afterwards is another amount.",
        evidence={"sent": str(amount), "times": len(done), "read": wrong},
        steps=tuple(answer.exchange for answer in done),
    )


def strike_leak(site: Site) -> Iterator[Outcome]:
    """Move parts of a cent from one to another, and add up what both hold."""
    found = False
    for operation, field, base in _bases(site):
        if WHOLE.search(field.name) or field.type == "integer":
            continue
        other = site.people.new()
        to = addressee(operation, other)
        if not to or site.left() < RESERVE_SECONDS:
            continue
        found = True
        request = base.with_fields(**to)
        for amount in PART_OF_CENT:
            sighting = _leaks(site, operation, request.with_fields(**{field.name: amount}), other)
            if sighting is not None:
                yield sighting
                break
    if not found:
        raise Unavailable("no operation moves parts of an amount from one person to another")


def _leaks(site: Site, operation: Operation, request: Request, other: Actor) -> Sighting | None:
    views = [windows(site, actor, operation, {}) for actor in (request.actor, other)]
    before = sum((_holds(site, view) for view in views), Decimal(0))
    answers = [site.send(request) for _ in range(LEAKS)]
    after = sum((_holds(site, view) for view in views), Decimal(0))
    done = [answer for answer in answers if answer.ok]
    if not done or not leaked(before, after):
        return None
    amount = request.body[next(name for name in request.body if NAMED.search(name))]
    return Sighting(
        kind=LEAK,
        operation=operation.name,
        claim=f"{len(done)} times {operation.name} of {amount}: together the two hold {after - before:+} of what they held.",
        evidence={"amount": amount, "times": len(done), "sum_before": str(before), "sum_after": str(after)},
        steps=(done[0].exchange,),
    )


def _holds(site: Site, view: tuple[Request, ...]) -> Decimal:
    """Add up what one person holds, each read once."""
    held: dict[str, Decimal] = {}
    for window in view:
        answer = site.send(window)
        held |= numbers(answer.json, HELD) if answer.ok else {}
    return sum(held.values(), Decimal(0))


def _bases(site: Site) -> Iterator[tuple[Operation, Field, Request]]:
    """Give each amount that can be sent at all, with a request that has just succeeded."""
    callers = Callers(site)
    known: dict[str, Request | None] = {}
    tried = False
    for operation, field in places(site):
        if site.left() < RESERVE_SECONDS:
            return
        if operation.name not in known:
            known[operation.name] = _base(callers, operation)
        base = known[operation.name]
        if base is not None and field.name in base.body:
            tried = True
            yield operation, field, base
    if not tried:
        raise Unavailable("no operation that takes an amount succeeded")


def _base(callers: Callers, operation: Operation) -> Request | None:
    """Make a request that succeeds."""
    done = callers.able(operation)
    return done[0] if done is not None and isinstance(done[0].body, Mapping) else None


def _typed(field: Field, amount: Decimal, like: Any) -> Any:
    """Write an amount as the field wants it: a text where it is one."""
    return str(amount) if field.type == "string" and isinstance(like, str) else int(amount)


def _attack(kind: str, claim: str, effect: str, strike: Any) -> Attack:
    return Attack(kind, (kind,), claim, effect, strike, harm=Harm.NONE, seconds=10.0)


ATTACKS: Final[tuple[Attack, ...]] = (
    _attack(
        NEGATIVE,
        "An amount below zero is accepted.",
        "The row shows it, or the caller holds more after spending.",
        strike_below,
    ),
    _attack(
        FLOAT,
        "Money is counted in binary floats.",
        "An amount with the tail of a binary float comes back.",
        strike_float,
    ),
    _attack(OVERFLOW, "A huge amount bends the sum.", "What is read afterwards is not what was sent.", strike_overflow),
    _attack(
        LEAK,
        "Rounding makes or loses money.",
        "Two people who trade parts of a cent hold another sum than before.",
        strike_leak,
    ),
)
