"""What errors and debugging help show of the inside."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from techlead.audit.attacks.attack import Compare, Outcome, Shows, Sighting, Site
from techlead.audit.attacks.exposure.tour import ENDING, LEFT_SECONDS_MIN, able, broken
from techlead.audit.detect import traces
from techlead.audit.finding import Severity
from techlead.audit.target.exchange import Answer, Request
from techlead.audit.target.operation import Operation

VARIANTS_MAX = 24
MILD: Final = frozenset({"the name of an exception", "a message of Python"})
REFUSED = 400


def error_details(site: Site) -> Iterator[Outcome]:
    """Break every operation and search the refusals for the inside."""
    for operation in site.places():
        if operation.role in ENDING:
            continue
        found = able(site, operation)
        for request in islice(broken(operation, found[1]), VARIANTS_MAX) if found else ():
            if site.left() < LEFT_SECONDS_MIN:
                return
            answer = site.send(request)
            what = traces.inside(answer.text) if answer.status >= REFUSED else None
            if what is not None and traces.debugger(answer.text) is None:
                yield _detail(operation, what, answer)
                break


def _detail(operation: Operation, what: str, answer: Answer) -> Sighting:
    """Say what an error shows."""
    return Sighting(
        "exposure.error-detail",
        operation.name,
        f"A broken {operation.name} is answered with {what} ({answer.status}).",
        cause=what,
        evidence={"answer": answer.text[:400]},
        steps=(answer.exchange,),
        severity=Severity.LOW if what in MILD else None,
    )


def debugging(site: Site) -> Iterator[Outcome]:
    """Look where debuggers and debug routes are wont to stand, as nobody."""
    known = [op.path for op in site.operations if not op.unsafe and not op.parameters and "debug" in op.path.lower()]
    for path in dict.fromkeys((*known, *traces.DEBUG_PATHS, "/no-such-page-here")):
        answer = site.send(Request("GET", path, site.people.anonymous))
        debugger = traces.debugger(answer.text)
        if debugger is not None:
            yield _open(answer, f"{debugger} answers strangers at {path}.", "a debugger")
            return
        if answer.ok and traces.CONFIGURATION.search(answer.text):
            yield _open(answer, f"GET {path} shows strangers the configuration or environment.", path)
    yield from _on_error(site)


def _on_error(site: Site) -> Iterator[Outcome]:
    """Break things until a debugger answers."""
    for operation in site.places():
        found = able(site, operation) if operation.role not in ENDING else None
        for request in islice(broken(operation, found[1]), VARIANTS_MAX // 2) if found else ():
            if site.left() < LEFT_SECONDS_MIN:
                return
            answer = site.send(request)
            debugger = traces.debugger(answer.text)
            if debugger is not None:
                yield _open(answer, f"An error in {operation.name} is answered by {debugger}.", "a debugger")
                return


def _open(answer: Answer, claim: str, cause: str) -> Sighting:
    """Say that debugging help is reachable."""
    place = f"{answer.request.method} {answer.request.path.partition('?')[0]}"
    return Sighting(
        "exposure.debug",
        place,
        claim,
        cause=cause,
        steps=(answer.exchange,),
        shows=Shows(Compare.STATUS, (answer.status,)),
    )
