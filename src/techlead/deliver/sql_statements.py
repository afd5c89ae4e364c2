"""The statements of the outbox, the same for SQLite and PostgreSQL.

Each names `next_at` and `tries` as the partial indexes do: only with them does a parked backlog cost nothing to others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    String,
    and_,
    bindparam,
    case,
    delete,
    exists,
    insert,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql

from techlead.deliver.given import Given
from techlead.deliver.port import COUNTED, Kind
from techlead.deliver.step import State
from techlead.derive.tables import BYTES, TIMESTAMP

LANES_MAX: Final = 10_000
Tables = Mapping[str, Any]
ROW: Final = (
    "id", "kind", "channel", "account", "notification", "resource", "row", "destination", "subject", "text", "data",
    "created_at", "expires_at", "tries", "attempts", "next_at",
)  # fmt: skip
"""A waiting message as it is read, in this order."""
MESSAGE: Final = (
    "id", "account", "notification", "channel", "resource", "row", "subject", "text", "created_at", "kind", "lane",
    "destination", "data", "dedupe", "expires_at", "state", "next_at",
)  # fmt: skip
"""A message as a change writes it, in this order."""


def _outbox(tables: Tables) -> Any:
    return tables["techlead_outbox"]


def _waits(table: Any, *, tried: bool) -> Any:
    """Say it as the partial indexes do: with a literal, or they are not used."""
    zero: Any = literal_column("0")
    return and_(table.c.next_at.is_not(None), table.c.tries > zero if tried else table.c.tries == zero)


def lanes(tables: Tables, *, tried: bool) -> Any:
    """Find every lane in which messages wait by one look into the index each, however many wait in it."""
    table = _outbox(tables)
    first = select(table.c.lane).where(_waits(table, tried=tried)).order_by(table.c.lane).limit(literal_column("1"))
    found = select(first.scalar_subquery().label("lane")).cte("lanes", recursive=True)
    later = table.alias()
    following = (
        select(later.c.lane)
        .where(_waits(later, tried=tried), later.c.lane > found.c.lane)
        .order_by(later.c.lane)
        .limit(literal_column("1"))
        .correlate(found)
        .scalar_subquery()
    )
    found = found.union_all(select(following).where(found.c.lane.is_not(None)))
    own = table.alias()
    due = (
        select(own.c.next_at)
        .where(_waits(own, tried=tried), own.c.lane == found.c.lane)
        .order_by(own.c.next_at)
        .limit(literal_column("1"))
        .correlate(found)
        .scalar_subquery()
    )
    return select(found.c.lane, due).where(found.c.lane.is_not(None)).limit(literal_column(str(LANES_MAX)))


def due(tables: Tables, *, tried: bool) -> Any:
    """Read the first messages of `:lane` that are due at `:now`; rows that another transaction holds are left to it."""
    table = _outbox(tables)
    here = table.c.lane == bindparam("lane", type_=String())
    ready = table.c.next_at <= bindparam("now", type_=TIMESTAMP)
    chosen = select(*(table.c[name] for name in ROW)).where(here, _waits(table, tried=tried), ready)
    chosen = chosen.order_by(table.c.next_at, table.c.id).limit(bindparam("limit", type_=BigInteger()))
    return chosen.with_for_update(skip_locked=True)


def claim(tables: Tables, given: Given) -> Any:
    """Give a message to this claim until `:lease`, and count its try."""
    table = _outbox(tables)
    return (
        update(table)
        .where(table.c.id == given["message"])
        .values(claim=given["claim"], next_at=given["lease"], tries=given["tries"], attempts=given["attempts"])
    )


def attempt(tables: Tables, given: Given) -> Any:
    """Write down that a try begins."""
    table = tables["techlead_attempt"]
    return insert(table).from_select(list(given), select(*given.values()))


def attempted(tables: Tables, given: Given) -> Any:
    """Write down how a try ended."""
    table = tables["techlead_attempt"]
    this = and_(table.c.message == given["of"], table.c.number == given["which"])
    return update(table).where(this).values({name: given[name] for name in ("ended_at", "outcome", "fault", "detail")})


def again(tables: Tables, given: Given) -> Any:
    """Let a message wait for its next try; only the claim that holds it may say so."""
    table = _outbox(tables)
    return (
        update(table)
        .where(table.c.id == given["message"], table.c.claim == given["claimed"])
        .values(
            claim=null(),
            next_at=given["at"],
            tries=given["tries"],
            lane=given["lane"],
            reason=given["reason"],
        )
    )


def hasten(tables: Tables) -> Any:
    """Let messages of `:lane` that wait because their destination failed be due at `:now`, the latest of them first."""
    table = _outbox(tables)
    now = bindparam("now", type_=TIMESTAMP)
    faults: list[Any] = [literal_column(f"'{fault.value}'") for fault in sorted(COUNTED, key=lambda fault: fault.value)]
    here = and_(table.c.lane == bindparam("lane", type_=String()), _waits(table, tried=True), table.c.next_at > now)
    late = select(table.c.id).where(here, table.c.claim.is_(None), table.c.reason.in_(faults))
    late = late.order_by(table.c.next_at.desc()).limit(bindparam("limit", type_=BigInteger()))
    return update(table).where(table.c.id.in_(late.with_for_update(skip_locked=True))).values(next_at=now)


def ended(tables: Tables, given: Given) -> Any:
    """End a message; where a claim that tried it is given, only while that is the last one."""
    table = _outbox(tables)
    mine = (table.c.claim == given["claimed"],) if "claimed" in given else ()
    secret = table.c.kind == literal_column(f"'{Kind.CODE.value}'")  # a code is not kept a moment longer than needed
    emptied: Any = literal_column("''")
    return (
        update(table)
        .where(table.c.id == given["message"], *mine)
        .values(
            claim=null(),
            next_at=null(),
            state=given["state"],
            reason=given["reason"],
            ended_at=given["now"],
            text=case((secret, emptied), else_=table.c.text),
            data=case((secret, emptied), else_=table.c.data),
        )
    )


def expired(tables: Tables) -> Any:
    """Read messages whose time to live is over at `:now` and that no claim holds any more."""
    table = _outbox(tables)
    now = bindparam("now", type_=TIMESTAMP)
    late = and_(table.c.next_at.is_not(None), table.c.expires_at <= now)
    free = or_(table.c.claim.is_(None), table.c.next_at <= now)
    chosen = select(*(table.c[name] for name in (*ROW, "lane"))).where(late, free).order_by(table.c.expires_at)
    return chosen.limit(bindparam("limit", type_=BigInteger())).with_for_update(skip_locked=True)


def lane(tables: Tables, given: Given) -> Any:
    """Read what is known of destinations, and hold it: their turns follow each other, in whichever process.

    They are held in the order of their names, or two processes would wait for each other.
    """
    table, gone_ = tables["techlead_lane"], tables["techlead_gone"]
    some_gone = exists(select(literal_column("1")).where(gone_.c.lane == table.c.name).correlate(table))
    known = select(table.c.name, table.c.state, table.c.held_at, some_gone)
    return known.where(table.c.name == given["name"]).order_by(table.c.name).with_for_update(of=table)


def new_lane(tables: Tables) -> Any:
    """Begin to know a destination; another process may have done so just now."""
    table = tables["techlead_lane"]
    values = {name: bindparam(name, type_=table.c[name].type) for name in ("name", "state", "phase", "changed_at")}
    # PostgreSQL's form is SQLite's as well, and both compilers know it.
    return postgresql.insert(table).values(values).on_conflict_do_nothing()


def keep_lane(tables: Tables, given: Given) -> Any:
    """Keep what is known of a destination now."""
    table = tables["techlead_lane"]
    values = {name: given[name] for name in ("state", "phase", "changed_at")}
    return update(table).where(table.c.name == given["lane"]).values(values)


def gone(tables: Tables) -> Any:
    """Remember that nobody is at an address any more; gives a row the first time only."""
    table = tables["techlead_gone"]
    values = {name: bindparam(name, type_=table.c[name].type) for name in ("destination_hash", "lane", "since")}
    return postgresql.insert(table).values(values).on_conflict_do_nothing().returning(table.c.lane)


def is_gone(tables: Tables) -> Any:
    """Tell whether nobody is at an address any more."""
    table = tables["techlead_gone"]
    return select(table.c.since).where(table.c.destination_hash == bindparam("hash", type_=BYTES))


def notice(tables: Tables) -> Any:
    """Put a message into the inbox of an account."""
    table = _outbox(tables)
    names = ("id", "account", "notification", "channel", "resource", "row", "subject", "text", "created_at")
    return insert(table).values({name: bindparam(name, type_=table.c[name].type) for name in names})


def _ended_before(table: Any) -> Any:
    """Say every state that there is: the index begins with it, or all that ever ended would be looked through."""
    states: list[Any] = [literal_column(f"'{one.value}'") for one in State]
    before = bindparam("before", type_=TIMESTAMP)
    return and_(table.c.ended_at.is_not(None), table.c.state.in_(states), table.c.ended_at < before)


def forget_attempts(tables: Tables) -> Any:
    """Forget the tries of messages that ended before `:before`."""
    table, outbox = tables["techlead_attempt"], _outbox(tables)
    return delete(table).where(table.c.message.in_(select(outbox.c.id).where(_ended_before(outbox))))


def forget_messages(tables: Tables) -> Any:
    """Forget messages that ended before `:before`."""
    table = _outbox(tables)
    return delete(table).where(_ended_before(table))


def forget_dedupe(tables: Tables) -> Any:
    """Free the dedupe keys of messages from before `:before`."""
    table = _outbox(tables)
    old = and_(table.c.dedupe.is_not(None), table.c.created_at < bindparam("before", type_=TIMESTAMP))
    return update(table).where(old).values(dedupe=null())


def put(tables: Tables) -> Any:
    """Write a message of a change; one with a dedupe key that is known already is not written again."""
    table = _outbox(tables)
    values = {name: bindparam(name, type_=table.c[name].type) for name in MESSAGE}
    return postgresql.insert(table).values(values).on_conflict_do_nothing()
