"""Attacks on the log-in: guessing without limit, with and without forged client addresses, and telling who has an account."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from statistics import median
from time import monotonic
from typing import Final

from techlead.audit.attacks.attack import Attack, Compare, Harm, Need, Outcome, Shows, Sighting, Site, Unavailable
from techlead.audit.attacks.standing import one
from techlead.audit.detect import ranks
from techlead.audit.detect.canaries import spellings
from techlead.audit.finding import Question, Severity
from techlead.audit.target.exchange import Actor, Answer, Request
from techlead.audit.target.operation import Meaning, Operation, Role

SLOWED: Final = "login.no-throttle: guessing is slowed down"
"""What the notebook says, so that the second run goes straight to forged addresses."""
GUESSES_MIN, GUESSES_MAX = 28, 100
GUESSING_SECONDS = 2.0
AT_ONCE = 4
QUICK_SECONDS = 0.15
"""Of one log-in: where it takes longer, a program that guesses takes too long to be tried."""
TOO_MANY: Final = frozenset({423, 429})
PAIRS = 9
PAIRS_MIN = 4
RATIO_WORTH_MORE = 1.3
WRONG_PASSWORD = "Not-the-one-{}-Plover"  # noqa: S105 - it is wrong on purpose
NOBODY = "nobody-{}@example.net"
FORGED_HEADERS: Final = (
    "X-Forwarded-For",
    "X-Real-IP",
    "X-Client-IP",
    "CF-Connecting-IP",
    "True-Client-IP",
    "Forwarded",
)


def no_throttle(site: Site) -> Iterator[Outcome]:
    """Guess one account's password many times, then give the right one; where that is slowed down, forge the address."""
    operation = _log_in(site)
    actor = site.people.new()
    if not site.notebook.get(SLOWED):
        slowed, tried, last = _guess(site, actor, lambda _: {})
        site.notebook[SLOWED] = slowed
        if not slowed:
            claim = f"{tried} wrong passwords for one account in a row, and the right one still logged in."
            wrong = site.send(site.people.log_in_request(actor, WRONG_PASSWORD.format(0)))
            yield _unlimited(operation, claim, last, wrong if wrong.seconds < QUICK_SECONDS else None)
            return
    another = site.people.new()
    slowed, tried, last = _guess(site, another, _forged_address)
    if not slowed:
        claim = (
            f"The limit goes by an address that the client writes itself: with {FORGED_HEADERS[0]} changed each time, "
        )
        yield _unlimited(operation, f"{claim}{tried} wrong passwords passed, and the right one logged in.", last)


def _unlimited(operation: Operation, claim: str, last: Answer, wrong: Answer | None = None) -> Sighting:
    """Say that guessing is not limited; with a wrong password that is sent again and again it can be shown by plain requests."""
    shows = Shows(Compare.STATUS, (last.status,)) if wrong else Shows()
    steps = (*((wrong.exchange,) * GUESSES_MIN if wrong else ()), last.exchange)
    return Sighting("login.no-throttle", operation.name, claim, steps=steps, shows=shows)


def _log_in(site: Site) -> Operation:
    """Find the log-in."""
    operation = one(site, Role.LOG_IN)
    if operation is None:
        raise Unavailable(Need.PEOPLE.value)
    return operation


def _forged_address(number: int) -> dict[str, str]:
    """Pretend to come from another address with each try."""
    address = f"203.0.113.{number % 250 + 1}" if number < 250 else f"198.51.100.{number % 250 + 1}"  # noqa: PLR2004 - RFC 5737
    return {name: f"for={address}" if name == "Forwarded" else address for name in FORGED_HEADERS}


def _guess(site: Site, actor: Actor, headers: Callable[[int], dict[str, str]]) -> tuple[bool, int, Answer]:
    """Try wrong passwords, then the right one: whether that was slowed down, after how many, and the last answer."""
    begun = monotonic()
    tried = 0
    while tried < GUESSES_MAX and (tried < GUESSES_MIN or monotonic() - begun < GUESSING_SECONDS):
        if site.left() < 0:
            raise Unavailable(f"guessing {GUESSES_MIN} passwords takes longer than there was time")
        wrong = [
            _from(site.people.log_in_request(actor, WRONG_PASSWORD.format(number)), headers(number))
            for number in range(tried, tried + AT_ONCE)
        ]
        answers = site.together(wrong)
        tried += len(answers)
        refused = next((answer for answer in answers if answer.status in TOO_MANY), None)
        if refused is not None:
            return True, tried, refused
    last = site.send(_from(site.people.log_in_request(actor), headers(tried)))
    return not _came_in(last), tried, last


def _from(request: Request, headers: Mapping[str, str]) -> Request:
    """Add headers to those that the request has: a form is none without its Content-Type."""
    return request.but(headers={**request.headers, **headers})


def _came_in(last: Answer) -> bool:
    """Tell whether the right password was taken after all the wrong ones."""
    return last.ok


def enumeration(site: Site) -> Iterator[Outcome]:
    """Ask the same of an account that exists and of one that does not."""
    known = site.people.first
    yield from _by_log_in(site, known)
    yield from _by_forgetting(site, known)
    yield from _by_sign_up(site, known)


def _stranger(actor: Actor, number: int) -> Actor:
    """Make up somebody without an account, whose log-in looks like the actor's."""
    if "@" in actor.login:
        name, _, domain = actor.login.partition("@")
        return Actor("nobody", login=f"{name[::-1]}{number}@{domain}", password=actor.password)
    return Actor("nobody", login=f"{actor.login[::-1]}{number}", password=actor.password)


def _differ(first: Answer, second: Answer, *logins: str) -> bool:
    """Tell whether two answers say different things, whatever they echo, count or stamp."""
    return (first.status, _masked(first, logins)) != (second.status, _masked(second, logins))


def _masked(answer: Answer, logins: Sequence[str]) -> str:
    """Blank what differs in any two answers: the log-in, ids, numbers, times."""
    text = answer.text.lower()
    for login in logins:
        for way in sorted(spellings(login), key=len, reverse=True):
            text = text.replace(way, "?")
    return re.sub(r"[0-9a-f]{8,}(?:-[0-9a-f]{4,})*|\d+", "#", text)


def _by_log_in(site: Site, known: Actor) -> Iterator[Outcome]:
    """Log in with a wrong password."""
    operation = _log_in(site)
    nobody = _stranger(known, 0)
    wrong = WRONG_PASSWORD.format("x")
    yes = site.send(site.people.log_in_request(known, wrong))
    no = site.send(site.people.log_in_request(nobody, wrong))
    if TOO_MANY & {yes.status, no.status} or not (yes.status and no.status):
        return
    if _differ(yes, no, known.login, nobody.login):
        claim = f"A wrong password is answered differently for an account that exists ({yes.status}) and one that does not ({no.status})."
        yield _told(operation, claim, (yes, no))


def by_time(site: Site) -> Iterator[Outcome]:
    """Log in with wrong passwords, in turn for accounts that exist and that do not, and compare how long that takes."""
    operation = _log_in(site)
    known = (site.people.first, site.people.second)
    slow: list[float] = []
    fast: list[float] = []
    for number in range(PAIRS + 1):
        yes = site.send(site.people.log_in_request(known[number % len(known)], WRONG_PASSWORD.format(number)))
        no = site.send(site.people.log_in_request(_stranger(known[0], number), WRONG_PASSWORD.format(number)))
        if TOO_MANY & {yes.status, no.status}:
            break
        if number:  # the first ones warm up
            slow.append(yes.seconds)
            fast.append(no.seconds)
        if number == PAIRS_MIN and median(slow) < RATIO_WORTH_MORE * median(fast):
            return
    if ranks.apart(slow, fast):
        times = {"exists_seconds": round(median(slow), 3), "does_not_seconds": round(median(fast), 3)}
        claim = f"A wrong password takes {times['exists_seconds']} s for an account that exists, {times['does_not_seconds']} s for none."
        yield Sighting("login.enumeration", operation.name, claim, cause="time", evidence=times)


def _by_forgetting(site: Site, known: Actor) -> Iterator[Outcome]:
    """Ask for a reset of the password."""
    operation = one(site, Role.FORGOT)
    if operation is None:
        return
    names = [field.name for field in operation.body if field.meaning in {Meaning.EMAIL, Meaning.USERNAME}] or ["email"]
    nobody = _stranger(known, 1)
    yes, no = (
        site.call(operation, site.people.anonymous, body=dict.fromkeys(names, login))
        for login in (known.login, nobody.login)
    )
    if not TOO_MANY & {yes.status, no.status} and yes.ok and _differ(yes, no, known.login, nobody.login):
        claim = f"A lost password is answered differently for an account that exists ({yes.status}) and one that does not ({no.status})."
        yield _told(operation, claim, (yes, no))


def _by_sign_up(site: Site, known: Actor) -> Iterator[Outcome]:
    """Sign up with a log-in that is taken, and with a free one."""
    operation = one(site, Role.SIGN_UP)
    if operation is None:
        return
    fresh = site.people.sign_up_request()
    name = next((name for name in _login_names(operation, fresh, known) if name in (fresh.body or {})), None)
    if name is None:
        return
    taken = site.send(site.people.sign_up_request().with_fields(**{name: known.login}))
    free = site.send(fresh)
    if not free.ok or TOO_MANY & {taken.status} or not _differ(taken, free, known.login, str(fresh.body[name])):
        return
    if "@" in known.login:
        claim = f"Signing up tells whether an address has an account: {taken.status} where it has one, {free.status} where not."
        yield _told(operation, claim, (taken,), Severity.LOW)
    else:
        yield Question(
            about=operation.name,
            kind="login.enumeration",
            question="Signing up tells whether a user name is taken. Are user names public anyway?",
            answers=("Yes, user names are public", "No, nobody should learn who has an account"),
        )


def _login_names(operation: Operation, request: Request, known: Actor) -> Iterator[str]:
    """Give the fields of the sign-up that may hold the log-in, the likeliest first."""
    wanted = Meaning.EMAIL if "@" in known.login else Meaning.USERNAME
    yield from (field.name for field in operation.body if field.meaning is wanted)
    yield from islice((name for name in (request.body or {}) if name in {"email", "username", "login"}), 3)


def _told(operation: Operation, claim: str, answers: Sequence[Answer], severity: Severity | None = None) -> Sighting:
    """Say that an answer gives an account away."""
    steps = tuple(answer.exchange for answer in answers)
    seen = {"answers": [{"status": answer.status, "body": answer.text[:200]} for answer in answers]}
    return Sighting(
        "login.enumeration",
        operation.name,
        claim,
        cause=operation.name,
        evidence=seen,
        steps=steps,
        severity=severity,
        shows=Shows(Compare.UNLIKE) if len(steps) > 1 else Shows(),
    )


_PEOPLE: Final = frozenset({Need.PEOPLE})
ATTACKS: Final = (
    Attack(
        "login.no-throttle",
        ("login.no-throttle",),
        "Passwords can be guessed without limit.",
        "after all the wrong ones the right password logs in",
        no_throttle,
        _PEOPLE,
        Harm.WRITES,
        seconds=40.0,  # an instance to itself: nobody can log in afterwards where the limit goes by address
    ),
    Attack(
        "login.enumeration",
        ("login.enumeration",),
        "Answers tell who has an account.",
        "the same request is answered differently, beyond what it echoes",
        enumeration,
        _PEOPLE,
        Harm.WRITES,
    ),
    Attack(
        "login.time",
        ("login.enumeration",),
        "The time of an answer tells who has an account.",
        "a rank-sum test over requests sent in turn, and a ratio of medians",
        by_time,
        _PEOPLE,
        Harm.QUIET,
        seconds=20.0,
        hashing=True,
    ),
)
