"""A field: its type comes from `Mapped[...]`, its limits and its sources from `field()`, `owned_by()`, `copied()`, `computed()`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, Protocol, TypeVar, overload

from techlead.declare.access import Policy

T = TypeVar("T")


class Missing:
    """Stands for a default that was not given, which None could be."""

    def __repr__(self) -> str:
        """Print as what it means."""
        return "MISSING"


class Now:
    """Stands for the moment of the transaction."""

    def __repr__(self) -> str:
        """Print as it is written."""
        return "now"


MISSING: Final = Missing()
now: Final[Any] = Now()
"""As a default: the moment of the transaction that creates the row; callers cannot send another."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a field's value comes from when it does not come from the caller."""

    kind: Literal["caller", "owner", "copied", "computed", "action"] = "caller"
    path: tuple[str, ...] = ()
    function: Callable[..., Any] | None = None


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """What `field()` and its like were told; the type is read from the annotation when the Plan is derived."""

    default: Any = MISSING
    source: Source = Source()
    min_length: int = 0
    max_length: int | None = None
    multiline: bool = False
    pattern: str | None = None
    ge: Any = None
    le: Any = None
    places: int | None = None
    currency: str | None = None
    max_bytes: int | None = None
    unique: bool = False
    indexed: bool = False
    read: Policy | None = None
    write: Policy | None = None


class Row(Protocol):
    """What a field asks of the row it stands on."""

    def read_value(self, name: str) -> Any:
        """Give the value of a field."""

    def assign_value(self, name: str, value: Any) -> None:
        """Take a new value of a field."""


class Mapped(Generic[T]):
    """A typed field of a resource: `title: Mapped[str]` reads as a `str` on a row and is assigned one.

    The shape is SQLAlchemy's `Mapped`; the class attribute is this descriptor, because no ORM stands behind it.
    """

    __slots__ = ("name", "spec")

    def __init__(self, name: str, spec: FieldSpec) -> None:
        """Hold the field's name and what was declared of it."""
        self.name = name
        self.spec = spec

    @overload
    def __get__(self, row: None, owner: Any) -> Mapped[T]: ...
    @overload
    def __get__(self, row: Row, owner: Any) -> T: ...
    def __get__(self, row: Row | None, owner: Any) -> Any:
        """Give the value on a row, and the field itself on the class."""
        return self if row is None else row.read_value(self.name)

    def __set__(self, row: Row, value: T) -> None:
        """Record a new value; a frozen row refuses it."""
        row.assign_value(self.name, value)


def field(  # noqa: PLR0913 - each is one thing that may be said of a field, by name
    *,
    default: Any = MISSING,
    set_by: Any = None,
    min_length: int = 0,
    max_length: int | None = None,
    multiline: bool = False,
    pattern: str | None = None,
    ge: Any = None,
    le: Any = None,
    places: int | None = None,
    currency: str | None = None,
    max_bytes: int | None = None,
    unique: bool = False,
    indexed: bool = False,
    read: Policy | None = None,
    write: Policy | None = None,
) -> Any:
    """Say what a field takes: `max_length` in characters, `ge`/`le` inclusive, `places` after the point, `max_bytes` of JSON.

    `default=now` is the moment of creation; `set_by=action` keeps it from callers; `indexed=True` lets lists filter and
    sort by it; `read` and `write` narrow the row's own policies for this field. A field that may be empty starts so:
    `default=None` says it to type checkers, too, so that `create(Task(...))` may leave the field out.
    """
    source = Source("action") if set_by is not None else Source()
    return FieldSpec(
        default, source, min_length, max_length, multiline, pattern, ge, le, places, currency, max_bytes,
        unique, indexed, read, write,
    )  # fmt: skip


def owned_by(*, init: Literal[False] = False) -> Any:  # noqa: ARG001 - read by type checkers: not in the constructor
    """Name the row's owner: the account that creates it, never taken from the caller."""
    return FieldSpec(source=Source("owner"), indexed=True)


def copied(path: str, *, read: Policy | None = None, init: Literal[False] = False) -> Any:  # noqa: ARG001 - as above
    """Take the value from a row this one leads to (`copied("listing.price")`) at the moment of creation.

    `read` says who may read the copy, where those who read this row are not those who read its source.
    """
    return FieldSpec(source=Source("copied", tuple(path.split("."))), read=read)


def computed(
    function: Callable[[Any], Any],
    *,
    max_length: int | None = None,
    currency: str | None = None,
    places: int | None = None,
    read: Policy | None = None,
    init: Literal[False] = False,  # noqa: ARG001 - as above
) -> Any:
    """Work the value out from the row's other fields whenever it is read; a pure function of the row.

    `read` says who may read it, where it tells of fields that not every reader of the row may read.
    """
    source = Source("computed", function=function)
    return FieldSpec(source=source, max_length=max_length, currency=currency, places=places, read=read)
