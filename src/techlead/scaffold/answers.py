"""What each single answer must be, as a table: so that a person at a terminal hears of a mistake at the question it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from techlead.scaffold.declarations import WAYS, assignment, known, receiver, ways
from techlead.scaffold.expressions import expression, policy, sentence
from techlead.scaffold.field_words import field_text
from techlead.scaffold.page import Kind, Page
from techlead.scaffold.refused import ScaffoldRefused

Check = Callable[[str, Page], object]
"""Judges one answer that is not empty; ScaffoldRefused says what is wrong with it."""
CHOSEN: Final[Mapping[str, tuple[Kind, ...]]] = {
    "on": ("resource", "account"), "rule": ("rule",), "send": ("notification",),
}  # fmt: skip
"""Answers that are a name of the page: of which kinds."""


def _field(text: str, page: Page) -> None:
    if text.endswith(":owner") and not page.of_kind("account"):
        raise ScaffoldRefused("The page has no account to own it: declare one with @backend.account first.")
    field_text(text, "Thing", "Account")


def _said(what: str) -> Check:
    return lambda text, _page: sentence(text, what)


def _policy(flag: str) -> Check:
    return lambda text, _page: policy(text, flag)


def _facts(flag: str) -> Check:
    return lambda text, _page: expression(text, flag, "facts(status=OrderStatus.PLACED)")


def _chosen(flag: str) -> Check:
    return lambda text, page: known(CHOSEN[flag][0], text, page.of_kind(*CHOSEN[flag]))


CHECKS: Final[Mapping[str, Check]] = {
    "about": _said("A sentence"),
    "because": _said("A reason"),
    "message": _said("What is read"),
    "text": _said("What it says"),
    "field": _field,
    **{flag: _policy(flag) for flag in ("read", "create", "update", "delete", "by")},
    **{flag: _facts(flag) for flag in ("allows", "refuses")},
    **{flag: _chosen(flag) for flag in CHOSEN},
    "holds": lambda text, _page: expression(text, "holds", "order.status is OrderStatus.PLACED"),
    "set": lambda text, _page: assignment(text),
    "to": lambda text, _page: receiver(text),
    "via": lambda text, _page: ways(text),
}


def check_answer(flag: str, text: str, page: Page) -> None:
    """Refuse an answer that cannot be, with how it is written; an empty one is for the question to judge."""
    if text:
        CHECKS[flag](text, page)


def choices(flag: str, page: Page) -> tuple[str, ...] | None:
    """Give what can be chosen of; None where the answer is free."""
    return WAYS if flag == "via" else page.of_kind(*CHOSEN[flag]) if flag in CHOSEN else None
