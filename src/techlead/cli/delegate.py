"""`techlead delegate "TASK"`: a model drafts, the gate judges, at most three repairs; what holds lands as a proposal."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from techlead.cli import drafting
from techlead.cli.drafting import brief_text, desk, judged, proposed, told
from techlead.delegate.money import spent_on, total
from techlead.delegate.proposal import Drafted, costs, note_costs
from techlead.delegate.rounds import drive
from techlead.delegate.settings import FILE, asked_of
from techlead.errors import SettingsRefused


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("task", help="what is to be done, in your words; what it names may change")
    drafting.arguments(parser)


def run(given: argparse.Namespace) -> int:
    """Ask, judge, put down or refuse; what it cost is noted in either case."""
    at = desk(given, given.task)
    folder = Path(given.folder)
    asked = asked_of(_settings(folder), os.environ)
    try:
        from techlead.delegate.models import Intern  # noqa: PLC0415 - an extra
    except ImportError:
        raise SettingsRefused('There is no pydantic-ai: pip install "techlead[ai]", or see `techlead brief`.') from None
    day = datetime.now(UTC).date().isoformat()
    intern = Intern(asked, given.task, spent_on(day, costs(folder)), os.environ, lambda: datetime.now(UTC))
    print(f"asking {asked.model} ...", file=sys.stderr)  # noqa: T201 - the answer may take minutes
    brief = brief_text(at)
    try:
        ended = drive(intern, brief, lambda answer: judged(at, answer))
    finally:
        note_costs(folder, intern.spent)
    tokens, dollars = total(intern.spent)
    kept = None
    if ended.answer is not None:
        drafted = Drafted(given.task, given.kind, brief, ended.answer, asked.model, ended.refused, tuple(intern.spent))
        kept = proposed(at, drafted)
    print(f"{len(intern.spent)} requests, {tokens} tokens, {dollars} dollars", file=sys.stderr)  # noqa: T201 - as above
    more: dict[str, object] = {"requests": len(intern.spent), "tokens": tokens, "dollars": str(dollars)}
    return told(kept, ended, as_json=given.json, more=more)


def _settings(folder: Path) -> str:
    file = folder / FILE
    return file.read_text("utf-8") if file.is_file() else ""
