"""The family `rule`: what a business would not allow, where the effect proves it; what cannot be told is asked."""

from __future__ import annotations

from typing import Final

from techlead.audit.attacks.attack import Attack
from techlead.audit.attacks.rule import boundary, future, own, referral, steps, word, zone

ATTACKS: Final[tuple[Attack, ...]] = (
    steps.ATTACK,
    own.ATTACK,
    referral.ATTACK,
    boundary.ATTACK,
    future.ATTACK,
    word.ATTACK,
    zone.ATTACK,
)
