"""What can be done to a row whose making sent a message: where old news is looked for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from techlead.audit.attacks.outbound.news import _acts, overtaken
from techlead.audit.target.operation import Field, Operation, Resource, Role

PLACE = Operation("POST", "/orders", Role.CREATE, "orders")
CANCEL = Operation("POST", "/orders/{order_id}/cancel", Role.ACT, "orders", (Field("order_id"),))
SHIP = Operation("POST", "/orders/{order_id}/ship", Role.ACT, "orders", (Field("order_id"),))
NOTE = Operation(
    "POST", "/orders/{order_id}/note", Role.ACT, "orders", (Field("order_id"),), body=(Field("text", required=True),)
)
ORDERS = Resource("orders", PLACE, acts=(SHIP, NOTE, CANCEL), parameter="order_id")


def site(*succeeded: Operation) -> Any:
    return SimpleNamespace(
        resource={"orders": ORDERS}.get,
        role_of=lambda one: "user" if one.name in {each.name for each in succeeded} else "",
    )


def test_what_was_seen_to_succeed_comes_first_and_what_needs_more_than_the_row_not_at_all():
    assert [act for _, act in _acts(site(CANCEL), PLACE)] == [CANCEL, SHIP]


def test_what_makes_no_row_has_no_sequel():
    assert _acts(site(CANCEL), SHIP) == []


def test_old_news_is_overtaken_only_where_it_comes_after_new():
    assert overtaken([True, False, True])
    assert not overtaken([True, True, False, False])
    assert not overtaken([])
