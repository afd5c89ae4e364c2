"""Attacks on passwords: how they are stored, read from the database, and which ones are taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from techlead.audit.attacks.attack import Attack, Compare, Harm, Need, Outcome, Shows, Sighting, Site, Unavailable
from techlead.audit.attacks.standing import one, signed_up
from techlead.audit.detect import hashes
from techlead.audit.finding import Exchange, Question
from techlead.audit.target.exchange import Actor, Answer
from techlead.audit.target.operation import Meaning, Operation, Role

SHORT: Final = ("a", "a1c", "b4d2k")
DEBATABLE: Final = ("k7m2qx", "h5t9w2z")
EMPTY = ""


def weak_hash(site: Site) -> Iterator[Outcome]:
    """Sign up, and look for the password in the account's row and wherever else it may stand."""
    database = site.database
    if database is None:
        raise Unavailable(Need.DATABASE.value)
    steps, actor = _newcomer(site)
    for table in database.tables():
        for row in database.rows(table):
            texts = {name: hashes.decoded(value) for name, value in row.items() if isinstance(value, str | bytes)}
            for name, stored in texts.items():
                how = _how(stored, actor, row, texts)
                if how is not None:
                    yield Sighting(
                        "password.weak-hash",
                        _sign_up(site).name,
                        f"Passwords are stored {how}, in {table}.{name}.",
                        cause=f"{table}.{name}",
                        evidence={"table": table, "column": name, "stored": how},
                        steps=steps,
                        shows=Shows(Compare.STORED, (actor.login, actor.password)),
                    )
                    return


def _newcomer(site: Site) -> tuple[tuple[Exchange, ...], Actor]:
    """Sign somebody up before our eyes, or take whoever is there where that does not lead to an account."""
    answer, actor = signed_up(site)
    return ((answer.exchange,), actor) if actor is not None else ((), site.people.first)


def _how(stored: str, actor: Actor, row: Mapping[str, Any], texts: Mapping[str, str]) -> str | None:
    """Say how one column gives the password away: for certain in any row, by a cheap hash only in the account's own."""
    own = any(str(value).lower() == actor.login.lower() for value in row.values())
    if not own and actor.password not in stored and len(stored) < len(actor.password):
        return None
    beside = tuple(value for value in texts.values() if value != stored)
    if stored == actor.password or own:
        return hashes.weakness(stored, actor.password, (*beside, *(str(value) for value in row.values())))
    return None


def _sign_up(site: Site) -> Operation:
    """Find the sign-up."""
    operation = one(site, Role.SIGN_UP)
    if operation is None:
        raise Unavailable(Need.PEOPLE.value)
    return operation


def no_policy(site: Site) -> Iterator[Outcome]:
    """Sign up with passwords that are too short, and log in with them."""
    operation = _sign_up(site)
    names = [field.name for field in operation.body if field.meaning is Meaning.PASSWORD] or ["password"]
    for password in (EMPTY, *SHORT):
        answer = _taken(site, names, password)
        if answer is not None:
            what = "An empty password" if not password else f"A password of {len(password)} characters"
            yield Sighting(
                "password.no-policy",
                operation.name,
                f"{what} was accepted, and logs in.",
                evidence={"characters": len(password)},
                steps=(answer.exchange,),
                shows=Shows(Compare.STATUS, (answer.status,)),
            )
            return
    for password in DEBATABLE:
        if _taken(site, names, password) is not None:
            yield Question(
                about=operation.name,
                kind="password.no-policy",
                question=f"Passwords of {len(password)} characters are accepted; 8 are the least that is advised. Is that meant?",
                answers=("Yes", "No: at least 8"),
            )
            return


def _taken(site: Site, names: list[str], password: str) -> Answer | None:
    """Sign up with a password and log in with it: the answer to the sign-up, or None where either was refused."""
    answer, actor = signed_up(site, **dict.fromkeys(names, password))
    return answer if answer.ok and _came_in(actor) else None


def _came_in(actor: Actor | None) -> bool:
    """Tell whether whoever signed up so could log in."""
    return actor is not None


ATTACKS: Final = (
    Attack(
        "password.weak-hash",
        ("password.weak-hash",),
        "The database gives passwords away.",
        "the stored value is the known password, in clear or after one round of a fast hash, or its cost is too low",
        weak_hash,
        frozenset({Need.PEOPLE, Need.DATABASE}),
    ),
    Attack(
        "password.no-policy",
        ("password.no-policy",),
        "Passwords that are no obstacle are accepted.",
        "the short password logs in",
        no_policy,
        frozenset({Need.PEOPLE}),
        Harm.WRITES,
    ),
)
