"""Text that must never be seen by accident: it shows itself only when asked by name."""

from __future__ import annotations

import hmac
from typing import Final, NoReturn

HIDDEN: Final = "***"


class SecretText:
    """A password, token or key in memory: `reveal()` is the one way out, so every use of it can be searched for.

    repr, str, format, a debugger's and a log's view show `***`; pickle and JSON refuse with TypeError. It is compared
    in constant time and has no hash, because a hash is a fingerprint.
    """

    __slots__ = ("_text",)

    _text: str
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, text: str) -> None:
        """Hold the text; TypeError for anything else, so that bytes or None are not kept as their repr."""
        if not isinstance(text, str):
            raise TypeError("a secret text is made of a str")
        object.__setattr__(self, "_text", text)

    def reveal(self) -> str:
        """Give the text; whoever calls this answers for where it goes."""
        return self._text

    def __eq__(self, other: object) -> bool:
        """Compare with another secret, in time that depends on the lengths only; never equal to a plain str."""
        if not isinstance(other, SecretText):
            return NotImplemented
        return hmac.compare_digest(_octets(self._text), _octets(other._text))

    def __repr__(self) -> str:
        """Show that there is a secret, and nothing of it, not even its length."""
        return f"SecretText({HIDDEN})"

    def __str__(self) -> str:
        """Show stars."""
        return HIDDEN

    def __format__(self, format_spec: str) -> str:
        """Show stars, whatever the format says: a width or a precision would otherwise reach the text."""
        return HIDDEN

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse: a secret never changes."""
        _refuse("changed")

    def __delattr__(self, name: str) -> NoReturn:
        """Refuse: a secret never changes."""
        _refuse("changed")

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled, which would write the text."""
        _refuse("pickled")

    def __getstate__(self) -> NoReturn:
        """Refuse to hand out what is inside, which serialisers other than pickle ask for."""
        _refuse("serialised")

    def __copy__(self) -> SecretText:
        """Give itself: it never changes."""
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> SecretText:
        """Give itself: it never changes."""
        return self


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _refuse(done: str) -> NoReturn:
    raise TypeError(f"a secret is never {done}")
