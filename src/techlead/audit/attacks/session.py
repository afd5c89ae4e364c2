"""Attacks on sessions: what should have ended a token, and tokens that nobody issued. All judged by what the token opens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any, Final

from techlead.audit.attacks.attack import Attack, Compare, Harm, Need, Outcome, Shows, Sighting, Site, Unavailable
from techlead.audit.attacks.banning import Way, account_id, delete_own, deletes_own, ways
from techlead.audit.attacks.standing import Proof, asks_for, held, one, password_body, proofs, with_token
from techlead.audit.detect import published, tokens
from techlead.audit.detect.canaries import named_values, stands_in
from techlead.audit.finding import Question, Severity
from techlead.audit.target.exchange import Actor, Answer
from techlead.audit.target.operation import Audience, Meaning, Operation, Role

FIRST_PASSWORD, SECOND_PASSWORD = "Quarry-41-lantern-Moss", "Harbour-73-violet-Drum"
SECONDS_PAST_THE_END = 120.0
SECONDS_FOR_EVER = 400 * 86400.0
WAIT_SECONDS = 4.0
GUESSES = 30
CODE_DIGITS_MAX = 6
WORKS: Final = Shows(Compare.STATUS, (200, 201, 204))


def works(found: tuple[Proof, ...], site: Site, actor: Actor) -> Answer | None:
    """Tell whether a token still opens what only its owner may see."""
    return held(site, found, actor)


def known_proofs(site: Site, actor: Actor) -> tuple[Proof, ...]:
    """Find what the token opens; without that nothing can be told."""
    found = proofs(site, actor)
    if not found:
        message = "no operation was found that answers a user and refuses strangers"
        raise Unavailable(message)
    return found


def revoked(site: Site) -> Iterator[Outcome]:
    """Log out and go on."""
    operation = one(site, Role.LOG_OUT)
    if operation is None:
        message = "the target has no log-out"
        raise Unavailable(message)
    actor = site.people.new()
    found = known_proofs(site, actor)
    ended = site.call(operation, actor)
    answer = works(found, site, actor) if ended.ok else None
    if answer is not None:
        yield Sighting(
            "session.revoked-token",
            operation.name,
            f"After {operation.name} answered {ended.status}, the same token still reads {answer.request.path}.",
            steps=(ended.exchange, answer.exchange),
            shows=WORKS,
        )


def password_change(site: Site) -> Iterator[Outcome]:
    """Change the password in one session, go on in the other."""
    operation = one(site, Role.PASSWORD)
    if operation is None:
        message = "the target has no change of password"
        raise Unavailable(message)
    actor = site.people.new()
    thief = site.people.log_in(actor)
    if thief is None:
        message = "nobody can log in twice"
        raise Unavailable(message)
    found = known_proofs(site, thief)
    body = password_body(operation, actor.password, FIRST_PASSWORD)
    changed = site.call(operation, actor, body=body)
    if not changed.ok or site.people.log_in(actor, FIRST_PASSWORD) is None:
        message = f"the password could not be changed: {operation.name} answered {changed.status}"
        raise Unavailable(message)
    answer = works(found, site, thief)
    if answer is not None:
        yield Sighting(
            "session.password-change-keeps-sessions",
            operation.name,
            f"A session from before the change of the password still reads {answer.request.path}.",
            steps=(changed.exchange, answer.exchange),
            shows=WORKS,
        )


def self_deleted(site: Site) -> Iterator[Outcome]:
    """Delete the own account and go on; then see whose account the old token opens."""
    for operation in filter(deletes_own, site.operations):
        actor = site.people.new()
        found = known_proofs(site, actor)
        gone = delete_own(site, operation, actor)
        if not gone.ok or site.people.log_in(actor) is not None:
            continue
        answer = works(found, site, actor)
        next_one = site.people.new()
        taken = next((proof for proof in found if _opens(site, proof, actor, next_one)), None)
        if answer is not None or taken is not None:
            claim = f"After {operation.name} the deleted account's token still answers."
            if taken is not None:
                claim = f"After {operation.name} the deleted account's token opens the account that signed up next."
            yield Sighting(
                "session.deleted-or-banned-user",
                operation.name,
                claim,
                steps=(gone.exchange, *((answer.exchange,) if answer else ())),
                shows=WORKS,
                severity=Severity.CRITICAL if taken is not None else None,
            )


def _opens(site: Site, proof: Proof, actor: Actor, other: Actor) -> bool:
    """Tell whether an old token shows somebody else's account."""
    answer = site.send(proof.request.but(actor=actor))
    return answer.ok and stands_in(answer.text, other.login)


def locked_out(site: Site) -> Iterator[Outcome]:
    """Have an administrator lock a user out, and use the user's token; let him in again, and use it once more."""
    admin = site.people.admin
    revived: dict[str, bool] = {}
    for way in ways(site):
        if admin is None or way.operation.name in revived:
            continue
        seen = _lock(site, admin, way)
        if seen is None:
            continue
        during, after, locked = seen
        if during is not None:
            yield Sighting(
                "session.deleted-or-banned-user",
                way.operation.name,
                f"After {way.operation.name} the user cannot log in any more, but his token still reads {during.request.path}.",
                cause="token outlives the account",
                steps=(locked.exchange, during.exchange),
                shows=WORKS,
            )
        revived[way.operation.name] = after
    yield from _revivals(revived)


def _revivals(revived: dict[str, bool]) -> Iterator[Outcome]:
    """Judge tokens that work again after a ban is lifted: a hole where the target itself ends them elsewhere, else a question."""
    ended = [name for name, again in revived.items() if not again]
    for name in (name for name, again in revived.items() if again):
        if ended:
            yield Sighting(
                "session.deleted-or-banned-user",
                name,
                f"Tokens from before a ban work again when it is lifted; {ended[0]} ends them for good, {name} does not.",
                cause="token revives",
                severity=Severity.LOW,
            )
        else:
            yield Question(
                about=name,
                kind="session.deleted-or-banned-user",
                question="A token from before a ban works again once the ban is lifted, also a stolen one. Is that meant?",
                answers=("Yes: a ban is a pause", "No: a ban should end all tokens"),
            )


def _lock(site: Site, admin: Actor, way: Way) -> tuple[Answer | None, bool, Answer] | None:
    """Lock somebody out: what his token reads meanwhile, whether it works again afterwards, and the answer to the lock."""
    for role in sorted(site.people.roles, key=lambda role: (role != "user", role == "admin")):
        try:
            victim = site.people.new(role)
            found = known_proofs(site, victim)
            id_ = account_id(site, victim)
        except Unavailable:
            continue
        locked = way.lock(site, admin, id_)
        if not locked.ok or site.people.log_in(victim) is not None:
            continue
        during = works(found, site, victim)
        after = way.unlock(site, admin, id_) and site.people.log_in(victim) is not None
        again = during is None and after and works(found, site, victim) is not None
        return during, again, locked
    return None


def stale_role(site: Site) -> Iterator[Outcome]:
    """Take an administrator's role away and use his token."""
    if site.people.admin is None or site.database is None:
        message = Need.ADMIN.value if site.people.admin is None else Need.DATABASE.value
        raise Unavailable(message)
    admin, user = site.people.new("admin"), site.people.new()
    staff = _staff_request(site, admin, user)
    if staff is None:
        message = "no operation was found that answers an administrator and refuses a user"
        raise Unavailable(message)
    if not _demote(site, admin, user):
        message = "no way was found to take a role away"
        raise Unavailable(message)
    fresh = site.people.log_in(admin)
    answer = site.send(staff.request.but(actor=admin))
    if fresh is None or site.send(staff.request.but(actor=fresh)).ok or not answer.ok:
        return
    yield Sighting(
        "session.role-stale",
        staff.request.operation or staff.request.path,
        f"An administrator who is none any more still reads {staff.request.path} with his old token; a new log-in is refused.",
        cause="role in the token",
        steps=(answer.exchange,),
        shows=WORKS,
    )


def _staff_request(site: Site, admin: Actor, user: Actor) -> Answer | None:
    """Find a read that answers administrators alone."""
    reads = [op for op in site.operations if not op.unsafe and not op.parameters and op.role is not Role.DOCUMENTS]
    for operation in sorted(reads, key=lambda op: (op.audience is not Audience.STAFF, "admin" not in op.path)):
        try:
            answer = site.call(operation, admin)
        except Unavailable:
            continue
        if answer.ok and not site.send(answer.request.but(actor=user)).ok:
            return answer
    return None


def _demote(site: Site, admin: Actor, user: Actor) -> bool:
    """Give an account the role of a user: in its row, where the two rows differ in what gives power."""
    database = site.database
    if database is None:
        return False
    for table in database.tables():
        rows = database.rows(table)
        mine = next((row for row in rows if admin.login in map(str, row.values())), None)
        other = next((row for row in rows if user.login in map(str, row.values())), None)
        if mine is None or other is None:
            continue
        power = {name: other[name] for name in mine if POWER.search(name) and mine[name] != other[name]}
        column = next(name for name, value in mine.items() if str(value) == admin.login)
        changed = [
            database.change(f'update "{table}" set "{name}" = ? where "{column}" = ?', value, admin.login)  # noqa: S608 - names of the target
            for name, value in power.items()
        ]
        if changed:
            return True
    return False


POWER: Final = re.compile(r"role|admin|staff|superuser|level|group|is_agent|kind|type|perm", re.IGNORECASE)


def expired(site: Site) -> Iterator[Outcome]:
    """Move the clock past the end of a token and use it."""
    actor = site.people.new()
    found = known_proofs(site, actor)
    token = tokens.read(actor.token)
    end = token.expires() if token else None
    seconds = SECONDS_FOR_EVER if end is None else max(end - site.clock.now(), 0) + SECONDS_PAST_THE_END
    site.clock.advance(seconds)
    answer = works(found, site, actor)
    if answer is None:
        return
    days = seconds / 86400
    if token is not None:
        claim = (
            f"A token works {days:.1f} days after it was issued, although it ended before."
            if end is not None
            else (f"A token without an end still works after {days:.0f} days.")
        )
        yield Sighting(
            "session.expired-token",
            _log_in_name(site),
            claim,
            evidence={"claims": sorted(token.claims)},
            steps=(answer.exchange,),
        )
    else:
        yield Question(
            about=_log_in_name(site),
            kind="session.expired-token",
            question=f"A token still works {days:.0f} days after it was issued, unused in between. Do sessions never end?",
            answers=("Yes, they are meant to last", "No, they should end"),
        )


def _log_in_name(site: Site) -> str:
    """Name the operation that issues tokens."""
    operation = one(site, Role.LOG_IN, Role.SIGN_UP)
    return operation.name if operation else "log-in"


def forged(site: Site) -> Iterator[Outcome]:
    """Write a token for somebody else without the key, and read his account."""
    victim = site.people.new()
    token = tokens.read(victim.token)
    if token is None:
        message = "the target's tokens are not JSON web tokens"
        raise Unavailable(message)
    found = known_proofs(site, victim)
    for way, written in tokens.unsigned(token.but(iat=int(site.clock.now()))):
        answer = held(site, found, with_token(victim, written))
        if answer is not None:
            yield Sighting(
                "session.alg-none",
                _log_in_name(site),
                f"A forged token with {way} opened another user's account: {answer.request.path} showed it.",
                cause="signature not verified",
                evidence={"header": dict(token.header), "way": way},
                steps=(answer.exchange,),
            )
            return


def weak_key(site: Site) -> Iterator[Outcome]:
    """Find the signing key among those that everybody knows and those in the source, and sign a token for somebody else."""
    victim = site.people.new()
    found = known_proofs(site, victim)
    folder = site.state.folder
    written = published.literals(folder) if folder is not None else ()
    keys = tuple(dict.fromkeys((*published.KEYS, *written)))
    token, cookie = tokens.read(victim.token), _cookie(victim)
    if token is not None:
        key = tokens.crack(token, chain(keys, tokens.digit_keys()))
        forger = with_token(victim, tokens.sign(token.but(jti="forged"), key)) if key is not None else None
    elif cookie is not None:
        key = tokens.crack_cookie(cookie[1], keys)
        forger = _with_cookie(victim, cookie, key) if key is not None else None
    else:
        message = "the target's tokens are not signed"
        raise Unavailable(message)
    answer = held(site, found, forger) if forger is not None else None
    if key is None or answer is None:
        return
    origin = (
        "of at most six digits"
        if key.isdecimal() and key not in keys
        else ("that stands in the source" if key in written else "that everybody knows")
    )
    yield Sighting(
        "session.weak-signing-key",
        _log_in_name(site),
        f"Tokens are signed with a key {origin}: one written for another user opened his account.",
        evidence={"key": tokens.fingerprint(key), "origin": origin},
        steps=(answer.exchange,),
    )


def _cookie(actor: Actor) -> tuple[str, str] | None:
    """Give name and value of the actor's signed session cookie."""
    for part in actor.headers.get("Cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if value.count(".") >= 2:  # noqa: PLR2004 - payload, time, signature
            return name, value
    return None


def _with_cookie(actor: Actor, cookie: tuple[str, str], key: str) -> Actor:
    """Make the same actor with a session cookie signed anew."""
    written = tokens.sign_cookie(cookie[1].rpartition(".")[0], key)
    return replace(actor, headers={**actor.headers, "Cookie": f"{cookie[0]}={written}"})


def reset_again(site: Site) -> Iterator[Outcome]:
    """Ask for a reset, use its token twice; guess it where it is short; look whether the answer gives it away."""
    forgot, reset = one(site, Role.FORGOT), one(site, Role.RESET)
    if forgot is None or reset is None:
        message = "the target has no reset of passwords"
        raise Unavailable(message)
    actor = site.people.new()
    mark, before = site.log.mark(), frozenset(_stored(site))
    asked = site.call(forgot, actor, body=_addressed(forgot, actor))
    shown = frozenset(
        str(value) for name, value in named_values(asked.json) if TOKEN.search(name) or CODE.fullmatch(str(value))
    )
    for candidate in dict.fromkeys(
        (*shown, *_mailed(site, actor), *_logged(site, mark), *(set(_stored(site)) - before))
    ):
        first = _reset(site, reset, actor, candidate, FIRST_PASSWORD)
        if not first.ok or site.people.log_in(actor, FIRST_PASSWORD) is None:
            continue
        if candidate in shown:
            yield _takeover(
                forgot,
                f"{forgot.name} answers a stranger with the reset token itself: he took the account.",
                asked,
                first,
            )
        second = _reset(site, reset, actor, candidate, SECOND_PASSWORD)
        if site.people.log_in(actor, SECOND_PASSWORD) is not None:
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


def _takeover(operation: Operation, claim: str, *answers: Answer) -> Sighting:
    """Say that a reset takes an account."""
    steps = tuple(answer.exchange for answer in answers)
    return Sighting("session.reset-token-reuse", operation.name, claim, steps=steps, cause=claim[:24])


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
    ledger.wait(lambda: any(actor.login in arrival.recipients for arrival in ledger.arrivals()), WAIT_SECONDS)
    for arrival in ledger.arrivals():
        if actor.login in arrival.recipients:
            yield from IN_TEXT.findall(arrival.text)


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
    before = frozenset(_stored(site))
    site.call(forgot, actor, body=_addressed(forgot, actor))
    right = [
        code
        for code in (*_mailed(site, actor), *(set(_stored(site)) - before))
        if code.isdecimal() and len(code) == len(sample)
    ]
    if not right:
        return
    wrong = [f"{(int(right[0]) + step) % 10 ** len(sample):0{len(sample)}d}" for step in range(1, GUESSES + 1)]
    for code in wrong:
        _reset(site, reset, actor, code, SECOND_PASSWORD)
    last = _reset(site, reset, actor, right[0], FIRST_PASSWORD)
    if site.people.log_in(actor, FIRST_PASSWORD) is not None:
        yield _takeover(
            reset,
            f"A reset code of {len(sample)} digits can be guessed: after {GUESSES} wrong ones the right one worked.",
            last,
        )


_PEOPLE: Final = frozenset({Need.PEOPLE})
_ENDED: Final = "the token, sent again afterwards, still opens what it opened before and what strangers are refused"
_FORGED: Final = "a token that the target never issued opens somebody's account"
ATTACKS: Final = (
    Attack("session.revoked", ("session.revoked-token",), "A token works after log-out.", _ENDED, revoked, _PEOPLE),
    Attack(
        "session.password-change",
        ("session.password-change-keeps-sessions",),
        "Other sessions survive a change of the password.",
        f"{_ENDED}; the new password logs in",
        password_change,
        _PEOPLE,
    ),
    Attack(
        "session.self-deleted",
        ("session.deleted-or-banned-user",),
        "A deleted account's token works.",
        _ENDED,
        self_deleted,
        _PEOPLE,
    ),
    Attack(
        "session.locked-out",
        ("session.deleted-or-banned-user",),
        "A locked-out user's token works.",
        f"{_ENDED}; his password is refused",
        locked_out,
        frozenset({Need.PEOPLE, Need.ADMIN}),
        seconds=20.0,
    ),
    Attack(
        "session.role-stale",
        ("session.role-stale",),
        "A role that was taken away still works.",
        "the old token reads what a fresh log-in of the same person is refused",
        stale_role,
        frozenset({Need.PEOPLE, Need.ADMIN, Need.DATABASE}),
    ),
    Attack(
        "session.expired",
        ("session.expired-token",),
        "A token works after its end.",
        _ENDED,
        expired,
        frozenset({Need.PEOPLE, Need.CLOCK}),
        Harm.WRITES,
    ),
    Attack(
        "session.alg-none",
        ("session.alg-none",),
        "Tokens without a valid signature are taken.",
        _FORGED,
        forged,
        _PEOPLE,
    ),
    Attack(
        "session.weak-key",
        ("session.weak-signing-key",),
        "The signing key can be found out.",
        _FORGED,
        weak_key,
        _PEOPLE,
        seconds=20.0,
    ),
    Attack(
        "session.reset",
        ("session.reset-token-reuse",),
        "A reset token works twice, is given away or can be guessed.",
        "the password set by it logs in",
        reset_again,
        _PEOPLE,
        seconds=20.0,
    ),
)
