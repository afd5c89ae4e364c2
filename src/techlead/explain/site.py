"""Pages as one HTML file that needs nothing else: search, keyboard, dark mode, a phone; its policy allows just its own script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

from techlead.explain.access import UNGUARDED
from techlead.explain.blocks import Block, Code, Diagram, Items, Page, Table, Warned, Words
from techlead.explain.drawing import drawn
from techlead.serve.docs.html import Html, element, prose

STYLE: Final = files(__package__ or "").joinpath("site.css").read_text(encoding="utf-8")
SCRIPT: Final = files(__package__ or "").joinpath("site.js").read_text(encoding="utf-8")
INTRODUCTION: Final[Mapping[str, str]] = {
    "access": "Who may do what. A cell that nothing guards says so.",
    "rules": "Each rule with its reason, the examples that pin it, and who signed it.",
    "operations": "What happens when somebody asks for it, and what ends it at each step.",
    "fields": "Where the value of each sensitive field goes.",
    "notifications": "Who is told what, by which ways, and how hard each way is tried.",
    "derived": "What a hand-written version would have been. An explanation: nothing runs it.",
    "since": "What changed.",
}


def site(pages: Sequence[Page], title: str) -> str:
    """Write all pages as one HTML document."""
    groups = {group: [page for page in pages if page.group == group] for group in dict.fromkeys(p.group for p in pages)}
    main = element(
        "main",
        element("h1", title),
        element(
            "p",
            "Explained by techlead from declarations, checks and ledger; no model wrote a word of it.",
            class_="dim",
        ),
        *(_section(group, own) for group, own in groups.items()),
        id="main",
    )
    body = element(
        "body",
        element("a", "Skip to the content", href="#main", class_="skip"),
        element("div", _navigation(groups), main, class_="page"),
        element("script", Html(SCRIPT)),
    )
    return f"<!doctype html>\n{element('html', _head(title), body, lang='en')}\n"


def _head(title: str) -> Html:
    policy = (
        f"default-src 'none'; style-src {_hash(STYLE)}; script-src {_hash(SCRIPT)}; base-uri 'none'; form-action 'none'"
    )
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Html(STYLE)),
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _navigation(groups: Mapping[str, Sequence[Page]]) -> Html:
    search = (
        element("label", "Search (press /)", for_="search"),
        element("input", id="search", type="search", autocomplete="off"),
        element("p", id="found", class_="dim", role="status"),
    )
    lists = (
        element("div", element("h2", group), element("ul", *map(_link, own)), class_="group")
        for group, own in groups.items()
    )
    return element(
        "nav",
        *search,
        element("div", *lists, class_="groups", tabindex="0", role="group", aria_label="Pages"),
        aria_label="Contents",
    )


def _link(page: Page) -> Html:
    look = {"class_": "look"} if any(isinstance(block, Warned) for block in page.blocks) else {}
    return element("li", element("a", page.name, href=f"#{page.anchor}", **look))


def _section(group: str, pages: Sequence[Page]) -> Html:
    return element(
        "section", element("h2", group), element("p", INTRODUCTION[group], class_="dim"), *map(_article, pages)
    )


def _article(page: Page) -> Html:
    blocks = (WRITERS[type(block)](block, page) for block in page.blocks)
    return element("article", element("h3", page.name), *blocks, id=page.anchor)


def _words(block: Words, _page: Page) -> Html:
    return element("p", prose(block.text))


def _warned(block: Warned, _page: Page) -> Html:
    return element("p", prose(block.text), class_="warned")


def _items(block: Items, _page: Page) -> Html:
    return element("ul", *(element("li", prose(line)) for line in block.lines))


def _code(block: Code, page: Page) -> Html:
    return element(
        "pre", element("code", block.source.rstrip()), tabindex="0", role="group", aria_label=f"Source of {page.name}"
    )


def _table(block: Table, page: Page) -> Html:
    head = element("tr", *(element("th", one, scope="col") for one in block.heads))
    rows = (element("tr", element("th", row[0], scope="row"), *map(_cell, row[1:])) for row in block.rows)
    table = element("table", element("thead", head), element("tbody", *rows))
    return element(
        "div", table, class_="wide", tabindex="0", role="group", aria_label=f"{block.heads[0]} of {page.name}"
    )


def _cell(text: str) -> Html:
    kind = {"yes": "yes", "no": "no", UNGUARDED: "open"}.get(text)
    return element("td", text, class_=kind) if kind else element("td", prose(text))


def _diagram(block: Diagram, page: Page) -> Html:
    picture = element(
        "div",
        drawn(block, f"The steps of {page.name}"),
        class_="wide",
        tabindex="0",
        role="group",
        aria_label=f"Diagram of {page.name}",
    )
    steps = element("ol", *(element("li", line) for line in _steps(block)))
    return element("div", picture, element("details", element("summary", "The same as text"), steps))


def _steps(block: Diagram) -> Iterator[str]:
    for arrow in block.arrows:
        refusals = f" (else {'; else '.join(arrow.refusals)})" if arrow.refusals else ""
        yield f"{arrow.source} to {arrow.target}: {arrow.text}{refusals}"


WRITERS: Final[Mapping[type[Block], Callable[[Any, Page], Html]]] = {
    Words: _words,
    Warned: _warned,
    Items: _items,
    Code: _code,
    Table: _table,
    Diagram: _diagram,
}
