"""What should have ended a token: log-out, a new password, deletion, a ban, a lost role, its own end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from techlead.audit.attacks.attack import Compare, Need, Outcome, Shows, Sighting, Site, Unavailable
from techlead.audit.attacks.session.banning import Way, account_id, delete_own, deletes_own, ways
from techlead.audit.attacks.standing import Proof, held, issuer, known_proofs, one, password_body, refused
from techlead.audit.detect import tokens
from techlead.audit.detect.canaries import stands_in
from techlead.audit.finding import Question, Severity
from techlead.audit.target.exchange import Actor, Answer
from techlead.audit.target.operation import Audience, Role

NEW_PASSWORD = "Quarry-41-lantern-Moss"  # noqa: S105 - of an account that lives a minute
SECONDS_PAST_THE_END = 120.0
SECONDS_FOR_EVER = 400 * 86400.0
WORKS: Final = Shows(Compare.STATUS, (200, 201, 204))


def revoked(site: Site) -> Iterator[Outcome]:
    """Log out and go on."""
    operation = one(site, Role.LOG_OUT)
    if operation is None:
        message = "the target has no log-out"
        raise Unavailable(message)
    actor = site.people.new()
    found = known_proofs(site, actor)
    ended = site.call(operation, actor)
    answer = held(site, found, actor) if ended.ok else None
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
    body = password_body(operation, actor.password, NEW_PASSWORD)
    changed = site.call(operation, actor, body=body)
    if not changed.ok or site.people.log_in(actor, NEW_PASSWORD) is None:
        message = f"the password could not be changed: {operation.name} answered {changed.status}"
        raise Unavailable(message)
    answer = held(site, found, thief)
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
        if not gone.ok or not refused(site, actor):
            continue
        answer = held(site, found, actor)
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
        if not locked.ok or not refused(site, victim):
            continue
        during = held(site, found, victim)
        after = way.unlock(site, admin, id_) and site.people.log_in(victim) is not None
        again = during is None and after and held(site, found, victim) is not None
        return during, again, locked
    return None


def stale_role(site: Site) -> Iterator[Outcome]:
    """Take an administrator's role away and use his token."""
    if site.people.admin is None or site.database is None:
        message = Need.ADMIN.value if site.people.admin is None else Need.DATABASE.value
        raise Unavailable(message)
    admin, user = site.people.new("admin"), site.people.second
    staff = _staff_request(site, admin, user)
    if staff is None:
        message = "no operation was found that answers an administrator and refuses a user"
        raise Unavailable(message)
    if not _demote(site, admin, user):
        message = "no way was found to take a role away"
        raise Unavailable(message)
    answer = _outlived(site, staff, admin)
    if answer is None:
        return
    yield Sighting(
        "session.role-stale",
        staff.request.operation or staff.request.path,
        f"An administrator who is none any more still reads {staff.request.path} with his old token; a new log-in is refused.",
        cause="role in the token",
        steps=(answer.exchange,),
        shows=WORKS,
    )


def _outlived(site: Site, staff: Answer, admin: Actor) -> Answer | None:
    """Give the answer to the old token where it is let in and a fresh log-in of the same person is not."""
    fresh = site.people.log_in(admin)
    answer = site.send(staff.request.but(actor=admin))
    refused = fresh is not None and not site.send(staff.request.but(actor=fresh)).ok
    return answer if answer.ok and refused else None


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
        mine, other = _row_of(rows, admin), _row_of(rows, user)
        if mine is None or other is None:
            continue
        power = {name: other[name] for name in mine if POWER.search(name) and mine[name] != other[name]}
        column = next(name for name, value in mine.items() if str(value).lower() == admin.login.lower())
        changed = [
            database.change(f'update "{table}" set "{name}" = ? where "{column}" = ?', value, mine[column])  # noqa: S608 - names of the target
            for name, value in power.items()
        ]
        if changed:
            return True
    return False


def _row_of(rows: Sequence[Mapping[str, Any]], actor: Actor) -> Mapping[str, Any] | None:
    """Find an account's row by its log-in."""
    login = actor.login.lower()
    return next((row for row in rows if login in {str(value).lower() for value in row.values()}), None)


POWER: Final = re.compile(r"role|admin|staff|superuser|level|group|is_agent|kind|type|perm", re.IGNORECASE)


def expired(site: Site) -> Iterator[Outcome]:
    """Move the clock past the end of a token and use it."""
    actor = site.people.new()
    found = known_proofs(site, actor)
    token = tokens.read(actor.token)
    end = token.expires() if token else None
    seconds = SECONDS_FOR_EVER if end is None else max(end - site.clock.now(), 0) + SECONDS_PAST_THE_END
    site.clock.advance(seconds)
    answer = held(site, found, actor)
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
            issuer(site),
            claim,
            evidence={"claims": sorted(token.claims)},
            steps=(answer.exchange,),
        )
    else:
        yield Question(
            about=issuer(site),
            kind="session.expired-token",
            question=f"A token still works {days:.0f} days after it was issued, unused in between. Do sessions never end?",
            answers=("Yes, they are meant to last", "No, they should end"),
        )
