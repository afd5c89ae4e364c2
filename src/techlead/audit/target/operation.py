"""What a target offers, as the audit understands it: operations, their fields, the resources they act on. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """What an operation does; guessed from its method, path and fields, and corrected by what it answers."""

    SIGN_UP = "sign-up"
    LOG_IN = "log-in"
    LOG_OUT = "log-out"
    ME = "me"
    """Reads the caller's own account."""
    CHANGE_ME = "change-me"
    PASSWORD = "password"  # noqa: S105 - the name of a role
    """Changes the caller's password."""
    FORGOT = "forgot"
    """Asks for a reset token by mail."""
    RESET = "reset"
    """Sets a password with a reset token."""
    CREATE = "create"
    READ = "read"
    LIST = "list"
    CHANGE = "change"
    DELETE = "delete"
    ACT = "act"
    """Does something to one row: `POST /orders/{id}/cancel`."""
    DOCUMENTS = "documents"
    """The schema, its pages, health and metrics."""
    OTHER = "other"


class Audience(StrEnum):
    """Who is let in: seen by asking, never read from the source."""

    ANYONE = "anyone"
    SIGNED_IN = "signed-in"
    STAFF = "staff"
    """Ordinary users are refused (401/403/404 while an admin or another role is let in)."""
    UNKNOWN = "unknown"


class Meaning(StrEnum):
    """What a field is about, guessed from its name and format."""

    EMAIL = "email"
    USERNAME = "username"
    PASSWORD = "password"  # noqa: S105 - the name of a meaning
    NAME = "name"
    PHONE = "phone"
    IBAN = "iban"
    ADDRESS = "address"
    BIRTHDAY = "birthday"
    MONEY = "money"
    QUANTITY = "quantity"
    URL = "url"
    """Somewhere the target may call: a webhook, an avatar to fetch."""
    SECRET = "secret"  # noqa: S105 - the name of a meaning
    """A token, key, hash or code that must not be seen by others."""
    ROLE = "role"
    """What gives power: role, is_admin, is_staff, balance, verified."""
    STATUS = "status"
    REFERENCE = "reference"
    """Another row's id: see `Field.refers_to`."""
    WHEN = "when"
    PAGE = "page"
    """A page number, offset, limit or cursor."""
    FILE = "file"
    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    OTHER = "other"


PERSONAL = frozenset({Meaning.EMAIL, Meaning.NAME, Meaning.PHONE, Meaning.IBAN, Meaning.ADDRESS, Meaning.BIRTHDAY})


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body, query or path; limits are what the schema says, None where nothing is known."""

    name: str
    type: str = "string"
    """JSON's own word: string, integer, number, boolean, array, object, file."""
    meaning: Meaning = Meaning.OTHER
    required: bool = False
    nullable: bool = False
    format: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    length_min: int | None = None
    length_max: int | None = None
    pattern: str | None = None
    choices: tuple[Any, ...] = field(default=(), hash=False)
    example: Any = field(default=None, hash=False)  # any JSON: a list has no hash
    """A value that was accepted, or the schema's own example or default."""
    refers_to: str | None = None
    """The resource whose id this is: `listing_id` -> `listings`."""
    fields: tuple[Field, ...] = ()
    """The fields of an object, or of each item of an array of objects."""
    item: Field | None = None
    """What each item of an array of plain values is."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path template; `name` is how findings speak of it: `POST /orders/{order_id}/cancel`."""

    method: str
    path: str
    role: Role = Role.OTHER
    resource: str | None = None
    """The resource it acts on: `orders`."""
    parameters: tuple[Field, ...] = ()
    """Those in the path, outermost first."""
    query: tuple[Field, ...] = ()
    body: tuple[Field, ...] = ()
    media: str = "application/json"
    audience: Audience = Audience.UNKNOWN
    documented: bool = False
    """Whether OpenAPI knows it; the worst ones are often not there."""
    answers: tuple[str, ...] = ()
    """Names of the fields seen in a successful answer, dotted: `owner.email`."""
    source: str | None = None
    """`file.py:12` of the handler, where it could be read."""

    @property
    def name(self) -> str:
        """Method and path template."""
        return f"{self.method} {self.path}"

    @property
    def unsafe(self) -> bool:
        """Whether it may change something (RFC 9110 9.2.1)."""
        return self.method not in ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of row, by the plural noun of its path, with the operations that act on it."""

    name: str
    create: Operation | None = None
    read: Operation | None = None
    list: Operation | None = None
    change: Operation | None = None
    delete: Operation | None = None
    acts: tuple[Operation, ...] = ()
    parameter: str | None = None
    """How paths call its id: `order_id`."""
    fields: tuple[Field, ...] = field(default=())
