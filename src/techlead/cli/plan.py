"""`techlead plan`: print everything that was derived, in a stable order, so that a diff reads well in review."""

from __future__ import annotations

import argparse
import json

from techlead.cli.project import load
from techlead.derive.plan_text import plan_json, plan_text


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("folder", nargs="?", default=".", help="the folder that holds backend.py (default: here)")
    parser.add_argument("--json", action="store_true", help="the same as data")


def run(given: argparse.Namespace) -> int:
    """Print the plan."""
    derived = load(given.folder).plan()
    print(json.dumps(plan_json(derived), indent=2) if given.json else plan_text(derived))  # noqa: T201 - the answer
    return 0
