"""Claim: each row of `docs/security.md` names what enforces it and tests that exist, and the page is what the table says."""

import ast
from pathlib import Path

import pytest
from security_rows import PAGE, ROWS, page

ROOT = Path(__file__).parents[2]
PROMISED = [f"C{n}" for n in range(1, 10)] + ["C11", "C12"] + [f"D{n}" for n in range(1, 9)] + ["E1", "E2", "E4", "E5"]
PROMISED += (
    [f"F{n}" for n in (1, 2, 3, 4, 5, 6, 8, 9, 10)]
    + [f"G{n}" for n in range(1, 7)]
    + [f"{letter}{n}" for letter in "HI" for n in range(1, 6)]
    + ["J1", "J2", "J3", "J5", "K1", "K2", "K4"]
)


def test_every_promised_row_is_there_once():
    assert [row.id for row in ROWS] == PROMISED


def test_the_page_is_what_the_table_says():
    assert PAGE.read_text() == page()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_enforces_and_what_proves_a_row_is_there(row):
    assert (ROOT / "src" / "techlead" / row.enforced_by).is_file()
    for test in row.tests:
        file, _, name = test.partition("::")
        tree = ast.parse((ROOT / "tests" / file).read_text())
        found = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert not name or name in found, f"{row.id}: there is no {test}"
