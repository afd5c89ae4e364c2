"""`techlead`: one verb a file, honest exit codes: 0 fine, 1 found something, 2 could not run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Final, Protocol

from techlead.cli import check, demo, grant, migrate, plan, serve
from techlead.errors import TechleadError

FINE: Final = 0
FOUND: Final = 1
COULD_NOT_RUN: Final = 2


class Verb(Protocol):
    """What each file of this package gives."""

    SUMMARY: str

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the verb's arguments."""

    def run(self, given: argparse.Namespace) -> int:
        """Do it and give the exit code."""


VERBS: Final[dict[str, Verb]] = {
    "serve": serve,
    "plan": plan,
    "check": check,
    "migrate": migrate,
    "grant": grant,
    "demo": demo,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; what goes wrong is one sentence that says what to do next."""
    parser = argparse.ArgumentParser("techlead", description="AI is a brilliant intern, not your tech lead.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, verb in VERBS.items():
        verb.arguments(verbs.add_parser(name, help=verb.SUMMARY, description=verb.SUMMARY))
    given = parser.parse_args(arguments)
    try:
        return VERBS[given.verb].run(given)
    except TechleadError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the command line's own words
        return COULD_NOT_RUN
    except KeyboardInterrupt:
        return COULD_NOT_RUN
