"""A resource: a kind of row with an API. Its instances are frozen facts, drafts that record assignments, or new rows."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, TypeVar, dataclass_transform

from techlead.declare.access import Policy, nobody
from techlead.declare.field import FieldSpec, Mapped, computed, copied, owned_by
from techlead.declare.field import field as declare_field
from techlead.declare.origin import Origin, caller
from techlead.declare.types import Ref

if TYPE_CHECKING:
    from techlead.declare.action import Action
    from techlead.declare.notification import Notification

T = TypeVar("T")


class Mode(Enum):
    """What may be done with a row in Python."""

    FACTS = "facts"
    DRAFT = "draft"
    NEW = "new"


class FrozenFacts(AttributeError):
    """Facts are frozen: only an action's drafts take assignments."""


class FactMissing(AttributeError):
    """A rule read a field that its example does not give."""


@dataclass(slots=True)
class Declaration:
    """What was said of a resource beside its fields; filled while the user's modules are imported, then read only."""

    origin: Origin
    fields: dict[str, FieldSpec]
    read: Policy = nobody
    create: Policy = nobody
    update: Policy = nobody
    delete: Policy = nobody
    history: Policy = nobody
    soft_delete: bool = False
    unique: tuple[tuple[str, ...], ...] = ()
    indexed: tuple[tuple[str, ...], ...] = ()
    plural: str | None = None
    actions: list[Action[...]] = field(default_factory=list)
    notifications: list[Notification[Any]] = field(default_factory=list)


class Fields:
    """Turns `name: Mapped[...]` annotations into fields and holds their values; shared by resources and bodies."""

    declaration: ClassVar[Declaration]

    __slots__ = ("_changes", "_mode", "_values")

    def __init_subclass__(cls) -> None:
        """Make a field of every annotation of this class, after those it inherits."""
        inherited = getattr(super(cls, cls), "declaration", None)
        fields = dict(inherited.fields) if inherited else {}
        for name in inspect.get_annotations(cls):
            if name.startswith("_") or name == "declaration":
                continue
            spec = cls.__dict__.get(name, FieldSpec())
            fields[name] = spec if isinstance(spec, FieldSpec) else FieldSpec(default=spec)
            setattr(cls, name, Mapped(name, fields[name]))
        cls.declaration = Declaration(caller(), fields)

    def __init__(self, **values: Any) -> None:
        """Describe a new row; the types are checked by mypy and pyright, the values when the action has run."""
        unknown = sorted(set(values) - set(type(self).declaration.fields))
        if unknown:
            message = f"{type(self).__name__} has no field {unknown[0]!r}"
            raise TypeError(message)
        self._values = values
        self._changes: dict[str, Any] = dict(values)
        self._mode = Mode.NEW

    if not TYPE_CHECKING:  # checkers must see the fields alone, or a misspelt one would pass as any attribute

        def __setattr__(self, name: str, value: Any) -> None:
            """Take assignments to fields alone: a misspelt one must not be lost."""
            if name not in type(self).declaration.fields and name not in Fields.__slots__:
                message = f"{type(self).__name__} has no field {name!r} that can be assigned"
                raise AttributeError(message)
            object.__setattr__(self, name, value)

    def read_value(self, name: str) -> Any:
        """Give a field's value, worked out when it is computed; FactMissing when an example leaves it out."""
        if name in self._values:
            return self._values[name]
        spec = type(self).declaration.fields.get(name)
        if spec is not None and spec.source.function is not None:
            return spec.source.function(self)
        message = f"the facts give no {name!r} of {type(self).__name__}"
        raise FactMissing(message)

    def assign_value(self, name: str, value: Any) -> None:
        """Record an assignment; FrozenFacts when these are facts."""
        if self._mode is Mode.FACTS:
            message = f"{type(self).__name__}.{name} cannot be assigned: facts are frozen"
            raise FrozenFacts(message)
        self._values[name] = value
        self._changes[name] = value

    def complete(self, values: dict[str, Any]) -> None:
        """Add what the runtime knows of a new row (its id, owner, defaults, copies); what was given stays."""
        self._values = {**values, **self._values}


@dataclass_transform(kw_only_default=True, field_specifiers=(declare_field, owned_by, copied, computed))
class Resource(Fields):
    """A kind of row with an API; subclass it, declare `Mapped` fields, and decorate it with `@backend.resource(...)`."""

    __slots__ = ()

    @property
    def id(self) -> Ref[Self]:
        """The row's id."""
        value: Ref[Self] = self.read_value("id")
        return value


@dataclass_transform(kw_only_default=True, field_specifiers=(declare_field,))
class Body(Fields):
    """What a caller sends to an action: bounded, typed fields like a resource's, stored nowhere."""

    __slots__ = ()


Facts = Annotated[T, Mode.FACTS]
"""`Facts[Order]` reads as an `Order`; at run time it is frozen."""


def frozen(resource: type[Fields], values: dict[str, Any]) -> Any:
    """Make facts of a resource: a row that can be read and never assigned."""
    return _row(resource, values, Mode.FACTS)


def draft(resource: type[Fields], values: dict[str, Any]) -> Any:
    """Make a draft of a row: it records what an action assigns and changes nothing else."""
    return _row(resource, dict(values), Mode.DRAFT)


def changes_of(row: Fields) -> dict[str, Any]:
    """Give what was assigned to a draft, or given to a new row, in order."""
    return dict(row._changes)  # noqa: SLF001 - the module's own class


def values_of(row: Fields) -> dict[str, Any]:
    """Give the values that a row holds, as they are now."""
    return dict(row._values)  # noqa: SLF001 - the module's own class


def _row(resource: type[Fields], values: dict[str, Any], mode: Mode) -> Fields:
    row = resource.__new__(resource)
    keep = object.__setattr__
    keep(row, "_values", values)
    keep(row, "_changes", {})
    keep(row, "_mode", mode)
    return row
