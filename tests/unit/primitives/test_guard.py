"""No spelling of an address that is not of the outside world passes, and every address that is does."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techlead.primitives import text
from techlead.primitives.guard import CLOSED, Closed, check_address, check_host, check_url

PRIVATE = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254", "168.63.129.16",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.168.1.1", "198.18.0.1", "224.0.0.1",
    "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::",
    "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "2606:4700::5efe:127.0.0.1", "5f00::1", "3fff::1",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1", "93.184.215.14", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0", "169.253.255.255",
    "2606:4700:4700::1111", "2a00:1450:4001:830::200e", "::ffff:1.1.1.1", "64:ff9b::101:101",
]  # fmt: skip
SPELLINGS = [
    "2130706433", "0x7f000001", "017700000001", "0x7f.1", "127.1", "127.0.1", "0177.0.0.1", "0x7f.0.0.1", "127.0.0.1.",
    "\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021", "[::ffff:7f00:1]", "[::1%25eth0]", "localhost", "LOCALHOST", "a.localhost",
    "metadata.google.internal", "router.lan", "printer.local", "intranet", "169.254.169.254", "[fd00:ec2::254]",
    "\u2460\u2461\u2466.0.0.1", "0", "0.0.0.0",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_of_ours_is_closed(address: str):
    with pytest.raises(Closed):
        check_address(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_world_is_open(address: str):
    check_address(ip_address(address))


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_an_inner_host_is_taken_as_a_webhook_address(host: str):
    with pytest.raises(ValueError):
        check_url(text.url(f"https://{host}/hook", schemes=("https",)))


@pytest.mark.parametrize("host", ["hooks.example.com", "1.1.1.1", "[2606:4700:4700::1111]", "xn--mnchen-3ya.example"])
def test_a_host_of_the_world_is_taken(host: str):
    assert check_url(f"https://{host}:8443/hook") == f"https://{host}:8443/hook"


def test_a_network_that_was_opened_is_open_and_no_other():
    opened = (ip_network("10.1.0.0/16"),)
    check_address(ip_address("10.1.2.3"), opened)
    check_host("10.1.2.3", opened)
    with pytest.raises(Closed):
        check_address(ip_address("10.2.0.1"), opened)


@given(st.ip_addresses(v=4))
def test_whatever_ipv4_calls_private_is_closed_in_every_wrapping(address: IPv4Address):
    if not address.is_global or address.is_multicast:
        for form in (address, IPv6Address(f"::ffff:{address}"), IPv6Address((0x64FF9B << 96) | int(address)),
                     IPv6Address((0x2002 << 112) | int(address) << 80)):  # fmt: skip
            with pytest.raises(Closed):
                check_address(form)


@given(st.ip_addresses(v=6))
def test_whatever_ipv6_calls_private_is_closed(address: IPv6Address):
    if not address.is_global and address.ipv4_mapped is None and address not in ip_network("64:ff9b::/96"):
        with pytest.raises(Closed):
            check_address(address)


@pytest.mark.parametrize("network", [network for network, _ in CLOSED])
def test_both_ends_of_each_closed_network_are_closed(network: str):
    for end in (ip_network(network)[0], ip_network(network)[-1]):
        with pytest.raises(Closed):
            check_address(end)
