"""Press on one operation, and time another one meanwhile: what an unrelated caller notices."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from techlead.audit.attacks.attack import Site
from techlead.audit.target.exchange import Answer, Request

PAUSE_SECONDS = 0.05
STARVED_SECONDS = 1.5
STARVED_TIMES = 8


@dataclass(frozen=True, slots=True)
class Pressed:
    """What came of it: the answers to the crowd, and how long a bystander waited at worst."""

    answers: tuple[Answer, ...]
    quiet_seconds: float
    """The bystander's worst wait before, when nobody pressed."""
    worst_seconds: float


def starved(seen: Pressed) -> bool:
    """Tell whether the bystander waited seconds, and many times as long as when nobody pressed."""
    return seen.worst_seconds > STARVED_SECONDS and seen.worst_seconds > STARVED_TIMES * seen.quiet_seconds


def press(site: Site, crowd: Sequence[Request], bystander: Request, seconds: float) -> Pressed:
    """Send the crowd at once, and the bystander again and again until the crowd is answered or the time is over."""
    quiet = max(site.send(bystander, seconds).seconds for _ in range(3))
    answers: list[Answer] = []
    thread = threading.Thread(target=lambda: answers.extend(site.together(crowd, seconds)), daemon=True)
    thread.start()
    until = time.monotonic() + seconds
    time.sleep(PAUSE_SECONDS)
    worst = 0.0
    while thread.is_alive() and time.monotonic() < until:
        worst = max(worst, site.send(bystander, seconds).seconds)
        time.sleep(PAUSE_SECONDS)
    thread.join(seconds)
    return Pressed(tuple(answers), quiet, worst)


def bystanders(site: Site) -> tuple[Request, ...]:
    """Give cheap requests that have nothing to do with the crowd: the fastest read that a stranger may do, and a write."""
    reads = []
    for operation in site.operations:
        if operation.method == "GET" and not operation.parameters:
            answer = site.send(Request("GET", operation.path, operation=operation.name), 3.0)
            if answer.ok:
                reads.append((answer.seconds, answer.request))
    return tuple(request for _, request in sorted(reads, key=lambda pair: pair[0])[:1])
