"""Which addresses the outside world has: all others are ours, the machine's or the cloud's, and no receiver is there.

An address is decided after it was resolved, in its one numeric form, so no spelling of it (decimal, octal, hex, IPv6
around IPv4) can matter. The tables are those of IANA's special-purpose registries (RFC 6890), and what clouds put
beside them. OWASP ASVS 1.3.6; API7:2023.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias
from urllib.parse import urlsplit

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

CLOSED: Final[tuple[tuple[str, str], ...]] = (
    ("0.0.0.0/8", "this machine"),
    ("10.0.0.0/8", "a private network"),
    ("100.64.0.0/10", "a provider's inner network"),
    ("127.0.0.0/8", "this machine"),
    ("168.63.129.16/32", "a cloud's own service"),
    ("169.254.0.0/16", "the link or a cloud's metadata"),
    ("172.16.0.0/12", "a private network"),
    ("192.0.0.0/24", "reserved for protocols"),
    ("192.0.2.0/24", "for documentation"),
    ("192.88.99.0/24", "a tunnel"),
    ("192.168.0.0/16", "a private network"),
    ("198.18.0.0/15", "for benchmarks"),
    ("198.51.100.0/24", "for documentation"),
    ("203.0.113.0/24", "for documentation"),
    ("224.0.0.0/4", "a multicast group"),
    ("240.0.0.0/4", "reserved"),
    ("2001::/23", "a tunnel or reserved"),
    ("2001:db8::/32", "for documentation"),
    ("2002::/16", "a tunnel"),
    ("3fff::/20", "for documentation"),
)
"""Networks in which there is no receiver, and what they are."""

GLOBAL: Final = IPv6Network("2000::/3")
"""The part of IPv6 that is given out to the world; all of the rest is closed."""
NAT64: Final = IPv6Network("64:ff9b::/96")
"""IPv6 around an IPv4 address (RFC 6052): what counts is the address inside."""
ISATAP: Final = (0x0000_5EFE, 0x0200_5EFE)
"""An IPv6 address whose last 64 bits begin so is a tunnel to the IPv4 address at its end (RFC 5214)."""

LOCAL_NAMES: Final = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "arpa", "onion")
"""Last labels of names that lead into somebody's own network, or nowhere (RFC 6761, RFC 6762, RFC 8375, ICANN's .internal)."""

_CLOSED: Final = tuple((ip_network(network), what) for network, what in CLOSED)


class Closed(ValueError):
    """No receiver is there; the message says why, and nothing of the address."""


def check_address(address: Address, opened: Iterable[Network] = ()) -> None:
    """Raise Closed for an address that is not of the outside world, unless it lies in a network that was opened."""
    meant = _meant(address)
    if any(meant in network for network in opened if network.version == meant.version):
        return
    for network, what in _CLOSED:
        if network.version == meant.version and meant in network:
            raise Closed(f"must not lead to {what}")
    if isinstance(meant, IPv6Address) and (meant not in GLOBAL or int(meant) >> 32 & 0xFFFF_FFFF in ISATAP):
        raise Closed("must not lead to a private or reserved network")


def check_host(host: str, opened: Iterable[Network] = ()) -> None:
    """Raise Closed for a host that is an address of ours or a name that can only lead to one; nothing is resolved."""
    try:
        literal = ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        labels = host.lower().rstrip(".").split(".")
        if len(labels) < 2 or labels[-1] in LOCAL_NAMES:  # noqa: PLR2004 - a name that the world knows has two labels
            raise Closed("must not lead into a private network") from None
    else:
        check_address(literal, opened)


def check_url(url: str, opened: Iterable[Network] = ()) -> str:
    """Give an absolute address back; Closed when its host cannot be a receiver."""
    check_host(urlsplit(url).hostname or "", opened)
    return url


def _meant(address: Address) -> Address:
    """Take an IPv4 address out of the IPv6 address around it."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in NAT64:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
