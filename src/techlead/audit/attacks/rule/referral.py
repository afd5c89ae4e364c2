"""Rewards for bringing others: whoever sends his own code brings himself, as often as he likes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from techlead.audit.attacks.attack import Attack, Harm, Outcome, Sighting, Site, Unavailable
from techlead.audit.attacks.sight import View, look, windows
from techlead.audit.finding import Severity
from techlead.audit.target.exchange import Actor, Answer, Request
from techlead.audit.target.operation import Operation, Role
from techlead.audit.target.reading import leaves

KIND: Final = "rule.bypass"
REWARDS: Final = re.compile(r"refer|invit|affiliate|promot|bonus|reward|recommend", re.IGNORECASE)
CODE: Final = re.compile(r"code|token|link|key|id$", re.IGNORECASE)
CODE_CHARACTERS_MIN = 4
RESERVE_SECONDS = 1.0


def rewarded(first: View, second: View) -> bool:
    """Tell whether the caller's own code brought him something, and the same again the second time."""
    return bool(_grown(first) & _grown(second))


def _grown(view: View) -> frozenset[str]:
    return frozenset(
        [name for name, more in view.counts.items() if more > 0]
        + [name for name, more in view.held.items() if more > 0]
    )


def strike(site: Site) -> Iterator[Outcome]:
    """Read one's own code, and send it where the codes of others are meant, twice."""
    tried = False
    for operation in site.places(unsafe=True):
        name = next((one.name for one in operation.body if one.type == "string" and CODE.search(one.name)), "")
        about = REWARDS.search(operation.path) or REWARDS.search(name)
        if not name or not about or operation.parameters or operation.role in {Role.SIGN_UP, Role.LOG_IN}:
            continue
        actor = site.people.new()
        for code in _codes(site, actor):
            if site.left() < RESERVE_SECONDS:
                return
            tried = True
            outcome = _twice(site, operation, actor, {name: code})
            if outcome is not None:
                yield outcome
                break
    if not tried:
        raise Unavailable("there are no codes for bringing others")


def _codes(site: Site, actor: Actor) -> Iterator[str]:
    """Give the codes that the target shows to somebody as his own: another user is shown another one."""
    for operation in site.operations:
        if operation.method != "GET" or operation.parameters or operation.role is Role.DOCUMENTS:
            continue
        mine = site.send(Request("GET", operation.path, actor, operation=operation.name))
        if not mine.ok or not (REWARDS.search(operation.path) or REWARDS.search(mine.text)):
            continue
        theirs = dict(leaves(site.send(mine.request.but(actor=site.people.second)).json))
        for name, value in leaves(mine.json):
            written = isinstance(value, str) and len(value) >= CODE_CHARACTERS_MIN
            if written and CODE.search(name) and value not in {actor.login, theirs.get(name)}:
                yield value


def _twice(site: Site, operation: Operation, actor: Actor, body: dict[str, Any]) -> Sighting | None:
    """Send the own code twice, and see what grew each time."""
    through = windows(site, actor, operation, {})
    views, answers = [look(site, through)], []
    for _ in range(2):
        answers.append(_sent(site, operation, actor, body))
        views.append(look(site, through))
    first, second = views[1].since(views[0]), views[2].since(views[1])
    if not rewarded(first, second):
        return None
    return Sighting(
        kind=KIND,
        operation=operation.name,
        claim=f"{operation.name} takes the caller's own code, and rewards him each time he sends it.",
        evidence={"first": _numbers(first), "second": _numbers(second)},
        steps=tuple(answer.exchange for answer in answers),
        severity=Severity.MEDIUM,
    )


def _sent(site: Site, operation: Operation, actor: Actor, body: dict[str, Any]) -> Answer:
    return site.send(site.request(operation, actor, body=body))


def _numbers(view: View) -> dict[str, str]:
    return {name: str(value) for part in (view.counts, view.held) for name, value in part.items()}


ATTACK: Final = Attack(
    name="rule.own-code",
    kinds=(KIND,),
    claim="One can bring oneself, and be rewarded for it again and again.",
    effect="After one's own code was sent, a list or a balance of one's own has grown, and has grown again after the second time.",
    strike=strike,
    harm=Harm.NONE,
    seconds=8.0,
)
