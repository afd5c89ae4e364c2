"""Taking power: operations of a higher role, and fields that only the server should set."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from techlead.audit.attacks.access.property import Property, objects, shows
from techlead.audit.attacks.access.staff import staffs_rows
from techlead.audit.attacks.attack import Compare, Outcome, Shows, Sighting, Site, Unavailable
from techlead.audit.attacks.standing import one, proofs, refused, signed_up
from techlead.audit.detect.canaries import stands_in
from techlead.audit.detect.enumerations import beside
from techlead.audit.finding import Question, Severity
from techlead.audit.target.exchange import Actor, Answer
from techlead.audit.target.operation import Audience, Field, Meaning, Operation, Role

STAFF: Final = re.compile(
    r"/(admin|staff|internal|management|backoffice|superuser|moderat\w*|root|system)(/|$)", re.IGNORECASE
)
POWER: Final = re.compile(
    r"^(is_?)?(admin|administrator|staff|superuser|root|moderator|owner|vip|premium|verified|approved|trusted)$|^roles?$|^user_?(role|type)$|"
    r"^account_?type$|^(balance|credits?|points|wallet|funds)(_?(cents|amount))?$|^permissions?$|^privileges?$|^access_?level$",
    re.IGNORECASE,
)
"""Names of fields that give power; `status` and `plan` are too often meant to be sent."""
COSTLY: Final = re.compile(r"admin|role|staff|super|balance|credit|wallet|owner|user", re.IGNORECASE)
"""What nobody means to give away, whether or not it is documented."""
GUESSED: Final[Mapping[str, Any]] = {
    "is_admin": True, "admin": True, "role": "admin", "is_staff": True, "is_superuser": True, "balance": 777_777, "is_verified": True,
}  # fmt: skip
SUM: Final = 777_777


def higher_functions(site: Site) -> Iterator[Outcome]:
    """Call what looks like an administrator's as an ordinary user, and look for what he must not see or bring about."""
    suspects = [op for op in site.places() if op.audience is not Audience.STAFF and STAFF.search(op.path)]
    victim, user = (site.people.new() if suspects else site.people.first), site.people.second
    for operation in suspects:
        with suppress(Unavailable):
            yield from (
                _seen(site, operation, user, victim) if not operation.unsafe else _done(site, operation, user, victim)
            )
    yield from _promotions(site)
    yield from staffs_rows(site)


def _seen(site: Site, operation: Operation, user: Actor, victim: Actor) -> Iterator[Outcome]:
    """Read as an ordinary user: somebody else's account in the answer is the effect."""
    answer = site.call(operation, user)
    if answer.ok and stands_in(answer.text, victim.login):
        yield _function(operation, f"{operation.name} showed an ordinary user the accounts of others.", answer)


def _done(site: Site, operation: Operation, user: Actor, victim: Actor) -> Iterator[Outcome]:
    """Write as an ordinary user: that the victim cannot log in any more is the effect."""
    if len(operation.parameters) != 1 or victim.id is None:
        return
    answer = site.call(operation, user, path={operation.parameters[0].name: victim.id})
    if answer.ok and refused(site, victim):
        yield _function(operation, f"{operation.name}, sent by an ordinary user, locked another user out.", answer)


def _promotions(site: Site) -> Iterator[Outcome]:
    """Give oneself a role with any operation that sets one for an account."""
    for operation in site.places(unsafe=True):
        roles = [field for field in operation.body if field.meaning is Meaning.ROLE and POWER.search(field.name)]
        if not roles or operation.role in {Role.SIGN_UP, Role.CHANGE_ME} or operation.audience is Audience.STAFF:
            continue
        user = site.people.new()  # who may gain power, and is not ordinary any more
        names = {parameter.name: _self(user, parameter.name) for parameter in operation.parameters}
        people = {
            field.name: _self(user, field.name)
            for field in operation.body
            if field.meaning in {Meaning.EMAIL, Meaning.USERNAME}
        }
        before = _power_of(site, user)
        for wanted in _higher(site, roles, before):
            try:
                answer = site.call(operation, user, path=names, body={**people, **wanted})
            except Unavailable:
                break
            gained = {
                name: value
                for name, value in _power_of(site, user).items()
                if before.get(name) != value and value in wanted.values()
            }
            if answer.ok and gained:
                yield _function(operation, f"{operation.name} let an ordinary user give himself {gained}.", answer)
                break


def _higher(site: Site, roles: Sequence[Field], now: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the roles to ask for: what the source has beside the present one, or else the most powerful that the schema allows."""
    for value in now.values():
        for other in beside(site.state.folder, value) if isinstance(value, str) else ():
            yield {field.name: other for field in roles if field.type == "string"}
    yield {field.name: _highest(field.choices, field.type) for field in roles}


def _function(operation: Operation, claim: str, answer: Answer) -> Sighting:
    """Say that a higher operation answered."""
    return Sighting(
        "access.function",
        operation.name,
        claim,
        steps=(answer.exchange,),
        shows=Shows(Compare.STATUS, (answer.status,)),
        evidence={"answer": answer.text[:300]},
    )


def _self(user: Actor, name: str) -> Any:
    """Give what a field calls the user himself."""
    if "mail" in name.lower() or "name" in name.lower():
        return user.fields.get(name, user.login)
    return user.id if user.id is not None else user.login


def _highest(choices: tuple[Any, ...], type_: str) -> Any:
    """Choose the most powerful value a field allows."""
    if type_ == "boolean":
        return True
    wanted = [choice for choice in choices if re.search(r"admin|super|owner|chef|root", str(choice), re.IGNORECASE)]
    return wanted[0] if wanted else (choices[-1] if choices else "admin")


def _power_of(site: Site, user: Actor) -> dict[str, Any]:
    """Read what power an account has: from its row, and from what it is shown of itself."""
    found: dict[str, Any] = {}
    database = site.database
    if database is not None:
        for table in database.tables():
            for row in database.rows(table):
                if user.login.lower() in {str(value).lower() for value in row.values()}:
                    found |= {f"{table}.{name}": value for name, value in row.items() if POWER.search(name)}
    for proof in proofs(site, user, 1):
        for row in objects(site.send(proof.request.but(actor=user)).json):
            found |= {name: value for name, value in row.items() if POWER.search(name)}
    return found


def mass_assignment(site: Site) -> Iterator[Outcome]:
    """Sign up and change the own account with fields that the server should set; then read them back."""
    control = _power_of(site, site.people.first)
    wanted = _wanted(site, control)
    yield from _at_sign_up(site, wanted, control)
    yield from _at_change(site, wanted)
    yield from _owner_of_row(site)


def _wanted(site: Site, control: Mapping[str, Any]) -> dict[str, Any]:
    """Choose what to send: the fields the account has, raised; guessed ones where none are known."""
    known = {name.rpartition(".")[2]: value for name, value in control.items()}
    raised = {name: _raised(site, name, value) for name, value in known.items()}
    return raised or dict(GUESSED)


def _raised(site: Site, name: str, value: Any) -> Any:
    """Give the value of a field with more power; a word that the target does not know may break the account."""
    if isinstance(value, bool) or (
        value in (0, 1) and not re.search(r"balance|credit|point|wallet|fund", name, re.IGNORECASE)
    ):
        return True
    if isinstance(value, int | float):
        return SUM
    return next(iter(beside(site.state.folder, value)), "admin") if isinstance(value, str) else "admin"


def _at_sign_up(site: Site, wanted: Mapping[str, Any], control: Mapping[str, Any]) -> Iterator[Outcome]:
    """Sign up with all of the fields, and where that is refused with each alone, so that one does not hide the others."""
    operation = one(site, Role.SIGN_UP)
    if operation is None or operation not in site.places():
        return
    documented = {field.name for field in operation.body}
    for fields in (dict(wanted), *({name: value} for name, value in wanted.items())):
        answer, raised = signed_up(site, **fields)
        if raised is None:
            continue
        after = _power_of(site, raised)
        for name, value in fields.items():
            gained = _gained(control, after, name, value)
            if gained and name in documented and not COSTLY.search(name):
                yield Question(
                    about=operation.name,
                    kind="access.mass-assignment",
                    question=f"Whoever signs up may set {name} himself. Is that meant?",
                    answers=("Yes", "No, the server should set it"),
                )
            elif gained:
                claim = f"Signing up with {name}={value!r} stored it: {gained}."
                yield _assigned(operation, claim, name, answer, _proved(site, raised, name, value))
        if len(fields) == len(wanted):
            return


def _gained(before: Mapping[str, Any], after: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    """Tell which stored or shown fields took the value that was sent."""
    return {
        key: now
        for key, now in after.items()
        if key.rpartition(".")[2] == name and now == value and before.get(key) != now
    }


def _proved(site: Site, user: Actor, name: str, value: Any) -> tuple[Answer, Shows] | None:
    """Give the answer in which the account shows the value, where it does."""
    for proof in proofs(site, user, 1):
        seen = site.send(proof.request.but(actor=user))
        if any(row.get(name) == value for row in objects(seen.json)):
            return seen, Shows(Compare.FIELD, (name, value))
    return None


def _assigned(
    operation: Operation, claim: str, name: str, answer: Answer, proof: tuple[Answer, Shows] | None = None
) -> Sighting:
    """Say that a field was taken that the server should set."""
    mild = None if COSTLY.search(name) else Severity.MEDIUM
    return Sighting(
        "access.mass-assignment",
        operation.name,
        claim,
        cause=operation.name,
        steps=(answer.exchange, *((proof[0].exchange,) if proof else ())),
        shows=proof[1] if proof else Shows(),
        severity=mild,
    )


def _at_change(site: Site, wanted: Mapping[str, Any]) -> Iterator[Outcome]:
    """Change the own account with all of the fields, and where that is refused with each alone."""
    for operation in site.places(Role.CHANGE_ME):
        documented = {field.name for field in operation.body}
        unasked = {name: value for name, value in wanted.items() if name not in documented}
        user = site.people.new()  # who may gain power, and is not ordinary any more
        now = _power_of(site, user)
        for fields in (unasked, *_each(site, unasked, now)) if unasked else ():
            before = _power_of(site, user)
            with suppress(Unavailable):
                answer = site.call(operation, user, body=fields)
                after = _power_of(site, user)
                for name, value in fields.items():
                    gained = _gained(before, after, name, value)
                    if gained:
                        claim = f"{operation.name} with {name}={value!r} stored it: {gained}."
                        yield _assigned(operation, claim, name, answer, _proved(site, user, name, value))
                if answer.ok:
                    break
                user = site.people.new()  # what was refused with an error may have been stored


def _each(site: Site, unasked: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the fields one by one: with the value that is wanted, and with those that the source has beside the present one."""
    for name, value in unasked.items():
        yield {name: value}
        present = next((known for key, known in now.items() if key.rpartition(".")[2] == name), None)
        for other in beside(site.state.folder, present) if isinstance(present, str) else ():
            yield {name: other}


OWNER_NAMES: Final = (
    "user_id",
    "owner_id",
    "owner",
    "user",
    "author_id",
    "customer_id",
    "seller_id",
    "account_id",
    "created_by",
)


def _owner_of_row(site: Site) -> Iterator[Outcome]:
    """Make a row in somebody else's name: that he finds it among his own is the effect."""
    for operation in site.places(Role.CREATE):
        resource = site.resource(operation.resource)
        documented = {field.name for field in operation.body}
        if resource is None or resource.list is None or resource.list.parameters or documented & set(OWNER_NAMES):
            continue
        owned = Property(site, site.people.first, site.people.second)
        if owned.stranger.id is None or owned.thing(resource.name) is None:
            continue
        try:
            made = site.make(resource.name, owned.owner, **dict.fromkeys(OWNER_NAMES, owned.stranger.id))
            mine, theirs = site.call(resource.list, owned.owner), site.call(resource.list, owned.stranger)
        except Unavailable:
            continue
        if shows(theirs, made) and mine.ok and not shows(mine, made):
            yield _assigned(
                operation,
                f"{operation.name} made a row in another user's name: he found it among his own.",
                "owner",
                theirs,
            )
