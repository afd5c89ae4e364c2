"""The access matrix says, for each kind of actor, what is left of every policy: yes, no, or what the row decides."""

import pytest
from backends import example
from pages import plan_of

from techlead.derive.access_summary import access_summary
from techlead.derive.matrix import access_matrix, actor_kinds, may_ever, verdict

PAGE = """
backend = Backend("press", roles=["editor"])

class State(Enum):
    DRAFT = "draft"
    OUT = "out"

class Level(Enum):
    READER = "reader"
    WRITER = "writer"

@backend.account
class Person(Account): ...

@backend.resource(read=owner)
class Seat(Resource):
    member: Mapped[Ref[Person]] = owned_by()
    paper: Mapped[Ref["Paper"]]
    level: Mapped[Level]

@backend.resource(read=signed_in)
class Paper(Resource):
    name: Mapped[str] = field(max_length=10)

@backend.resource(
    read=where(state=State.OUT) | owner | role("editor"),
    create=signed_in,
    update=owner & member(Seat, of="paper", level=Level.WRITER),
    delete=the("author") | (role("editor") & ~where(state=State.OUT)),
)
class Text(Resource):
    author: Mapped[Ref[Person]] = owned_by()
    paper: Mapped[Ref[Paper]]
    words: Mapped[str] = field(max_length=10)
    mark: Mapped[str | None] = field(max_length=10, read=member(Seat, of="paper"), write=role("editor"))
    key: Mapped[Secret[str] | None] = field(max_length=10)
    state: Mapped[State] = field(default=State.DRAFT, set_by=action)
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    return plan_of(tmp_path_factory.mktemp("press"), PAGE)


@pytest.fixture(scope="module")
def cells(plan):
    return {(cell.operation, cell.actor.name): cell for cell in access_matrix(plan)}


def may(cells, operation):
    return {actor: verdict(cell.may) for (name, actor), cell in cells.items() if name == operation}


def test_the_kinds_are_those_that_the_policies_tell_apart(plan):
    assert [kind.name for kind in actor_kinds(plan, plan.resources["Text"])] == [
        "anonymous",
        "signed in",
        "owner",
        'member(Seat, of="paper", level=Level.WRITER)',
        'member(Seat, of="paper")',
        'role("editor")',
        'member(Seat, of="paper", level=Level.WRITER) & owner',
        'member(Seat, of="paper", level=Level.WRITER) & owner & role("editor")',
    ]


def test_what_hangs_on_the_row_is_left_as_its_condition(cells):
    assert may(cells, "read_text")["anonymous"] == "where(state=State.OUT)"
    assert may(cells, "read_text")["owner"] == "yes"
    assert may(cells, "delete_text")['role("editor")'] == "~where(state=State.OUT)"


def test_two_things_that_are_asked_for_together_are_held_together(cells):
    allowed = [actor for actor, answer in may(cells, "update_text").items() if answer == "yes"]

    both = 'member(Seat, of="paper", level=Level.WRITER) & owner'
    assert allowed == [both, f'{both} & role("editor")']


def test_the_owners_field_is_the_owner(cells):
    assert may(cells, "delete_text")["owner"] == "yes"
    assert may(cells, "delete_text")["signed in"] == "no"


def test_a_member_with_a_level_is_a_member(cells):
    fields = {one.field: one for one in cells["list_texts", 'member(Seat, of="paper", level=Level.WRITER)'].fields}

    assert verdict(fields["mark"].read) == "where(state=State.OUT)"


def test_who_creates_a_row_owns_it(cells):
    fields = {one.field: one for one in cells["create_text", "signed in"].fields}

    assert may(cells, "create_text")["anonymous"] == "no"
    assert verdict(fields["words"].read) == "yes"
    assert verdict(fields["mark"].write) == "no"
    assert verdict(fields["key"].write) == "yes"
    assert verdict(fields["key"].read) == "no"
    assert verdict(fields["author"].write) == "no"


def test_who_may_not_do_it_reads_and_writes_nothing(cells):
    for cell in cells.values():
        if not may_ever(cell.may):
            assert not any(may_ever(one.read) or may_ever(one.write) for one in cell.fields), cell


def test_everybody_registers_and_is_the_owner_of_what_comes_of_it(cells):
    assert may(cells, "register") == {"anonymous": "yes", "signed in": "yes", "owner": "yes", 'role("editor")': "yes"}
    assert {one.field: verdict(one.read) for one in cells["register", "anonymous"].fields}["email"] == "yes"
    assert {one.field: verdict(one.write) for one in cells["change_me", "signed in"].fields}["email"] == "no"


def test_the_matrix_has_a_cell_for_each_operation_and_kind_of_each_resource():
    plan = example("marketplace")
    found = [(cell.operation, cell.actor.name) for cell in access_matrix(plan)]
    about = [one for one in plan.operations if one.resource] + [
        one for one in plan.operations if one.kind == "register"
    ]

    assert len(found) == len(set(found))
    assert len(found) == sum(len(actor_kinds(plan, plan.resources[one.resource or plan.account])) for one in about)


def test_without_accounts_there_is_one_kind(tmp_path):
    source = 'backend = Backend("a")\n@backend.resource(read=anyone)\nclass Note(Resource):\n    done: Mapped[bool]\n'
    plan = plan_of(tmp_path, source)

    assert {cell.actor.name for cell in access_matrix(plan)} == {"anonymous"}
    assert access_summary(access_matrix(plan)).may == {"list_notes": "anyone", "read_note": "anyone"}


def test_the_summary_names_the_widest_kinds(plan):
    summed = access_summary([cell for cell in access_matrix(plan) if cell.resource == "Text"])

    assert summed.may["create_text"] == "anyone signed in"
    assert summed.may["update_text"] == 'member(Seat, of="paper", level=Level.WRITER) & owner'
    assert summed.may["read_text"] == (
        "anonymous where(state=State.OUT), signed in where(state=State.OUT), owner, "
        'member(Seat, of="paper") where(state=State.OUT), role("editor")'
    )
    assert summed.sets["mark"] == 'role("editor")'
    assert "key" not in summed.sees
    assert summed.sees["words"].startswith("anonymous where(state=State.OUT)")


def test_the_summary_says_nobody_of_what_nobody_may(tmp_path):
    source = 'backend = Backend("a", roles=["boss"])\n@backend.account\nclass Person(Account): ...\n'
    source += '@backend.resource(read=anyone, delete=role("boss") & ~role("boss"))\nclass Note(Resource):\n    done: Mapped[bool]\n'
    plan = plan_of(tmp_path, source)
    summed = access_summary([cell for cell in access_matrix(plan) if cell.resource == "Note"])

    assert summed.may["delete_note"] == "nobody"
