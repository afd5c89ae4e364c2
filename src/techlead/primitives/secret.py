"""A secret in memory: it can be used where it is asked for by name, and printed nowhere."""

from __future__ import annotations

import hmac
from typing import Any, Final

SHOWN: Final = "***"


class SecretText:
    """Wraps a string that no log, message, traceback or serialiser shall show; equality takes constant time."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Take the secret."""
        self._text = text

    def reveal(self) -> str:
        """Give the secret: the one way to it, easy to search for."""
        return self._text

    def __eq__(self, other: object) -> bool:
        """Compare in constant time."""
        return isinstance(other, SecretText) and hmac.compare_digest(self._text.encode(), other._text.encode())

    __hash__ = None  # type: ignore[assignment]  # a hash tells equal secrets apart from others

    def __str__(self) -> str:
        """Show nothing."""
        return SHOWN

    def __repr__(self) -> str:
        """Show nothing."""
        return f"SecretText({SHOWN})"

    def __format__(self, _specification: str) -> str:
        """Show nothing."""
        return SHOWN

    def __reduce__(self) -> Any:
        """Refuse to be pickled or copied out."""
        raise TypeError("a secret is not serialised")
