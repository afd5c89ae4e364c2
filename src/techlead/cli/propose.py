"""`techlead propose FILE|-`: takes an assistant's answer through the same gate as `delegate`, and puts it down as a proposal."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from techlead.cli import drafting
from techlead.cli.drafting import brief_text, desk, judged, proposed, told
from techlead.delegate.answer import ANSWER_BYTES_MAX, AnswerRefused, read_answer
from techlead.delegate.proposal import Drafted
from techlead.delegate.rounds import Ended
from techlead.errors import SettingsRefused


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("answer", help="the file that holds the answer, or - for what is piped in")
    parser.add_argument("--task", required=True, help="what was to be done; what it names may change")
    parser.add_argument(
        "--drafter", default="an assistant", help="who drafted it, for the proposal (default: %(default)s)"
    )
    drafting.arguments(parser)


def run(given: argparse.Namespace) -> int:
    """Judge, and put down or refuse."""
    at = desk(given, given.task)
    said = _read(given.answer)
    try:
        answer = read_answer(said)
        found = tuple(map(str, judged(at, answer)))
    except AnswerRefused as error:
        found = (str(error),)
    if found:
        return told(None, Ended(None, (found,)), as_json=given.json, more={})
    drafted = Drafted(given.task, given.kind, brief_text(at), answer, given.drafter, ())
    return told(proposed(at, drafted), Ended(answer, ()), as_json=given.json, more={})


def _read(name: str) -> str:
    try:
        source = sys.stdin.buffer.read(ANSWER_BYTES_MAX + 1) if name == "-" else Path(name).read_bytes()
        return source.decode("utf-8")
    except OSError as error:
        raise SettingsRefused(f"{name} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SettingsRefused(f"{name} is no UTF-8 text.") from None
