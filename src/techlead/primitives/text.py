"""Text that cannot harm: control characters, forged addresses and disguised directions are refused where it comes in."""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import urlsplit

import idna

URL_LENGTH_MAX: Final = 2_048
EMAIL_LENGTH_MAX: Final = 254
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""Controls (C0 but tab and newline, DEL, C1), line separators, bidi overrides and isolates, BOM, lone surrogates."""
_LOCAL: Final = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.IGNORECASE | re.ASCII)
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\.?", re.ASCII)
_IPV6: Final = re.compile(r"[0-9a-f.]*:[0-9a-f:.]+", re.ASCII)


def clean(text: str, *, multiline: bool) -> str:
    """Give the text as it is; ValueError when it holds a character that text cannot have (newline and tab only if told)."""
    if text.isprintable() and text.isascii():
        return text
    if _FORBIDDEN.search(text) is not None:
        raise ValueError("holds a character that text cannot have")
    if not multiline and ("\n" in text or "\t" in text):
        raise ValueError("must be on one line")
    return text


def email_address(text: str) -> str:
    """Normalise an address: NFC, the domain in lower-case ASCII (IDNA); ValueError for what is none (RFC 5321).

    The local part has no quotes, spaces or controls, at most 64 characters; the whole at most 254.
    """
    local, at, domain = unicodedata.normalize("NFC", clean(text, multiline=False)).rpartition("@")
    if not at or len(local) > 64 or _LOCAL.fullmatch(local) is None:  # noqa: PLR2004 - RFC 5321 section 4.5.3.1.1
        raise ValueError("must be an e-mail address such as alice@example.com")
    host = _ascii_host(domain)
    if host is None or "." not in host or host.endswith(".") or len(local) + len(host) >= EMAIL_LENGTH_MAX:
        raise ValueError("must be an e-mail address such as alice@example.com")
    return f"{local}@{host}"


def email_key(text: str) -> str:
    """Give the form in which addresses are compared, everywhere: normalised, without case."""
    return email_address(text).lower()


def url(text: str, *, schemes: tuple[str, ...] = ("https", "http")) -> str:
    """Give an absolute address as it is; ValueError for another scheme, no host, user names, or broken characters."""
    message = f"must be an absolute {' or '.join(schemes)} address"
    if len(text) > URL_LENGTH_MAX or not clean(text, multiline=False).isprintable() or " " in text or "\\" in text:
        raise ValueError(message)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(message) from None
    if parts.scheme not in schemes or not host or port == 0 or "@" in parts.netloc or not text.startswith(f"{parts.scheme}://"):
        raise ValueError(message)
    if _IPV6.fullmatch(host) is None and _ascii_host(host) is None:
        raise ValueError(message)
    return text


def mask(text: str) -> str:
    """Give what a log may show of personal text: its first character, and that there is more."""
    local, at, domain = text.rpartition("@")
    return f"{local[:1]}***@{domain[:1]}***" if at else f"{text[:1]}***"


def plural(word: str) -> str:
    """Give the plural of an English noun, by rule or from the few that have none."""
    start, last = re.fullmatch(r"(.*?)([A-Z]?[a-z0-9]*)", word, re.DOTALL).groups()  # type: ignore[union-attr]
    known = _IRREGULAR.get(last.lower())
    if known is not None:
        return start + (known.capitalize() if last[:1].isupper() else known)
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    return word + ("es" if re.search(r"(s|x|z|ch|sh)$", word) else "s")


def snake(name: str) -> str:
    """Turn CamelCase into snake_case."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def kebab(name: str) -> str:
    """Turn CamelCase into kebab-case."""
    return snake(name).replace("_", "-")


_IRREGULAR: Final = {
    "person": "people", "child": "children", "man": "men", "woman": "women", "series": "series", "news": "news",
    "datum": "data", "medium": "media", "analysis": "analyses", "criterion": "criteria", "waiting": "waiting",
}  # fmt: skip


def _ascii_host(domain: str) -> str | None:
    """Give a host name in lower-case ASCII, None when it is none."""
    try:
        host = domain.lower() if domain.isascii() else idna.encode(domain.lower(), uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return None
    return host if len(host) <= 253 and _HOST.fullmatch(host) is not None else None  # noqa: PLR2004 - RFC 1035
