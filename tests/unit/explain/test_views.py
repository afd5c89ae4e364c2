"""Everything that is declared appears in an explanation, and a flow that is wrong is shown wrong."""

from __future__ import annotations

import ast
import dataclasses
import re
from functools import cache

import pytest
from backends import example, running
from databases import sqlite_url

from techlead.declare.access import anyone
from techlead.declare.types import Sensitivity
from techlead.derive.plan import Plan
from techlead.explain.access import UNGUARDED, matrices
from techlead.explain.blocks import Diagram
from techlead.explain.cards import Known
from techlead.explain.flow import OWN, Flow, flows
from techlead.explain.handwritten import MARK, handwritten
from techlead.explain.pages import pages
from techlead.explain.sequence import CALLER, SERVER, mermaid, sequence
from techlead.explain.site import site
from techlead.explain.terminal import text
from techlead.explain.whole import Whole, explained
from techlead.intent.pinned import check_plan

NOTHING = Known({}, {}, {})
NAMES = ["marketplace", "teamboard", "gymbook"]


@cache
def whole(name: str) -> Whole:
    return explained(example(name), NOTHING)


@pytest.mark.parametrize("name", NAMES)
def test_every_route_rule_field_and_notification_appears(name: str):
    plan, shown = example(name), whole(name)
    rules = {
        rule.name for one in plan.resources.values() for a in (*one.on_create, *one.actions) for rule, _ in a.rules
    }
    assert [(one.method, one.path) for one in shown.operations] == [(one.method, one.path) for one in plan.operations]
    assert {one.name for one in shown.rules} == rules
    assert [one.name for one in shown.notifications] == [one.name for one in plan.notifications]
    by_resource = {one.resource: one for one in shown.access}
    for resource in plan.resources.values():
        matrix = by_resource[resource.name]
        assert [row.name for row in matrix.reads] == [one.name for one in resource.fields]
        told = {row.name for row in matrix.may}
        assert {one.name for one in plan.operations if one.resource == resource.name} <= told
    sensitive = {
        (resource.name, one.name)
        for resource in plan.resources.values()
        for one in resource.fields
        if one.sensitivity is not Sensitivity.PUBLIC or one.read is not None
    }
    assert {(one.resource, one.field) for one in shown.flows} == sensitive


@pytest.mark.parametrize("name", NAMES)
def test_what_appears_stands_on_the_page_and_in_the_terminal(name: str):
    plan, written = example(name), pages(whole(name))
    document, told = site(written, name), text(written, 100)
    for wanted in (*(one.path for one in plan.operations), *(one.name for one in plan.notifications)):
        assert wanted in document
        assert wanted in told
    assert len({page.anchor for page in written}) == len(written)
    assert set(re.findall(r'href="#([^"$]+)"', document)) <= set(re.findall(r' id="([^"]+)"', document))


@pytest.mark.parametrize("name", NAMES)
def test_no_example_has_a_flow_that_must_not_be(name: str):
    assert [one for one in whole(name).flows if one.wrong] == []


def changed(plan: Plan, resource: str, field: str, **to: object) -> Plan:
    """Change a field of a Plan behind the back of every check."""
    owner = plan.resources[resource]
    fields = tuple(dataclasses.replace(one, **to) if one.name == field else one for one in owner.fields)
    made = dataclasses.replace(owner, fields=fields)
    return dataclasses.replace(plan, resources={**plan.resources, resource: made})


def flow_of(plan: Plan, resource: str, field: str) -> Flow:
    return next(one for one in flows(plan) if (one.resource, one.field) == (resource, field))


def test_a_personal_value_that_everybody_reads_is_shown_wrong():
    plan = changed(example("marketplace"), "Person", "phone", read=anyone)
    person = plan.resources["Person"]
    open_person = dataclasses.replace(person, access=dataclasses.replace(person.access, read=anyone))
    opened = tuple(
        dataclasses.replace(one, policy=anyone) if one.name == "read_person" else one for one in plan.operations
    )
    plan = dataclasses.replace(plan, resources={**plan.resources, "Person": open_person}, operations=opened)
    found = flow_of(plan, "Person", "phone")
    assert found.wrong == ("a personal value is given back to whoever is anonymous or signed in",)
    assert any(
        "must not be: a personal value" in line for line in text(pages(explained(plan, NOTHING)), 200).splitlines()
    )


def test_a_secret_in_a_message_is_shown_wrong():
    plan = changed(example("marketplace"), "Order", "address", sensitivity=Sensitivity.SECRET)
    told = dataclasses.replace(plan.notifications[0], text="To {address}", via=plan.notifications[0].via)
    plan = dataclasses.replace(plan, notifications=(told, *plan.notifications[1:]))
    assert any("a secret value is sent in the words of" in wrong for wrong in flow_of(plan, "Order", "address").wrong)


async def test_a_value_goes_where_its_flow_says_and_nowhere_else(tmp_path):
    """Send a canary through every operation of an order, and hold what came back against the flow."""
    canary = "77 Canary Wharf"
    plan = example("marketplace")
    async with running(plan, sqlite_url(tmp_path)) as call:
        await call.sign_up("seller", "buyer", "admin")
        await call.grant("admin", "admin")
        sold = {"title": "A chair", "price": {"amount": "20.00", "currency": "EUR"}}
        listing = await call.made("/listings", sold, "seller")
        made = await call("POST", "/orders", {"listing": listing, "address": canary}, who="buyer")
        order = made.json()["id"]
        got = {(OWN, "create_order")} if canary in made.text else set()
        people = {"owner": "buyer", 'the("seller")': "seller", 'role("admin")': "admin"}
        for kind, who in people.items():
            for name, path in (
                ("list_orders", "/orders"),
                ("read_order", f"/orders/{order}"),
                ("history_of_order", f"/orders/{order}/history"),
            ):
                answer = await call("GET", path, who=who)
                assert answer.status_code == 200
                got |= {(kind, name)} if canary in answer.text else set()
        cancelled = await call("POST", f"/orders/{order}/cancel", who="buyer")
        got |= {("owner", "cancel_order")} if canary in cancelled.text else set()
        assert canary not in str(call.events())
        stored = await call.rows('SELECT address FROM "order"')
    flow = flow_of(plan, "Order", "address")
    said = {
        (kind, name)
        for line in flow.returned
        for kind, _, names in [line.partition(": ")]
        for name in names.split(", ")
    }
    assert got == said - {('the("seller")', "ship_order")}  # which was not asked
    assert stored == [(canary,)]
    assert flow.stored == "order.address, as it is"


def test_a_cell_that_nothing_guards_says_so():
    listing = next(one for one in matrices(example("marketplace")) if one.resource == "Listing")
    assert listing.unguarded == ("list_listings", "read_listing")
    assert next(row for row in listing.may if row.name == "read_listing").verdicts[0] == UNGUARDED


@pytest.mark.parametrize("name", NAMES)
def test_every_sequence_begins_and_ends_with_the_caller(name: str):
    for one in whole(name).operations:
        first, last = one.diagram.arrows[0], one.diagram.arrows[-1]
        assert (first.source, first.target, last.source, last.target) == (CALLER, SERVER, SERVER, CALLER)
        assert mermaid(one.diagram).count("->>") == len(one.diagram.arrows)


def test_the_sequence_of_an_action_names_its_rules_its_effects_and_what_is_sent():
    plan = example("marketplace")
    told = text([page for page in pages(whole("marketplace")) if page.name == "POST /orders/{id}/cancel"], 200)
    cancel = next(one for one in plan.operations if one.name == "cancel_order")
    drawn: Diagram = sequence(plan, cancel).diagram
    assert "409 The parcel has been handed over." in {refusal for arrow in drawn.arrows for refusal in arrow.refusals}
    for wanted in (
        "rule not_handed_over",
        "sets order.status; sets listing.status; sends order_cancelled",
        "by inbox, email, webhook",
    ):
        assert wanted in told


@pytest.mark.parametrize("name", NAMES)
def test_a_hand_written_version_is_python_that_names_every_operation_and_is_marked(name: str):
    plan = example(name)
    for resource in plan.resources.values():
        source = handwritten(plan, resource)
        functions = {one.name for one in ast.walk(ast.parse(source)) if isinstance(one, ast.AsyncFunctionDef)}
        assert source.startswith(MARK)
        assert {one.name for one in plan.operations if one.resource == resource.name} <= functions


def test_an_example_that_is_missing_marks_the_rule_as_not_pinned():
    plan = example("gymbook")
    loose = {
        title: dataclasses.replace(one, survivors=(), dead=("`x` is now dropped",), failures=())
        for title, one in ((one.title, one) for one in check_plan(plan))
    }
    shown = explained(plan, Known(loose, {}, {}))
    assert all(card.dead for card in shown.rules)
    assert "A dead condition decides nothing" in text(pages(shown), 200)


def test_what_a_declaration_says_stays_text_on_the_page():
    plan = example("marketplace")
    told = dataclasses.replace(plan.notifications[0], text="<script>alert(1)</script>")
    document = site(pages(explained(dataclasses.replace(plan, notifications=(told,)), NOTHING)), "x")
    assert "<script>alert" not in document
    assert "&lt;script&gt;alert(1)" in document


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_tables_and_words_fit_the_terminal(columns: int):
    shown = [page for page in pages(whole("marketplace")) if page.group in ("rules", "fields", "notifications")]
    assert max(len(line) for line in text(shown, columns).splitlines() if not line.startswith("  |")) <= max(
        columns, 40
    )
