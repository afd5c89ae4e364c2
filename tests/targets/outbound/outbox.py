"""Delivery as it should be: an outbox row in the caller's transaction, a lane for each destination, waits that grow with a random
part, an end to trying, a pause for a dead receiver. A target takes one of these away with its `Policy` to have its hole.
"""

from __future__ import annotations

import json
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from people import database


class Permanent(Exception):
    """Trying again cannot help."""


class Later(Exception):
    """The receiver said for how long to wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(frozen=True)
class Policy:
    """What a target does about receivers in trouble."""

    tries_max: int = 6
    wait_seconds: float = 30.0
    factor: float = 2.0
    jitter: float = 0.4
    failures_before_pause: int = 4
    pause_seconds: float = 600.0
    lanes: bool = True
    ordered: bool = True


@dataclass
class Lane:
    """One destination's failures in a row, and until when nobody calls it."""

    failures: int = 0
    paused_until: float = 0.0
    busy: threading.Lock = field(default_factory=threading.Lock)


Send = Callable[[str, str, int], None]


def enqueue(db: sqlite3.Connection, destination: str, body: dict[str, object], about: str = "") -> None:
    """Write the message in the transaction that causes it."""
    db.execute("INSERT INTO outbox (destination, body, about) VALUES (?, ?, ?)", (destination, json.dumps(body), about))


def requeue() -> int:
    """Try dead messages again: somebody looks after them."""
    with database() as db:
        return db.execute("UPDATE outbox SET state = 'pending', tries = 0, next_try = 0 WHERE state = 'dead'").rowcount


def start(send: Send, policy: Policy) -> None:
    """Deliver in a thread of this process, for ever."""
    threading.Thread(target=run, args=(send, policy), daemon=True).start()


def run(send: Send, policy: Policy) -> None:
    """Deliver for ever."""
    lanes: dict[str, Lane] = {}
    while True:
        for destination in due(policy):
            lane = lanes.setdefault(destination, Lane())
            if not policy.lanes:
                drain(destination, lane, send, policy)
            elif lane.busy.acquire(blocking=False):
                threading.Thread(target=in_lane, args=(destination, lane, send, policy), daemon=True).start()
        time.sleep(1.0)


def in_lane(destination: str, lane: Lane, send: Send, policy: Policy) -> None:
    try:
        drain(destination, lane, send, policy)
    finally:
        lane.busy.release()


def due(policy: Policy) -> list[str]:
    with database() as db:
        rows = db.execute(
            "SELECT DISTINCT destination FROM outbox WHERE state = 'pending' AND next_try <= ?", (time.time(),)
        )
        return [row["destination"] for row in rows]


def drain(destination: str, lane: Lane, send: Send, policy: Policy) -> None:
    """Send what is due for one destination, until it is paused."""
    while lane.paused_until <= time.time():
        message = claim(destination, policy)
        if message is None:
            return
        deliver(message, lane, send, policy)


def claim(destination: str, policy: Policy) -> dict[str, object] | None:
    """Take the oldest message that is due; one that an older one about the same thing waits before is left."""
    older = "SELECT 1 FROM outbox o WHERE o.about = m.about AND o.id < m.id AND o.state = 'pending' AND o.about <> ''"
    with database() as db:
        row = db.execute(
            "SELECT * FROM outbox m WHERE destination = ? AND state = 'pending' AND next_try <= ?"
            f" {f'AND NOT EXISTS ({older})' if policy.ordered else ''} ORDER BY id LIMIT 1",
            (destination, time.time()),
        ).fetchone()
        if row is None:
            return None
        db.execute("UPDATE outbox SET tries = tries + 1, next_try = ? WHERE id = ?", (time.time() + 120, row["id"]))
        return {**dict(row), "tries": row["tries"] + 1}


def deliver(message: dict[str, object], lane: Lane, send: Send, policy: Policy) -> None:
    """Try once, and write down what became of it."""
    tries = int(message["tries"])
    wait = (
        policy.wait_seconds * policy.factor ** min(tries - 1, 12) * random.uniform(1 - policy.jitter, 1 + policy.jitter)
    )
    try:
        send(str(message["destination"]), str(message["body"]), int(message["id"]))
    except Permanent:
        mark(message, "dead")
        return
    except Later as later:
        wait = max(wait, later.seconds)
    except Exception:  # noqa: BLE001  whatever it is, it was not delivered
        pass
    else:
        lane.failures = 0
        mark(message, "sent")
        return
    lane.failures += 1
    if lane.failures >= policy.failures_before_pause:
        lane.paused_until = time.time() + policy.pause_seconds
    mark(message, "dead" if tries >= policy.tries_max else "pending", time.time() + wait)


def mark(message: dict[str, object], state: str, next_try: float = 0) -> None:
    with database() as db:
        db.execute("UPDATE outbox SET state = ?, next_try = ? WHERE id = ?", (state, next_try, message["id"]))
