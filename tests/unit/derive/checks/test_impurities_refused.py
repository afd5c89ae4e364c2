"""Rules, actions, computed fields and the methods of rows that could reach the world are refused at their own line."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import SHOP, assert_refused, load, plan_of

from techlead.declare.purity.source import _defined
from techlead.derive.compile import derive

BEFORE = """
import time
from os import environ
def helper(listing):
    return open("/etc/hostname")  # HELPER
class Parcel(Body):
    size: Mapped[int]
    def grams(self):
        return environ["SCALE"]  # METHOD
"""
RULE = """
@rule(because="Sold twice (ticket 17, May 2020).", allows=[facts(stock=1)], refuses=[facts(stock=0)])
def fine(listing: Facts[Listing]) -> bool:
    {0}
"""
ACTION = """
@action(Listing, by=owner)
def close(listing: Listing) -> Effects:
    {0}
    yield delete(listing)
"""
COMPUTED = """
@backend.resource(read=anyone)
class Card(Resource):
    title: Mapped[str] = field(max_length=9)
    word: Mapped[str] = computed({0}, max_length=9)
"""
IMPURE = {
    "a rule that reads the clock": (RULE.format("return time.time() > listing.stock  # HERE"), "time", "now"),
    "a rule that waits": (RULE.replace("def", "async def").format("return True").replace("-> bool:", "-> bool:  # HERE"), "is async", "`def`"),
    "a rule that yields": (RULE.format("yield True  # HERE"), "yield", ""),
    "a rule that assigns": (RULE.format("listing.stock = 1; return True  # HERE"), "listing.stock", ""),
    "an action that opens a file": (ACTION.format("open('/tmp/a')  # HERE"), "open", ""),
    "an action that imports": (ACTION.format("import socket  # HERE"), "import socket", ""),
    "a helper that opens a file": (RULE.format("return bool(helper(listing))").join(["", ""]), "open", ""),
    "a computed field that reads the clock": (
        COMPUTED.format("lambda card: str(time.time())  # HERE\n       "), "time", "now"),
    "a computed field that is no plain function": (COMPUTED.format("environ.get  # HERE\n       "), "is no plain function", "def"),
}  # fmt: skip


@pytest.mark.parametrize(("page", "reason", "mend"), IMPURE.values(), ids=IMPURE.keys())
def test_what_could_reach_the_world_is_refused(tmp_path: Path, page: str, reason: str, mend: str) -> None:
    before = BEFORE.replace("# HELPER", "# HERE") if "helper" in page else BEFORE
    before = before.split("class Parcel", maxsplit=1)[0]
    assert_refused(tmp_path, SHOP + before + page, reason, mend)


def test_the_methods_of_what_pure_functions_are_given_are_judged_too(tmp_path: Path) -> None:
    page = BEFORE.replace("# METHOD", "# HERE") + ACTION.format("pass").replace(
        "listing: Listing)", "listing: Listing, body: Parcel)"
    )
    assert_refused(tmp_path, SHOP + page, "environ", "")


def test_pure_functions_stand(tmp_path: Path) -> None:
    page = (
        """
LIMIT = 5
def many(listing):
    return listing.stock > LIMIT
told = notification(Listing, to="seller")
"""
        + RULE.format("return many(listing) or listing.price > Money('5', 'EUR') or listing.status is Status.OPEN")
        + """
@rule(because="Sold twice again (ticket 18, May 2020).", allows=[facts(stock=9)], refuses=[facts(stock=0, price=Money("1", "EUR"), status=Status.SOLD)])
def finer(listing: Facts[Listing]) -> bool:
    return fine(listing) and len(listing.title) < 99
@action(Listing, by=owner, when=[fine])
def close(listing: Listing, actor: Person, now: datetime) -> Effects:
    if now.year > 2030:
        yield refuse("Too late.")
    listing.stock -= 1
    yield create(Order(listing=listing.id, note=f"{now:%Y} {actor.nickname}"))
    yield told.send(listing)
    yield delete(listing)
"""
    )
    assert plan_of(tmp_path, SHOP + page).resources["Listing"].actions


def test_a_file_is_walked_once_however_many_functions_it_has(tmp_path: Path) -> None:
    rules = "".join(RULE.format("return listing.stock > 0").replace("fine", f"fine_{number}") for number in range(20))
    module = load(tmp_path, SHOP + rules)
    before = _defined.cache_info().misses
    derive(module.backend)
    assert _defined.cache_info().misses - before <= 2
