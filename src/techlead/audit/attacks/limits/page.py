"""A list without an end: as many rows as there are, for whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from techlead.audit.attacks.attack import Attack, Harm, NotTested, Outcome, Sighting, Site, Unavailable
from techlead.audit.attacks.other_value import distinct
from techlead.audit.attacks.sight import Callers, values_of
from techlead.audit.target.exchange import Answer, Request
from techlead.audit.target.operation import Operation, Role
from techlead.audit.target.reading import rows

KIND: Final = "limits.page-size"
FEW = 55
"""More than 20, 25 and 50: a list that shows fewer has pages."""
ROWS = 130
"""More than the page sizes that people choose: 20, 50, 100."""
ROWS_SURE = 520
"""More than 200, 250 and 500, for the first list that shows all of `ROWS`."""
HUGE = 1_000_000
PAGE_MAX = 1_000
"""A declared bound up to here counts as one."""
USUAL: Final = ("limit", "page_size", "per_page", "size", "pageSize", "count")
SIZES: Final = frozenset(USUAL) | {"first", "take", "max", "rows", "top", "n"}
RESERVE_SECONDS = 2.0
FILL_SHARE = 0.25
"""Of the time that is left, how much the first rows of one list may take: one that is dearer waits for a longer audit."""
BATCH = 16


def unbounded(shown: int, made: int) -> bool:
    """Tell whether one answer showed every row that was made."""
    return shown >= made >= ROWS


def strike(site: Site) -> Iterator[Outcome]:
    """Fill each list that can be filled, and ask for all of it at once."""
    callers = Callers(site)
    tried, sure = False, False
    for listing in site.places(Role.LIST):
        create = _create(site, listing)
        tried = tried or _bounded(listing)
        if create is None or site.left() < RESERVE_SECONDS or _bounded(listing):
            continue
        base = callers.able(create)
        if base is None:
            continue
        tried = True
        floor = site.left() * (1 - FILL_SHARE)
        best, made = None, _fill(site, create, base[0], FEW, floor=floor)
        if made < FEW and site.left() < floor:
            yield NotTested(KIND, f"the rows of {listing.name} take too long to make: give more with --seconds")
            continue
        for rows_wanted in (FEW, ROWS) if sure else (FEW, ROWS, ROWS_SURE):
            made += _fill(site, create, base[0], rows_wanted - made, made)
            best = _most(site, callers, listing, base[0], create) if best is None else site.send(best.request)
            if best is None or _count(best) < made or made < rows_wanted:
                break  # a page has an end, or no more rows can be made
        if best is None or not unbounded(_count(best), made):
            continue
        sure = True
        yield Sighting(
            kind=KIND,
            operation=listing.name,
            claim=f"One {best.request.method} {best.request.path} answers with {_count(best)} rows: the list has no upper bound.",
            cause=listing.resource or listing.name,
            evidence={"rows_made": made, "rows_shown": _count(best), "bytes": len(best.content)},
            steps=(replace(best, content=best.content[:200]).exchange,),
        )
    if not tried:
        raise Unavailable("no list could be filled with rows")


def _create(site: Site, listing: Operation) -> Operation | None:
    """Find the operation that adds rows to this list: the one on its own path, or the resource's."""
    for operation in site.operations:
        if operation.method == "POST" and operation.path.rstrip("/") == listing.path.rstrip("/"):
            return operation
    resource = site.resource(listing.resource)
    return resource.create if resource is not None else None


def _bounded(listing: Operation) -> bool:
    """Tell whether every size that it takes is declared with a sane bound."""
    sizes = [field for field in listing.query if field.name in SIZES]
    return bool(sizes) and all(field.maximum is not None and field.maximum <= PAGE_MAX for field in sizes)


def _fill(
    site: Site, create: Operation, base: Request, count: int, begin: int = 0, floor: float = RESERVE_SECONDS
) -> int:
    """Make rows that differ in their texts, while more seconds than the floor are left; the number that was made."""
    known = {field.name: field for field in create.body}
    requests = [base.but(body=distinct(base.body, known, number)) for number in range(begin, begin + count)]
    made = 0
    for start in range(0, len(requests), BATCH):
        if site.left() < floor:
            break
        answers = site.many(requests[start : start + BATCH], 10.0, at_once=8)
        made += sum(answer.ok for answer in answers)
        if not any(answer.ok for answer in answers):
            break
    return made


def _most(site: Site, callers: Callers, listing: Operation, base: Request, create: Operation) -> Answer | None:
    """Ask for everything in every usual way, as the maker of the rows; the answer that shows most."""
    path = values_of(create, base)
    given = {field.name: path[field.name] for field in listing.parameters if field.name in path}
    try:
        request = site.request(listing, base.actor, path=given)
    except Unavailable:
        return None
    bare = request.path.partition("?")[0]
    named = [field.name for field in listing.query if field.name in SIZES] or [
        "&".join(f"{name}={HUGE}" for name in USUAL)
    ]
    asked = [bare, *(f"{bare}?{name if '=' in name else f'{name}={HUGE}'}" for name in named)]
    answers = [answer for answer in site.many([request.but(path=one) for one in asked], 15.0) if answer.ok]
    if not answers:
        shown = callers.able(listing)
        return shown[1] if shown else None
    return max(answers, key=_count)


def _count(answer: Answer) -> int:
    return len(rows(answer.json)) if answer.ok else 0


ATTACK: Final = Attack(
    name="limits.page-size",
    kinds=(KIND,),
    claim="One request can ask for every row there is.",
    effect="More rows than any sane page come back in one answer: every one that was made.",
    strike=strike,
    harm=Harm.WRITES,
    seconds=25.0,
)
