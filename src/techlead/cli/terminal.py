"""The person at the terminal: asked one question at a time. Where there is no terminal, there is no person."""

from __future__ import annotations

import sys
from collections.abc import Callable

from techlead.errors import SettingsRefused

Ask = Callable[[str], str]
"""Asks a person and gives the line that was typed."""


def terminal() -> Ask:
    """Give the person at the terminal; SettingsRefused when there is none."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise SettingsRefused("A person decides this at a terminal, and this is none: an agent, a pipe or CI cannot.")

    def ask(question: str) -> str:
        print(question, end="", flush=True)  # noqa: T201 - a question
        return sys.stdin.readline().strip()

    return ask


def say(words: str) -> None:
    """Tell the person."""
    print(words)  # noqa: T201 - a conversation
