"""Markup is made of elements alone; every other text stays text."""

from techlead.serve.docs.html import Html, element, joined, prose


def test_text_is_escaped_in_elements_and_attributes():
    made = element("a", "<b> & 'c'", href='"><script>')

    assert made == '<a href="&quot;&gt;&lt;script&gt;">&lt;b&gt; &amp; &#x27;c&#x27;</a>'


def test_markup_that_was_made_here_is_kept():
    assert element("p", element("b", "x"), " & ", Html("<br>")) == "<p><b>x</b> &amp; <br></p>"


def test_names_of_attributes_are_pythons_turned_into_htmls():
    assert element("td", class_="wide", data_label="a") == '<td class="wide" data-label="a"></td>'


def test_an_empty_element_has_no_end():
    assert element("meta", charset="utf-8") == '<meta charset="utf-8">'


def test_parts_are_joined_each_as_what_it_is():
    assert joined(["<", Html("<i>"), ">"]) == "&lt;<i>&gt;"


def test_code_between_backticks_becomes_code():
    assert prose("send `If-Match`, <now>") == "send <code>If-Match</code>, &lt;now&gt;"


def test_code_spans_hold_text_and_an_odd_backtick_is_one():
    assert prose("`<b>`") == "<code>&lt;b&gt;</code>"
    assert prose("it`s") == "it`s"
