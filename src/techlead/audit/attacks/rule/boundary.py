"""Digits of other scripts: a check that says `digit` lets them through, and what follows reads another number, or none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from techlead.audit.attacks.attack import Attack, Compare, Harm, Outcome, Shows, Sighting, Site, Unavailable
from techlead.audit.attacks.sight import ACCOUNT, Callers
from techlead.audit.finding import Severity
from techlead.audit.target.exchange import Answer, Request
from techlead.audit.target.operation import Field, Meaning, Operation
from techlead.audit.target.reading import leaves

KIND: Final = "rule.boundary"
NUMBERED: Final = re.compile(
    r"phone|mobile|iban|tax|vat|zip|postal|postcode|card|passport|ssn|account_number", re.IGNORECASE
)
FORM: Final = {Meaning.PHONE: "+4930123456", Meaning.IBAN: "GB82WEST12345698765432"}
DIGITS: Final = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
LETTERS: Final = "no digits here"
RESERVE_SECONDS = 0.5


def taken(answer: Answer, foreign: str, letters: Answer) -> bool:
    """Tell whether digits of another script were stored by a check that refuses letters."""
    return answer.ok and not letters.ok and any(value == foreign for _, value in leaves(answer.json))


def strike(site: Site) -> Iterator[Outcome]:
    """Write numbers of phones, accounts and the like in the digits of another script."""
    callers = Callers(site)
    tried = False
    for operation in site.places(unsafe=True):
        fields = [field for field in operation.body if _numbered(field)]
        if operation.role in ACCOUNT or not fields or site.left() < RESERVE_SECONDS:
            continue
        base = callers.closest(operation)
        if base is None or not isinstance(base[0].body, dict):
            continue
        tried = True
        for field in fields:
            yield from _one(site, operation, field, base[0])
    if not tried:
        raise Unavailable("no field takes the number of a phone, an account or the like")


def _numbered(field: Field) -> bool:
    return field.type == "string" and (field.meaning in FORM or NUMBERED.search(field.name) is not None)


def _one(site: Site, operation: Operation, field: Field, base: Request) -> Iterator[Outcome]:
    plain: Any = base.body.get(field.name) or FORM.get(field.meaning) or "12345678"
    foreign = str(plain).translate(DIGITS)
    if foreign == plain or not site.send(base.with_fields(**{field.name: plain})).ok:
        return
    letters = site.send(base.with_fields(**{field.name: LETTERS}))
    answer = site.send(base.with_fields(**{field.name: foreign}))
    if taken(answer, foreign, letters):
        yield Sighting(
            kind=KIND,
            operation=operation.name,
            claim=f"{operation.name} checks `{field.name}` (letters are refused) and stores {foreign}: digits of any script pass.",
            cause="digits",
            evidence={"field": field.name, "sent": foreign},
            steps=(answer.exchange,),
            shows=Shows(Compare.STATUS, (answer.status,)),
            severity=Severity.LOW,
        )


ATTACK: Final = Attack(
    name="rule.boundary",
    kinds=(KIND,),
    claim="A check of digits lets those of other scripts through.",
    effect="They are stored as sent, by a field that refuses letters.",
    strike=strike,
    harm=Harm.NONE,
    seconds=5.0,
)
