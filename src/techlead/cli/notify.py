"""`techlead notify preview NAME`: print what a notification says, with sample values, in every language that it has."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict

from techlead.cli.project import ProjectRefused, load
from techlead.derive.previews import Preview, previews


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("what", choices=["preview"], help="what to do")
    parser.add_argument("name", nargs="?", help="the notification (default: all)")
    parser.add_argument("--folder", default=".", help="the folder that holds backend.py (default: here)")
    parser.add_argument("--json", action="store_true", help="the same as data, with the HTML")


def run(given: argparse.Namespace) -> int:
    """Print the previews."""
    plan = load(given.folder).plan()
    try:
        found = previews(plan, given.name)
    except KeyError:
        known = ", ".join(one.name for one in plan.notifications) or "none"
        message = f"There is no notification {given.name!r}: there is {known}."
        raise ProjectRefused(message) from None
    shown = json.dumps([asdict(one) for one in found], indent=2) if given.json else "\n".join(written(found))
    print(shown)  # noqa: T201 - the answer
    return 0


def written(found: tuple[Preview, ...]) -> Iterator[str]:
    """Write previews one below the other."""
    for one in found:
        language = f" ({one.language})" if one.language else ""
        yield f"---- {one.name}{language} by {', '.join(one.channels) or 'no channel that speaks in words'}"
        yield f"Subject: {one.subject}"
        yield from ("", one.text, "")
