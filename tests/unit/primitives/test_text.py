"""Text is taken as it is or refused; addresses have one written form and one form in which they are compared."""

import re
import unicodedata
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techlead.primitives import text

CONTROLS = [chr(code) for code in (*range(9), *range(11, 32), *range(127, 160), 0x2028, 0x2029, 0xFEFF)]
HALVES = ["\ud800", "\udbff", "\udc00", "\udfff"]
TURNS = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]
HOSTILE = CONTROLS + HALVES + TURNS
# Hypothesis' text has no surrogates unless told.
ANY_TEXT = st.text(st.characters(codec=None, categories=None), max_size=80)


@pytest.mark.parametrize("multiline", [False, True])
@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda sign: f"U+{ord(sign):04X}")
def test_controls_halves_and_turned_directions_are_refused_wherever_they_stand(hostile, multiline):
    for given_text in (hostile, f"{hostile}tail", f"head{hostile}", f"h\u00e9ad{hostile}tail", "x" * 10_000 + hostile):
        with pytest.raises(ValueError, match=r"^must not hold "):
            text.clean(given_text, multiline=multiline)


@pytest.mark.parametrize(
    ("hostile", "said"),
    [("\x00", "control characters"), ("\ud800", "half a character"), ("\u202e", "turn the direction")],
)
def test_the_refusal_says_what_kind_of_character_it_is(hostile, said):
    with pytest.raises(ValueError, match=said):
        text.clean(f"a{hostile}", multiline=True)


@pytest.mark.parametrize(
    "good",
    ["", " ", "plain", "Zo\u00eb \U0001d49c \u2615", "\u65e5\u672c\u8a9e", "na\u00efve cafe\u0301", "\U0001f469\u200d\U0001f469\u200d\U0001f467", "\u05e9\u05dc\u05d5\u05dd\u200f", "\u0645\u0631\u062d\u0628\u0627", "\xa0", "\u200b", "<b>&\"'\\"],
)  # fmt: skip
def test_the_words_of_the_world_are_taken_as_they_are(good):
    assert text.clean(good, multiline=False) == good
    assert text.clean(good, multiline=True) == good


@pytest.mark.parametrize("given_text", ["a\nb", "a\tb", "\n", "caf\u00e9\n"])
def test_new_lines_and_tabs_are_for_text_of_several_lines(given_text):
    assert text.clean(given_text, multiline=True) == given_text
    with pytest.raises(ValueError, match="on one line"):
        text.clean(given_text, multiline=False)


@given(ANY_TEXT, st.booleans())
def test_what_is_taken_can_be_written_stored_and_logged(given_text, multiline):
    try:
        taken = text.clean(given_text, multiline=multiline)
    except ValueError:
        assert not given_text.isascii() or not given_text.isprintable()
        return
    assert taken == given_text
    assert taken.encode().decode() == given_text
    assert not any(unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} and sign not in "\n\t" for sign in taken)
    assert multiline or len(taken.splitlines()) <= 1


@pytest.mark.parametrize(
    ("given_address", "written"),
    [
        ("alice@example.com", "alice@example.com"),
        ("Alice.B+shop@EXAMPLE.com", "Alice.B+shop@example.com"),
        ("o'brien@sub.example.co", "o'brien@sub.example.co"),
        ("a@b\u00fccher.example", "a@xn--bcher-kva.example"),
        ("a@bu\u0308cher.example", "a@xn--bcher-kva.example"),
        ("a@XN--BCHER-KVA.example", "a@xn--bcher-kva.example"),
        ("!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"),
        ("x" * 64 + "@example.com", "x" * 64 + "@example.com"),
    ],
)
def test_an_address_has_one_written_form(given_address, written):
    assert text.email_address(given_address) == written
    assert text.email_address(written) == written


BAD_ADDRESSES = [
    "", "@", "a", "a@", "@b.example", "a@b", "a@@b.example", "a@b@c.example", ".a@b.example", "a.@b.example", "a..b@b.example",
    " a@b.example", "a@b.example ", "a b@b.example", "a@b .example", "a\t@b.example", "a@b.example\n", "a\r\nBcc: x@b.example",
    "a@b.example\r\nBcc: x@c.example", "a@b.example,x@c.example", "a@b.example;x@c.example", "<a@b.example>", "A <a@b.example>",
    '"a"@b.example', '"a b"@b.example', "a(comment)@b.example", "a\\@b.example", "a:b@b.example", "a[1]@b.example",
    "a@[127.0.0.1]", "a@[IPv6:::1]", "a@127.0.0.1", "a@1.2", "a@b.example.", "a@.example", "a@b..example", "a@-b.example",
    "a@b-.example", "a@b_c.example", "a@b.exam\x00ple", "a\x00@b.example", "\u00e9@b.example", "a@b\u202ec.example",
    "\ud800@b.example", "a@\ud800.example", "a\u200b@b.example", "a@b\uff20c.example", "a\uff20b.example", "a@xn--zzzzzz.de",
    "x" * 65 + "@b.example", "a@" + "b" * 64 + ".example", "a@" + ".".join(["b" * 60] * 5), "a" * 10_000 + "@b.example",
]  # fmt: skip


@pytest.mark.parametrize("wrong", BAD_ADDRESSES)
def test_what_is_no_address_is_refused_without_being_repeated(wrong):
    with pytest.raises(
        ValueError, match=r"^must be an e-mail address of at most 254 characters, such as alice@example.com$"
    ):
        text.email_address(wrong)


def test_an_address_has_254_characters_at_most_in_its_written_form():
    fits = "a" * 60 + "@" + ".".join(["b" * 60] * 3) + ".example"
    longest = fits + "s" * (254 - len(fits))
    assert text.email_address(longest) == longest
    for wrong in (longest + "s", "a" * 60 + "@" + ".".join(["\u00fc" * 45] * 4) + ".de"):
        with pytest.raises(ValueError, match="at most 254"):
            text.email_address(wrong)


def test_one_rule_compares_addresses_everywhere():
    forms = [
        "alice@b\u00fccher.example",
        "ALICE@B\u00dcCHER.example",
        "Alice@xn--bcher-kva.EXAMPLE",
        "alice@bu\u0308cher.example",
    ]
    assert {text.email_key(form) for form in forms} == {"alice@xn--bcher-kva.example"}
    assert text.email_key("a+b@c.example") != text.email_key("a@c.example")
    assert text.email_key("a.b@c.example") != text.email_key("ab@c.example")


@given(ANY_TEXT | st.emails() | st.from_regex(r"[a-zA-Z.+\u00fc ]{1,9}@[a-zA-Z.\u00fc\u3002-]{1,20}", fullmatch=True))
def test_an_address_that_is_taken_can_stand_in_a_header_a_command_and_a_column(given_text):
    try:
        address = text.email_address(given_text)
    except ValueError as error:
        assert str(error).startswith("must be an e-mail address")  # noqa: PT017 - the message is the claim
        return
    assert address.isascii()
    assert address.isprintable()
    assert re.fullmatch(r"[^\s<>,;:\"()\[\]\\@]{1,64}@[a-z0-9.-]+\.[a-z0-9-]+", address)
    assert len(address) <= 254
    assert text.email_address(address) == address
    assert text.email_key(address) == text.email_key(address.upper()) == text.email_key(given_text)


@pytest.mark.parametrize(
    ("given_url", "written"),
    [
        ("https://example.com", "https://example.com"),
        ("https://example.com/", "https://example.com/"),
        ("HTTPS://EXAMPLE.com/Path", "https://example.com/Path"),
        ("http://example.com:8080/a;b/?c=d&e[]=%20#f/g?", "http://example.com:8080/a;b/?c=d&e[]=%20#f/g?"),
        ("https://example.com?q", "https://example.com?q"),
        ("https://example.com#f", "https://example.com#f"),
        ("https://example.com/@alice:x", "https://example.com/@alice:x"),
        ("https://localhost:65535", "https://localhost:65535"),
        ("https://127.0.0.1:1/", "https://127.0.0.1:1/"),
        ("https://[2001:DB8::0:1]:443/x", "https://[2001:db8::1]:443/x"),
        (
            "https://b\u00fccher.example/\u00f6?\u20ac#\U0001f600",
            "https://xn--bcher-kva.example/%C3%B6?%E2%82%AC#%F0%9F%98%80",
        ),
        ("https://example.com/~a'()*!$,.-_", "https://example.com/~a'()*!$,.-_"),
        ("https://example.com//../x", "https://example.com//../x"),
    ],
)
def test_an_absolute_address_is_written_as_every_parser_reads_it(given_url, written):
    assert text.url(given_url) == written
    assert text.url(written) == written


BAD_URLS = [
    "", "example.com", "//example.com", "/path", "https:", "https:/example.com", "https//example.com", "https://", "https:///x", "https://?x",
    "ftp://example.com", "file:///etc/passwd", "javascript:alert(1)", "javascript://example.com/%0aalert(1)", "data:text/html,x",
    "https+x://example.com", " https://example.com", "https://example.com ", "https://exa mple.com", "https://example.com/a b",
    "https://example.com/\n", "https://example.com\n", "ht\ntps://example.com", "https://example.com/\r\nX: y", "https://example.com/\t",
    "https://example.com/\x00", "https://example.com/\x7f", "https://example.com/\x85", "https://example.com/\u2028", "https://example.com/\u202e",
    "https://example.com/\ud800", "https://example.com\\@evil.example", "https://example.com/\\evil", "https://user@example.com",
    "https://user:pass@example.com", "https://@example.com", "https://:@example.com", "https://example.com@evil.example/", "https://a%40b/",
    "https://example.com:", "https://example.com:0", "https://example.com:080", "https://example.com:65536", "https://example.com:99999999",
    "https://example.com:-1", "https://example.com:8o", "https://example.com:80:80", "https://example.com:\u0661", "https://:80", "https://a..b",
    "https://.a", "https://a.", "https://-a.example", "https://a_b.example", "https://*.example", "https://127.1", "https://0x7f.0.0.1",
    "https://2130706433", "https://0177.0.0.1", "https://256.0.0.1", "https://[::1", "https://::1", "https://[::1]x", "https://[::1%25eth0]",
    "https://[1.2.3.4]", "https://[]", "https://\uff11\uff12\uff17.0.0.1", "https://example.com/%", "https://example.com/%zz", "https://example.com/%4",
    'https://example.com/"', "https://example.com/<x>", "https://example.com/{x}", "https://example.com/|", "https://example.com/^", "https://example.com/`",
    "https://\u2100.example", "https://a\u2215b.example", "https://example.com/" + "x" * 2048, "https://example.com/" + "\u00fc" * 1000,
]  # fmt: skip


@pytest.mark.parametrize("wrong", BAD_URLS)
def test_what_is_no_safe_address_is_refused_without_being_repeated(wrong):
    with pytest.raises(ValueError, match=r"^must ") as refusal:
        text.url(wrong)
    assert "example.com" not in str(refusal.value)
    assert "evil" not in str(refusal.value)


@pytest.mark.parametrize("wrong", ["https://user@example.com", "https://user:pass@example.com", "https://@example.com"])
def test_a_user_or_password_in_an_address_is_refused_by_name(wrong):
    with pytest.raises(ValueError, match="without a user or password"):
        text.url(wrong)


def test_an_address_has_2048_characters_at_most():
    longest = "https://example.com/".ljust(2048, "x")
    assert text.url(longest) == longest


def test_a_receiver_of_webhooks_is_asked_for_https():
    assert text.url("https://example.com/", schemes=("https",)) == "https://example.com/"
    with pytest.raises(ValueError, match="absolute https address"):
        text.url("http://example.com/", schemes=("https",))


@given(
    ANY_TEXT
    | ANY_TEXT.map("https://example.com/{}".format)
    | st.text(alphabet="ab.:/?#[]@%1\u00fc\\", max_size=30).map("http://{}".format)
)
def test_an_address_that_is_taken_is_ascii_and_leads_to_the_host_it_shows(given_text):
    try:
        written = text.url(given_text)
    except ValueError as error:
        assert str(error).startswith("must ")  # noqa: PT017 - the message is the claim
        return
    parts = urlsplit(written)
    assert written.isascii()
    assert written.isprintable()
    assert " " not in written
    assert len(written) <= 2048
    assert text.url(written) == written
    assert parts.geturl().rstrip("?#") == written.replace("?#", "#").rstrip("?#")  # an empty query is not written again
    assert (parts.username, parts.password) == (None, None)
    assert written.startswith(f"{parts.scheme}://{parts.netloc}")
    assert parts.hostname == parts.netloc.removesuffix(f":{parts.port}").strip("[]")


@pytest.mark.parametrize(
    ("personal", "shown"),
    [
        ("alice@example.com", "a***@e***"), ("a@b.example", "a***@b***"), ("+49 170 1234567", "***"), ("DE89370400440532013000", "***"),
        ("Alice", "***"), ("", "***"), ("@", "***@***"), ("\u00e9@\u00fc", "***@***"), ("\n@\x1b", "***@***"), ("a@b@c", "a***@c***"),
    ],
)  # fmt: skip
def test_a_log_shows_of_personal_text_what_is_of_no_use_to_a_thief(personal, shown):
    assert text.mask(personal) == shown


@given(ANY_TEXT)
def test_whatever_is_masked_gives_away_two_characters_and_no_length(personal):
    assert re.fullmatch(r"\*{3}|[A-Za-z0-9]?\*{3}@[A-Za-z0-9]?\*{3}", text.mask(personal))


def test_the_names_of_declarations_are_made_here_too():
    assert text.kebab(text.plural("GymClass")) == "gym-classes"
    assert text.snake("GymClass") == "gym_class"
