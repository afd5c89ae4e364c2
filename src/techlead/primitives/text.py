"""Text that cannot harm."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

import idna

_BAD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")


def clean(text: str, *, multiline: bool) -> str:
    """Refuse control characters."""
    if _BAD.search(text) or (not multiline and ("\n" in text or "\t" in text)):
        message = "holds characters that text cannot have"
        raise ValueError(message)
    return text


def email_address(text: str) -> str:
    """Normalise an address."""
    message = "must be an e-mail address"
    local, at, domain = unicodedata.normalize("NFC", clean(text, multiline=False)).rpartition("@")
    if not at or _LOCAL.fullmatch(local) is None or local[0] == "." or local[-1] == "." or ".." in local or "." not in domain:
        raise ValueError(message)
    try:
        host = idna.encode(domain.lower(), uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        raise ValueError(message) from None
    return f"{local}@{host}"


def email_key(text: str) -> str:
    """Give the form in which addresses are compared."""
    return email_address(text).casefold()


def url(text: str, *, schemes: tuple[str, ...] = ("https", "http")) -> str:
    """Check an absolute address."""
    message = f"must be an absolute {' or '.join(schemes)} address"
    try:
        parts = urlsplit(clean(text, multiline=False))
        port = parts.port
    except ValueError:
        raise ValueError(message) from None
    if parts.scheme not in schemes or not parts.hostname or "@" in parts.netloc or " " in text or (port is not None and port == 0):
        raise ValueError(message)
    return text


def plural(word: str) -> str:
    """Give the plural of a noun."""
    if word.lower() == "person":
        return word[0] + "eople"
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    return word + ("es" if re.search(r"(s|x|z|ch|sh)$", word) else "s")


def snake(name: str) -> str:
    """CamelCase to snake_case."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def kebab(name: str) -> str:
    """CamelCase to kebab-case."""
    return snake(name).replace("_", "-")
