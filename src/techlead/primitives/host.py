"""Names and numbers of hosts, in the one form that no two parsers read differently."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address
from typing import Final

import idna

HOST_LENGTH_MAX: Final = 253

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# A last label that a resolver may read as a number makes the whole an IPv4 address (WHATWG URL, "ends in a number").
_NUMERIC_END: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_MESSAGE: Final = "must have a valid host name"


def host_name(text: str) -> str:
    """Give a name (RFC 1123) in lower case, international labels in their ASCII form (IDNA 2008, UTS 46).

    ValueError for anything else, also for a trailing dot, an underscore, or what a resolver could take for a number.
    """
    name = text.lower()
    if not name.isascii() or "xn--" in name:
        name = _international(text)
    if len(name) > HOST_LENGTH_MAX or _NAME.fullmatch(name) is None or _NUMERIC_END.fullmatch(name) is not None:
        raise ValueError(_MESSAGE)
    return name


def host(text: str) -> str:
    """Give a host as an address writes it: a name, an IPv4 address in four parts, or an IPv6 address in brackets."""
    try:
        if text.startswith("[") and text.endswith("]") and "%" not in text:
            return f"[{IPv6Address(text[1:-1]).compressed}]"
        if _NUMERIC_END.fullmatch(text) is not None:
            return str(IPv4Address(text))
    except ValueError:
        raise ValueError(_MESSAGE) from None
    return host_name(text)


def _international(text: str) -> str:
    # The length first, because IDNA looks at every character many times.
    if len(text) > HOST_LENGTH_MAX:
        raise ValueError(_MESSAGE)
    try:
        return idna.encode(text, uts46=True, std3_rules=True).decode("ascii")
    except UnicodeError:
        raise ValueError(_MESSAGE) from None
