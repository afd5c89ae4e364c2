"""`--html`: self-contained, and harmless whatever the target answered."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from unit.audit.report.samples import ATTACKED, CLEAN, HOSTILE, REPORT

from techlead.audit.finding import Report
from techlead.audit.report.page import as_html, escape

VOID = {"meta"}
ALLOWED = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "main",
    "h1",
    "h2",
    "h3",
    "h4",
    "p",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
} | {
    "article",
    "span",
    "code",
    "pre",
    "details",
    "summary",
}


class Reader(HTMLParser):
    """Reads a page as a browser does, and keeps what matters."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


@pytest.mark.parametrize("report", [REPORT, CLEAN, ATTACKED], ids=["findings", "clean", "hostile"])
def test_the_page_is_well_formed_and_needs_nothing_else(report: Report):
    reader = read(as_html(report))
    assert set(reader.tags) <= ALLOWED
    assert {name for name, _ in reader.attributes} <= {
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "class",
        "id",
    }
    assert "url(" not in as_html(report)
    assert "http://" not in as_html(report).replace(HOSTILE, "")


def test_hostile_evidence_is_shown_and_never_run():
    page = as_html(ATTACKED)
    assert "<script" not in page
    assert "alert('x')" in read(page).words
    assert "\x1b" not in page
    page.encode("utf-8")


def test_a_page_that_forgot_to_escape_would_be_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("techlead.audit.report.page.escape", str)
    assert "<script" in as_html(ATTACKED)


@pytest.mark.parametrize("text", ["<", ">", "&", '"', "'"])
def test_each_character_of_markup_is_escaped(text: str):
    assert text not in escape(text).removeprefix("&").removesuffix(";")


def test_the_page_says_what_happened_why_it_matters_and_how_to_mend_it():
    words = read(as_html(REPORT)).words
    for expected in (
        "Bob set Alice's password",
        "One user can overwrite",
        "In Flask:",
        "1 critical",
        "Anyone signed in reads every order",
    ):
        assert expected in words
