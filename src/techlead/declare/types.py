"""The types a field may have beyond Python's own, and the marks that say how sensitive it is."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from techlead.primitives import ids

if TYPE_CHECKING:
    from typing import Never

T = TypeVar("T")
R = TypeVar("R")


class Sensitivity(Enum):
    """How far a value may travel: PUBLIC to all who may read the row, the others less."""

    PUBLIC = "public"
    PERSONAL = "personal"
    SECRET = "secret"  # noqa: S105 - the name of a mark, not a secret
    INTERNAL = "internal"


Personal = Annotated[T, Sensitivity.PERSONAL]
"""Masked in logs; in answers only where the field's own `read` policy names who."""

Secret = Annotated[T, Sensitivity.SECRET]
"""Write only: never read back, never in a log, message, error or history."""

Internal = Annotated[T, Sensitivity.INTERNAL]
"""Never leaves the process and never comes from outside; only actions see and set it."""


class Email(str):
    """An e-mail address, normalised (RFC 5321; at most 254 characters)."""

    __slots__ = ()


class Url(str):
    """An absolute http or https address of at most 2,048 characters."""

    __slots__ = ()


class WebhookUrl(Url):
    """An https address of a receiver; private and loopback addresses are refused where it is used."""

    __slots__ = ()


class JsonMark(Enum):
    """Tells a bounded JSON object from any other dict."""

    JSON = "json"


Json = Annotated[dict[str, Any], JsonMark.JSON]
"""A JSON object, bounded in bytes and depth."""


class Ref(Generic[R]):
    """The id of a row of R: equal to itself, opaque, printed as its public TypeID."""

    __slots__ = ("prefix", "raw")

    prefix: str
    raw: bytes

    def __init__(self, prefix: str, raw: bytes) -> None:
        """Hold the type's prefix and the 16 bytes of the id."""
        object.__setattr__(self, "prefix", prefix)
        object.__setattr__(self, "raw", raw)

    def __setattr__(self, name: str, value: object) -> Never:
        """Refuse: an id never changes."""
        message = "an id never changes"
        raise AttributeError(message)

    def __eq__(self, other: object) -> bool:
        """Compare kind and id."""
        return isinstance(other, Ref) and self.raw == other.raw and self.prefix == other.prefix

    def __hash__(self) -> int:
        """Hash as equality compares."""
        return hash((self.prefix, self.raw))

    def __str__(self) -> str:
        """Print the public TypeID."""
        return ids.encode(self.prefix, self.raw)

    def __repr__(self) -> str:
        """Print as it is read in a log."""
        return f"Ref({self})"
