"""Attacks on access: reading, changing and doing what others may, by what the owner, the row or the reader then shows."""

from __future__ import annotations

from typing import Final

from techlead.audit.attacks.access.power import higher_functions, mass_assignment
from techlead.audit.attacks.access.reading import foreign_reads
from techlead.audit.attacks.access.writing import foreign_accounts, foreign_writes
from techlead.audit.attacks.attack import Attack, Harm, Need

_PEOPLE: Final = frozenset({Need.PEOPLE})
ATTACKS: Final = (
    Attack(
        "access.read",
        ("access.object-read", "access.anonymous", "access.tenant"),
        "A stranger reads what belongs to somebody else.",
        "a text made up for the owner's row stands in the stranger's answer, and the target keeps such rows from strangers elsewhere",
        foreign_reads,
        _PEOPLE,
        seconds=15.0,
    ),
    Attack(
        "access.write",
        ("access.object-write", "access.anonymous"),
        "A stranger changes what belongs to somebody else.",
        "the owner, looking again, finds his row gone or changed",
        foreign_writes,
        _PEOPLE,
        seconds=15.0,
    ),
    Attack(
        "access.account",
        ("access.object-write",),
        "A stranger takes somebody's account.",
        "the victim's password logs in no more, the stranger's does, or the victim sees what the stranger sent",
        foreign_accounts,
        _PEOPLE,
        Harm.WRITES,
        seconds=15.0,
    ),
    Attack(
        "access.function",
        ("access.function",),
        "An ordinary user does what only a higher role may.",
        "another user's account in the answer, another user locked out, or a role of one's own that was not there before",
        higher_functions,
        _PEOPLE,
        seconds=12.0,
    ),
    Attack(
        "access.fields",
        ("access.mass-assignment",),
        "Fields that the server should set can be sent.",
        "the value sent stands in the row or in what the account shows of itself, and did not without",
        mass_assignment,
        _PEOPLE,
        Harm.WRITES,
        seconds=12.0,
    ),
)
