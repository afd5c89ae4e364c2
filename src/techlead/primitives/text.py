"""Text that cannot harm whoever reads it later: a terminal, a log, a mail header, another parser.

Every function takes text from outside and gives it back checked, or raises ValueError with a sentence that is safe
to show, because it never holds what was sent.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from techlead.primitives.host import host, host_name
from techlead.primitives.words import kebab, plural, snake

__all__ = ["clean", "email_address", "email_key", "kebab", "mask", "plural", "snake", "url"]

EMAIL_LENGTH_MAX: Final = 254
URL_LENGTH_MAX: Final = 2048
PORT_MAX: Final = 65_535
STARS: Final = "***"

# Why each is refused: PostgreSQL stores no NUL and JSON no lone surrogate; controls drive terminals and split headers;
# overrides and isolates show a text in another order than it is read (CVE-2021-42574).
_NEVER: Final = {
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff": "must not hold control characters",
    "\ud800-\udfff": "must not hold half a character (a lone surrogate)",
    "\u202a-\u202e\u2066-\u2069": "must not hold characters that turn the direction of text",
}
_FAULT: Final = re.compile(f"[{''.join(_NEVER)}]")
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART: Final = re.compile(rf"(?=.{{1,64}}$){_ATOM}(?:\.{_ATOM})*")
_URL: Final = re.compile(r"([A-Za-z]{1,10})://([^/?#]+)(.*)")
_AUTHORITY: Final = re.compile(r"(\[[^\]]*\]|[^:\[\]]+)(?::([1-9][0-9]{0,4}))?")
# RFC 3986's characters and those beyond ASCII, which are percent-encoded (RFC 3987, 3.1); a `%` starts two hex digits.
_REST: Final = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|[^\x00-\x7f]|%[0-9A-Fa-f]{2})*")
_ASCII_OF_URLS: Final = "%:/?#[]@!$&'()*+,;="


def clean(text: str, *, multiline: bool) -> str:
    """Give text back as it is; newlines and tabs only if `multiline`, other control characters never."""
    # Printable text has none of the faults, so nearly all text is seen once, in C.
    if text.isprintable():
        return text
    line = text.replace("\n", "").replace("\t", "")
    if len(line) < len(text) and not multiline:
        raise ValueError("must be on one line, without tabs")
    if not line.isprintable():
        fault = _FAULT.search(line)
        if fault is not None:
            raise ValueError(next(said for signs, said in _NEVER.items() if re.match(f"[{signs}]", fault[0])))
    return text


def email_address(text: str) -> str:
    """Give an address (RFC 5321, practical: no quoted part, no address literal) with its domain in lower-case ASCII.

    The local part keeps its case, for the receiver may mind. Spaces around it are refused, not removed: what is stored
    is what was sent, or it is an error.
    """
    message = f"must be an e-mail address of at most {EMAIL_LENGTH_MAX} characters, such as alice@example.com"
    local, _, domain = text.rpartition("@")
    if len(text) > EMAIL_LENGTH_MAX or _LOCAL_PART.fullmatch(local) is None or "." not in domain:
        raise ValueError(message)
    try:
        address = f"{local}@{_mail_domain(domain)}"
    except ValueError:
        raise ValueError(message) from None
    # Once more, because an international domain grows in ASCII.
    if len(address) > EMAIL_LENGTH_MAX:
        raise ValueError(message)
    return address


@lru_cache(1_024)
def _mail_domain(text: str) -> str:
    """Read the domain of an address; remembered, for most people's mail is at a few of them."""
    return host_name(unicodedata.normalize("NFC", text))


def email_key(text: str) -> str:
    """Give the form in which addresses are compared, the only one: the address, casefolded."""
    return email_address(text).casefold()


def url(text: str, *, schemes: tuple[str, ...] = ("https", "http")) -> str:
    """Give an absolute address (RFC 3986) in ASCII, scheme and host in lower case, so that every parser reads the same.

    At most URL_LENGTH_MAX characters; no user or password, because they end up in logs; no port outside 1 to PORT_MAX.
    """
    message = f"must be an absolute {' or '.join(schemes)} address of at most {URL_LENGTH_MAX} characters"
    match = _URL.fullmatch(text) if len(text) <= URL_LENGTH_MAX else None
    if match is None or match[1].lower() not in schemes:
        raise ValueError(message)
    rest = match[3]
    if _REST.fullmatch(rest) is None:
        raise ValueError("must be an address without spaces, control characters or others that need percent-encoding")
    clean(rest, multiline=False)
    written = f"{match[1].lower()}://{_authority(match[2])}{quote(rest, safe=_ASCII_OF_URLS)}"
    if len(written) > URL_LENGTH_MAX:
        raise ValueError(message)
    return written


def mask(text: str) -> str:
    """Give what a log may show of personal text: `a***@e***` of an address, stars of all else; never its length."""
    local, at, domain = text.rpartition("@")
    return f"{_first(local)}{STARS}@{_first(domain)}{STARS}" if at else STARS


def _authority(text: str) -> str:
    if "@" in text:
        raise ValueError("must be an address without a user or password")
    match = _AUTHORITY.fullmatch(text)
    if match is None or int(match[2] or 1) > PORT_MAX:
        raise ValueError(f"must have a valid host, and a port from 1 to {PORT_MAX} if any")
    name = host(unicodedata.normalize("NFC", match[1]))
    return f"{name}:{match[2]}" if match[2] else name


def _first(text: str) -> str:
    return text[:1] if text[:1].isascii() and text[:1].isalnum() else ""
