"""Where the target can be made to call: its own network by address, by name, by a name that changes, by a redirect; and to whom it speaks TLS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from techlead.audit.attacks.attack import Compare, Outcome, Shows, Sighting, Site, Unavailable
from techlead.audit.attacks.outbound.pace import walk
from techlead.audit.attacks.outbound.scene import Scene, scenes
from techlead.audit.attacks.outbound.stage import Fired, Stage, subscriptions, urls
from techlead.audit.attacks.outbound.triggers import find
from techlead.audit.attacks.sight import Callers
from techlead.audit.finding import Exchange
from techlead.audit.target.exchange import Actor, Answer
from techlead.audit.target.operation import Operation, Role
from techlead.audit.world.arrival import Arrival, as_lines
from techlead.audit.world.manner import moved

OUTSIDE: Final = "11.99.0.1"
INSIDE: Final = "127.0.0.1"
FIRST_PORT: Final = 42_001
NOTICE_SECONDS: Final = 8.0
FORMS_SHOWN: Final = 2
LEFT_SECONDS: Final = 3.0
REBOUND_AFTER: Final = (1, 2, 3)
"""After how many look-ups the name leads inside: checks come first, the call last."""


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write an address inside the target's own network; `{port}` tells it from the others."""

    what: str
    url: str
    name: str = ""
    """A name that is scripted to lead inside."""
    lookups: int = 0
    """How often the name leads outside first."""
    redirects: bool = False


FORMS: Final = (
    Form("a loopback address", "http://127.0.0.1:{port}/"),
    Form("the cloud's metadata address", "http://169.254.169.254:{port}/latest/meta-data/"),
    Form("a private address", "http://10.0.0.5:{port}/"),
    Form("localhost", "http://localhost:{port}/"),
    Form("loopback in IPv6", "http://[::1]:{port}/"),
    Form("loopback as one number", "http://2130706433:{port}/"),
    Form("the unspecified address", "http://0.0.0.0:{port}/"),
    Form("loopback mapped into IPv6", "http://[::ffff:127.0.0.1]:{port}/"),
    Form("a name that leads inside", "http://inside.example.com:{port}/", name="inside.example.com"),
    Form("a redirect from outside", "http://outside.example.com:{port}/", redirects=True),
    *(
        Form(
            f"a name that leads inside after {count} look-ups (rebinding)",
            f"http://rebound{count}.example.com:{{port}}/",
            f"rebound{count}.example.com",
            count,
        )
        for count in REBOUND_AFTER
    ),
)


@dataclass(frozen=True, slots=True)
class Led:
    """An operation that took an address inside, which was called, and the requests that brought it about."""

    operation: str
    form: Form
    steps: tuple[Exchange, ...]

    @property
    def shows(self) -> Shows:
        """How it is seen again: an address that stands in no name server and needs no redirect is the receiver's own."""
        plain = not self.form.name and not self.form.redirects and "[" not in self.form.url
        return Shows(Compare.RECEIVED, (urlsplit(self.form.url).netloc,)) if plain else Shows()


def strike(site: Site) -> Iterator[Outcome]:
    """Give internal addresses wherever an address is taken, and cause a message to it."""
    seen: dict[str, list[Led]] = {}
    for led in _told(site):
        seen.setdefault(led.operation, []).append(led)
    for led in _called_at_once(site, frozenset(seen)):
        seen.setdefault(led.operation, []).append(led)
    for name, found in seen.items():
        forms = [led.form.what for led in found]
        claim = f"{name} takes an address in the target's own network, and it is called: {', '.join(forms)}."
        yield Sighting(
            "outbound.ssrf", name, claim, evidence={"forms": forms}, steps=found[0].steps, shows=found[0].shows
        )


def _told(site: Site) -> Iterator[Led]:
    """What takes an address and calls it when there is news, with a form of it that led inside; a few such forms are enough."""
    for scene in scenes(site, tuple(one for one in find(site) if one.personal)):
        owner = scene.owner or scene.caller
        shown = Counter[str]()
        for port, form in enumerate(FORMS, FIRST_PORT):
            if site.left() < LEFT_SECONDS or max(shown.values(), default=0) >= FORMS_SHOWN:
                break
            led = _reached(scene, owner, _with_port(form, port), port)
            if led:
                shown[led.operation] += 1
                yield led


def _called_at_once(site: Site, told: frozenset[str]) -> Iterator[Led]:
    """The same of what calls an address within the request, where nothing was seen of it yet."""
    stage = Stage(site)
    for operation in fetching(site):
        shown = FORMS_SHOWN if operation.name in told else 0
        for port, form in enumerate(FORMS, FIRST_PORT + 100):
            if site.left() < LEFT_SECONDS or shown >= FORMS_SHOWN:
                break
            led = _fetched(stage, operation, _with_port(form, port), port)
            if led:
                shown += 1
                yield led


def fetching(site: Site) -> tuple[Operation, ...]:
    """Operations that take a URL and may call it at once; those last whose names say that they keep it for later."""
    kept = {one.name for one in subscriptions(site)}
    fit = [one for one in site.places() if (urls(one.body) or urls(one.query)) and one.role is not Role.SIGN_UP]
    return tuple(sorted(fit, key=lambda one: one.name in kept))


def _with_port(form: Form, port: int) -> Form:
    return replace(form, url=form.url.format(port=port))


def _prepare(site: Site, form: Form, port: int) -> None:
    if form.name:
        site.world.names.script(form.name, *[OUTSIDE] * form.lookups, INSIDE)
    if form.redirects:
        site.world.behave("outside.example.com", moved(f"http://{INSIDE}:{port + 1000}/"))


def went_inside(site: Site, port: int) -> bool:
    """Whether a connection to the internal address with this port was tried."""
    return any(
        reach.internal and reach.destination.port in {port, port + 1000} for reach in site.world.ledger.reaches()
    )


def _reached(scene: Scene, owner: Actor, form: Form, port: int) -> Led | None:
    """The operation that took the address, where it was called afterwards; None where nothing went inside."""
    site = scene.site
    requests = scene.requests(1)
    _prepare(site, form, port)
    took = _taken(scene.stage.subscribe(owner, form.url))
    if took is None:
        return None
    fired: list[Fired] = []
    with suppress(Unavailable):
        fired = scene.fired(scene.fire(requests))
    walk(site, NOTICE_SECONDS, until=lambda: went_inside(site, port))
    if not went_inside(site, port):
        return None
    return Led(took.request.operation, form, (took.exchange, *(one.answer.exchange for one in fired)))


def _taken(answers: tuple[Answer, ...]) -> Answer | None:
    return next((answer for answer in answers if answer.ok), None)


def _fetched(stage: Stage, operation: Operation, form: Form, port: int) -> Led | None:
    site = stage.site
    _prepare(site, form, port)
    steps: tuple[Exchange, ...] = ()
    with suppress(Unavailable):
        body = {one.name: form.url for one in urls(operation.body)}
        query = {one.name: form.url for one in urls(operation.query)}
        caller = next(Callers(site).candidates(operation), site.people.first)
        steps = (site.call(operation, caller, body=body or None, query=query or None).exchange,)
    walk(site, 2.0, until=lambda: went_inside(site, port))
    return Led(operation.name, form, steps) if went_inside(site, port) else None


def trusting(site: Site) -> Iterator[Outcome]:
    """Show a certificate that nobody has signed, and see who goes on speaking."""
    for scene in scenes(site, find(site)):
        owner = scene.owner or scene.caller
        host = scene.stage.host_of(owner)
        if host and any(one.personal for one in scene.cause.triggers):
            scene.stage.subscribe(owner, f"https://{host}/in")
        requests = scene.requests(1)
        mark = scene.settle()
        site.world.distrust("*")
        scene.fired(scene.fire(requests))
        for channel in sorted(scene.cause.channels):
            for arrival in _spoken(site, channel, mark):
                yield _careless(scene, channel, arrival)
                break


def spoken(connection: Arrival) -> bool:
    """Whether a message came over TLS although the certificate was signed by nobody."""
    return connection.whole() and connection.encrypted and not connection.trusted


def _spoken(site: Site, channel: str, mark: int) -> tuple[Arrival, ...]:
    """What comes over a channel in spite of the certificate."""

    def came() -> tuple[Arrival, ...]:
        connections = site.world.ledger.connections(mark)
        return tuple(each for each in connections if each.channel in {channel, "tls"} and spoken(each))

    walk(site, 2 * NOTICE_SECONDS, until=lambda: bool(came()))
    return came()


def _careless(scene: Scene, channel: str, arrival: Arrival) -> Sighting:
    whom = "webhook" if channel == "http" else "mail server"
    secret = ", and was given the password" if arrival.credentials else ""
    claim = f"A {whom} that shows a certificate signed by nobody is spoken to all the same{secret}."
    place = scene.cause.trigger(channel).place
    return Sighting(
        "outbound.tls-unverified", place, claim, cause=f"tls {channel}", evidence={"what came": as_lines(arrival)}
    )
