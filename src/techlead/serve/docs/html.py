"""HTML that cannot be broken out of: text is escaped unless it was made here, so a name or a docstring stays text."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

EMPTY_ELEMENTS: Final = frozenset({"meta", "br", "hr", "input"})


class Html(str):
    """Markup that was made here; any other text is escaped where it is put in."""

    __slots__ = ()


def element(tag: str, /, *children: str, **attributes: str) -> Html:
    """Make an element; an attribute's name loses a trailing underscore (`class_`) and its others become hyphens."""
    written = "".join(f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"' for name, value in attributes.items())
    if tag in EMPTY_ELEMENTS:
        return Html(f"<{tag}{written}>")
    return Html(f"<{tag}{written}>{joined(children)}</{tag}>")


def prose(text: str) -> Html:
    """Make text with its code spans between backticks; whatever else it holds stays text."""
    spans = text.split("`")
    if len(spans) % 2 == 0:
        return joined([text])
    return joined(element("code", span) if place % 2 else span for place, span in enumerate(spans))


def joined(parts: Iterable[str]) -> Html:
    """Put parts together, escaping those that are not markup."""
    return Html("".join(part if isinstance(part, Html) else escape(part) for part in parts))
