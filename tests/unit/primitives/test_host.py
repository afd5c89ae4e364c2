"""A host has one written form, the same for every parser, or it is refused."""

import re

import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from techlead.primitives.host import host, host_name

LONGEST = ".".join(["a" * 63] * 3 + ["b" * 61])
TOO_LONG = ".".join(["a" * 63] * 3 + ["b" * 62])


@pytest.mark.parametrize(
    ("given_name", "written"),
    [
        ("example.com", "example.com"), ("EXAMPLE.Com", "example.com"), ("localhost", "localhost"), ("a", "a"), ("4chan.org", "4chan.org"),
        ("1.2.3.a4", "1.2.3.a4"), ("b\u00fccher.example", "xn--bcher-kva.example"), ("B\u00dcCHER.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"), ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("\u4f8b\u5b50\u3002\u4e2d\u56fd", "xn--fsqu00a.xn--fiqs8s"), ("fa\u00df.de", "xn--fa-hia.de"),
        ("\uff45xample.com", "example.com"), ("a--b.example", "a--b.example"), (LONGEST, LONGEST),
    ],
)  # fmt: skip
def test_a_name_is_written_in_lower_case_ascii(given_name, written):
    assert host_name(given_name) == host(given_name) == written
    assert host_name(written) == written


BAD_NAMES = [
    "", ".", "a.", ".a", "a..b", "-a.com", "a-.com", "a_b.com", "a b.com", "a\n", "a\x00b", "a/b", "a@b", "a:80", "a%41", "*.a.com",
    "a\u202eb.com", "\ud800.com", "\u2100.com", "a\u2044b.com", "xn--zzzzzz.de", "xn--", "a" * 64 + ".com", TOO_LONG,
    "\u00fc" * 254, "\u00fc" * 64, "123", "1.2.3", "1.2.3.4.5", "256.1.1.1", "0x7f.1", "0X7F.1", "0x", "a.0x", "127.1", "2130706433", "01.02.03.04",
    "\uff11\uff12\uff17.0.0.1", "a.123", "::1", "[::1", "::1]",
]  # fmt: skip


@pytest.mark.parametrize("wrong", BAD_NAMES)
def test_what_is_no_name_or_could_be_read_as_a_number_is_refused(wrong):
    for read in (host, host_name):
        with pytest.raises(ValueError, match=r"^must have a valid host name$"):
            read(wrong)


@pytest.mark.parametrize(
    ("given_host", "written"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("[::1]", "[::1]"), ("[2001:DB8:0::0001]", "[2001:db8::1]")],
)
def test_an_address_is_written_in_its_shortest_form_and_is_no_name(given_host, written):
    assert host(given_host) == host(written) == written
    with pytest.raises(ValueError, match="valid host name"):
        host_name(given_host)


@pytest.mark.parametrize(
    "wrong", ["[]", "[1.2.3.4]", "[::1%eth0]", "[fe80::1%25eth0]", "[:::]", "[::g]", "[v1.x]", "[::1]x"]
)
def test_what_stands_in_brackets_is_an_ipv6_address_without_a_zone(wrong):
    with pytest.raises(ValueError, match="valid host name"):
        host(wrong)


def test_a_name_longer_than_any_host_costs_no_conversion(monkeypatch):
    monkeypatch.setattr(idna, "encode", lambda *_arguments, **_options: pytest.fail("converted"))
    with pytest.raises(ValueError, match="valid host name"):
        host_name("\u00fc" * 254)


@given(st.text(max_size=40) | st.text(alphabet="aZ0.-x\u00fc\u3002[]:%", max_size=40))
def test_any_text_is_a_host_in_one_form_or_refused(text):
    try:
        written = host(text)
    except ValueError as error:
        assert str(error) == "must have a valid host name"  # noqa: PT017 - the message is the claim
    else:
        assert re.fullmatch(r"[a-z0-9.-]+|\[[0-9a-f:.]+\]", written)
        assert host(written) == written
