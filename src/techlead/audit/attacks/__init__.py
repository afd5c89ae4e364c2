"""One file or folder per family of attacks; none knows another. `families()` is the table the engine runs."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from techlead.audit.attacks.attack import Attack

FAMILIES: Final = (
    "access",
    "session",
    "login",
    "password",
    "exposure",
    "outbound",
    "race",
    "idempotency",
    "money",
    "limits",
    "input",
    "rule",
)


def attacks() -> tuple[Attack, ...]:
    """Every attack, in the order of the families."""
    found: list[Attack] = []
    for family in FAMILIES:
        found += import_module(f"{__name__}.{family}").ATTACKS
    return tuple(found)
