"""`techlead delegate "TASK"`: a model drafts, the gate judges, at most three repairs; what holds lands as a proposal."""

from __future__ import annotations

import argparse
from pathlib import Path

from techlead.cli import drafting
from techlead.cli.asking import intern_of
from techlead.cli.drafting import brief_text, desk, judged, proposed, told
from techlead.delegate.money import total
from techlead.delegate.proposal import Drafted
from techlead.delegate.rounds import drive


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("task", help="what is to be done, in your words; what it names may change")
    drafting.arguments(parser)


def run(given: argparse.Namespace) -> int:
    """Ask, judge, put down or refuse; what it cost is noted in either case."""
    at = desk(given, given.task)
    brief = brief_text(at)
    with intern_of(Path(given.folder), given.task) as intern:
        ended = drive(intern, brief, lambda answer: judged(at, answer))
    tokens, dollars = total(intern.spent)
    kept = None
    if ended.answer is not None:
        drafted = Drafted(given.task, given.kind, brief, ended.answer, intern.model, ended.refused, tuple(intern.spent))
        kept = proposed(at, drafted)
    more: dict[str, object] = {"requests": len(intern.spent), "tokens": tokens, "dollars": str(dollars)}
    return told(kept, ended, as_json=given.json, more=more)
