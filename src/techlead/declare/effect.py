"""What an action asks for beside the assignments it makes: create, delete, refuse, send, call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from techlead.declare.notification import Notification
    from techlead.declare.outside import System
    from techlead.declare.resource import Resource


@dataclass(frozen=True, slots=True)
class Create:
    """Add a row."""

    row: Resource


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a row (softly, where its resource says so)."""

    row: Resource


@dataclass(frozen=True, slots=True)
class Refuse:
    """Stop: nothing is changed, and the caller reads the message (409)."""

    message: str


@dataclass(frozen=True, slots=True)
class Send:
    """Write a notification about a row into the outbox of this transaction."""

    notification: Notification[Any]
    row: Resource


@dataclass(frozen=True, slots=True)
class Call:
    """Write a request to another system into the outbox of this transaction."""

    system: System
    path: str
    body: Mapping[str, Any]
    about: Resource


Effect: TypeAlias = Create | Delete | Refuse | Send | Call
Effects: TypeAlias = Iterator[Effect]
"""What an action yields."""


def create(row: Resource) -> Effect:
    """Ask for a new row, made with its constructor; owner, defaults and copies are filled in."""
    return Create(row)


def delete(row: Resource) -> Effect:
    """Remove a row that the action was given."""
    return Delete(row)


def refuse(message: str) -> Effect:
    """Refuse the whole action; nothing it asked for is done."""
    return Refuse(message)
