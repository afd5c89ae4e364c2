"""Whether who may change a row surely reads it is told only where it can be told."""

import pytest
from pages import plan_of

from techlead.declare.access import anyone, nobody, owner, role, signed_in, the, where
from techlead.derive.openapi.sight import always_sees, covers

PAGE = """
backend = Backend("box", roles=["clerk"])

@backend.account
class Person(Account): ...

@backend.resource(read={read}, create={create}, update={update})
class Note(Resource):
    writer: Mapped[Ref[Person]] = owned_by()
    text: Mapped[str] = field(max_length=10)
"""


@pytest.mark.parametrize(
    ("wide", "narrow", "told"),
    [
        (anyone, owner, True),
        (owner | role("a"), owner, True),
        (owner, owner | role("a"), False),
        (signed_in, owner | role("a"), True),
        (signed_in, anyone, False),
        (owner, owner & where(open=True), True),
        (owner & where(open=True), owner, False),
        (the("seller"), the("buyer"), False),
        (owner, nobody, False),
        (owner | the("seller"), (owner | role("a")) & the("seller"), True),
    ],
)
def test_one_policy_covers_another(wide, narrow, told):
    assert covers(wide, narrow) is told


@pytest.mark.parametrize(
    ("read", "create", "update", "created", "updated"),
    [
        ("owner", "signed_in", "owner", True, True),
        ("owner", "signed_in", 'role("clerk")', True, False),
        ('role("clerk")', "signed_in", "owner", False, False),
        ("anyone", "signed_in", "owner", True, True),
    ],
)
def test_who_creates_or_changes_sees_the_row(tmp_path, read, create, update, created, updated):
    plan = plan_of(tmp_path, PAGE.format(read=read, create=create, update=update))
    seen = {one.kind: always_sees(plan.resources["Note"], one) for one in plan.operations if one.resource == "Note"}

    assert (seen["create"], seen["update"]) == (created, updated)
