"""The page is complete, stands alone under its own strict policy, and lets nothing that was declared become markup."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from backends import example, running
from databases import sqlite_url
from pages import plan_of

from techlead.derive.openapi import ApiLimits
from techlead.serve.docs.handlers import limits_of
from techlead.serve.docs.page import page
from techlead.serve.settings import Settings

EXAMPLES = ["marketplace", "teamboard", "gymbook"]
HOSTILE = '</code><script>alert(1)</script><img src=x onerror="alert(2)">&lt; `</pre>` \'"'
PAGE = f"""
HOSTILE = {HOSTILE!r}
backend = Backend("evil", roles=["admin"])

class Trap(Enum):
    ONE = HOSTILE[:70]

@backend.account
class Person(Account):
    __doc__ = HOSTILE

@backend.resource(read=where(trap=Trap.ONE) | owner, create=signed_in)
class Thing(Resource):
    __doc__ = HOSTILE

    holder: Mapped[Ref[Person]] = owned_by()
    code: Mapped[str] = field(max_length=9, pattern="[<>&\\"']+")
    trap: Mapped[Trap] = field(default=Trap.ONE)

@rule(because="A long enough reason (ticket 1).", message=HOSTILE, allows=[facts(code="<")], refuses=[facts(code=">")])
def small(thing: Facts[Thing]) -> bool:
    return thing.code == "<"

def act(thing: Thing) -> None:
    pass

act.__doc__ = HOSTILE + "\\n\\n" + HOSTILE
act = action(Thing, by=owner, when=[small])(act)
"""


class Elements(HTMLParser):
    """Lists every element with its attributes, and checks that each one that opens closes in its turn."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self._open = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag, self.getpos()

    def named(self, name):
        return [attributes for tag, attributes in self.found if tag == name]


def page_of(name):
    return page(example(name), ApiLimits())


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_operation_has_its_card_and_every_link_leads_somewhere(name):
    elements = Elements(page_of(name))
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    links = [attributes["href"] for attributes in elements.named("a")]

    assert len(ids) == len(set(ids))
    assert {one.name for one in example(name).operations} <= set(ids)
    assert {link.removeprefix("#") for link in links if link.startswith("#")} <= set(ids)
    assert [link for link in links if not link.startswith("#")] == ["openapi.json"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_page_needs_nothing_from_anywhere_and_runs_nothing(name):
    elements = Elements(page_of(name))

    assert {tag for tag, _ in elements.found}.isdisjoint({"script", "img", "link", "iframe", "form", "object", "base"})
    for _, attributes in elements.found:
        assert not [key for key in attributes if key.startswith("on") or key in ("style", "src")]
    assert "url(" not in page_of(name)
    assert "@import" not in page_of(name)


async def test_the_policy_allows_just_the_pages_own_style(tmp_path):
    async with running(example("marketplace"), sqlite_url(tmp_path)) as call:
        answer = await call("GET", "/docs")
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers.get_list("content-security-policy") == [
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_document_is_served_as_the_limits_are_set_and_the_same_each_time(tmp_path):
    settings = Settings(page_rows_max=7, page_rows=5, password_characters_min=20)
    async with running(example("marketplace"), sqlite_url(tmp_path), settings) as call:
        first, second = await call("GET", "/openapi.json"), await call("GET", "/openapi.json")

    assert first.headers["content-type"] == "application/json"
    assert first.content == second.content
    assert first.json()["components"]["parameters"]["limit"]["schema"]["maximum"] == 7
    assert first.json()["components"]["schemas"]["account.register"]["properties"]["password"]["minLength"] == 20


async def test_both_answer_head_and_say_what_other_methods_there_are(tmp_path):
    async with running(example("marketplace"), sqlite_url(tmp_path)) as call:
        head, post = await call("HEAD", "/docs"), await call("POST", "/openapi.json")

    assert (head.status_code, head.content) == (200, b"")
    assert (post.status_code, post.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_nothing_that_was_declared_becomes_markup(tmp_path):
    written = page(plan_of(tmp_path, PAGE), ApiLimits())
    elements = Elements(written)

    assert not elements.named("script")
    assert not elements.named("img")
    assert "alert(1)" in written, "the words themselves are shown"
    assert "<script" not in written
    assert 'onerror="' not in written


def test_the_words_of_policies_rules_and_fields_are_there():
    written = page_of("marketplace")

    assert "the owner or accounts with the role admin" in written
    assert "The parcel has been handed over." in written
    assert "ticket 482" not in written, "reasons are for reviewers"
    assert "text, 1 to 120 characters" in written
    assert "urn:techlead:problem:refused" in written


def test_what_is_internal_is_not_on_the_page_and_secrets_are_seen_by_nobody(tmp_path):
    source = """
backend = Backend("vault")

@backend.account
class Person(Account): ...

@backend.resource(read=owner, create=signed_in, update=signed_in)
class Safe(Resource):
    holder: Mapped[Ref[Person]] = owned_by()
    pin: Mapped[Secret[str]] = field(max_length=8, write=owner)
    hidden_score: Mapped[Internal[int]] = field(default=0)
"""
    written = page(plan_of(tmp_path, source), ApiLimits())

    assert "hidden_score" not in written
    assert "required; secret; sent by the owner" in written
    assert re.search(r"<td data-label=\"Seen by\">nobody</td>", written)


def test_a_backend_without_accounts_begins_without_sign_in(tmp_path):
    source = (
        'backend = Backend("open")\n@backend.resource(read=anyone)\nclass Note(Resource):\n    done: Mapped[bool]\n'
    )
    written = page(plan_of(tmp_path, source), ApiLimits())

    assert "/auth/" not in written
    assert "TOKEN" not in written.partition('id="errors"')[0]


def test_the_limits_that_are_told_are_those_of_the_settings_from_the_start():
    assert limits_of(Settings()) == ApiLimits()
