"""What the ledger says of a folder's backend, read once for `status`, `review` and `approve`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from techlead.cli.project import load
from techlead.derive.plan import Plan
from techlead.intent.door import repository
from techlead.intent.door.files import Signers, read_ledger, signers_of
from techlead.intent.door.keys import verifier
from techlead.intent.items import Item, items_of
from techlead.intent.ledger import Ledger, Standing, standings


@dataclass(frozen=True, slots=True, eq=False)
class Stand:
    """A backend and its ledger."""

    folder: Path
    plan: Plan
    items: Mapping[str, Item]
    ledger: Ledger
    signers: Signers
    standings: tuple[Standing, ...]
    team: bool
    """Whether somebody other than the drafter must sign."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that all verbs of the ledger take."""
    parser.add_argument(
        "--signers", default="", help="allowed_signers, outside this branch (or TECHLEAD_ALLOWED_SIGNERS)"
    )
    parser.add_argument(
        "--base", default="", help="the revision to compare the ledger with (default: the default branch)"
    )
    parser.add_argument(
        "--team", action="store_true", help="somebody other than the drafter must sign (or TECHLEAD_TEAM_SIGNING)"
    )


def stand(folder: Path, given: argparse.Namespace, plan: Plan | None = None) -> Stand:
    """Read a backend, its ledger and who may sign it."""
    plan = plan or load(str(folder)).plan()
    base = given.base or repository.default_branch(folder) or ""
    ledger = read_ledger(folder, base or None)
    signers = signers_of(folder, given.signers or os.environ.get("TECHLEAD_ALLOWED_SIGNERS", ""))
    items = items_of(plan)
    team = given.team or os.environ.get("TECHLEAD_TEAM_SIGNING") in ("1", "true")
    found = standings(items, ledger, plan.name, datetime.now(UTC), verifier(signers.text), team=team)
    return Stand(folder, plan, items, ledger, signers, found, team)
