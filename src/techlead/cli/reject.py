"""`techlead reject`: a person says why a proposal is not wanted; it is kept with the proposal, for whoever drafts the next."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from techlead.cli.approve import NO_REASON, REASON_CHARACTERS_MIN
from techlead.cli.terminal import say, terminal
from techlead.errors import SettingsRefused

FILE: Final = "rejected.json"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("proposal", help="the folder of the drafted version")


def run(given: argparse.Namespace) -> int:
    """Ask why, and write it down."""
    ask = terminal()
    folder = Path(given.proposal)
    if not (folder / "backend.py").is_file():
        raise SettingsRefused(f"There is no {folder / 'backend.py'}: name the folder of a proposal.")
    reason = ask(f"Why is {folder} not wanted, in your own words? ")
    if len(reason) < REASON_CHARACTERS_MIN or NO_REASON.match(reason):
        say(
            f"A reason of at least {REASON_CHARACTERS_MIN} characters helps whoever drafts the next. Nothing was written."
        )
        return 1
    kept = {"why": reason, "when": datetime.now(UTC).isoformat(timespec="seconds")}
    (folder / FILE).write_text(json.dumps(kept, indent=2) + "\n", "utf-8")
    say(f"{folder / FILE} says why.")
    return 0
