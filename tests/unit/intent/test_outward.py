"""What leads out of a backend or into it is signed: each change to it shows, under its own name and in words."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import pages
import pytest
from pages import SHOP, load

from techlead.declare.backend import Declarations
from techlead.derive.compile import derive
from techlead.derive.plan import Plan
from techlead.intent.changes import changes, message_changes
from techlead.intent.items import Item, changed_titles, items_of
from techlead.intent.risk import RiskClass
from techlead.intent.serving import CannotServe, served

TEMPLATE = "# Sold\n\n{{ title }} was sold.\n"
PAGE = (
    SHOP.replace('"admin"])', '"admin"])\nSECONDS = 300\n')
    .replace("    title: Mapped[str] = field(max_length=120)", "    title: Mapped[str] = field(max_length=120)\n    room: Mapped[WebhookUrl | None] = field()\n    door: Mapped[WebhookUrl | None] = field()")
    + """
def verified(headers, body, secret):
    return None if len(body) > SECONDS else None

class Pager:
    async def send(self, delivery, deadline):
        return None

backend.outside.systems.append(System("https://sms.example/v1", "SMS_TOKEN", "Idempotency-Key", 5.0, 2.0, caller()))
backend.outside.systems.append(System("https://post.example/v1", None, "Idempotency-Key", 5.0, 2.0, caller()))
gateway, letters = backend.outside.systems
backend.outside.incoming.append(Incoming("PAYMENT_KEY", verified, 300, caller()))
payments, = backend.outside.incoming
backend.outside.channels["pager"] = Pager()

class Told(Body):
    listing: Mapped[Ref[Listing]]

sold = notification(Listing, to="seller", via=[inbox, chat.at("room")], text="{title} was sold.")

@action(Listing, by=owner, examples=[facts().gives(calls=['call(gateway, "messages", {}, listing)'])])
def text(listing: Listing) -> Effects:
    yield gateway.call("messages", {}, about=listing)

@action(Listing, on=gateway, examples=[facts(delivered=True).gives(listing=facts(stock=0))])
def texted(listing: Listing, delivered: bool) -> None:
    listing.stock = 0 if delivered else 1

@action(Listing, on=payments.event("paid"), examples=[facts().gives(listing=facts(status=Status.SOLD), sends=[sold])])
def pay(listing: Listing, body: Told) -> Effects:
    listing.status = Status.SOLD
    yield sold.send(listing)
"""
)  # fmt: skip
MORE = "from techlead.declare.origin import caller\nfrom techlead.declare.outside import Incoming, System\n"


@pytest.fixture(autouse=True)
def one_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two versions of a page are one module, as in a project: its name is part of what is signed."""
    monkeypatch.setattr(pages, "_numbers", itertools.repeat(0))


def planned(folder: Path, source: str = PAGE, templates: dict[str, str] | None = None) -> Plan:
    folder = Path(tempfile.mkdtemp(dir=folder))
    backend: Declarations = load(folder, MORE + source).backend
    return derive(backend, {"sold.md": TEMPLATE} if templates is None else templates)


def items(folder: Path, source: str = PAGE, templates: dict[str, str] | None = None) -> dict[str, Item]:
    return items_of(planned(folder, source, templates))


CHANGES = {
    "where calls go": ("sms.example/v1", "sms.example/v2", "system gateway"),
    "its credentials": ('"SMS_TOKEN"', '"OTHER_TOKEN"', "system gateway"),
    "its patience": ('"SMS_TOKEN", "Idempotency-Key", 5.0', '"SMS_TOKEN", "Idempotency-Key", 9.0', "system gateway"),
    "its pace": ('"SMS_TOKEN", "Idempotency-Key", 5.0, 2.0', '"SMS_TOKEN", "Idempotency-Key", 5.0, 7.0', "system gateway"),
    "whose key": ('"PAYMENT_KEY"', '"OTHER_KEY"', "incoming payments"),
    "how old a message may be": ("verified, 300", "verified, 900", "incoming payments"),
    "the verifier": ("else None", "else secret", "incoming payments"),
    "a constant of the verifier": ("SECONDS = 300", "SECONDS = 301", "incoming payments"),
    "the address in a field": ('chat.at("room")', 'chat.at("door")', "message sold"),
    "a way more": ('chat.at("room")]', 'chat.at("room"), email]', "message sold"),
    "that it is a code": ('text="{title} was sold.")', 'text="{title} was sold.", code=True)', "message sold"),
    "which system's answer": ("on=gateway", "on=letters", "action Listing.texted"),
    "which event": ('event("paid")', 'event("payment.created")', "action Listing.pay"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "title"), CHANGES.values(), ids=CHANGES.keys())
def test_a_change_shows(tmp_path: Path, old: str, new: str, title: str):
    assert old in PAGE
    assert list(changed_titles(items(tmp_path), items(tmp_path, PAGE.replace(old, new)))) == [title]


def test_a_channel_of_ones_own_shows(tmp_path: Path):
    changed = PAGE.replace("class Pager", "class Phone").replace("Pager()", "Phone()")
    assert list(changed_titles(items(tmp_path), items(tmp_path, changed))) == ["channel pager"]


@pytest.mark.parametrize(
    "templates",
    [{}, {"sold.md": TEMPLATE.replace("was", "is")}, {"sold.md": TEMPLATE, "sold.de.md": "# Weg\n\n{{ title }}\n"}],
    ids=["gone", "other words", "a language more"],
)
def test_a_template_shows(tmp_path: Path, templates: dict[str, str]):
    assert list(changed_titles(items(tmp_path), items(tmp_path, PAGE, templates))) == ["message sold"]


def test_layout_and_where_the_page_stands_change_nothing(tmp_path: Path):
    moved = PAGE.replace("\ndef verified(headers", "\n\n# Who pays must sign.\n\ndef verified(headers")
    assert list(changed_titles(items(tmp_path), items(tmp_path, moved))) == []


def test_a_template_is_shown_by_the_lines_that_changed(tmp_path: Path):
    (change,) = changes(
        items(tmp_path), items(tmp_path, PAGE, {"sold.md": TEMPLATE.replace("was sold", "is gone")}), None
    )
    assert change.words == ("templates others: - {{ title }} was sold.", "templates others: + {{ title }} is gone.")


def test_what_starts_an_action_is_said(tmp_path: Path):
    (change,) = changes(items(tmp_path), items(tmp_path, PAGE.replace("on=gateway", "on=letters")), None)
    assert "what starts it: the answer of gateway became the answer of letters" in change.words


def test_systems_and_endpoints_are_careful(tmp_path: Path):
    found = items(tmp_path)
    outward = [one for title, one in found.items() if title.split()[0] in ("system", "incoming", "channel")]
    assert {one.title for one in outward} == {
        "system gateway", "system letters", "incoming payments", "channel pager"
    }  # fmt: skip
    assert {one.risk.of for one in outward} == {RiskClass.CAREFUL}


def test_a_review_names_new_messages_and_new_calls(tmp_path: Path):
    new = items(tmp_path)
    told = message_changes({}, new)
    assert "gateway is new: calls go to https://sms.example/v1, with the credentials in SMS_TOKEN" in told
    assert "letters is new: calls go to https://post.example/v1, without credentials" in told
    assert "payments is new: POST /incoming/payments takes what is signed with the key in PAYMENT_KEY" in told
    assert "sold is new: about Listing, by chat at room, inbox; chat at room leaves this system" in told
    assert "action Listing.text newly calls gateway" in told
    assert [one for one in told if one.startswith("pager is new: messages leave this system through page_")]
    assert message_changes(new, new) == ()


def test_a_review_names_what_goes_elsewhere(tmp_path: Path):
    changed = PAGE.replace("sms.example", "evil.example").replace('chat.at("room")', 'chat.at("door")')
    changed = changed.replace("    listing.status = Status.SOLD\n", '    listing.status = Status.SOLD\n    yield letters.call("l", {}, about=listing)\n')  # fmt: skip
    told = message_changes(items(tmp_path), items(tmp_path, changed))
    assert set(told) == {
        "gateway leads elsewhere: calls go to https://evil.example/v1, with the credentials in SMS_TOKEN",
        "sold goes further: about Listing, by chat at door; chat at door leaves this system",
        "action Listing.pay newly calls letters",
    }


def test_what_is_served_has_every_operation_of_the_plan(tmp_path: Path):
    plan = planned(tmp_path)
    assert "/incoming/payments" in {one.path for one in plan.operations}
    assert served(plan, items_of(plan), {}).plan.operations == plan.operations


def _entries(found: dict[str, Item]):
    return {title: type("Entry", (), {"hash": one.hash, "record": one.record}) for title, one in found.items()}


@pytest.mark.parametrize(
    ("old", "new", "title"),
    [CHANGES["where calls go"], CHANGES["whose key"], CHANGES["the address in a field"], CHANGES["which event"]],
)
def test_what_was_signed_otherwise_is_not_served(tmp_path: Path, old: str, new: str, title: str):
    plan = planned(tmp_path, PAGE.replace(old, new))
    with pytest.raises(CannotServe, match=title):
        served(plan, items_of(plan), _entries(items(tmp_path)))
