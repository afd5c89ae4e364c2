"""The Plan: everything derived from a backend, frozen. Serving, explaining and testing read it; nothing changes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, Literal

from techlead.declare.access import Policy, nobody
from techlead.declare.aggregate import Aggregate
from techlead.declare.facts import ActionExample
from techlead.declare.field import MISSING, FieldSpec, Now
from techlead.declare.notification import Channel, Own
from techlead.declare.origin import Origin
from techlead.declare.outside import Event, Incoming, Sends, System
from techlead.declare.resource import Fields, Resource
from techlead.declare.rule import Rule
from techlead.declare.types import Sensitivity
from techlead.derive.codecs import Codec
from techlead.derive.templates import Template


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """One field: its kind, its column, its codec and who may read and write it."""

    name: str
    kind: str
    column: str
    nullable: bool
    sensitivity: Sensitivity
    spec: FieldSpec
    codec: Codec
    target: str | None = None
    read: Policy | None = None
    """Who may read it, beyond who may read the row; None for the same."""
    write: Policy | None = None
    """Who may write it, beyond who may write the row; None for the same."""

    @property
    def computed(self) -> bool:
        """Whether it has no column and is worked out when read."""
        return self.spec.source.kind == "computed"

    @property
    def writable(self) -> bool:
        """Whether a caller may send it."""
        own = self.spec.source.kind == "caller" and not isinstance(self.spec.default, Now)
        return own and self.sensitivity is not Sensitivity.INTERNAL

    @property
    def required(self) -> bool:
        """Whether a caller must send it."""
        return self.writable and not self.nullable and self.spec.default is MISSING

    @property
    def readable(self) -> bool:
        """Whether anybody may ever read it."""
        return self.sensitivity in (Sensitivity.PUBLIC, Sensitivity.PERSONAL) and self.read != nobody

    @property
    def told(self) -> bool:
        """Whether a row's history tells its values; of other fields it tells that they changed."""
        return self.sensitivity is Sensitivity.PUBLIC and self.read is None

    @property
    def queryable(self) -> bool:
        """Whether lists may filter by it."""
        return (
            (self.spec.indexed or self.spec.unique or self.kind == "reference") and self.readable and not self.computed
        )

    @property
    def sortable(self) -> bool:
        """Whether lists may be sorted by it."""
        return self.queryable and not self.nullable and self.spec.indexed and self.kind != "reference"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that a rule or an action may know, and where it comes from."""

    name: str
    kind: Literal["row", "reference", "actor", "now", "body", "aggregate", "delivered"]
    resource: str | None = None
    """The resource of a row, a reference or the actor."""
    via: tuple[str, str] | None = None
    """For a reference: the parameter that holds it and the field that leads here."""
    optional: bool = False
    aggregate: Aggregate | None = None
    anchors: tuple[tuple[str, str], ...] = ()
    """For an aggregate: each reference of the counted resource, with the parameter it must equal."""


@dataclass(frozen=True, slots=True)
class BodyPlan:
    """What a caller sends to an action."""

    body: type[Fields]
    fields: tuple[FieldPlan, ...]


@dataclass(frozen=True, slots=True)
class ActionPlan:
    """One action with everything that it and its rules may know, in the order in which it is loaded."""

    name: str
    resource: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]
    by: Policy
    rules: tuple[tuple[Rule[...], tuple[str, ...]], ...]
    parameters: tuple[Parameter, ...]
    body: BodyPlan | None
    on_create: bool
    origin: Origin
    description: str
    outside: System | Event | None = None
    """What runs it instead of a request: a system's answer, or an event that comes in."""
    examples: tuple[ActionExample, ...] = ()


@dataclass(frozen=True, slots=True)
class NotificationPlan:
    """One notification: about what, to whom, by which channels, in which words."""

    name: str
    resource: str
    to: Any
    via: tuple[Channel | Own, ...]
    subject: str
    text: str
    origin: Origin
    declared: Any
    code: bool = False
    at: Mapping[Channel | Own, tuple[str, ...]] = dataclass_field(default_factory=dict)
    """The field that holds the address, seen from the row, of each channel for which one was named."""
    templates: Mapping[str, Template] = dataclass_field(default_factory=dict)
    """Its templates by language; "" is for everybody else."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may do what to the rows of a resource."""

    read: Policy
    create: Policy
    update: Policy
    delete: Policy
    history: Policy


@dataclass(frozen=True, slots=True)
class ResourcePlan:
    """One resource: names, fields, access and actions."""

    name: str
    declared: type[Resource]
    table: str
    prefix: str
    path: str
    description: str
    fields: tuple[FieldPlan, ...]
    access: Access
    soft_delete: bool
    unique: tuple[tuple[str, ...], ...]
    indexed: tuple[tuple[str, ...], ...]
    owner: str | None
    is_account: bool
    actions: tuple[ActionPlan, ...]
    on_create: tuple[ActionPlan, ...]
    origin: Origin

    stored: tuple[FieldPlan, ...] = dataclass_field(init=False, repr=False)
    """The fields that have a column."""
    laid_out: tuple[FieldPlan, ...] = dataclass_field(init=False, repr=False)
    """The fields of a row as it is read: those with a column that are not Secret."""
    leading: tuple[FieldPlan, ...] = dataclass_field(init=False, repr=False)
    """The fields that refer to another row."""
    copies: tuple[FieldPlan, ...] = dataclass_field(init=False, repr=False)
    """The fields that are copied from another row."""
    guarded: tuple[FieldPlan, ...] = dataclass_field(init=False, repr=False)
    """The fields that not everybody may write who may write the row."""
    empty: Mapping[str, None] = dataclass_field(init=False, repr=False)
    """A row in which no stored field has a value."""
    _by_name: Mapping[str, FieldPlan] = dataclass_field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Work out once what every request asks for."""
        stored = tuple(field for field in self.fields if not field.computed)
        shown = tuple(field for field in stored if field.sensitivity is not Sensitivity.SECRET)
        object.__setattr__(self, "stored", stored)
        object.__setattr__(self, "laid_out", shown)
        object.__setattr__(self, "leading", tuple(field for field in stored if field.target))
        object.__setattr__(self, "copies", tuple(field for field in stored if field.spec.source.kind == "copied"))
        object.__setattr__(self, "guarded", tuple(field for field in self.fields if field.write is not None))
        object.__setattr__(self, "empty", dict.fromkeys(field.name for field in stored))
        object.__setattr__(self, "_by_name", {field.name: field for field in self.fields})

    def field(self, name: str) -> FieldPlan:
        """Find a field; KeyError when there is none."""
        return self._by_name[name]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation that callers can ask for."""

    name: str
    method: str
    path: str
    kind: str
    resource: str | None
    policy: Policy
    summary: str
    action: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything derived from a backend."""

    name: str
    roles: tuple[str, ...]
    account: str | None
    resources: Mapping[str, ResourcePlan]
    notifications: tuple[NotificationPlan, ...]
    operations: tuple[Operation, ...]
    systems: tuple[System, ...] = ()
    incoming: tuple[Incoming, ...] = ()
    channels: Mapping[str, Sends] = dataclass_field(default_factory=dict)
    """Those that the project brings itself."""

    @property
    def accounts(self) -> ResourcePlan:
        """The resource whose rows sign in; KeyError when the backend has no accounts."""
        return self.resources[self.account or ""]
