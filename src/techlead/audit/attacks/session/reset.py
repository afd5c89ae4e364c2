"""Resets of passwords: a token that works twice, is given to strangers or can be guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from techlead.audit.attacks.attack import Outcome, Sighting, Site, Unavailable
from techlead.audit.attacks.standing import asks_for, held, one, password_body, proofs
from techlead.audit.detect.canaries import named_values
from techlead.audit.target.exchange import Actor, Answer
from techlead.audit.target.operation import Meaning, Operation, Role
from techlead.audit.world.arrival import Arrival

FIRST_PASSWORD, SECOND_PASSWORD = "Quarry-41-lantern-Moss", "Harbour-73-violet-Drum"
WAIT_SECONDS = 4.0
MAILED: Final = "session.mailed"
"""Where the notebook says whether a reset is mailed: what did not come once is not waited for again."""
GUESSES = 30
CODE_DIGITS_MAX = 6


def reset_again(site: Site) -> Iterator[Outcome]:
    """Ask for a reset, use its token twice; guess it where it is short; look whether the answer gives it away."""
    forgot, reset = one(site, Role.FORGOT), one(site, Role.RESET)
    if forgot is None or reset is None:
        message = "the target has no reset of passwords"
        raise Unavailable(message)
    actor = site.people.new()
    found = proofs(site, actor, 1)
    mark, before = site.log.mark(), frozenset(_stored(site))
    asked = site.call(forgot, actor, body=_addressed(forgot, actor))
    shown = frozenset(
        str(value) for name, value in named_values(asked.json) if TOKEN.search(name) or CODE.fullmatch(str(value))
    )
    mailed = tuple(_mailed(site, actor))
    logged = tuple(_logged(site, mark))
    for candidate in dict.fromkeys((*shown, *mailed, *(set(_stored(site)) - before), *logged)):
        first = _reset(site, reset, actor, candidate, FIRST_PASSWORD)
        if not first.ok or not _logs_in(site, actor, FIRST_PASSWORD):
            continue
        if candidate in shown:
            yield _takeover(
                forgot,
                f"{forgot.name} answers a stranger with the reset token itself: he took the account.",
                asked,
                first,
            )
        if candidate in logged:
            yield _logs(forgot, asked)
        if held(site, found, actor) is not None:
            yield _keeps(reset, first)
        second = _reset(site, reset, actor, candidate, SECOND_PASSWORD)
        if _logs_in(site, actor, SECOND_PASSWORD):
            yield _takeover(reset, "A reset token set a second password after it was used.", first, second)
        yield from _guessed(site, forgot, reset, candidate)
        return
    message = "no reset token was found: neither in a mail, the log, the answer nor the database"
    raise Unavailable(message)


TOKEN: Final = re.compile(r"token|code|pin|otp|secret|link|url", re.IGNORECASE)
CODE: Final = re.compile(r"[A-Za-z0-9_.~-]{3,200}")
IN_TEXT: Final = re.compile(
    r"(?<![\w.~-])(?:[A-Za-z0-9_-]{16,}(?:\.[A-Za-z0-9_-]+){0,2}|\d{3,8}|[A-Z0-9]{6,12})(?![\w-])"
)
CANDIDATES_MAX = 12


def _logs_in(site: Site, actor: Actor, password: str) -> bool:
    """Tell whether a password is the account's now."""
    return site.people.log_in(actor, password) is not None


def _takeover(operation: Operation, claim: str, *answers: Answer) -> Sighting:
    """Say that a reset takes an account."""
    steps = tuple(answer.exchange for answer in answers)
    return Sighting("session.reset-token-reuse", operation.name, claim, steps=steps, cause=claim[:24])


def _logs(operation: Operation, answer: Answer) -> Sighting:
    """Say that the log gives a reset away."""
    claim = f"{operation.name} writes the reset code into the log: with it the account was taken."
    return Sighting("exposure.log-secret", operation.name, claim, cause="the reset code", steps=(answer.exchange,))


def _keeps(operation: Operation, answer: Answer) -> Sighting:
    """Say that a thief stays in after the owner has reset his password."""
    claim = f"A token from before {operation.name} still opens the account after it."
    steps = (answer.exchange,)
    return Sighting("session.password-change-keeps-sessions", operation.name, claim, cause="reset", steps=steps)


def _addressed(operation: Operation, actor: Actor) -> dict[str, Any]:
    """Fill in whose password is lost."""
    names = [field.name for field in operation.body if field.meaning in {Meaning.EMAIL, Meaning.USERNAME}]
    return dict.fromkeys(names or ["email"], actor.login)


def _reset(site: Site, operation: Operation, actor: Actor, token: str, password: str) -> Answer:
    """Set a password with a token, wherever it goes: body, path or query."""
    body: dict[str, Any] = {**_addressed(operation, actor), **password_body(operation, password, password)}
    if not any(field.meaning in {Meaning.EMAIL, Meaning.USERNAME} for field in operation.body):
        body.pop("email", None)
    names = [field.name for field in operation.body if asks_for(field, "token", "code", "pin", "otp", "secret", "key")]
    body.update(dict.fromkeys(names or ([] if operation.body else ["token"]), token))
    path = {field.name: token for field in operation.parameters}
    query = {field.name: token for field in operation.query if TOKEN.search(field.name)}
    return site.call(operation, site.people.anonymous, body=body, path=path, query=query)


def _mailed(site: Site, actor: Actor) -> Iterator[str]:
    """Give what may be a token in the mails to the actor."""
    ledger = site.world.ledger
    if site.notebook.get(MAILED, True):
        came = ledger.wait(lambda: any(_is_to(arrival, actor) for arrival in ledger.arrivals()), WAIT_SECONDS)
        site.notebook[MAILED] = came
    for arrival in ledger.arrivals():
        if _is_to(arrival, actor):
            yield from IN_TEXT.findall(arrival.text)


def _is_to(arrival: Arrival, actor: Actor) -> bool:
    """Tell whether a mail goes to the actor."""
    return actor.login.lower() in {address.lower() for address in arrival.recipients}


def _logged(site: Site, mark: int) -> Iterator[str]:
    """Give what may be a token in the log since the request."""
    yield from IN_TEXT.findall(site.log.since(mark))[:CANDIDATES_MAX]


def _stored(site: Site) -> Iterator[str]:
    """Give what may be a token in the database."""
    database = site.database
    if database is None:
        return
    for table in database.tables():
        for row in database.rows(table):
            yield from (
                str(value) for name, value in row.items() if value and TOKEN.search(name) and CODE.fullmatch(str(value))
            )


def _guessed(site: Site, forgot: Operation, reset: Operation, sample: str) -> Iterator[Outcome]:
    """Try wrong codes where a code is short enough to be guessed, then the right one."""
    if not sample.isdecimal() or len(sample) > CODE_DIGITS_MAX:
        return
    actor = site.people.new()
    mark, before = site.log.mark(), frozenset(_stored(site))
    site.call(forgot, actor, body=_addressed(forgot, actor))
    right = [
        code
        for code in (*_mailed(site, actor), *(set(_stored(site)) - before), *_logged(site, mark))
        if code.isdecimal() and len(code) == len(sample)
    ]
    if not right:
        return
    numbers = (f"{(int(right[0]) + step) % 10 ** len(sample):0{len(sample)}d}" for step in range(1, 10 ** len(sample)))
    for code in islice((number for number in numbers if number not in right), GUESSES):
        _reset(site, reset, actor, code, SECOND_PASSWORD)
    answers = [_reset(site, reset, actor, code, FIRST_PASSWORD) for code in dict.fromkeys(right)]
    last = next((answer for answer in answers if answer.ok), answers[-1])
    if _logs_in(site, actor, FIRST_PASSWORD):
        yield _takeover(
            reset,
            f"A reset code of {len(sample)} digits can be guessed: after {GUESSES} wrong ones the right one worked.",
            last,
        )
