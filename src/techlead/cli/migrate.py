"""`techlead migrate`: bring a database to what the declarations want, by files that a person reads first."""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from techlead.cli.project import load
from techlead.cli.serve import database_of
from techlead.derive.tables import tables
from techlead.errors import SettingsRefused
from techlead.store import migrate
from techlead.store.schema_mark import mark


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("step", choices=list(STEPS), help="what to do")
    parser.add_argument("name", nargs="?", default=None, help="make: what the migration is called")
    parser.add_argument("--folder", default=".", help="the folder that holds backend.py (default: here)")
    parser.add_argument("--database", default=None, help="sqlite:///FILE or postgresql://... (or TECHLEAD_DATABASE)")
    parser.add_argument("--lossy", action="append", default=[], metavar="STEP", help="take this lossy step (its words)")
    parser.add_argument("--json", action="store_true", help="the same as data")


def run(given: argparse.Namespace) -> int:
    """Do one step and print what was done."""
    if given.name is not None and given.step != "make":
        raise SettingsRefused(f"`migrate {given.step}` takes no name; a folder is named by --folder {given.name}.")
    lines, data = STEPS[given.step](given, Path(given.folder) / "migrations")
    print(json.dumps(data, indent=2) if given.json else "\n".join(lines))  # noqa: T201 - the answer
    return 0


def _make(given: argparse.Namespace, folder: Path) -> tuple[list[str], Any]:
    made = migrate.make(folder, given.name or "change", tables(load(given.folder).plan()))
    return [f"{made}: read it, then `techlead migrate apply`" if made else "nothing to do"], str(made) if made else None


def _show(given: argparse.Namespace, folder: Path) -> tuple[list[str], Any]:
    known = migrate.show(database_of(given), folder)
    lines = [line for one in known for line in (_line(one), *(f"    {step}" for step in one.steps))]
    return lines or ["no migrations: `techlead migrate make NAME` writes the first"], [asdict(one) for one in known]


def _line(one: migrate.Migration) -> str:
    return f"{one.revision} {one.name}: {'applied' if one.applied else 'waiting'}"


def _apply(given: argparse.Namespace, folder: Path) -> tuple[list[str], Any]:
    if not any(folder.glob("*.py")):
        raise SettingsRefused(f"There are no migrations in {folder}: `techlead migrate make NAME` writes the first.")
    asyncio.run(mark(database_of(given), None))
    return _steps(migrate.apply(database_of(given), folder, lossy=given.lossy))


def _back(given: argparse.Namespace, folder: Path) -> tuple[list[str], Any]:
    asyncio.run(mark(database_of(given), None))
    return _steps(migrate.back(database_of(given), folder, lossy=given.lossy))


def _steps(done: list[migrate.Step]) -> tuple[list[str], Any]:
    return [str(step) for step in done] or ["nothing to do"], [asdict(step) for step in done]


STEPS: Final = {"make": _make, "show": _show, "apply": _apply, "back": _back}
