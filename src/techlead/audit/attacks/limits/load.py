"""Press on one operation, and time another one meanwhile: what an unrelated caller notices."""

from __future__ import annotations

import itertools
import operator
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from techlead.audit.attacks.attack import Site, Unavailable
from techlead.audit.target.exchange import Answer, Request
from techlead.audit.target.operation import Role

PAUSE_SECONDS = 0.05
READ_SECONDS = 3.0
STARVED_SECONDS = 1.5
STARVED_TIMES = 3.0
MARGIN = 0.2
CALM_SECONDS = 1.5
CALM_WAIT_SECONDS = 0.5
CALM_TIMES = 5
"""How often each bystander must have been served meanwhile."""
ENOUGH_SECONDS = 2.0
TOO_SLOW = "the machine is too busy to tell what keeps a bystander waiting: run it again when it is quiet"


@dataclass(frozen=True, slots=True)
class Pressed:
    """What came of it: the answers to the crowd, and how long a bystander waited at worst."""

    answers: tuple[Answer, ...]
    quiet_seconds: float
    """The bystander's worst wait before, when nobody pressed."""
    worst_seconds: float
    explained_seconds: float
    """What the machine's own slowness explains: how long as many cheap requests take."""


def starved(seen: Pressed) -> bool:
    """Tell whether the bystander waited seconds, and much longer than so many requests explain on this machine."""
    return seen.worst_seconds > STARVED_SECONDS and seen.worst_seconds > STARVED_TIMES * seen.explained_seconds


def patience(explained: float) -> float:
    """Give the seconds after which a bystander has waited long enough to tell."""
    return max(ENOUGH_SECONDS, (STARVED_TIMES + MARGIN) * explained)


def calm(worst: Sequence[float], seconds: float) -> bool:
    """Tell whether the crowd has pressed for so long, and nobody has waited for a noticeable time: then nobody will."""
    return seconds > CALM_SECONDS and max(worst, default=0.0) < CALM_WAIT_SECONDS


def press(
    site: Site, crowd: Sequence[Request], watched: Sequence[tuple[Request, float]], seconds: float
) -> tuple[Pressed, ...]:
    """Send the crowd at once, and each bystander in turn, until the crowd is answered or it is clear how long they wait.

    A bystander comes with what his wait is explained by. The target is started again where the crowd still keeps it busy.
    """
    enough = [patience(explained) for _, explained in watched]
    quiet = [max(site.send(bystander, seconds).seconds for _ in range(3)) for bystander, _ in watched]
    answers: list[Answer] = []
    thread = threading.Thread(target=lambda: answers.extend(site.together(crowd, seconds)), daemon=True)
    thread.start()
    began = time.monotonic()
    until = began + seconds
    time.sleep(PAUSE_SECONDS)
    worst = [0.0] * len(watched)
    for served, turn in enumerate(itertools.cycle(range(len(watched)))):
        if not thread.is_alive() or time.monotonic() > until or any(map(operator.ge, worst, enough)):
            break
        if served >= CALM_TIMES * len(watched) and calm(worst, time.monotonic() - began):
            break
        worst[turn] = max(worst[turn], site.send(watched[turn][0], enough[turn]).seconds)
        time.sleep(PAUSE_SECONDS)
    unanswered = thread.is_alive()
    if unanswered:
        site.state.kill()
    thread.join(seconds)
    if unanswered:
        site.state.restart()
    return tuple(
        Pressed(tuple(answers), quiet[turn], worst[turn], explained) for turn, (_, explained) in enumerate(watched)
    )


def bystanders(site: Site) -> tuple[Request, ...]:
    """Give cheap reads that have nothing to do with the crowd: one that does something for a stranger, or for somebody signed in."""
    reads = []
    actors = [site.people.anonymous]
    with suppress(Unavailable):
        actors.append(site.people.first)
    for operation in site.operations:
        if operation.method != "GET" or operation.parameters:
            continue
        for actor in actors:
            answer = site.send(Request("GET", operation.path, actor, operation=operation.name), READ_SECONDS)
            if answer.ok:
                reads.append(
                    ((operation.role is Role.DOCUMENTS, actor is not actors[0], answer.seconds), answer.request)
                )
                break
    return tuple(request for _, request in sorted(reads, key=lambda pair: pair[0])[:1])
