"""Trade with oneself: buying one's own goods, rating one's own work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from techlead.audit.attacks.attack import Attack, Compare, Harm, Outcome, Shows, Sighting, Site, Unavailable
from techlead.audit.attacks.sight import Callers
from techlead.audit.finding import Severity
from techlead.audit.target.exchange import Actor, Answer
from techlead.audit.target.operation import Operation, Resource, Role
from techlead.audit.target.reading import leaves

KIND: Final = "rule.bypass"
TRADES: Final = re.compile(
    r"order|purchase|buy|bid|offer|review|rating|rate|vote|like|follow|endorse|tip", re.IGNORECASE
)
PARTIES: Final = re.compile(
    r"seller|buyer|owner|author|user|reviewer|customer|instructor|provider|host|guest", re.IGNORECASE
)
RESERVE_SECONDS = 1.0
PARTIES_TWO = 2


def with_oneself(answer: Answer, actor: Actor) -> bool:
    """Tell whether the row that was made names the same person on both sides."""
    sides = {
        name.rpartition(".")[0] if name.endswith(".id") else name
        for name, value in leaves(answer.json)
        if value == actor.id and actor.id is not None and PARTIES.search(name)
    }
    return answer.ok and len(sides) >= PARTIES_TWO


def strike(site: Site) -> Iterator[Outcome]:
    """Make something, and order or review it as its maker."""
    tried = False
    for operation in site.places(Role.CREATE, Role.ACT, Role.OTHER):
        if operation.method != "POST" or not TRADES.search(_last_word(operation)) or site.left() < RESERVE_SECONDS:
            continue
        for resource in site.resources:
            field = next((one.name for one in operation.body if one.refers_to == resource.name), None)
            parameter = next(
                (
                    one.name
                    for one in operation.parameters
                    if one.refers_to == resource.name or one.name == resource.parameter
                ),
                None,
            )
            if resource.create is None or resource.create is operation or (field is None and parameter is None):
                continue
            shown = _trade(site, operation, resource, field, parameter)
            if shown is None:
                continue
            tried = True
            actor, answer = shown
            if with_oneself(answer, actor):
                yield Sighting(
                    kind=KIND,
                    operation=operation.name,
                    claim=f"{operation.name} lets its caller trade with himself: one person stands on both sides of the row.",
                    evidence={"resource": resource.name},
                    steps=(answer.exchange,),
                    shows=Shows(Compare.STATUS, (answer.status,)),
                    severity=Severity.LOW,
                )
    if not tried:
        raise Unavailable("nothing can be ordered, bid for or reviewed")


def _last_word(operation: Operation) -> str:
    return next((word for word in reversed(operation.path.split("/")) if word and "{" not in word), "")


def _trade(
    site: Site, operation: Operation, resource: Resource, field: str | None, parameter: str | None
) -> tuple[Actor, Answer] | None:
    actor = Callers(site).of("user")
    if actor is None:
        return None
    try:
        thing = site.make(resource.name, actor)
        path: dict[str, Any] = {parameter: thing.id} if parameter else {}
        body = {field: thing.id} if field else None
        return thing.owner, site.send(site.request(operation, thing.owner, path=path, body=body))
    except Unavailable:
        return None


ATTACK: Final = Attack(
    name="rule.own",
    kinds=(KIND,),
    claim="One can trade with oneself.",
    effect="The row that was made names the caller on both sides.",
    strike=strike,
    harm=Harm.NONE,
    seconds=6.0,
)
