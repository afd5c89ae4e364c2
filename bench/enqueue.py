"""What a notification adds to a POST: processor time of the same POST with and without it, turn by turn in one run.

python -m bench.enqueue [ROUNDS]

Each is a whole request to the ASGI application, without a socket: who asks, what is sent, policies, the action, the row,
its history, the commit. One tells by e-mail, in words with a field of the row. Nothing is delivered meanwhile.
"""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from techlead import (
    Account,
    Backend,
    Effects,
    Mapped,
    Ref,
    Resource,
    action,
    create,
    email,
    field,
    notification,
    owned_by,
    owner,
    refuse,
    signed_in,
)
from techlead.primitives.clock import system_clock
from techlead.serve.application import Application
from techlead.serve.assemble import assemble
from techlead.serve.events import EventLog
from techlead.serve.settings import Settings
from techlead.store.creation import create_in
from techlead.store.open import open_store

POSTS = 64
ROUNDS = 151
AT_ONCE = (1, 16)
WITNESS = "witness@example.org"
PASSWORD = "four plain words to remember"

silent = Backend("silent")
telling = Backend("telling")


@silent.account
class Customer(Account):
    """Somebody who is told nothing."""


@silent.resource(read=owner, create=signed_in)
class Purchase(Resource):
    """What somebody bought."""

    buyer: Mapped[Ref[Customer]] = owned_by()
    title: Mapped[str] = field(max_length=80)


@action(Purchase, on=create)
def keep(purchase: Purchase) -> Effects:
    """Tell nobody."""
    if not purchase.title:
        yield refuse("A purchase needs a title.")


@telling.account
class Person(Account):
    """Somebody who is told."""


@telling.resource(read=owner, create=signed_in)
class Order(Resource):
    """What somebody bought."""

    buyer: Mapped[Ref[Person]] = owned_by()
    title: Mapped[str] = field(max_length=80)


order_placed = notification(
    Order, to="buyer", via=[email], subject="Your order: {title}", text="We have your order of {title}. Thank you."
)


@action(Order, on=create)
def announce(order: Order) -> Effects:
    """Tell the buyer."""
    yield order_placed.send(order)


@dataclass
class Site:
    """One of the backends, running: its application, and a session in it."""

    application: Application
    path: str
    session: bytes = b""

    async def post(self, path: str, given: dict[str, Any], status: int) -> Any:
        """POST without a socket; give the answer's body."""
        body, told = json.dumps(given).encode(), []
        headers = [(b"content-type", b"application/json"), (b"authorization", b"Bearer " + self.session)]
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": b"",
            "headers": headers[: 1 + bool(self.session)],
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            told.append(message)

        await self.application(scope, receive, send)
        answer = b"".join(one.get("body", b"") for one in told)
        if told[0]["status"] != status:
            raise RuntimeError(answer.decode())
        return json.loads(answer) if answer else None

    async def sign_in(self) -> None:
        """Register, and keep the session."""
        person = {"email": WITNESS, "password": PASSWORD}
        await self.post("/auth/register", person, 201)
        self.session = (await self.post("/auth/login", person, 200))["token"].encode()

    async def round(self, posts: int, at_once: int) -> float:
        """POST so many, so many at once; give the microseconds of processor time of each, of all threads."""

        async def some() -> None:
            for _ in range(posts // at_once):
                await self.post(self.path, {"title": "City bike, three gears"}, 201)

        began = time.process_time_ns()
        await asyncio.gather(*(some() for _ in range(at_once)))
        return (time.process_time_ns() - began) / 1_000 / (posts // at_once * at_once)


async def opened(backend: Backend, folder: Path, path: str) -> Site:
    """Serve a backend on a fresh SQLite file, without its dispatcher."""
    settings = Settings(deliver=False, mail_folder=str(folder / "mail"))
    store = open_store(f"sqlite:///{folder / path.strip('/')}.db")
    log = EventLog(system_clock, lambda _lines: None)
    application = assemble(backend.plan(), store, settings, log=log)
    await store.open()
    await create_in(store, application.runtime.statements.metadata)
    await application.start()
    site = Site(application, path)
    await site.sign_in()
    return site


async def measured(count: int, folder: Path) -> None:
    """Measure and print."""
    sites = (
        await opened(silent, folder, "/purchases"),
        await opened(telling, folder, "/orders"),
    )
    for at_once in AT_ONCE:
        for site in sites:
            await site.round(4 * POSTS, at_once)
        gc.collect()
        gc.freeze()
        rounds = [[await site.round(POSTS, at_once) for site in sites] for _ in range(count)]
        without, adds = (statistics.median(one) for one in zip(*[(a, b - a) for a, b in rounds], strict=True))
        least = statistics.quantiles([b for _, b in rounds])[0] - statistics.quantiles([a for a, _ in rounds])[0]
        print(
            f"{at_once} at once: a POST takes {without:.0f} us; the notification adds {adds:.1f} us"
            f" (median of {count} rounds; {least:.1f} us between the faster quarters), {(without + adds) / without:.3f} times as much"
        )
    written = (await sites[1].application.runtime.store.read("SELECT count(*) FROM techlead_outbox"))[0][0]
    print(f"{written:,} messages wait in the outbox")
    for site in sites:
        await site.application.stop()


def main() -> None:
    """Measure in as many rounds as are asked for: short ones, turn by turn, so that what disturbs one disturbs both."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measured(count, Path(folder)))


if __name__ == "__main__":
    main()
