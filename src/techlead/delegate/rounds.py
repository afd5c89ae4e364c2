"""Rounds of drafting: ask, judge, hand the findings back, at most three times; then a proposal's answer or a refusal.

Who answers the same again is not asked once more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from techlead.delegate.answer import Answer, AnswerRefused, read_answer
from techlead.delegate.gate import Finding

REPAIRS_MAX: Final = 3
"""How often a draft may be mended; what has not converged by then does not."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How the rounds ended: an answer that nothing stands against, or what stands against the last one."""

    answer: Answer | None
    refused: tuple[tuple[str, ...], ...]
    """What each refused round was refused for."""


Ask = Callable[[str], str]
"""Sends words to whoever drafts, and gives what comes back."""
Judge = Callable[[Answer], Sequence[Finding]]


def drive(ask: Ask, brief: str, judge: Judge, repairs_max: int = REPAIRS_MAX) -> Ended:
    """Ask until nothing stands against the answer; `ask` raises when a limit is reached, and nothing is asked again."""
    words = brief
    refused: list[tuple[str, ...]] = []
    heard: set[str] = set()
    for _ in range(repairs_max + 1):
        said = ask(words)
        if said in heard:  # it will not converge, and each round costs
            return Ended(None, (*refused, refused[-1]))
        heard.add(said)
        try:
            answer = read_answer(said)
            found = tuple(map(str, judge(answer)))
        except AnswerRefused as error:
            found = (str(error),)
        else:
            if not found:
                return Ended(answer, tuple(refused))
        refused.append(found)
        words = repair(found)
    return Ended(None, tuple(refused))


def repair(found: Sequence[str]) -> str:
    """Hand findings back."""
    listed = "\n".join(f"- {one}" for one in found)
    return f"Your answer is refused for this:\n\n{listed}\n\nMend it, and answer again with every file whole, in the same form."
