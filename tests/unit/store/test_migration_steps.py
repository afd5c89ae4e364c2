"""Each operation is told in words, and what loses something says so."""

from __future__ import annotations

import pytest
from alembic.operations import ops
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table, Text
from sqlalchemy.types import TypeEngine

from techlead.store.migration_steps import steps, widens

NUMBERS = Table("numbers", MetaData(), Column("n", Integer))


@pytest.mark.parametrize(
    ("operation", "text", "lossy"),
    [
        (ops.DropTableOp("person"), "drop table person", True),
        (ops.RenameTableOp("person", "human"), "rename table person to human", True),
        (ops.AlterColumnOp("person", "age", modify_name="years"), "rename person.age to years", True),
        (ops.AlterColumnOp("person", "age", modify_type=Integer()), "change the type of person.age", True),
        (ops.AlterColumnOp("person", "age", modify_server_default="1"), "change the default of person.age", False),
        (ops.AlterColumnOp("person", "age", modify_comment="x"), "change the comment of person.age", False),
        (ops.AlterColumnOp("person", "age", modify_nullable=True), "make person.age optional", False),
        (ops.AlterColumnOp("person", "age", modify_nullable=False), "make person.age required", True),
        (ops.CreateCheckConstraintOp("ck__person__age", "person", "age > 0"), "check person (ck__person__age)", False),
        (ops.DropIndexOp("ix__person__age", "person"), "drop index ix__person__age", False),
        (ops.DropIndexOp("uq__person__age", "person"), "drop constraint person.uq__person__age", True),
        (ops.DropConstraintOp("fk__person__age", "person"), "drop constraint person.fk__person__age", True),
        (ops.BulkInsertOp(NUMBERS, [{"n": 1}, {"n": 2}]), "insert 2 row(s) into numbers", False),
        (ops.ExecuteSQLOp("UPDATE  person\nSET age = 1"), "run UPDATE person SET age = 1", True),
        (ops.CreateTableCommentOp("person", "x"), "run CreateTableCommentOp", True),
    ],
)
def test_an_operation_is_told_in_words(operation: ops.MigrateOperation, text: str, lossy: bool) -> None:
    (step,) = steps(operation)
    assert step.text.startswith(text)
    assert step.lossy is lossy
    assert str(step).startswith("LOSSY: ") is lossy
    assert step.why or not lossy


@pytest.mark.parametrize(
    ("before", "after", "is_wider"),
    [
        (String(10), String(20), True),
        (String(20), String(10), False),
        (String(20), Text(), True),
        (Text(), String(20), False),
        (String(), String(20), False),
        (Integer(), BigInteger(), True),
        (BigInteger(), Integer(), False),
        (Integer(), Text(), False),
        (LargeBinary(), Text(), False),
    ],
)
def test_a_wider_type_loses_nothing(before: TypeEngine[object], after: TypeEngine[object], is_wider: bool) -> None:
    assert widens(before, after) is is_wider
