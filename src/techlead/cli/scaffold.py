"""`techlead scaffold`: tests of a backend, kept up to date around what a person changed; typed clients of it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

from techlead.cli.project import load
from techlead.scaffold.cases.access import access_tests
from techlead.scaffold.cases.block import TestFile
from techlead.scaffold.cases.intent import intent_tests, message_tests
from techlead.scaffold.keep import Kept, keep
from techlead.scaffold.refused import ScaffoldRefused
from techlead.serve.backend import Backend

RECORD: Final = "techlead-scaffold.json"
"""What was written, beside the tests: commit it, so that the next run knows what a person changed."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments: one verb for tests, one for clients."""
    what = parser.add_subparsers(dest="what", required=True, metavar="tests|client")
    tests = what.add_parser("tests", help="write the tests that follow from the declarations, and keep them up to date")
    tests.add_argument("folder", nargs="?", default=".", help="the folder that holds backend.py (default: here)")
    tests.add_argument("--into", help="the folder of the tests (default: beside backend.py)")
    tests.add_argument("--check", action="store_true", help="write nothing, and give 1 when something would change")
    client = what.add_parser("client", help="write typed clients from the OpenAPI document, by existing generators")
    client.add_argument("folder", nargs="?", default=".", help="the folder that holds backend.py (default: here)")
    client.add_argument("--python", metavar="DIR", help="a Python client, by openapi-python-client (techlead[client])")
    client.add_argument(
        "--typescript", metavar="DIR", help="a TypeScript client, by openapi-typescript (needs Node.js)"
    )
    for one in (tests, client):
        one.add_argument("--json", action="store_true", help="the same as data")


def run(given: argparse.Namespace) -> int:
    """Write what was asked for."""
    return _client(given) if given.what == "client" else _tests(given)


def _tests(given: argparse.Namespace) -> int:
    folder = Path(given.into or given.folder)
    if not folder.is_dir():
        raise ScaffoldRefused(f"There is no folder {folder}: make it first.")
    made = list(test_files(load(given.folder)))
    record = read_record(folder / RECORD)
    kept = {one.name: keep(_text(folder / one.name), one, record.get(one.name, {})) for one in made}
    changed = [name for name, one in kept.items() if one.text != _text(folder / name) and (one.record or one.removed)]
    if not given.check:
        for name in changed:
            (folder / name).write_text(kept[name].text, "utf-8")
        said = json.dumps({name: dict(one.record) for name, one in kept.items() if one.record}, indent=2) + "\n"
        if said != _text(folder / RECORD):
            (folder / RECORD).write_text(said, "utf-8")
    left_out = [f"{one.name}: {why}" for one in made for why in one.left_out]
    told = {"changed": changed, "left_out": left_out, "files": {name: _told(one) for name, one in kept.items()}}
    print(json.dumps(told, indent=2) if given.json else "\n".join(_lines(folder, kept, changed, left_out)))  # noqa: T201 - the answer
    return 1 if given.check and changed else 0


def test_files(backend: Backend) -> Iterator[TestFile]:
    """Give every file of tests that follows from a backend."""
    yield access_tests(backend)
    yield intent_tests(backend)
    yield message_tests(backend)


def read_record(file: Path) -> dict[str, dict[str, str]]:
    """Read what was written before; ScaffoldRefused when it is no record."""
    if not file.is_file():
        return {}
    try:
        found = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise ScaffoldRefused(
            f"{file} cannot be read ({error}): restore it, or delete it to keep all tests as yours."
        ) from error
    return {str(name): {str(key): str(mark) for key, mark in marks.items()} for name, marks in found.items()}


def _told(one: Kept) -> dict[str, object]:
    return {key: value for key, value in asdict(one).items() if key not in ("text", "record")}


def _lines(folder: Path, kept: dict[str, Kept], changed: list[str], left_out: list[str]) -> Iterator[str]:
    for name, one in kept.items():
        numbers = (
            f"{len(one.added)} added, {len(one.renewed)} renewed, {len(one.removed)} removed, {len(one.left)} yours"
        )
        yield f"{'wrote' if name in changed else 'as it was'} {folder / name}: {numbers}"
    yield from (f"left out of {why}" for why in left_out)


def _text(file: Path) -> str | None:
    return file.read_text("utf-8") if file.is_file() else None


def _client(given: argparse.Namespace) -> int:
    from techlead.scaffold.client import python_client, typescript_client  # noqa: PLC0415 - its generators are extras

    if not (given.python or given.typescript):
        raise ScaffoldRefused("Say which: --python DIR, --typescript DIR, or both.")
    backend = load(given.folder)
    written = [python_client(backend, Path(given.python))] if given.python else []
    written += [typescript_client(backend, Path(given.typescript))] if given.typescript else []
    named = [str(one) for one in written]
    print(json.dumps({"written": named}, indent=2) if given.json else "\n".join(f"wrote {one}" for one in named))  # noqa: T201 - the answer
    return 0
