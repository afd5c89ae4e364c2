"""Notifications without a name, to nobody, or that tell what is not for the recipient are refused at their line."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import SHOP, assert_refused, load, plan_of

from techlead.derive.compile import derive

MORE = """
@backend.resource(read=anyone, create=signed_in)
class Room(Resource):
    title: Mapped[str] = field(max_length=20)
    keeper: Mapped[Ref[Person] | None]
    phone: Mapped[Personal[str] | None] = field(max_length=20, read=the("keeper"))
    rent: Mapped[int | None] = field(read=the("keeper"))
    shout: Mapped[str] = computed(lambda room: room.title.upper(), max_length=20)
@backend.resource(read=signed_in, create=signed_in)
class Guest(Resource):
    member: Mapped[Ref[Person]]
    room: Mapped[Ref[Room]]
    since: Mapped[date | None]
@backend.resource(read=signed_in, create=signed_in)
class Twin(Resource):
    member: Mapped[Ref[Person]]
    room: Mapped[Ref[Room]]
    other: Mapped[Ref[Room] | None]
@backend.resource(read=role("admin"))
class Report(Resource):
    room: Mapped[Ref[Room]]
    about: Mapped[Ref[Person]]
    title: Mapped[str] = field(max_length=20)
@backend.resource(read=signed_in, create=signed_in)
class Visit(Resource):
    person: Mapped[Ref[Person]]
    room: Mapped[Ref[Room] | None]
"""
WRONG = {
    "no channel": ('told = notification(Room, to="keeper", via=[])', "it has no channel", "via=[inbox]"),
    "what is no channel": ('told = notification(Room, to="keeper", via=["sms"])', "via names something that is no channel", "via=[email]"),
    "a channel twice": ('told = notification(Room, to="keeper", via=[inbox, inbox])', "a channel twice", "name it once"),
    "no name": ('notification(Room, to="keeper")', "not assigned to a name of its module", "`order_placed = notification(...)`"),
    "a name in another case": ('Told = notification(Room, to="keeper")', "'Told' is not in snake_case", "order_placed"),
    "an unknown recipient": ('told = notification(Room, to="keper")', "Room has no field 'keper'", "did you mean 'keeper'?"),
    "a recipient that is no account": ('told = notification(Guest, to="room")', "Guest.room does not lead to Person", "Ref[Person]"),
    "a policy as recipient": ("told = notification(Room, to=signed_in)", "signed_in names no list of accounts", 'to="seller"'),
    "members of an unknown resource": ('told = notification(Room, to=member("Gust"))', "'Gust' is no resource", "did you mean 'Guest'?"),
    "members of what they do not lead to": (
        'told = notification(Report, to=member("Guest"))', "no field of Guest leads to Report: of what", "of="),
    "members of what leads twice": ('told = notification(Room, to=member("Twin"))', "room and other of Twin leads to Room", "keep one"),
    "members with a condition that cannot be": (
        'told = notification(Room, to=member("Guest", since=3))', "Guest.since cannot hold 3", "correct the value"),
    "an unknown field": ('told = notification(Room, to="keeper", text="{titel} is free")', "Room has no field 'titel'", "'title'"),
    "a Personal field": ('told = notification(Room, to="keeper", text="{phone}")', "Room.phone, which is personal", "leave it out"),
    "a Secret": ('told = notification(Order, to="buyer", text="{pin}")', "Order.pin, which is secret", "leave it out"),
    "an Internal": ('told = notification(Order, to="buyer", subject="{score}")', "Order.score, which is internal", "leave it out"),
    "a field of fewer readers": ('told = notification(Room, to="keeper", text="{rent}")', 'which has read=the("keeper")', "leave it out"),
    "a row that the recipient may not read": (
        'told = notification(Report, to="about", text="{title}")', 'read=role("admin") shows the row to no ordinary account',
        "a text without fields"),
    "braces without a field": ('told = notification(Room, to="keeper", text="{} is free")', "braces that name no field", "{title} was sold"),
    "code in braces": (
        'told = notification(Room, to="keeper", text="{title.__class__}")', "braces that name no field", "{title} was sold"),
    "a subject of two lines": (
        'told = notification(Room, to="keeper", subject="Hello\\nBcc: everybody")', "its subject", "the subject on one line"),
    "a long subject": ('told = notification(Room, to="keeper", subject="x" * 201)', "more than 200 characters", "shorten it"),
    "a long text": ('told = notification(Room, to="keeper", text="x" * 4001)', "more than 4000 characters", "shorten it"),
    "a text with a control character": ('told = notification(Room, to="keeper", text="a\\x00b")', "its text", "plain text"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "reason", "mend"), WRONG.values(), ids=WRONG.keys())
def test_a_notification_is_refused(tmp_path: Path, line: str, reason: str, mend: str) -> None:
    assert_refused(tmp_path, f"{SHOP}{MORE}{line}  # HERE\n", reason, mend)


def test_two_notifications_of_one_name_are_refused_at_the_second(tmp_path: Path) -> None:
    first = load(tmp_path, SHOP + MORE + 'told = notification(Room, to="keeper")\n')
    path = tmp_path / "second.py"
    path.write_text(f"from {first.__name__} import Guest, notification\ntold = notification(Guest, to='member')\n")
    spec = __import__("importlib.util").util.spec_from_file_location("second", path)
    spec.loader.exec_module(__import__("importlib.util").util.module_from_spec(spec))
    with pytest.raises(Exception, match=r"second.py:2: notification told: another one has the name told"):
        derive(first.backend)


def test_a_notification_without_accounts_is_refused(tmp_path: Path) -> None:
    page = """
backend = Backend("shop")
@backend.resource(read=anyone)
class Room(Resource):
    title: Mapped[str] = field(max_length=20)
told = notification(Room, to="title")  # HERE
"""
    assert_refused(tmp_path, page, "there are no accounts that could receive it", "@backend.account")


GOOD = [
    'told = notification(Room, to="keeper", via=[inbox, email], subject="{shout}", text="{title}\\nis {shout}")',
    'told = notification(Visit, to="person")',
    'told = notification(Report, to="about", text="Somebody wrote about you.")',
    'told = alias = notification(Guest, to="member", text="{room} since {since}")',
]


@pytest.mark.parametrize("line", GOOD)
def test_a_good_notification_stands(tmp_path: Path, line: str) -> None:
    (planned,) = plan_of(tmp_path, SHOP + MORE + line).notifications
    assert (planned.name, planned.subject) in (("told", "Told"), ("told", "{shout}"))


def test_all_members_of_a_row_can_be_told(tmp_path: Path) -> None:
    page = MORE + 'told = notification(Room, to=member("Guest", since=None))'
    (planned,) = plan_of(tmp_path, SHOP + page).notifications
    assert str(planned.to) == "member(Guest, since=None)"
