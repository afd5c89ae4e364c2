"""What gets into the log: secrets and personal data, of requests that succeed, fail and crash, and of messages that are refused."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from time import sleep
from typing import Any, Final
from urllib.parse import parse_qsl

from techlead.audit.attacks.attack import Compare, Outcome, Shows, Sighting, Site, Unavailable
from techlead.audit.attacks.exposure.tour import LEFT_SECONDS_MIN, able, unencodable
from techlead.audit.attacks.standing import again, one
from techlead.audit.detect.canaries import CHARACTERS_MIN, line_with, stands_in
from techlead.audit.finding import Exchange
from techlead.audit.target.exchange import Actor, Answer, Request
from techlead.audit.target.operation import PERSONAL, Meaning, Operation, Role
from techlead.audit.world.manner import GONE, UNKNOWN_RECIPIENT

SECRET: Final = re.compile(r"secret|token|passw|pwd|api_?key|otp|^pin$|cvv|card_?number|iban", re.IGNORECASE)
PERSONAL_NAME: Final = re.compile(
    r"e?mail|phone|mobile|address|birth|ssn|passport|^(first|last|full|display)?_?name$", re.IGNORECASE
)
SETTLING_SECONDS = 0.3
LATER_SECONDS, LATER_STEP = 120.0, 5.0
"""How long, in the target's time, refused messages are waited for."""
WALKS_MAX = 4
"""How often: each walk takes about a second of real time."""
VARIANTS_MAX = 8


@dataclasses.dataclass(frozen=True, slots=True)
class Sent:
    """A value that was sent, and must not be found in the log."""

    value: str
    field: str
    operation: str
    kind: str
    steps: tuple[Exchange, ...] = dataclasses.field(default=(), compare=False)
    """The requests after which it stood there."""


def logged(site: Site) -> Iterator[Outcome]:
    """Send every operation well and broken, with values that nobody else has, and search the log for them."""
    mark = site.log.mark()
    sent: list[Sent] = []
    actor = site.people.new()
    sent.extend(_of_account(site, actor))
    for operation in site.places(unsafe=True):
        if site.left() < LEFT_SECONDS_MIN:
            break
        sent.extend(_sent_with(site, operation))
    sleep(SETTLING_SECONDS)
    yield from _found(site.log.since(mark), sent)
    yield from _forgotten(site)


def _forgotten(site: Site) -> Iterator[Outcome]:
    """Ask for somebody's reset, and search the log for what was not sent but looked up: where the code goes to."""
    forgot = one(site, Role.FORGOT)
    if forgot is None:
        return
    actor = site.people.new()
    names = [field.name for field in forgot.body if field.meaning in {Meaning.EMAIL, Meaning.USERNAME}]
    mark = site.log.mark()
    asked = site.call(forgot, site.people.anonymous, body=dict.fromkeys(names or ["email"], actor.login))
    personal = [
        Sent(value, name, forgot.name, "exposure.log-personal", (asked.exchange,))
        for name, value in actor.fields.items()
        if isinstance(value, str) and value != actor.login and PERSONAL_NAME.search(name)
    ]
    sleep(SETTLING_SECONDS)
    yield from _found(site.log.since(mark), personal)


def _of_account(site: Site, actor: Actor) -> Iterator[Sent]:
    """Give what logging in and failing to send: password, token, address."""
    request = site.people.log_in_request(actor)
    came_in = site.send(request.but(headers={**request.headers})).exchange
    name = request.operation or f"{request.method} {request.path}"
    wrong = f"Wrong-{actor.password}-again"
    refused = site.send(site.people.log_in_request(actor, wrong)).exchange
    yield Sent(actor.password, "password", name, "exposure.log-secret", (came_in,))
    yield Sent(wrong, "password", name, "exposure.log-secret", (refused,))
    yield Sent(actor.token, "Authorization", "any request", "exposure.log-secret")
    yield Sent(actor.login, "log-in", name, "exposure.log-personal", (came_in, refused))


def _sent_with(site: Site, operation: Operation) -> Iterator[Sent]:
    """Send an operation well, then broken in the ways that make servers write traces; give each value that was sent."""
    powers = operation.role is not Role.SIGN_UP and any(field.meaning is Meaning.ROLE for field in operation.body)
    if not operation.body or powers or operation.role is Role.LOG_OUT:
        return  # nothing to be logged, or it would take a role from somebody whom others need
    for variant in range(1 if operation.role is Role.PASSWORD else 0, VARIANTS_MAX):
        found = able(site, operation)
        request = _variant(found[1], variant) if found is not None else None
        if request is None:
            return
        yield from _values(operation, _body(request), site.send(request))


def _variant(request: Request, number: int) -> Request | None:
    """Give the well-formed request first, then one broken field after another; None when all have been given."""
    body = request.body if isinstance(request.body, Mapping) else None
    if number == 0:
        return request
    if not body:
        return None
    names = [name for name in body if isinstance(body[name], str)]
    if number == 1:
        return unencodable(request, {**body, "x": float("nan"), next(iter(body)): []})
    if number == 2:  # noqa: PLR2004 - without its first field, so that the refusal repeats the others
        return unencodable(request, {**dict(islice(body.items(), 1, None)), "x": float("nan")})
    place = number - 3
    return unencodable(request, {**body, names[place]: f"{body[names[place]]}\ud800"}) if place < len(names) else None


def _body(request: Request) -> Any:
    """Give the fields that were sent, as JSON or as a form; None of anything else."""
    if request.raw is None:
        return request.body
    if "urlencoded" in request.headers.get("Content-Type", ""):
        return dict(parse_qsl(request.raw.decode("utf-8", "replace")))
    with suppress(ValueError):
        return json.loads(request.raw)
    return None


def _values(operation: Operation, body: Any, answer: Answer) -> Iterator[Sent]:
    """Give the secret and personal values of a body, by what the field means or is called."""
    if not isinstance(body, Mapping):
        return
    meanings = {field.name: field.meaning for field in operation.body}
    for name, value in body.items():
        if not isinstance(value, str) or len(value) < CHARACTERS_MIN or "\ud800" in value:
            continue
        meaning = meanings.get(name)
        if meaning in {Meaning.PASSWORD, Meaning.IBAN} or SECRET.search(name):
            yield Sent(value, name, operation.name, "exposure.log-secret", (answer.exchange,))
        elif _personal(operation, name, meaning):
            yield Sent(value, name, operation.name, "exposure.log-personal", (answer.exchange,))


def _personal(operation: Operation, name: str, meaning: Meaning | None) -> bool:
    """Tell personal data; a name is personal only where it is somebody's."""
    if name.lower().endswith("name") or meaning is Meaning.NAME:
        return operation.role in {Role.SIGN_UP, Role.CHANGE_ME}
    return meaning in PERSONAL or bool(PERSONAL_NAME.search(name))


def _found(log: str, sent: list[Sent], *, refused: bool = False) -> Iterator[Outcome]:
    """Search the log for each value; one sighting for each operation and kind."""
    seen: dict[tuple[str, str], list[Sent]] = {}
    for word in dict.fromkeys(sent):
        if word.value and stands_in(log, word.value):
            seen.setdefault((word.kind, word.operation), []).append(word)
    for (kind, operation), found in seen.items():
        fields = sorted({word.field for word in found})
        whose = "of a message that was refused" if refused else f"as sent with {operation}"
        yield Sighting(
            kind,
            operation,
            f"The log shows {' and '.join(fields)} {whose}.",
            cause="the log",
            evidence={"fields": fields, "line": line_with(log, found[0].value)},
            steps=found[0].steps,
            shows=Shows(Compare.LOGGED_OF_REFUSED if refused else Compare.LOGGED, (found[0].value,)),
        )


def refused_messages(site: Site) -> Iterator[Outcome]:
    """Have messages sent that their receivers refuse, and search the log for addresses, receivers and keys."""
    mark = site.log.mark()
    recipient, done = _provoke(site)
    for _ in range(WALKS_MAX):  # a worker of its own may only just have been started
        if site.clock.walk(LATER_SECONDS, LATER_STEP, until=lambda: bool(site.world.ledger.connections())):
            site.clock.walk(LATER_SECONDS, LATER_STEP)
            break
    sleep(SETTLING_SECONDS)
    log = site.log.since(mark)
    arrivals = site.world.ledger.connections()
    mailed = {address for arrival in arrivals for address in arrival.recipients} | {recipient.login}
    keys = {key for arrival in arrivals for key in _keys(arrival.path)}
    personal = [
        Sent(address, "the recipient", "worker: mail delivery", "exposure.log-personal", done)
        for address in sorted(mailed, key=lambda one: (one != recipient.login, one))
        if "@" in address
    ]
    secret = [
        Sent(key, "a key in the address", "worker: webhook delivery", "exposure.log-secret", done)
        for key in sorted(keys)
    ]
    yield from _found(log, [*personal, *secret], refused=True)


def _keys(path: str) -> Iterator[str]:
    """Give the values of a query that are keys: what receivers put into the address they give."""
    for name, value in re.findall(r"[?&](\w+)=([^&]+)", path):
        if SECRET.search(name) or name == "key":
            yield value


def _provoke(site: Site) -> tuple[Actor, tuple[Exchange, ...]]:
    """Do all that an ordinary user may do, with receivers that refuse; his webhook carries a key. Gives him and what was done."""
    world, actor, done = site.world, again(site, site.people.first), list[Answer]()
    for operation in site.operations:
        urls = [field.name for field in operation.body if field.meaning is Meaning.URL]
        if operation.unsafe and urls and not operation.parameters:
            with suppress(Unavailable):
                hook = f"https://hooks.example.net/in?token=canary-{site.seed}-of-the-hook"
                done.append(site.call(operation, actor, body=dict.fromkeys(urls, hook)))
    _refuse(world)
    for operation in site.operations:
        if operation.role in {Role.SIGN_UP, Role.FORGOT, Role.CREATE, Role.ACT} and site.left() > LEFT_SECONDS_MIN * 3:
            with suppress(Unavailable):
                done.append(site.call(operation, actor))
    return actor, tuple(answer.exchange for answer in done if answer.ok)


def _refuse(world: Any) -> None:
    """Refuse each recipient, and each webhook."""
    world.behave("*", GONE)
    for port in (25, 465, 587, 1025, 2525):
        world.behave(f"*:{port}", UNKNOWN_RECIPIENT)
