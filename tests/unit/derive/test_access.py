"""The three readings of a policy agree: what is left for a class of actors, its SQL, and its decision in Python."""

from __future__ import annotations

import operator
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, reduce
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pages import load
from sqlalchemy import ClauseElement, bindparam, insert, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

from techlead.declare.access import (
    AllOf,
    AnyOf,
    Anyone,
    Between,
    Condition,
    Member,
    Nobody,
    Not,
    Owner,
    Policy,
    Role,
    SignedIn,
    The,
    Where,
    anyone,
    between,
    member,
    nobody,
    owner,
    role,
    signed_in,
    the,
    where,
)
from techlead.derive.access import (
    ACTOR,
    ANONYMOUS,
    ActorClass,
    SqlPolicies,
    account_field,
    accounts_of,
    at_path,
    decide,
    field_to,
    fields_to,
    owner_field,
    residual,
)
from techlead.derive.compile import derive
from techlead.derive.plan import Plan
from techlead.derive.tables import tables

PAGE = """
backend = Backend("board", roles=["admin", "staff"])

class Stage(Enum):
    DRAFT = "draft"
    DONE = "done"

@backend.account(read=signed_in)
class Person(Account):
    mentor: Mapped[Ref["Person"] | None]

@backend.resource(read=signed_in)
class Team(Resource):
    captain: Mapped[Ref[Person] | None]

@backend.resource(read=signed_in)
class Board(Resource):
    lead: Mapped[Ref[Person] | None]
    team: Mapped[Ref[Team] | None]

@backend.resource(read=signed_in, soft_delete=True)
class Seat(Resource):
    member: Mapped[Ref[Person]]
    invited_by: Mapped[Ref[Person] | None]
    board: Mapped[Ref[Board]]
    rank: Mapped[int | None]

@backend.resource(read=signed_in)
class Squad(Resource):
    player: Mapped[Ref[Person] | None]
    team: Mapped[Ref[Team] | None]

@backend.resource(read=signed_in)
class Watch(Resource):
    account: Mapped[Ref[Person]]
    friend: Mapped[Ref[Person] | None]
    card: Mapped[Ref["Card"]]

@backend.resource(read=signed_in)
class Card(Resource):
    author: Mapped[Ref[Person] | None] = owned_by()
    editor: Mapped[Ref[Person] | None]
    board: Mapped[Ref[Board] | None]
    size: Mapped[int | None]
    price: Mapped[Money | None] = field(currency="EUR")
    rate: Mapped[Decimal | None] = field(places=2)
    due: Mapped[datetime | None]
    day: Mapped[date | None]
    flag: Mapped[bool | None]
    stage: Mapped[Stage | None]
    title: Mapped[str | None] = field(max_length=9)
"""
PEOPLE = [bytes([1]) * 16, bytes([2]) * 16]
TEAMS = [bytes([3]) * 16, bytes([4]) * 16]
BOARDS = [bytes([5]) * 16, bytes([6]) * 16]
CARDS = [bytes([7]) * 16, bytes([8]) * 16]
Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Board:
    """What the tests of this file share: the Plan, its SQL and one open database with its tables."""

    plan: Plan
    module: ModuleType
    policies: SqlPolicies
    database: sqlite3.Connection

    def run(self, statement: ClauseElement, **given: Any) -> list[Any]:
        """Run a statement as the hot path does: as text compiled for the database, with values in its order."""
        compiled = statement.compile(dialect=sqlite.dialect(paramstyle="qmark"))
        values = {**compiled.params, **given}
        return self.database.execute(str(compiled), [values[name] for name in compiled.positiontup or ()]).fetchall()


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    module = load(tmp_path_factory.mktemp("board"), PAGE)
    plan = derive(module.backend)
    metadata = tables(plan)
    database = sqlite3.connect(":memory:")
    for table in metadata.sorted_tables:
        database.execute(str(CreateTable(table).compile(dialect=sqlite.dialect())))
    database.commit()
    yield Board(plan, module, SqlPolicies(plan, metadata), database)
    database.close()


def values_of(module: ModuleType) -> dict[str, list[Any]]:
    """Give the values that a card's fields may hold in a test, python and in order."""
    return {
        "size": [1, 2, 3],
        "price": [module.Money("1.00", "EUR"), module.Money("2.50", "EUR")],
        "rate": [module.Decimal("0.05"), module.Decimal("1.10")],
        "due": [module.datetime(2026, 5, day, tzinfo=module.UTC) for day in (1, 2)],
        "day": [module.date(1969, 1, 1), module.date(2026, 5, 1)],
        "flag": [True, False],
        "stage": list(module.Stage),
        "title": ["a", "b"],
    }


def conditions(module: ModuleType) -> st.SearchStrategy[tuple[str, Any]]:
    """Make one condition on a card: a value, several, none, or limits."""

    def of(name: str, known: list[Any]) -> st.SearchStrategy[tuple[str, Any]]:
        one = st.sampled_from(known)
        limit = st.none() | one
        shapes = [one, st.none(), st.lists(one, min_size=1, max_size=2, unique=True)]
        if name not in ("flag", "stage", "title"):
            shapes.append(st.builds(between, limit, limit))
        return st.tuples(st.just(name), st.one_of(shapes))

    return st.one_of([of(name, known) for name, known in values_of(module).items()])


@cache
def policies(module: ModuleType) -> st.SearchStrategy[Policy]:
    """Make any policy of a card."""
    wheres = st.lists(conditions(module), min_size=1, max_size=2).map(lambda pairs: where(**dict(pairs)))
    ranks = st.sampled_from([{}, {"rank": 1}, {"rank": None}, {"rank": between(2, None)}])
    atoms = st.one_of(
        st.sampled_from([anyone, nobody, signed_in, owner, role("admin"), role("admin", "staff")]),
        st.sampled_from(["author", "editor", "board.lead", "board.team.captain", "author.mentor"]).map(the),
        ranks.map(lambda rank: member("Seat", of="board", **rank)),
        st.sampled_from([member("Squad", of="board.team"), member("Watch"), member("Watch", of="author")]),
        wheres,
    )
    return st.recursive(
        atoms,
        lambda parts: st.one_of(
            parts.map(operator.invert),
            st.lists(parts, min_size=2, max_size=3).map(lambda several: reduce(operator.or_, several)),
            st.lists(parts, min_size=2, max_size=3).map(lambda several: reduce(operator.and_, several)),
        ),
        max_leaves=6,
    )


@st.composite
def worlds(draw: st.DrawFn, module: ModuleType) -> Rows:
    """Make a few rows of everything that a policy can ask."""

    def maybe(ids: list[bytes]) -> Any:
        return draw(st.sampled_from([*ids, *ids, None]))

    def card(card_id: bytes) -> dict[str, Any]:
        values = {name: draw(st.sampled_from([None, *known])) for name, known in values_of(module).items()}
        return {"id": card_id, "author": maybe(PEOPLE), "editor": maybe(PEOPLE), "board": maybe(BOARDS), **values}

    def several(table: str, size: int, **columns: Any) -> list[dict[str, Any]]:
        number = draw(st.integers(0, size))
        return [
            {"id": f"{table}{index}".encode().ljust(16), **{name: make() for name, make in columns.items()}}
            for index in range(number)
        ]

    def one_of(ids: list[bytes]) -> Any:
        return lambda: draw(st.sampled_from(ids))

    return {
        "Person": [{"id": person, "mentor": maybe(PEOPLE)} for person in PEOPLE],
        "Team": [{"id": team, "captain": maybe(PEOPLE)} for team in TEAMS],
        "Board": [{"id": one, "lead": maybe(PEOPLE), "team": maybe(TEAMS)} for one in BOARDS],
        "Card": [card(card_id) for card_id in CARDS],
        "Seat": several("seat", 2, member=one_of(PEOPLE), invited_by=lambda: maybe(PEOPLE), board=one_of(BOARDS),
                        rank=lambda: draw(st.none() | st.integers(1, 3)), deleted_at=lambda: draw(st.none() | st.just(1))),
        "Squad": several("squad", 2, player=lambda: maybe(PEOPLE), team=lambda: maybe(TEAMS)),
        "Watch": several("watch", 2, account=one_of(PEOPLE), friend=lambda: maybe(PEOPLE), card=one_of(CARDS)),
    }  # fmt: skip


def naive(  # noqa: PLR0911 - one line for each kind of policy, as it is read
    policy: Policy, card: dict[str, Any], actor: bytes | None, roles: frozenset[str], world: Rows
) -> bool:
    """Decide as a person would who reads the policy aloud and looks at every row."""
    if isinstance(policy, AnyOf | AllOf):
        answers = [naive(part, card, actor, roles, world) for part in policy.parts]
        return any(answers) if isinstance(policy, AnyOf) else all(answers)
    if isinstance(policy, Not):
        return not naive(policy.part, card, actor, roles, world)
    if isinstance(policy, Anyone | Nobody):
        return isinstance(policy, Anyone)
    if isinstance(policy, Where):
        return all(holds(card, one) for one in policy.conditions)
    if actor is None:
        return False
    if isinstance(policy, Role):
        return policy.name in roles
    if isinstance(policy, Owner):
        return bool(card["author"] == actor)
    if isinstance(policy, The):
        return follow(card, policy.path, world) == actor
    if isinstance(policy, Member):
        return any(is_seat(policy, row, card, actor, world) for row in world[policy.resource])
    return isinstance(policy, SignedIn)


def holds(row: dict[str, Any], condition: Condition) -> bool:
    value, wanted = row[condition.field], condition.value
    if wanted is None or value is None:
        return wanted is None and value is None
    if isinstance(wanted, Between):
        return (wanted.low is None or wanted.low <= value) and (wanted.high is None or value <= wanted.high)
    return value in wanted if isinstance(wanted, tuple) else bool(value == wanted)


def follow(row: dict[str, Any], path: tuple[str, ...], world: Rows) -> Any:
    """Follow a path to the id at its end; None where it breaks off."""
    found: dict[str, Any] | None = row
    value = None
    for name in path:
        if found is None:
            return None
        value = found[name]
        found = next((one for rows in world.values() for one in rows if one["id"] == value), None)
    return value


def is_seat(policy: Member, row: dict[str, Any], card: dict[str, Any], actor: bytes, world: Rows) -> bool:
    who, what = {"Seat": ("member", "board"), "Squad": ("player", "team"), "Watch": ("account", "card")}[
        policy.resource
    ]
    target = card["id"]
    if policy.path:
        target = follow(card, policy.path, world)
    if policy.path == ("author",):
        what = "friend"
    living = row.get("deleted_at") is None
    same = target is not None and row[what] == target
    return living and same and row[who] == actor and all(holds(row, one) for one in policy.conditions)


def fill(board: Board, world: Rows) -> None:
    for name, rows in world.items():
        resource = board.plan.resources[name]
        table = board.policies.metadata.tables[resource.table]
        for row in rows:
            stored = {
                resource.field(field.name).column: stored_value(field, row.get(field.name)) for field in resource.stored
            }
            if resource.is_account:
                stored |= {
                    "email": row["id"].hex(),
                    "email_key": row["id"].hex(),
                    "disabled": False,
                    "password_hash": "",
                }
            if resource.soft_delete:
                stored["deleted_at"] = row["deleted_at"]
            board.run(insert(table).values({"id": row["id"], "revision": 1, **stored}))


def stored_value(field: Any, value: Any) -> Any:
    return value if value is None or isinstance(value, bytes) else field.codec.dump(value)


ACTORS = st.sampled_from([
    (None, frozenset()), (PEOPLE[0], frozenset()), (PEOPLE[1], frozenset({"admin"})), (PEOPLE[0], frozenset({"staff"})),
])  # fmt: skip


def assert_alike(board: Board, policy: Policy, world: Rows, account: bytes | None, roles: frozenset[str]) -> None:
    """Show that SQL, Python and a naive reader decide a policy alike for every card of a world."""
    card = board.plan.resources["Card"]
    left = residual(policy, ActorClass(account is not None, roles))
    expected = {row["id"] for row in world["Card"] if naive(policy, row, account, roles, world)}
    try:
        fill(board, world)
        table = board.policies.metadata.tables["card"]
        found = board.run(select(table.c.id).where(board.policies.to_sql(left, card)), **{ACTOR: account})
        assert {row_id for (row_id,) in found} == expected
    finally:
        board.database.rollback()
    for row in world["Card"]:
        stored = {"id": row["id"], **{field.name: stored_value(field, row[field.name]) for field in card.stored}}
        assert decide(left, card, stored, account) in (row["id"] in expected, None)


@given(data=st.data(), actor=ACTORS)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_sql_and_python_decide_every_policy_alike(board: Board, data: st.DataObject, actor: Any) -> None:
    policy = data.draw(policies(board.module))
    assert_alike(board, policy, data.draw(worlds(board.module)), *actor)


RELATED = [
    the("board.lead"), the("board.team.captain"), the("author.mentor"), member("Seat", of="board"), member("Squad", of="board.team"),
    member("Watch"), member("Watch", of="author"), owner | member("Squad", of="board.team"), member("Seat", of="board", rank=1),
]  # fmt: skip


@pytest.mark.parametrize("policy", [*RELATED, *(~policy for policy in RELATED)], ids=str)
@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_rows_behind_references_decide_for_their_own_cards_alone(
    board: Board, policy: Policy, data: st.DataObject
) -> None:
    assert_alike(board, policy, data.draw(worlds(board.module)), PEOPLE[0], frozenset())


@given(data=st.data(), actor=ACTORS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_python_decides_whatever_asks_no_other_row(board: Board, data: st.DataObject, actor: Any) -> None:
    policy = data.draw(policies(board.module).filter(lambda one: "member" not in str(one) and "." not in str(one)))
    row = data.draw(worlds(board.module))["Card"][0]
    account, roles = actor
    card = board.plan.resources["Card"]
    stored = {"id": row["id"], **{field.name: stored_value(field, row[field.name]) for field in card.stored}}
    assert decide(residual(policy, ActorClass(account is not None, roles)), card, stored, account) is not None


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_what_is_left_is_decided_when_it_depends_on_no_row(board: Board, data: st.DataObject) -> None:
    parts = st.sampled_from([anyone, nobody, signed_in, role("admin"), role("staff"), ~signed_in, ~role("admin")])
    policy = data.draw(
        st.lists(parts, min_size=2, max_size=4).map(lambda several: reduce(operator.or_, several) & several[0])
    )
    for kind in (ANONYMOUS, ActorClass(signed_in=True), ActorClass(signed_in=True, roles=frozenset({"admin"}))):
        assert residual(policy, kind) in (anyone, nobody)


def test_strangers_are_never_somebody() -> None:
    for policy in (owner, the("author"), member("Seat"), signed_in, role("admin")):
        assert residual(policy, ANONYMOUS) == nobody
        assert residual(~policy, ANONYMOUS) == anyone


def test_an_account_owns_itself(board: Board) -> None:
    people = board.plan.accounts
    assert owner_field(people) == "id"
    assert decide(owner, people, {"id": PEOPLE[0]}, PEOPLE[0]) is True
    assert decide(owner, people, {"id": PEOPLE[0]}, None) is False


def test_a_policy_can_be_read_on_other_columns_than_the_table_s(board: Board) -> None:
    card = board.plan.resources["Card"]
    given_row = {field.name: bindparam(f"row_{field.name}") for field in card.stored} | {"id": bindparam("row_id")}
    sql = str(board.policies.to_sql(owner & where(size=1), card, given_row).compile())
    assert ":row_author" in sql
    assert "card" not in sql


def test_memberships_know_the_member_from_what_one_is_a_member_of(board: Board) -> None:
    plan = board.plan
    seat, squad, watch = (plan.resources[name] for name in ("Seat", "Squad", "Watch"))
    assert [account_field(plan, one) for one in (seat, squad, watch)] == ["member", "player", "account"]
    assert accounts_of(plan, plan.resources["Card"]) == ("author", "editor")
    assert fields_to(watch, plan.accounts) == ("friend",)
    assert field_to(squad, plan.resources["Team"]) == "team"
    with pytest.raises(KeyError):
        field_to(squad, plan.resources["Board"])


def test_a_path_leads_along_references(board: Board) -> None:
    card = board.plan.resources["Card"]
    assert at_path(board.plan, card, ("board", "team", "captain")).name == "Person"
    assert at_path(board.plan, card, ()).name == "Card"
    with pytest.raises(KeyError):
        at_path(board.plan, card, ("size",))


def test_conditions_are_sql_of_a_resource_s_own_rows(board: Board) -> None:
    (policy,) = [where(rank=between(1, None))]
    assert isinstance(policy, Where)
    (sql,) = board.policies.conditions(board.plan.resources["Seat"], policy.conditions)
    assert str(sql.compile()) == "seat.rank IS NOT NULL AND seat.rank >= :rank_1"
