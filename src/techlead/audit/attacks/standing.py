"""What a token opens: requests that answer one actor and refuse strangers, and whether they still do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from techlead.audit.attacks.attack import Site, Unavailable
from techlead.audit.detect.canaries import stands_in
from techlead.audit.target.exchange import Actor, Answer, Request
from techlead.audit.target.operation import Field, Meaning, Operation, Role

PROOFS_MAX = 3
TRIES_MAX = 10
FIRST: Final = (Role.ME, Role.LIST, Role.READ, Role.OTHER)
OLD_WORDS: Final = ("current", "old", "existing", "present")
PASSWORD_BODY: Final = ("current_password", "old_password", "new_password", "password")
"""What a password change is tried with where its fields are not known."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A request that its actor alone may send, and which of his canaries its answer showed."""

    request: Request
    canaries: tuple[str, ...]

    def holds(self, site: Site, actor: Actor) -> Answer | None:
        """Send it again with that actor's token; the answer where it still shows the account, else None."""
        answer = site.send(self.request.but(actor=actor))
        shown = all(stands_in(answer.text, canary) for canary in self.canaries)
        return answer if answer.ok and shown else None


def canaries_of(actor: Actor) -> tuple[str, ...]:
    """Give the values of an account that nobody else has."""
    values = (actor.login, *(str(value) for name, value in actor.fields.items() if "password" not in name.lower()))
    return tuple(dict.fromkeys(value for value in values if value and value != actor.password))


def proofs(site: Site, actor: Actor, most: int = PROOFS_MAX) -> tuple[Proof, ...]:
    """Find requests that answer this actor and refuse strangers, those that show the account first."""
    found: list[Proof] = []
    simple = [op for op in site.operations if not op.unsafe and not op.parameters and op.role in FIRST]
    for operation in sorted(simple, key=lambda op: FIRST.index(op.role))[:TRIES_MAX]:
        proof = _proof(site, actor, operation)
        if proof is not None:
            found.append(proof)
        if len(found) >= most:
            break
    return tuple(sorted(found, key=lambda proof: not proof.canaries))


def _proof(site: Site, actor: Actor, operation: Operation) -> Proof | None:
    """Try one operation."""
    try:
        answer = site.call(operation, actor)
    except Unavailable:
        return None
    if not answer.ok or site.send(answer.request.but(actor=site.people.anonymous)).ok:
        return None
    return Proof(answer.request, tuple(value for value in canaries_of(actor) if stands_in(answer.text, value)))


def held(site: Site, found: tuple[Proof, ...], actor: Actor) -> Answer | None:
    """Give the answer of the first proof that holds with this actor's token."""
    return next((answer for proof in found if (answer := proof.holds(site, actor)) is not None), None)


def with_token(actor: Actor, token: str) -> Actor:
    """Make the same actor with another token in his Authorization header."""
    scheme = actor.headers.get("Authorization", "").rpartition(" ")[0]
    return replace(actor, headers={**actor.headers, "Authorization": f"{scheme} {token}".strip()})


def one(site: Site, *roles: Role) -> Operation | None:
    """Find an operation with one of the roles; of several sign-ups or log-ins the one that people come by."""
    used = {doing for doing in map(_used, (site.people.sign_up_request, _logging_in(site))) if doing}
    found = [op for role in roles for op in site.operations if op.role is role]
    return next((op for op in found if op.name in used), found[0] if found else None)


def _used(request: Callable[[], Request]) -> str:
    """Name the operation of a request that may not be possible."""
    with suppress(Unavailable):
        return request().operation
    return ""


def _logging_in(site: Site) -> Callable[[], Request]:
    return lambda: site.people.log_in_request(Actor("nobody", login="nobody"), "none")


def asks_for(field: Field, *words: str) -> bool:
    """Tell whether a field's name contains one of the words."""
    return any(word in field.name.lower() for word in words)


def password_body(operation: Operation, old: str, new: str) -> dict[str, str]:
    """Fill the passwords of a body: the old one where the name says so, the new one in all others."""
    names = [
        field.name for field in operation.body if field.meaning is Meaning.PASSWORD or "password" in field.name.lower()
    ]
    return {name: old if any(word in name.lower() for word in OLD_WORDS) else new for name in names or PASSWORD_BODY}


def issuer(site: Site) -> str:
    """Name the operation that issues tokens."""
    operation = one(site, Role.LOG_IN, Role.SIGN_UP)
    return operation.name if operation else "log-in"


def known_proofs(site: Site, actor: Actor) -> tuple[Proof, ...]:
    """Find what the token opens; without that nothing can be told."""
    found = proofs(site, actor)
    if not found:
        message = "no operation was found that answers a user and refuses strangers"
        raise Unavailable(message)
    return found


LOGIN_NAMES: Final = ("email", "username", "login", "phone", "name")


def signed_up(site: Site, **fields: Any) -> tuple[Answer, Actor | None]:
    """Sign up with fields of one's own choice, and log in: the answer to the sign-up, and who can log in by it."""
    request = site.people.sign_up_request()
    answer = site.send(request.with_fields(**fields))
    body = answer.request.body or {}
    password = next((str(value) for name, value in body.items() if "pass" in name.lower()), "")
    for name in LOGIN_NAMES if answer.ok else ():
        if isinstance(body.get(name), str):
            actor = site.people.log_in(Actor("newcomer", login=body[name], password=password, fields=body), password)
            if actor is not None:
                return answer, actor
    return answer, None


def refused(site: Site, actor: Actor) -> bool:
    """Tell whether an account cannot be logged in to any more, while others can: a limit on log-ins refuses everybody."""
    return site.people.log_in(actor) is None and site.people.log_in(site.people.second) is not None


def again(site: Site, actor: Actor) -> Actor:
    """Log somebody in again: an attack before this one may have moved the clock past the end of his token."""
    return site.people.log_in(actor) or actor
