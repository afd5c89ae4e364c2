"""A template names fields and chooses by them, and no value can become markup, a link, a header or a line of its own."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import Enum

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from techlead.derive.rendering import named_in, problems, render
from techlead.derive.templates import Template, Unrenderable
from techlead.primitives.money import Money


class Status(Enum):
    OPEN = "open"


SOURCE = """# {{ title }} was sold

**{{ title|upper }}** went for {{ price }}{% if tracking %}, tracking {{ tracking }}{% endif %}.

[Your orders](https://shop.example/orders)
"""


def template(source: str) -> Template:
    return Template("sold", "", "templates/sold.md", source)


def test_one_source_gives_subject_text_and_html():
    words = render(template(SOURCE), {"title": "Bike", "price": Money("12.50", "EUR"), "tracking": None})
    assert words.subject == "Bike was sold"
    assert words.text == "**BIKE** went for 12.50 EUR.\n\n[Your orders](https://shop.example/orders)"
    assert words.html == (
        '<p><strong>BIKE</strong> went for 12.50 EUR.</p>\n<p><a href="https://shop.example/orders">Your orders</a></p>\n'
    )


def test_the_fields_that_it_names_are_known():
    assert named_in(template(SOURCE)) == {"title", "price", "tracking"}
    assert list(problems(template(SOURCE))) == []


def test_values_are_written_as_people_read_them():
    values = {"a": Status.OPEN, "b": datetime(2026, 5, 1, 12, tzinfo=UTC), "c": True, "d": 7, "e": None}
    words = render(
        template("# {{ a }}\n{{ b }} {{ c }} {{ d }} {{ e }}{% if d > 6 and not e %} more{% endif %}"), values
    )
    assert (words.subject, words.text) == ("open", "2026-05-01 12:00+00:00 True 7  more")


INJECTIONS = [
    "<script>alert(1)</script>", "[click](https://evil.example)", "https://evil.example", "# head", "**bold**", "a\n\n- b",
    "{{ 7*7 }}", "{% if %}", "![x](y)", "`code`", "&lt;b&gt;", "<https://evil.example>", "a\n===", "\\", "1. x", "\x1b[2J",
    "a\r\nBcc: eve@evil.example", "    indented", "| a | b |", "~~~\nx", "\u202e", "&#60;b&#62;", "<!-- x -->",
]  # fmt: skip


@given(st.text(max_size=60) | st.sampled_from(INJECTIONS))
@example("[click](https://evil.example)")
@example("a\n\n# b\n\n    c")
def test_no_value_adds_markup_to_the_html(value: str):
    words = render(template("# s\nBefore {{ value }} after"), {"value": value})
    assert set(re.findall(r"</?([a-z0-9]+)", words.html)) <= {"p", "br"}
    assert "href" not in re.sub(r"<p>.*</p>", "", words.html, flags=re.DOTALL)


@pytest.mark.parametrize("value", INJECTIONS)
def test_no_value_becomes_a_line_of_the_subject_or_drives_a_terminal(value: str):
    words = render(template("# {{ value }}\n{{ value }}"), {"value": value})
    assert "\n" not in words.subject
    assert "\r" not in words.subject + words.text
    assert "\x1b" not in words.subject + words.text
    assert "49" not in words.subject


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("no subject", "its first line is no subject"),
        ("# s\n{% for x in y %}{{ x }}{% endfor %}", "line 2 says For"),
        ("# s\n{{ title.__class__ }}", "line 2 says Getattr"),
        ("# s\n{{ title['a'] }}", "line 2 says Getitem"),
        ("# s\n{{ title() }}", "line 2 says Call"),
        ("# s\n{{ title * 999999999 }}", "line 2 says Mul"),
        ("# s\n{% set x = 1 %}", "line 2 says Assign"),
        ("# s\n{% include 'x' %}", "line 2 says Include"),
        ("# s\n{{ title|safe }}", "line 2 uses the filter 'safe'"),
        ("# s\n{{ title|attr('x') }}", "line 2 uses the filter 'attr'"),
        ("# s\n{{ title", "line 2:"),
        ("# s\n{{ title|nothing }}", "line 2"),
        ("# " + "x" * 30_000, "the template has more than 20000 characters"),
    ],
)
def test_whatever_is_more_than_a_choice_by_fields_is_refused(source: str, said: str):
    assert [reason for reason, _ in problems(template(source)) if said in reason]


@pytest.mark.parametrize("source", ["# s\n{{ missing }}", "# {{ missing }}", "# s\n{% if a > 1 %}{% endif %}"])
def test_what_cannot_be_filled_is_said_without_any_value(source: str):
    with pytest.raises(Unrenderable) as raised:
        render(template(source), {"a": "canary"})
    assert "canary" not in str(raised.value)
