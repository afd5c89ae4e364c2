"""Attacks on sessions: what should have ended a token, and tokens that nobody issued. All judged by what the token opens."""

from __future__ import annotations

from typing import Final

from techlead.audit.attacks.attack import Attack, Harm, Need
from techlead.audit.attacks.session.ended import expired, locked_out, password_change, revoked, self_deleted, stale_role
from techlead.audit.attacks.session.forged import digit_key, weak_key, without_signature
from techlead.audit.attacks.session.queued import delivered_after_ban
from techlead.audit.attacks.session.reset import reset_again

_PEOPLE: Final = frozenset({Need.PEOPLE})
_ENDED: Final = "the token, sent again afterwards, still opens what it opened before and what strangers are refused"
_FORGED: Final = "a token that the target never issued opens somebody's account"
ATTACKS: Final = (
    Attack("session.revoked", ("session.revoked-token",), "A token works after log-out.", _ENDED, revoked, _PEOPLE),
    Attack(
        "session.password-change",
        ("session.password-change-keeps-sessions",),
        "Other sessions survive a change of the password.",
        f"{_ENDED}; the new password logs in",
        password_change,
        _PEOPLE,
    ),
    Attack(
        "session.self-deleted",
        ("session.deleted-or-banned-user",),
        "A deleted account's token works.",
        _ENDED,
        self_deleted,
        _PEOPLE,
    ),
    Attack(
        "session.locked-out",
        ("session.deleted-or-banned-user",),
        "A locked-out user's token works.",
        f"{_ENDED}; his password is refused",
        locked_out,
        frozenset({Need.PEOPLE, Need.ADMIN}),
        seconds=12.0,
    ),
    Attack(
        "session.role-stale",
        ("session.role-stale",),
        "A role that was taken away still works.",
        "the old token reads what a fresh log-in of the same person is refused",
        stale_role,
        frozenset({Need.PEOPLE, Need.ADMIN, Need.DATABASE}),
    ),
    Attack(
        "session.expired",
        ("session.expired-token",),
        "A token works after its end.",
        _ENDED,
        expired,
        frozenset({Need.PEOPLE, Need.CLOCK}),
        Harm.BREAKS,  # everybody's tokens have ended afterwards
    ),
    Attack(
        "session.alg-none",
        ("session.alg-none",),
        "Tokens without a valid signature are taken.",
        _FORGED,
        without_signature,
        _PEOPLE,
    ),
    Attack(
        "session.weak-key",
        ("session.weak-signing-key",),
        "The signing key can be found out.",
        _FORGED,
        weak_key,
        _PEOPLE,
        seconds=12.0,
    ),
    Attack(
        "session.digit-key",
        ("session.weak-signing-key",),
        "The signing key is a short number.",
        _FORGED,
        digit_key,
        _PEOPLE,
        seconds=12.0,
    ),
    Attack(
        "session.reset",
        ("session.reset-token-reuse", "session.password-change-keeps-sessions", "exposure.log-secret"),
        "A reset token works twice, is given away, can be guessed or leaves old sessions.",
        "the password set by it logs in, or a token from before it still opens the account",
        reset_again,
        _PEOPLE,
        seconds=12.0,
    ),
    Attack(
        "session.queued",
        ("session.deleted-or-banned-user",),
        "Messages that wait for a locked-out user reach him.",
        "the message arrives at the neighbour after the user's password was refused",
        delivered_after_ban,
        frozenset({Need.PEOPLE, Need.ADMIN, Need.PROCESS, Need.CLOCK}),
        Harm.WRITES,
        seconds=20.0,
    ),
)
