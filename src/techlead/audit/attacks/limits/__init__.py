"""The family `limits`: what one caller can use up, of memory, rows, disk and time."""

from __future__ import annotations

from typing import Final

from techlead.audit.attacks.attack import Attack
from techlead.audit.attacks.limits import body, crowd, hashing, page, pattern, storage

ATTACKS: Final[tuple[Attack, ...]] = (
    body.ATTACK,
    storage.ATTACK,
    page.ATTACK,
    pattern.ATTACK,
    hashing.ATTACK,
    crowd.ATTACK,
)
