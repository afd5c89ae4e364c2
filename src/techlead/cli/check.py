"""`techlead check`: derive the backend and run every rule's examples."""

from __future__ import annotations

import argparse
import json

from techlead.cli.project import load
from techlead.intent.examples import ExampleResult, check_examples


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("folder", nargs="?", default=".", help="the folder that holds backend.py (default: here)")
    parser.add_argument("--json", action="store_true", help="the same as data")


def run(given: argparse.Namespace) -> int:
    """Check, print each failure, and give 1 when there is one."""
    results = check_examples(load(given.folder).plan())
    failed = [result for result in results if not result.passed]
    if given.json:
        print(json.dumps([_as_data(result) for result in results], indent=2))  # noqa: T201 - the answer
    else:
        for result in failed:
            print(result)  # noqa: T201 - the answer
        print(f"{len(results)} examples, {len(failed)} failed")  # noqa: T201 - the answer
    return 1 if failed else 0


def _as_data(result: ExampleResult) -> dict[str, object]:
    return {"rule": result.rule, "example": str(result.example), "passed": result.passed, "reason": result.reason}
