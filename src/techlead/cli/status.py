"""`techlead status`: what is signed, and everything that is not what was signed."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from techlead.cli import standing
from techlead.cli.standing import Stand, stand
from techlead.intent.ledger import State, as_data


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("folder", nargs="?", default=".", help="the folder that holds backend.py (default: here)")
    parser.add_argument("--all", action="store_true", help="what is signed, too")
    parser.add_argument("--json", action="store_true", help="the same as data")
    standing.arguments(parser)


def run(given: argparse.Namespace) -> int:
    """Print what does not hold, and give 1 when there is something."""
    found = stand(Path(given.folder), given)
    if given.json:
        print(json.dumps([as_data(one) for one in found.standings], indent=2))  # noqa: T201 - the answer
    else:
        print("\n".join(lines(found, everything=given.all)))  # noqa: T201 - the answer
    return 0 if all(one.state is State.SIGNED for one in found.standings) else 1


def lines(found: Stand, *, everything: bool) -> Iterator[str]:
    """Print each thing that does not hold, and the sum."""
    for one in found.standings:
        if everything or one.state is not State.SIGNED:
            yield f"{one.state.value:<9} {one.title}: {one.sentence}"
            if one.state is not State.SIGNED and one.risk:
                yield f"          {one.risk}"
    counts = Counter(one.state.value for one in found.standings)
    yield ", ".join(f"{number} {state}" for state, number in sorted(counts.items())) or "nothing to sign"
    yield f"signers: {found.signers.where}"
