"""A request that is sent again because its answer was lost: the same key, the same body, and it must be done once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from techlead.audit.attacks.attack import Attack, Compare, Harm, Outcome, Shows, Sighting, Site, Unavailable
from techlead.audit.attacks.sight import ACCOUNT, Callers, View, look, values_of, windows
from techlead.audit.finding import Severity
from techlead.audit.target.exchange import Answer, Request
from techlead.audit.target.operation import Meaning, Operation, Role
from techlead.audit.target.reading import identifier, leaves

KIND: Final = "idempotency.missing"
RESERVE_SECONDS = 2.0
MESSAGE_SECONDS = 0.4
TELLING_CHARACTERS = 8
KEY: Final = "Idempotency-Key"
MONEY: Final = re.compile(
    r"pay|charge|top-?up|deposit|withdraw|transfer|refund|purchase|checkout|order|book|enrol|subscri|redeem|payout|donat|send-money|loan|bill",
    re.IGNORECASE,
)
"""Words of paths on which money or something that was bought moves."""
CAUSES: Final[Mapping[str, tuple[str, Severity]]] = {
    "money": ("moves the money twice", Severity.HIGH),
    "order": ("orders twice", Severity.MEDIUM),
    "message": ("sends its messages twice", Severity.MEDIUM),
    "row": ("makes two rows of one", Severity.LOW),
}


def done_again(first: View, second: View, answers: tuple[Answer, Answer]) -> bool:
    """Tell whether the retry changed what the first request changed: rows, money, or a second row of its own."""
    one, other = (identifier(answer.json) for answer in answers)
    rows = any(second.counts.get(name, 0) > 0 for name, more in first.counts.items() if more > 0)
    held = any(second.held.get(name) == moved for name, moved in first.held.items())
    made = one is not None and other is not None and one != other
    return answers[1].ok and (rows or held or made)


def strike(site: Site) -> Iterator[Outcome]:
    """Do each operation that makes or moves something, and send the same request again."""
    callers = Callers(site)
    tried = False
    for operation in sorted(site.places(Role.CREATE, Role.ACT, Role.OTHER), key=lambda one: not _money(one)):
        if operation.method != "POST" or operation.role in ACCOUNT:
            continue
        if site.left() < RESERVE_SECONDS:
            return
        prepared = _prepared(site, callers, operation)
        if prepared is not None:
            tried = True
            yield from _twice(site, operation, prepared)
    if not tried:
        raise Unavailable("no POST that makes or moves something succeeded")


def _prepared(site: Site, callers: Callers, operation: Operation) -> Request | None:
    """Make a request that succeeds: one of its kind is spent to learn who may send it."""
    done = callers.able(operation)
    if done is None:
        return None
    try:
        fresh = callers.fresh(operation, done[0].actor)
    except Unavailable:
        return None
    return fresh.but(headers={**fresh.headers, KEY: f"audit-{site.seed}-{abs(hash(operation.name)) % 10**9}"})


def _twice(site: Site, operation: Operation, request: Request) -> Iterator[Outcome]:
    through = windows(site, request.actor, operation, values_of(operation, request))
    mark = site.world.ledger.mark()
    before = look(site, through)
    first = site.send(request)
    if not first.ok:
        return
    between = look(site, through)
    messages = _arrived(site, mark, request)
    again = site.send(request)
    after = look(site, through)
    one, other = between.since(before), after.since(between)
    if not done_again(one, other, (first, again)):
        return
    repeated = _arrived(site, mark, request) - messages if messages else 0
    cause = _cause(operation, other, repeated)
    what, severity = CAUSES[cause]
    yield Sighting(
        kind=KIND,
        operation=operation.name,
        claim=f"{operation.name}, sent again with the same {KEY} and body because its answer was lost, {what}.",
        cause=cause,
        evidence=_evidence(one, other, first, again, repeated),
        steps=(first.exchange, again.exchange),
        severity=severity,
        shows=Shows(Compare.DIFFERS) if again.ok and first.json != again.json else Shows(),
    )


def _arrived(site: Site, mark: int, request: Request) -> int:
    """Count the messages that hold a text of the request: others may come from what was done before."""
    texts = [value for _, value in leaves(request.body) if isinstance(value, str) and len(value) >= TELLING_CHARACTERS]
    if not texts:
        return 0
    site.world.ledger.wait(lambda: bool(site.world.ledger.arrivals(mark)), MESSAGE_SECONDS)
    return sum(any(text in arrival.text for text in texts) for arrival in site.world.ledger.arrivals(mark))


def _cause(operation: Operation, change: View, messages: int) -> str:
    if change.held:
        return "money"
    if _money(operation):
        return "order"
    return "message" if messages else "row"


def _money(operation: Operation) -> bool:
    return bool(MONEY.search(operation.path)) or any(
        field.meaning is Meaning.MONEY for field in operation.body if operation.role is not Role.CREATE
    )


def _evidence(first: View, second: View, one: Answer, other: Answer, messages: int) -> dict[str, Any]:
    return {
        "rows_first": dict(first.counts),
        "rows_again": dict(second.counts),
        "money_first": {name: str(value) for name, value in first.held.items()},
        "money_again": {name: str(value) for name, value in second.held.items()},
        "ids": [identifier(one.json), identifier(other.json)],
        "messages_again": messages,
    }


ATTACK: Final = Attack(
    name="idempotency.missing",
    kinds=(KIND,),
    claim="A request that is sent again with the same Idempotency-Key is done again.",
    effect="The same change is seen a second time: a row more, the money moved once more, or another id.",
    strike=strike,
    harm=Harm.NONE,
    seconds=15.0,
)
ATTACKS: Final[tuple[Attack, ...]] = (ATTACK,)
