"""`techlead brief "TASK"`: what an assistant is told about a task, to paste into any; `techlead propose` takes its answer."""

from __future__ import annotations

import argparse
import json

from techlead.cli import drafting
from techlead.cli.drafting import brief_data, brief_text, desk


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("task", help="what is to be done, in your words")
    drafting.arguments(parser)


def run(given: argparse.Namespace) -> int:
    """Print the brief."""
    at = desk(given, given.task)
    print(json.dumps(brief_data(at), indent=2) if given.json else brief_text(at))  # noqa: T201 - the answer
    return 0
