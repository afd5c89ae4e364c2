"""The table of all attacks, family by family."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from techlead.audit.attacks import (
    access,
    exposure,
    idempotency,
    input,  # noqa: A004 - the name of a family
    limits,
    login,
    money,
    outbound,
    password,
    race,
    rule,
    session,
)
from techlead.audit.attacks.attack import Attack, Need

FAMILIES: Final[dict[str, tuple[Attack, ...]]] = {
    "access": access.ATTACKS,
    "session": session.ATTACKS,
    "login": login.ATTACKS,
    "password": password.ATTACKS,
    "exposure": exposure.ATTACKS,
    "outbound": outbound.ATTACKS,
    "race": race.ATTACKS,
    "idempotency": idempotency.ATTACKS,
    "money": money.ATTACKS,
    "limits": limits.ATTACKS,
    "input": input.ATTACKS,
    "rule": rule.ATTACKS,
}

SCOUTS: Final[dict[Need, tuple[Attack, Callable[[Mapping[str, Any]], bool | None]]]] = {
    Need.MESSAGES: (outbound.SCOUT, outbound.sends),
}
"""What is found out once, before the attacks with that need are begun: by which strike, and what the notebook says of it (None: it is still unknown)."""


def attacks() -> tuple[Attack, ...]:
    """Every attack, in the order of the families."""
    return tuple(attack for family in FAMILIES.values() for attack in family)
