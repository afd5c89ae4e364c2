"""A value comes back in the form in which it was stored, and in the same form from both databases."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.store.store_tables import marked

from techlead.errors import CheckViolated, ProgramError, TechleadError
from techlead.store.port import Store, Value

TYPES = {
    "id": ("BLOB", "UUID"),
    "at": ("INTEGER", "TIMESTAMPTZ"),
    "day": ("INTEGER", "DATE"),
    "yes": ("INTEGER", "BOOLEAN"),
    "number": ("INTEGER", "BIGINT"),
    "share": ("REAL", "DOUBLE PRECISION"),
    "text": ("TEXT", "TEXT"),
    "json": ("TEXT", "JSONB"),
    "raw": ("BLOB", "BYTEA"),
}
EPOCH_DAY = date(1970, 1, 1)
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=50)


@pytest.fixture(autouse=True)
async def forms(store: Store) -> None:
    columns = ", ".join(f"{name} {types[store.dialect != 'sqlite']}" for name, types in TYPES.items())
    await store.write(lambda t: t.run(f"CREATE TABLE form ({columns})"))


async def round_trip(store: Store, column: str, value: Value) -> Value:
    insert, select = f"INSERT INTO form ({column}) VALUES (?) RETURNING {column}", f"SELECT {column} FROM form"
    ((returned,),) = await store.write(lambda t: t.run(marked(store, insert), (value,)))
    ((found,),) = await store.read(select)
    if value is not None:
        ((same,),) = await store.read(marked(store, f"SELECT count(*) FROM form WHERE {column} = ?"), (value,))
        assert same == 1
    await store.write(lambda t: t.run("DELETE FROM form"))
    assert returned == found
    assert type(found) is type(returned)
    return found  # type: ignore[no-any-return]


@given(
    row=st.fixed_dictionaries(
        {
            "id": st.binary(min_size=16, max_size=16),
            "at": st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999),
            "day": st.integers(-719_162, 2_932_896),
            "number": st.integers(-(2**63), 2**63 - 1),
            "share": st.floats(allow_nan=False, allow_infinity=False),
            "text": TEXT,
            "raw": st.binary(max_size=50),
        }
    )
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_every_form_comes_back_as_it_was(store: Store, row: dict[str, Value]) -> None:
    for column, value in row.items():
        found = await round_trip(store, column, value)
        assert found == value
        assert type(found) is type(value)


@pytest.mark.parametrize("column", TYPES)
async def test_null_is_none_in_every_form(store: Store, column: str) -> None:
    assert await round_trip(store, column, None) is None


@pytest.mark.parametrize("value", [True, False])
async def test_a_truth_value_comes_back_equal(store: Store, value: bool) -> None:
    assert await round_trip(store, "yes", value) == value


async def test_json_comes_back_with_the_same_meaning(store: Store) -> None:
    document = '{"b": [1, 2.5, null, "ü"], "a": {}}'
    await store.write(lambda t: t.run(marked(store, "INSERT INTO form (json) VALUES (?)"), (document,)))
    ((found,),) = await store.read("SELECT json FROM form")
    assert type(found) is str
    assert json.loads(found) == json.loads(document)


async def test_a_time_is_the_same_instant_to_the_database(store: Store) -> None:
    moment = datetime(2024, 2, 29, 12, 34, 56, 789_012, tzinfo=UTC)
    value = round((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)
    await store.write(lambda t: t.run(marked(store, "INSERT INTO form (at) VALUES (?)"), (value,)))
    year = "strftime('%Y-%m-%d', at / 1000000, 'unixepoch')"
    seen = year if store.dialect == "sqlite" else "to_char(at, 'YYYY-MM-DD')"
    assert await store.read(f"SELECT {seen} FROM form") == [("2024-02-29",)]


async def test_a_day_is_the_same_day_to_the_database(store: Store) -> None:
    value = (date(2024, 2, 29) - EPOCH_DAY).days
    await store.write(lambda t: t.run(marked(store, "INSERT INTO form (day) VALUES (?)"), (value,)))
    seen = "date(day * 86400, 'unixepoch')" if store.dialect == "sqlite" else "to_char(day, 'YYYY-MM-DD')"
    assert await store.read(f"SELECT {seen} FROM form") == [("2024-02-29",)]


async def test_a_sum_of_whole_numbers_is_a_whole_number(store: Store) -> None:
    await store.write(
        lambda t: t.run_many(marked(store, "INSERT INTO form (number) VALUES (?)"), [(2**60,), (5,), (None,)])
    )
    ((total,),) = await store.read("SELECT sum(number) FROM form")
    assert total == 2**60 + 5
    assert type(total) is int


async def test_rows_are_found_by_their_id(store: Store) -> None:
    await store.write(lambda t: t.run(marked(store, "INSERT INTO form (id, number) VALUES (?, 7)"), (b"i" * 16,)))
    found = await store.read(marked(store, "SELECT number FROM form WHERE id = ?"), (b"i" * 16,))
    assert found == [(7,)]


async def test_values_with_no_storage_form_are_refused(store: Store) -> None:
    for column, value, kind in (
        ("number", 2**63, CheckViolated),
        ("text", "\ud800", CheckViolated),
        ("text", object(), ProgramError),
    ):
        insert = marked(store, f"INSERT INTO form ({column}) VALUES (?)")
        with pytest.raises(kind):
            await store.write(lambda t, i=insert, v=value: t.run(i, (v,)))


async def test_postgresql_refuses_what_its_types_cannot_hold(store: Store) -> None:
    if store.dialect == "sqlite":
        return
    for column, value in (("id", b"short"), ("at", -(2**63)), ("day", 2**40), ("text", "a\0b"), ("json", "{")):
        with pytest.raises(TechleadError) as refused:
            await store.write(lambda t, c=column, v=value: t.run(f"INSERT INTO form ({c}) VALUES ($1)", (v,)))
        assert "short" not in str(refused.value)
    with pytest.raises(ProgramError):
        await store.read("SELECT 1.5::numeric")
