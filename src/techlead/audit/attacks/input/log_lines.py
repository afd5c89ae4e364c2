"""A log that anybody can write lines of: control characters of a request come out as they went in."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Final

from techlead.audit.attacks.attack import Attack, Compare, Harm, Need, Outcome, Shows, Sighting, Site
from techlead.audit.finding import Severity
from techlead.audit.target.exchange import Request
from techlead.audit.target.operation import Role

KIND: Final = "input.injection"
WHERE: Final = "request log"
SETTLE_SECONDS = 0.3
PATHS: Final = (
    ("a line feed", "/zqx%0AFORGED-{mark}", "\nFORGED-{mark}"),
    ("an escape sequence", "/zqx%1b[31mRED-{mark}", "\x1b[31mRED-{mark}"),
    ("a next-line character", "/zqx%C2%85NEL-{mark}", "\x85NEL-{mark}"),
)
FIELD: Final = "zqx@example.com\nFORGED-{mark}"


def forged(log: str, raw: str) -> bool:
    """Tell whether the characters stand in the log as they were sent."""
    return raw in log


def strike(site: Site) -> Iterator[Outcome]:
    """Ask for paths with control characters in them, and log in with a name that holds a line feed."""
    mark = re.sub(r"\D", "", str(site.seed)) or "1"
    begun = site.log.mark()
    sent = [site.send(Request("GET", path.format(mark=mark))) for _, path, _ in PATHS]
    for operation in site.places(Role.LOG_IN):
        request = site.people.log_in_request(site.people.first, "wrong-password-zqx")
        if isinstance(request.body, dict):
            name = next(iter(request.body))
            sent.append(site.send(request.with_fields(**{name: FIELD.format(mark=mark)}).but(operation=operation.name)))
    time.sleep(SETTLE_SECONDS)
    log = site.log.since(begun)
    raws = [(what, raw.format(mark=mark)) for what, _, raw in PATHS]
    found = [what for what, raw in raws if forged(log, raw)]
    if found:
        yield Sighting(
            kind=KIND,
            operation=WHERE,
            claim=f"The log takes {found[0]} from a request as it is: a caller can write lines and colours into it.",
            cause=WHERE,
            evidence={"characters": found},
            steps=tuple(answer.exchange for answer in sent),
            shows=Shows(Compare.LOGGED_AS_SENT, tuple(raw for _, raw in raws)),
            severity=Severity.LOW,
        )


ATTACK: Final = Attack(
    name="input.log-lines",
    kinds=(KIND,),
    claim="A caller can forge lines of the log.",
    effect="A control character that was sent stands in the log unchanged.",
    strike=strike,
    needs=frozenset({Need.LOG}),
    harm=Harm.NONE,
    seconds=5.0,
)
