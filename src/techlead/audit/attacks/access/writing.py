"""Changing what belongs to somebody else: rows, by what their owner sees afterwards, and accounts, by logging in as their owner."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from techlead.audit.attacks.access.property import Property, leads_to, property_of, shows
from techlead.audit.attacks.attack import Compare, Outcome, Shows, Sighting, Site, Thing, Unavailable
from techlead.audit.attacks.standing import held, password_body, proofs, refused
from techlead.audit.detect.canaries import placed_values, stands_in, texts
from techlead.audit.finding import Question, Severity
from techlead.audit.target.exchange import Actor, Answer, Request
from techlead.audit.target.operation import Audience, Meaning, Operation, Role

OWNERS_VERBS: Final = re.compile(
    r"/(cancel|delete|remove|archive|ship|close|publish|unpublish|approve|reject|refund|transfer|edit|update|rename|disable|enable|"
    r"accept|decline|complete|finish|reopen|activate|deactivate|revoke|pause|resume|withdraw|confirm|(un)?(freeze|lock|block)|"
    r"(toggle|update|change|set|edit|reset|remove|delete|cancel|enable|disable)[-_]\w+)/?$",
    re.IGNORECASE,
)
"""Acts that belong to who owns the row; to order, follow or review somebody else's is what strangers do."""
REFUSED: Final = frozenset({400, 401, 403, 404, 405, 422})
VOLATILE: Final = re.compile(r"updated|modified|accessed|viewed|views|seen|_at$|count|now|server_time", re.IGNORECASE)
ACCOUNT: Final = re.compile(r"user|account|customer|member|profile|patient|client|employee|person", re.IGNORECASE)
NAMES: Final = frozenset({Meaning.USERNAME, Meaning.EMAIL})
TOKEN: Final = re.compile(r"token|jwt|session|access|key", re.IGNORECASE)
TOKEN_CHARACTERS_MIN = 12
STOLEN_PASSWORD = "Thistle-58-copper-Raft"  # noqa: S105 - of an account that lives a minute


def foreign_writes(site: Site) -> Iterator[Outcome]:
    """Change, delete and act upon the owner's rows as a stranger; then look as the owner."""
    owned = property_of(site)
    for operation in site.places(unsafe=True):
        if not operation.parameters or operation.role in {
            Role.SIGN_UP,
            Role.LOG_IN,
            Role.CREATE,
            Role.RESET,
            Role.PASSWORD,
        }:
            continue
        if operation.role is Role.ACT and not OWNERS_VERBS.search(operation.path):
            continue
        owned = owned.afresh()
        thing = owned.thing(operation.resource)
        if thing is not None:
            yield from _changed(owned, operation, thing)


def _changed(owned: Property, operation: Operation, thing: Thing) -> Iterator[Outcome]:
    """Send one foreign write and compare what the owner sees."""
    site = owned.site
    view = _view(owned, thing)
    request = owned.request(operation, owned.stranger, thing)
    if view is None or request is None:
        return
    before = site.send(view)
    if not shows(before, thing):
        return
    anonymous = site.send(request.but(actor=site.people.anonymous))
    if anonymous.status not in REFUSED and _touched(before, site.send(view), anonymous.request, thing):
        yield _foreign(operation, owned, anonymous, "access.anonymous", "somebody who is not logged in")
        return
    answer = site.send(request)
    if answer.status in REFUSED or not _touched(before, site.send(view), request, thing):
        return
    if owned.private(thing) is False and not _names_owner(before, owned.owner):
        yield Question(
            about=operation.name,
            kind="access.object-write",
            question=f"Anyone who is signed in can change every row with {operation.name}; rows name no owner. Is that meant?",
            answers=("Yes, they belong to all", "No, only whoever made one may change it"),
        )
        return
    yield _foreign(operation, owned, answer, "access.object-write", "another user")


def _foreign(operation: Operation, owned: Property, answer: Answer, kind: str, who: str) -> Sighting:
    """Say that somebody changed what is not his."""
    claim = f"{operation.name}, sent by {who}, changed a row of {owned.owner.name}: its owner saw it."
    return Sighting(kind, operation.name, claim, steps=(answer.exchange,))


def _view(owned: Property, thing: Thing) -> Request | None:
    """Find the request with which the owner sees his row: by its id, or else in his list."""
    reads = sorted(owned.reads(thing.resource), key=lambda op: not leads_to(op, thing))
    for operation in reads:
        request = owned.request(operation, owned.owner, thing)
        if request is not None and shows(owned.site.send(request), thing):
            return request
    return None


def _touched(before: Answer, after: Answer, request: Request, thing: Thing) -> bool:
    """Tell whether the row is gone, shows what the stranger sent, or stands differently."""
    if after.status in {404, 410} or (after.ok and not shows(after, thing) and request.method == "DELETE"):
        return True
    if not after.ok:
        return False
    sent = [text for text in texts(request.body) if not stands_in(before.text, text)]
    return any(stands_in(after.text, text) for text in sent) or _steady(before.json) != _steady(after.json)


def _steady(value: Any) -> Any:
    """Leave out what changes by itself: moments and counts."""
    if isinstance(value, Mapping):
        return {name: _steady(inner) for name, inner in value.items() if not VOLATILE.search(str(name))}
    return [_steady(inner) for inner in value] if isinstance(value, list) else value


def _names_owner(answer: Answer, owner: Actor) -> bool:
    """Tell whether a row says whose it is."""
    values = {str(owner.id), owner.login} - {"None", ""}
    return any(text in values for text in map(str, _values(answer.json)))


def _values(value: Any) -> Iterator[Any]:
    """Walk over every plain value."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _values(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner)
    else:
        yield value


def foreign_accounts(site: Site) -> Iterator[Outcome]:
    """Change the account of somebody else as a stranger, named in the path or in the body; then log in as him and read his account."""
    for operation in site.places(unsafe=True):
        named = operation.parameters and _is_account(operation)
        if operation.audience is Audience.STAFF or not (named or _names_account(operation)):
            continue
        victim, stranger = site.people.new(), site.people.second
        found = proofs(site, victim, 1)
        for name in _names_of(victim, operation) if named else (None,):
            answer = _strike_account(site, operation, stranger, name, victim)
            if answer is None or answer.status in REFUSED:
                continue
            how = _harmed(site, victim, answer)
            if how is not None and held(site, found, stranger) != answer:
                yield Sighting(
                    "access.object-write",
                    operation.name,
                    f"{operation.name}, sent by another user, {how.what}.",
                    steps=(answer.exchange, *(proof.exchange for proof in how.proof)),
                    shows=how.shows,
                    severity=Severity.CRITICAL,
                )
                break


def _names_account(operation: Operation) -> bool:
    """Tell whether a field of the body may say whose account is meant."""
    own = operation.role not in {Role.SIGN_UP, Role.LOG_IN, Role.LOG_OUT, Role.FORGOT, Role.RESET, Role.CREATE}
    return own and not operation.parameters and any(field.meaning in NAMES for field in operation.body)


def _is_account(operation: Operation) -> bool:
    """Tell whether the first path parameter names an account, and the operation is not an act of strangers such as to follow."""
    before = operation.path.partition("{" + operation.parameters[0].name)[0].rstrip("/").rpartition("/")[2]
    about = ACCOUNT.search(before) or ACCOUNT.search(operation.parameters[0].name)
    return bool(about) and len(operation.parameters) == 1 and operation.method in {"PUT", "PATCH", "DELETE", "POST"}


def _names_of(victim: Actor, operation: Operation) -> tuple[Any, ...]:
    """Give what a path may call an account: its id, its log-in, the field of the parameter's name."""
    named = victim.fields.get(operation.parameters[0].name)
    return tuple(
        dict.fromkeys(
            value for value in (named, victim.id, victim.login, victim.fields.get("username")) if value is not None
        )
    )


def _strike_account(site: Site, operation: Operation, stranger: Actor, name: Any, victim: Actor) -> Answer | None:
    """Send the write with a password and an address of the stranger's choice, and the victim's name where a body has one."""
    body: dict[str, Any] = {}
    if operation.method != "DELETE":
        body = password_body(operation, stranger.password, STOLEN_PASSWORD) if _sets_password(operation) else {}
    if name is None:
        body |= {one.name: victim.fields.get(one.name, victim.login) for one in operation.body if one.meaning in NAMES}
    try:
        return site.call(
            operation, stranger, path={} if name is None else {operation.parameters[0].name: name}, body=body
        )
    except Unavailable:
        return None


def _sets_password(operation: Operation) -> bool:
    """Tell whether a password may be among what is sent."""
    return "password" in operation.path.lower() or any("password" in field.name.lower() for field in operation.body)


@dataclass(frozen=True, slots=True)
class Harm:
    """What has become of somebody's account, and the answer that shows it."""

    what: str
    proof: tuple[Answer, ...] = ()
    shows: Shows = field(default_factory=Shows)


def _is_token(path: tuple[str, ...], value: Any) -> bool:
    return isinstance(value, str) and bool(path) and bool(TOKEN.search(path[-1])) and len(value) >= TOKEN_CHARACTERS_MIN


def _harmed(site: Site, victim: Actor, answer: Answer) -> Harm | None:
    """Log in as the victim: say what has become of his account, None where nothing has."""
    thief = site.people.log_in(victim, STOLEN_PASSWORD)
    if thief is not None:
        entered = site.send(site.people.log_in_request(victim, STOLEN_PASSWORD))
        given = next((path for path, value in placed_values(entered.json) if _is_token(path, value)), ())
        shows = Shows(Compare.GIVES, given) if given else Shows(Compare.STATUS, (entered.status,))
        return Harm("set the victim's password", (entered,), shows)
    again = site.people.log_in(victim)
    if again is None:
        return Harm("locked the victim out of his account") if refused(site, victim) else None
    sent = [text for text in texts(answer.request.body) if len(text) >= 8 and text != STOLEN_PASSWORD]  # noqa: PLR2004 - by chance
    for proof in proofs(site, again, 1):
        seen = site.send(proof.request)
        shown = [text for text in sent if stands_in(seen.text, text)]
        if shown:
            return Harm("changed the victim's account", (seen,), Shows(Compare.CONTAINS, (shown[0],)))
    return None
