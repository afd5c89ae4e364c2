"""Claim: the page that `techlead explain --html` writes works in a browser: by keyboard, on a phone, in the dark, for everybody.

Headless Chromium opens it; axe-core, which accessibility audits use, finds nothing. https://github.com/dequelabs/axe-core
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from backends import example

from techlead.explain.cards import Known
from techlead.explain.pages import pages
from techlead.explain.site import site
from techlead.explain.whole import explained

pytestmark = [pytest.mark.proof, pytest.mark.volume]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FORMS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1_400, "height": 900}},
    "dark": {"viewport": {"width": 1_400, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("site") / "index.html"
    file.write_text(site(pages(explained(example("marketplace"), Known({}, {}, {}))), "marketplace"))
    return file.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs Chromium: .ci/run installs it")
        pytest.skip("there is no Chromium on this machine: install it to see the page checked in a browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture(params=["wide"])
def page(request: pytest.FixtureRequest, browser: Any, written: str) -> Iterator[Any]:
    opened = browser.new_page(**FORMS[request.param])
    opened.said = []
    opened.on("console", lambda message: opened.said.append(message.text))
    opened.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.goto(written)
    yield opened
    opened.close()


@pytest.mark.parametrize("page", FORMS, indirect=True)
def test_axe_finds_nothing_to_mend_and_the_page_says_nothing_on_its_console(page: Any):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    assert page.said == []


def test_a_search_leaves_what_holds_every_word_and_escape_brings_all_back(page: Any):
    every = page.locator("article:visible").count()
    page.keyboard.press("/")
    page.keyboard.type("cancel handed")
    left = page.locator("article:visible")
    assert 0 < left.count() < every
    assert all(
        {"cancel", "handed"} <= set(one.lower().replace(".", " ").replace("_", " ").split()) or "handed" in one
        for one in left.all_inner_texts()
    )
    page.keyboard.press("Escape")
    assert page.locator("article:visible").count() == every


@pytest.mark.parametrize("page", FORMS, indirect=True)
def test_nothing_is_wider_than_the_screen(page: Any):
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_link_leads_to_its_page(page: Any):
    page.locator('nav a[href="#rules-for-sale"]').click()
    assert page.locator("#rules-for-sale").bounding_box()["y"] < page.viewport_size["height"]
    assert Path(page.url.partition("#")[0]).name == "index.html"
