"""The person at the terminal: asked one question at a time. Where there is no terminal, there is no person."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from techlead.errors import SettingsRefused

STOPPED: Final = "Stopped: what was not answered yet was not done."
Ask = Callable[[str], str]
"""Asks a person and gives the line that was typed."""


def terminal() -> Ask:
    """Give the person at the terminal; SettingsRefused when there is none."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise SettingsRefused("A person decides this at a terminal, and this is none: an agent, a pipe or CI cannot.")

    with suppress(ImportError):  # where there is none (Windows), the console edits its line itself
        import readline  # noqa: F401, PLC0415 - makes the arrow keys move in `input`, and is wanted by no script

    def ask(question: str) -> str:
        try:
            return input(question).strip()
        except (KeyboardInterrupt, EOFError):
            print()  # noqa: T201 - the line with the question ends
            raise SettingsRefused(STOPPED) from None
        except UnicodeDecodeError:
            say("That is no UTF-8 text.")
            return ask(question)

    return ask


def say(words: str) -> None:
    """Tell the person."""
    print(words)  # noqa: T201 - a conversation
