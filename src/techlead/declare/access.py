"""Who may do what to which rows: one expression that both filters SQL and decides in Python.

A policy says nothing about how it is decided; `derive.access` turns it into SQL and into a decision, and the tests
hold the two against each other. What no policy allows is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from techlead.declare.origin import Origin, caller


class Policy:
    """Something that allows or refuses an actor a row; combine with `|`, `&` and `~`."""

    __slots__ = ()

    def __or__(self, other: Policy) -> Policy:
        """Allow what either allows."""
        return AnyOf((*_parts(self, AnyOf), *_parts(other, AnyOf)))

    def __and__(self, other: Policy) -> Policy:
        """Allow what both allow."""
        return AllOf((*_parts(self, AllOf), *_parts(other, AllOf)))

    def __invert__(self) -> Policy:
        """Allow what this refuses."""
        return Not(self)


@dataclass(frozen=True, slots=True)
class Anyone(Policy):
    """Everybody, signed in or not."""

    def __str__(self) -> str:
        """Print as it is written."""
        return "anyone"


@dataclass(frozen=True, slots=True)
class Nobody(Policy):
    """No one: the default of everything."""

    def __str__(self) -> str:
        """Print as it is written."""
        return "nobody"


@dataclass(frozen=True, slots=True)
class SignedIn(Policy):
    """Every account with a living session."""

    def __str__(self) -> str:
        """Print as it is written."""
        return "signed_in"


@dataclass(frozen=True, slots=True)
class Owner(Policy):
    """The account in the row's `owned_by()` field; for an account, itself."""

    def __str__(self) -> str:
        """Print as it is written."""
        return "owner"


@dataclass(frozen=True, slots=True)
class The(Policy):
    """The account to which a reference of the row leads, `seller` or `listing.seller`."""

    path: tuple[str, ...]

    def __str__(self) -> str:
        """Print as it is written."""
        return f'the("{".".join(self.path)}")'


@dataclass(frozen=True, slots=True)
class Role(Policy):
    """An account that was granted the role."""

    name: str

    def __str__(self) -> str:
        """Print as it is written."""
        return f'role("{self.name}")'


@dataclass(frozen=True, slots=True)
class Between:
    """In a condition: the limits of a field, both inclusive; None leaves one open."""

    low: Any
    high: Any

    def __str__(self) -> str:
        """Print as it is written."""
        return f"between({_shown(self.low)}, {_shown(self.high)})"


@dataclass(frozen=True, slots=True)
class Condition:
    """One field compared with a constant: equal, one of several, null, or within a bound."""

    field: str
    value: Any

    def __str__(self) -> str:
        """Print as it is written."""
        return f"{self.field}={_shown(self.value)}"


@dataclass(frozen=True, slots=True)
class Where(Policy):
    """Rows whose fields hold these values."""

    conditions: tuple[Condition, ...]

    def __str__(self) -> str:
        """Print as it is written."""
        return f"where({', '.join(map(str, self.conditions))})"


@dataclass(frozen=True, slots=True)
class Member(Policy):
    """An actor with a row in `resource` that leads both to the account and to the row at `path`."""

    resource: str
    path: tuple[str, ...]
    conditions: tuple[Condition, ...]
    origin: Origin | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        """Print as it is written."""
        path = [f'of="{".".join(self.path)}"'] if self.path else []
        return f"member({', '.join([self.resource, *path, *map(str, self.conditions)])})"


@dataclass(frozen=True, slots=True)
class AnyOf(Policy):
    """What at least one part allows."""

    parts: tuple[Policy, ...]

    def __str__(self) -> str:
        """Print as it is written."""
        return " | ".join(map(str, self.parts))


@dataclass(frozen=True, slots=True)
class AllOf(Policy):
    """What every part allows."""

    parts: tuple[Policy, ...]

    def __str__(self) -> str:
        """Print as it is written."""
        return " & ".join(f"({part})" if isinstance(part, AnyOf) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Not(Policy):
    """What the part refuses."""

    part: Policy

    def __str__(self) -> str:
        """Print as it is written."""
        return f"~({self.part})" if isinstance(self.part, AnyOf | AllOf) else f"~{self.part}"


anyone = Anyone()
"""Everybody, signed in or not."""
nobody = Nobody()
"""No one; the default of everything."""
signed_in = SignedIn()
"""Every account with a living session."""
owner = Owner()
"""The account in the row's `owned_by()` field."""


def the(path: str) -> Policy:
    """Allow the account to which the row's reference leads: `the("seller")`, `the("listing.seller")`."""
    return The(tuple(path.split(".")))


def role(*names: str) -> Policy:
    """Allow accounts that were granted one of these roles."""
    return Role(names[0]) if len(names) == 1 else AnyOf(tuple(map(Role, names)))


def where(**conditions: Any) -> Policy:
    """Allow rows whose fields hold these values; a set or list means any of them, None means empty."""
    return Where(_conditions(conditions))


def member(resource: type | str, *, of: str = "", **conditions: Any) -> Policy:
    """Allow an actor with a row in `resource` that leads to the row at `of` (default: this row).

    `member("Membership", of="board.workspace", role={Role.EDITOR})`: the further keywords are conditions on that row.
    """
    name = resource if isinstance(resource, str) else resource.__name__
    return Member(name, tuple(filter(None, of.split("."))), _conditions(conditions), caller())


def between(low: Any, high: Any) -> Any:
    """In a condition: `where(price=between(Money("1.00", "EUR"), None))`; both ends belong to it, None leaves one open."""
    return Between(low, high)


def atoms(policy: Policy) -> tuple[Policy, ...]:
    """List the parts of a policy that are not themselves combinations, left to right."""
    if isinstance(policy, AnyOf | AllOf):
        return tuple(atom for part in policy.parts for atom in atoms(part))
    return atoms(policy.part) if isinstance(policy, Not) else (policy,)


def _parts(policy: Policy, kind: type[AnyOf | AllOf]) -> tuple[Policy, ...]:
    return policy.parts if isinstance(policy, kind) else (policy,)


def _conditions(given: dict[str, Any]) -> tuple[Condition, ...]:
    return tuple(Condition(name, _frozen(value)) for name, value in sorted(given.items()))


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, set | frozenset | list | tuple) else value


def _shown(value: Any) -> str:
    if isinstance(value, Between):
        return str(value)
    if isinstance(value, tuple):
        return "{" + ", ".join(sorted(map(_shown, value))) + "}"
    name = getattr(value, "name", None)
    return f"{type(value).__name__}.{name}" if name else repr(value)
