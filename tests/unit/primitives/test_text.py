"""Text is taken as it is or refused; addresses have one form in which they are compared."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techlead.primitives import text

HOSTILE = ["\x00", "a\x1bb", "\ud800", "a\u202eb", "\u2066", "\x85", "\u2028", "\ufeff"]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("multiline", [False, True])
def test_text_with_controls_surrogates_or_turned_directions_is_refused(hostile, multiline):
    with pytest.raises(ValueError, match="cannot have"):
        text.clean(f"good {hostile}", multiline=multiline)


@pytest.mark.parametrize("good", ["Zoë 𝒜 ☕", "日本語", "naïve café", "👩‍👩‍👧"])
def test_the_words_of_the_world_are_taken_as_they_are(good):
    assert text.clean(good, multiline=False) == good


def test_new_lines_are_for_text_of_several_lines():
    assert text.clean("a\n\tb", multiline=True) == "a\n\tb"
    with pytest.raises(ValueError, match="one line"):
        text.clean("a\nb", multiline=False)


@given(st.text(max_size=40))
def test_what_is_taken_can_always_be_written_as_utf8(given_text):
    try:
        taken = text.clean(given_text, multiline=True)
    except ValueError:
        return
    assert taken.encode().decode() == given_text
    assert not any(unicodedata.category(sign) == "Cc" and sign not in "\n\t" for sign in taken)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("alice@example.com", "alice@example.com"),
        ("Alice@EXAMPLE.com", "Alice@example.com"),
        ("alice@b\u00fccher.example", "alice@xn--bcher-kva.example"),
        ("a.b+c@sub.example.co", "a.b+c@sub.example.co"),
    ],
)
def test_an_address_has_one_written_form(written, normal):
    assert text.email_address(written) == normal
    assert text.email_address(normal) == normal


def test_one_rule_compares_addresses_everywhere():
    forms = ["alice@example.com", "ALICE@example.com", "alice@EXAMPLE.COM"]
    assert len({text.email_key(form) for form in forms}) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        "", "@", "a@", "@b.example", "a@b", "a b@example.com", " a@example.com", "a@example.com ", "a@exa mple.com",
        "a@@example.com", "a@example..com", "a@-example.com", ".a@example.com", "a.@example.com", "a..b@example.com",
        "a@example.com.", "a\r\nBcc: x@example.com", '"a"@example.com', "a@[127.0.0.1]", "é@example.com",
        "a" * 65 + "@example.com", "a@" + "b" * 64 + ".com", "a@" + ".".join(["b" * 60] * 5) + ".com", "a@\u2603\ufe0f.",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(wrong):
    with pytest.raises(ValueError, match=r"must be|cannot have"):
        text.email_address(wrong)


@given(st.text(max_size=60))
def test_an_address_that_is_taken_can_stand_in_a_header(given_text):
    try:
        address = text.email_address(given_text)
    except ValueError:
        return
    assert address.isascii()
    assert re.fullmatch(r"[^\s<>,;:\"]+@[^\s<>,;:\"]+", address)
    assert text.email_address(address) == address


@pytest.mark.parametrize(
    "good",
    ["https://example.com/", "http://example.com:8080/a?b=c#d", "https://[2001:db8::1]/x", "https://bücher.example/"],
)
def test_an_absolute_address_is_taken_as_it_is(good):
    assert text.url(good) == good


@pytest.mark.parametrize(
    "wrong",
    [
        "", "example.com", "//example.com", "ftp://example.com", "javascript:alert(1)", "https://", "https:///x",
        "https://user:pass@example.com", "https://example.com:0/", "https://example.com:99999/", "https://exa mple.com",
        "https://example.com\\@evil.example", "https://example.com/\r\nX: y", "https:/example.com", "https://a..b/",
        "https://[::1", "https://example.com/" + "x" * 2048, "HTTPS//x", "https://-a.example/",
    ],
)  # fmt: skip
def test_what_is_no_safe_address_is_refused(wrong):
    with pytest.raises(ValueError, match=r"must be|cannot have"):
        text.url(wrong)


def test_a_receiver_of_webhooks_is_asked_for_https():
    with pytest.raises(ValueError, match="absolute https address"):
        text.url("http://example.com/", schemes=("https",))


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("Person", "People"), ("Category", "Categories"), ("Box", "Boxes"), ("GymClass", "GymClasses"), ("Day", "Days"),
        ("Bush", "Bushes"), ("Listing", "Listings"), ("SalesPerson", "SalesPeople"), ("child", "children"),
    ],
)  # fmt: skip
def test_names_have_the_plural_a_reader_expects(one, many):
    assert text.plural(one) == many


def test_names_are_written_as_tables_and_paths_are():
    assert text.snake("GymClass") == "gym_class"
    assert text.snake("HTTPServer") == "http_server"
    assert text.kebab("GymClasses") == "gym-classes"


@pytest.mark.parametrize(
    ("personal", "shown"), [("alice@example.com", "a***@e***"), ("+49 170", "+***"), ("", "***"), ("@", "***@***")]
)
def test_a_log_shows_of_personal_text_that_it_is_there_and_no_more(personal, shown):
    assert text.mask(personal) == shown
