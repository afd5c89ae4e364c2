"""What was found out about a target by trying, once; every later instance is used by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from techlead.audit.target.exchange import Actor
from techlead.audit.target.operation import Operation, Resource


@dataclass(frozen=True, slots=True)
class Promotion:
    """An operation with which everybody may raise himself, and what he sends."""

    operation: Operation
    field: str
    value: Any


@dataclass(frozen=True, slots=True)
class Ways:
    """How somebody becomes a user of the target, and proves it."""

    sign_up: Operation | None = None
    sign_up_fixed: Mapping[str, Any] = field(default_factory=dict)
    """Values that sign-up insisted on, by field; everything else is made anew for each person."""
    sign_up_left_out: tuple[str, ...] = ()
    log_in: Operation | None = None
    login_field: str = "email"
    """The field of the log-in that names the person."""
    login_from: str = "email"
    """The field of the sign-up whose value goes there."""
    password_field: str = "password"  # noqa: S105 - a field's name
    log_in_fixed: Mapping[str, Any] = field(default_factory=dict)
    carries: Mapping[str, str] = field(default_factory=dict)
    """The form of the header that proves a session: `{"Authorization": "Bearer ..."}`; values are examples."""
    probe: Operation | None = None
    """An operation that only somebody logged in is answered."""
    admin_login: str = ""
    admin_password: str = ""
    user_table: str = ""
    """The table with accounts, where the database is at hand; for roles that no operation gives."""
    login_column: str = ""
    role_columns: Mapping[str, Any] = field(default_factory=dict)
    """Columns that give power, with an ordinary user's value."""
    activation: Mapping[str, Any] = field(default_factory=dict)
    """Columns to set before a new account may log in (no confirmation mail can be followed)."""
    promotion: Promotion | None = None
    """How somebody makes himself an administrator, where the target lets him and there is no other way."""
    roles: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    """Sentences for the report."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one operation was made to succeed."""

    operation: str
    role: str = "user"
    """Who does it."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """The body that was accepted, references included."""
    left_out: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Values that must stay as they are; others are made anew."""
    owners: Mapping[str, str] = field(default_factory=dict)
    """Whose row each reference leads to: `own`, `other`, or a role."""
    before: tuple[str, ...] = ()
    """Operations that the same person does first, on the same parents."""
    status: int = 200
    refused_user: bool = False
    """Whether an ordinary user was refused where somebody else was let in."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """Everything that is known about the target."""

    framework: str = "unknown"
    operations: tuple[Operation, ...] = ()
    resources: tuple[Resource, ...] = ()
    ways: Ways = field(default_factory=Ways)
    recipes: Mapping[str, Recipe] = field(default_factory=dict)
    debug: bool = False
    has_database: bool = False
    untried: Mapping[str, str] = field(default_factory=dict)
    """Operations that never succeeded, with the last refusal."""
    guessed: tuple[str, ...] = ()
    settled: Mapping[str, Actor] = field(default_factory=dict)
    """People who are signed up in the state that every fresh instance starts from."""
