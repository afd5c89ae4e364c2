"""`techlead plan` prints everything that was derived so that a diff of two prints shows just what changed."""

import difflib
import json

import pytest
from backends import example
from pages import SHOP, plan_of

from techlead.derive.plan_text import plan_json, plan_text

EXAMPLES = ["marketplace", "teamboard", "gymbook"]


def lines(plan):
    return plan_text(plan).splitlines()


@pytest.mark.parametrize(
    "line",
    [
        "backend marketplace",
        "roles: admin",
        "accounts: Person",
        "operation login: POST /auth/login: anyone",
        "resource Order at /orders",
        "  One buyer's order for one listing.",
        '  read: owner | the("seller") | role("admin")',
        "  update: nobody",
        "  field price: money in EUR, 1.00 EUR to 100000.00 EUR; copied from listing.price",
        '  field address read: owner | the("seller")',
        '  operation ship_order: POST /orders/{id}/ship: the("seller")',
        "    Hand the parcel over to the carrier.",
        "    when not_handed_over",
        "    knows listing: Listing behind listing",
        "    takes tracking: text, 4 to 40 characters; required",
        "  on create: place",
        "  may create_order: anyone signed in",
        '  sees address: owner, the("seller")',
        "  sets address: anyone signed in",
        "rule not_handed_over",
        "  because Parcels cancelled after hand-over were refunded and kept (ticket 482, March 2021).",
        "  tells The parcel has been handed over.",
        "  guards Order.cancel",
        "  allows facts(status=OrderStatus.PLACED)",
        "  refuses facts(status=OrderStatus.SHIPPED)",
        "notification order_placed about Order",
        "  to seller",
        "  via inbox, email, webhook",
        "  text An order for {price} was placed.",
    ],
)
def test_the_plan_of_the_marketplace_says(line):
    assert line in lines(example("marketplace"))


def test_counts_that_an_action_knows_are_named():
    assert "    knows admins: count(Membership, of=workspace, level=Level.ADMIN)" in lines(example("teamboard"))


def test_rows_that_are_unique_together_and_kept_when_deleted_are_named():
    text = lines(example("teamboard"))

    assert "  unique together: workspace, person" in text
    assert "  deleted rows are kept for their history" in text


def test_one_changed_policy_shows_as_the_lines_that_it_touches(tmp_path):
    before = plan_of(tmp_path, SHOP)
    after = plan_of(tmp_path, SHOP.replace("create=signed_in, update=owner", 'create=signed_in, update=role("admin")'))
    changed = [line for line in difflib.ndiff(lines(before), lines(after)) if line[0] in "+-"]

    assert changed == [
        "-   update: owner",
        '+   update: role("admin")',
        "-   operation update_listing: PATCH /listings/{id}: owner",
        '+   operation update_listing: PATCH /listings/{id}: role("admin")',
        "-   may update_listing: owner",
        '+   may update_listing: role("admin")',
    ]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_same_plan_prints_the_same_and_no_line_ends_in_a_blank(name):
    assert plan_text(example(name)) == plan_text(example(name))
    assert all(line == line.rstrip() for line in lines(example(name)))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_data_survives_json_and_has_every_cell(name):
    data = plan_json(example(name))

    assert json.loads(json.dumps(data)) == data
    for resource in data["resources"]:
        actors = {cell["actor"] for cell in resource["access"]}
        assert len(resource["access"]) == len(actors) * len({cell["operation"] for cell in resource["access"]})


def test_a_cell_names_only_fields_that_somebody_may_see_or_send():
    (order,) = [one for one in plan_json(example("marketplace"))["resources"] if one["name"] == "Order"]
    (cell,) = [one for one in order["access"] if (one["operation"], one["actor"]) == ("read_order", 'role("admin")')]

    assert cell["may"] == "yes"
    assert "address" not in cell["reads"]
    assert cell["writes"] == {}


def test_fields_that_are_indexed_together_are_named(tmp_path):
    page = (
        SHOP
        + """
@backend.resource(read=owner, create=signed_in, indexed=[("author", "points")])
class Card(Resource):
    author: Mapped[Ref[Person]] = owned_by()
    points: Mapped[int] = field(ge=0, le=9, indexed=True)
"""
    )
    assert "  indexed together: author, points" in plan_text(plan_of(tmp_path, page)).splitlines()
