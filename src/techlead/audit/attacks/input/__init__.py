"""The family `input`: values that a well-meaning caller never sends, and what becomes of them."""

from __future__ import annotations

from typing import Final

from techlead.audit.attacks.attack import Attack
from techlead.audit.attacks.input import injection, later, log_in, log_lines, path, poisoned, server_error, upload

ATTACKS: Final[tuple[Attack, ...]] = (
    server_error.ATTACK,
    later.ATTACK,
    poisoned.ATTACK,
    injection.ATTACK,
    log_in.ATTACK,
    log_lines.ATTACK,
    path.ATTACK,
    upload.ATTACK,
)
