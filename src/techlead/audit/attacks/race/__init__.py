"""The family `race`: what two requests do to each other when they run at the same time."""

from __future__ import annotations

from typing import Final

from techlead.audit.attacks.attack import Attack
from techlead.audit.attacks.race import burst, lock, lost, torn

ATTACKS: Final[tuple[Attack, ...]] = (burst.ATTACK, lost.ATTACK, torn.ATTACK, lock.ATTACK)
