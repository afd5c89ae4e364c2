"""Words of the caller that become part of a statement, a template or a command; told by what it computes, never by an error alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from techlead.audit.attacks.attack import Attack, Compare, Harm, Outcome, Shows, Sighting, Site, Unavailable
from techlead.audit.attacks.input.hostile import fields_of, with_value
from techlead.audit.attacks.sight import Callers, values_of
from techlead.audit.finding import Severity
from techlead.audit.target.exchange import Answer, Request
from techlead.audit.target.operation import Operation, Role
from techlead.audit.target.reading import filled, rows

KIND: Final = "input.injection"
RESERVE_SECONDS = 2.0
TEXTS_MAX = 4
PRODUCT: Final = str(1337 * 7919)
USUAL: Final = ("q", "search", "sort", "order_by", "filter")


@dataclass(frozen=True, slots=True)
class Oracle:
    """Two values that differ in one condition only: true gives more rows than false where they are run as SQL."""

    true: str
    false: str


ORACLES: Final = (
    Oracle("zqx' OR '1'='1", "zqx' OR '1'='2"),
    Oracle("zqx%' OR 1=1 -- ", "zqx%' OR 1=2 -- "),
    Oracle('zqx" OR "1"="1', 'zqx" OR "1"="2'),
    Oracle("-7 OR 1=1", "-7 OR 1=2"),
)
COMPUTED: Final = (
    ("template", "{{1337*7919}}"),
    ("template", "${1337*7919}"),
    ("command", ";expr 1337 '*' 7919"),
    ("command", "$(expr 1337 \\* 7919)"),
    ("command", "|expr 1337 '*' 7919"),
)


def answers_differ(true: Answer, false: Answer, plain: Answer) -> bool:
    """Tell whether the true condition shows rows that neither the false one nor a word that nothing matches does."""
    seen, unseen = _shown(true), _shown(false)
    same = false.status == plain.status != 0 and unseen <= _shown(plain)
    return true.ok and seen > unseen and same


def computed(answer: Answer) -> bool:
    """Tell whether the answer holds the product that only somebody who runs the words can know."""
    return PRODUCT in answer.text


def strike(site: Site) -> Iterator[Outcome]:
    """Put conditions and sums into every text that reaches an operation."""
    callers = Callers(site)
    for operation in sorted(site.places(), key=lambda one: one.unsafe):
        if operation.role in (Role.DOCUMENTS, Role.SIGN_UP, Role.LOG_IN) or site.left() < RESERVE_SECONDS:
            continue
        request, _ = callers.reached(operation)
        if operation.role is Role.LIST and operation.resource:
            with suppress(Unavailable):  # a condition can only show rows that are there
                site.make(operation.resource, request.actor)
        yield from _places(site, operation, request)


def _places(site: Site, operation: Operation, base: Request) -> Iterator[Outcome]:
    """Try each text of one operation: its path, its queries, its fields."""
    values = values_of(operation, base)
    for parameter in operation.parameters:
        if parameter.type != "string":
            continue
        made = [
            base.but(path=filled(operation.path, {**values, parameter.name: quote(word, safe="")})) for word in _words()
        ]
        yield from _judge(site, operation, parameter.name, made)
    names = [field.name for field in operation.query]
    if operation.role is Role.LIST:
        names += [name for name in USUAL if name not in names]
    for name in names:
        bare = base.path.partition("?")[0]
        yield from _judge(site, operation, name, [base.but(path=f"{bare}?{name}={quote(word)}") for word in _words()])
    if operation.unsafe and operation.method != "DELETE" and base.raw is None:
        texts = [name for name, field in fields_of(operation, base).items() if field.type == "string"]
        for name in texts[:TEXTS_MAX]:  # what writes shows no rows to compare, but may compute
            if site.left() > RESERVE_SECONDS:
                answers = site.many([with_value(base, name, word) for _, word in COMPUTED], 6.0, at_once=6)
                yield from _computed(operation, name, answers)


def _words() -> list[str]:
    return [
        "zqxplain",
        *(word for each in ORACLES for word in (each.true, each.false)),
        *(word for _, word in COMPUTED),
    ]


def _judge(site: Site, operation: Operation, place: str, made: list[Request]) -> Iterator[Outcome]:
    if site.left() < RESERVE_SECONDS:
        return
    plain, *answers = site.many(made, 6.0, at_once=6)
    for number in range(len(ORACLES)):
        true, false = answers[2 * number], answers[2 * number + 1]
        if answers_differ(true, false, plain):
            claim = f"{operation.name} runs `{place}` as SQL: a true condition shows {_shown(true)} rows, a false one {_shown(false)}."
            yield _sighting(operation, place, claim, (false, true))
            break
    yield from _computed(operation, place, answers[2 * len(ORACLES) :])


def _computed(operation: Operation, place: str, answers: Sequence[Answer]) -> Iterator[Outcome]:
    for (language, word), answer in zip(COMPUTED, answers, strict=True):
        if computed(answer):
            claim = f"{operation.name} runs `{place}` as a {language}: {word} came back as {PRODUCT}."
            yield _sighting(operation, place, claim, (answer,))
            return


def _sighting(operation: Operation, place: str, claim: str, answers: tuple[Answer, ...]) -> Sighting:
    return Sighting(
        kind=KIND,
        operation=operation.name,
        claim=claim,
        cause="" if place else operation.name,
        evidence={"place": place},
        steps=tuple(answer.exchange for answer in answers),
        shows=Shows(Compare.CONTAINS, (PRODUCT,)) if computed(answers[-1]) else Shows(Compare.UNLIKE),
        severity=Severity.HIGH,
    )


def _shown(answer: Answer) -> int:
    """Count what an answer shows: the rows of a list, or one object."""
    data = answer.json if answer.ok else None
    one = isinstance(data, dict) and bool(data) and not any(isinstance(value, list) for value in data.values())
    return len(rows(data)) or int(one)


ATTACK: Final = Attack(
    name="input.injection",
    kinds=(KIND,),
    claim="Words of a caller are run as SQL, as a template or as a command.",
    effect="A true condition shows rows that a false one hides, or a product that was never sent comes back.",
    strike=strike,
    harm=Harm.NONE,
    seconds=15.0,
)
