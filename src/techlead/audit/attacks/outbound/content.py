"""What stands in messages, and how many of them one person can cause: secrets, injected headers, floods."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from techlead.audit.attacks.attack import Compare, Outcome, Shows, Sighting, Site, Unavailable
from techlead.audit.attacks.outbound.pace import until_quiet, walk
from techlead.audit.attacks.outbound.scene import Scene, scenes
from techlead.audit.attacks.outbound.triggers import find
from techlead.audit.target.exchange import Actor, Request
from techlead.audit.target.operation import Meaning, Operation, Role
from techlead.audit.world.arrival import Arrival, as_lines

FLOOD: Final = 25
FLOOD_SECONDS: Final = 60.0
LISTEN_SECONDS: Final = 12.0
THIEF: Final = "thief@evil.example.com"
EVIL: Final = f"Canary\r\nBcc: {THIEF}\r\nX-Injected: yes\r\n\r\nhello"
HASHES: Final = re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{20,}|\$argon2|pbkdf2[_:]sha|scrypt:\d+")
SECRET_MEANINGS: Final = frozenset({Meaning.PASSWORD, Meaning.SECRET, Meaning.IBAN})
TEXTUAL: Final = frozenset({Meaning.TEXT, Meaning.NAME, Meaning.OTHER, Meaning.USERNAME})
TRIES_BEFORE: Final = 3


def strike(site: Site) -> Iterator[Outcome]:
    """Cause a message with every canary in sight, one with line breaks, and many."""
    for scene in scenes(site, find(site)):
        yield from secrets(scene)
        yield from injected(scene)
        yield from flooded(scene)


def secrets(scene: Scene) -> Iterator[Sighting]:
    """Look for passwords, tokens and hashes in what is sent."""
    requests = scene.requests(1)
    mark = scene.settle()
    fired = scene.fired(scene.fire(requests))
    walk(scene.site, LISTEN_SECONDS, until=lambda: len(scene.site.world.ledger.arrivals(mark)) > 1)
    people = [one for one in (scene.owner, scene.caller) if one is not None]
    people += [replace(people[0], password=password) for password in _passwords(requests)]
    for arrival in scene.site.world.ledger.arrivals(mark):
        found = secret_in(arrival, people)
        if found:
            place = scene.cause.operation.name
            claim = f"The {'webhook' if arrival.channel == 'http' else 'mail'} that {place} sends contains {found}."
            passwords = [one.password for one in people if one.password and one.password in arrival.text]
            yield Sighting(
                "outbound.secret-in-payload",
                place,
                claim,
                evidence={"what": found, "to": str(arrival.destination)},
                steps=scene.steps(fired[0]) if fired else (),
                shows=Shows(Compare.RECEIVED, (passwords[0],)) if passwords else Shows(),
            )
            return


def _passwords(requests: Sequence[Request]) -> list[str]:
    """Those that were sent to sign somebody up."""
    bodies = [request.body for request in requests if isinstance(request.body, dict)]
    return [str(value) for body in bodies for name, value in body.items() if "password" in name.lower()]


def injected(scene: Scene) -> Iterator[Sighting]:
    """Write line breaks and headers into every text that may end up in a message."""
    operation = scene.cause.operation
    fields = {one.name: EVIL for one in operation.body if _is_free_text(one)}
    grounds = scene.grounds(1, _evil_owner(scene)) + _evil_rows(scene)
    mark = scene.settle()
    for ground in grounds:
        for given in ({}, fields) if fields else ({},):
            with suppress(Unavailable):
                scene.stage.send(scene.stage.request(operation, scene.caller, ground, **given))
    walk(scene.site, LISTEN_SECONDS)
    for arrival in scene.site.world.ledger.arrivals(mark):
        how = injection(arrival)
        if how:
            yield Sighting(
                "outbound.header-injection",
                operation.name,
                f"A text with line breaks becomes {how} of the message that {operation.name} sends.",
                evidence={"what came": as_lines(arrival)},
            )
            return


def flooded(scene: Scene) -> Iterator[Sighting]:
    """Do the same thing many times as one person, and count what one receiver gets."""
    requests = scene.requests(FLOOD)
    mark = scene.settle()
    answers = scene.fired(scene.fire(requests))
    until_quiet(
        scene.site,
        lambda: scene.site.world.ledger.arrivals(mark),
        quiet=FLOOD_SECONDS,
        real=10.0,
        enough=lambda came: _most_to_one(came) >= FLOOD,
    )
    count = _most_to_one(scene.site.world.ledger.arrivals(mark))
    if unlimited(len(answers), count):
        operation = scene.cause.operation
        claim = f"One caller did {operation.name} {FLOOD} times in a moment; {count} messages went to one receiver, and nothing slowed it."
        yield Sighting(
            "outbound.no-rate-limit",
            operation.name,
            claim,
            cause="outbound.no-rate-limit",
            evidence={"calls": FLOOD, "messages to one receiver": count},
        )


def unlimited(accepted: int, count: int) -> bool:
    """Whether nothing was refused, and one receiver got it all."""
    return accepted >= FLOOD and count >= FLOOD


def _most_to_one(arrivals: Sequence[Arrival]) -> int:
    """How many messages the receiver with the most of them got; a mail has as many as it has recipients."""
    got: Counter[str] = Counter()
    for arrival in arrivals:
        got.update(arrival.recipients if arrival.channel == "smtp" else (str(arrival.destination),))
    return max(got.values(), default=0)


def secret_in(arrival: Arrival, people: list[Actor]) -> str:
    """What a message tells that it must not, in words; '' for nothing."""
    text = arrival.text + " ".join(value for _, value in arrival.headers)
    for person in people:
        if person.password and person.password in text:
            return "the password of a user"
        if len(person.token) > 15 and person.token in text:  # noqa: PLR2004  no accident
            return "the session token of a user"
        for name, value in person.fields.items():
            if re.search(r"iban|card|ssn|secret", name, re.IGNORECASE) and len(str(value)) > 7 and str(value) in text:  # noqa: PLR2004
                return f"a user's {name}"
    return "the hash of a password" if HASHES.search(text) else ""


def _is_free_text(one: Any) -> bool:
    return one.type == "string" and one.meaning in TEXTUAL and not one.choices and not one.refers_to and not one.format


def _evil_owner(scene: Scene) -> Actor | None:
    """Somebody whose own texts are evil, as far as the target lets him."""
    if scene.owner is None:
        return None
    signing_up: Operation | None = next((one for one in scene.site.operations if one.role is Role.SIGN_UP), None)
    names = {one.name: EVIL for one in signing_up.body if _is_free_text(one)} if signing_up else {}
    with suppress(Unavailable):
        return scene.site.people.new(scene.owner.role, **names)
    return scene.owner


def _evil_rows(scene: Scene) -> list[Any]:
    """Grounds whose rows have evil texts."""
    made: list[Any] = []
    operation = scene.cause.operation
    for parameter in (*operation.parameters, *operation.body):
        resource = scene.site.resource(
            parameter.refers_to or (operation.resource if parameter in operation.parameters else None)
        )
        if resource is None or resource.create is None or scene.owner is None:
            continue
        evil = {one.name: EVIL for one in resource.create.body if _is_free_text(one)}
        with suppress(Unavailable):
            thing = scene.site.make(resource.name, scene.owner, **evil)
            ground = scene.grounds(1)[0]
            path = {**ground.path, parameter.name: thing.id} if parameter in operation.parameters else ground.path
            body = ground.body if parameter in operation.parameters else {**ground.body, parameter.name: thing.id}
            made.append(type(ground)({**thing.path, **path}, body))
    return made


def injection(arrival: Arrival) -> str:
    """What of our text was taken for a part of the message; '' for nothing."""
    if any(THIEF in one for one in arrival.recipients):
        return "another recipient"
    if arrival.channel == "smtp" and (arrival.mail.get("X-Injected") or THIEF in str(arrival.mail.get("Bcc", ""))):
        return "a header"
    return "a header" if arrival.header("X-Injected") else ""
