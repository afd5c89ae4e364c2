"""The values that a statement of the outbox is given: of one row, or of many rows at once.

SQLite runs a statement again for each row without leaving the process. PostgreSQL plans and answers each of them: there
all rows travel as one array a value, and one statement is run for a whole turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, String, bindparam, column, func
from sqlalchemy.dialects.postgresql import ARRAY

from techlead.derive.statements import Statement
from techlead.derive.tables import BYTES, ID, TIMESTAMP

Given = Mapping[str, Any]
"""The values of a statement, by name, as SQL."""
WHOLE: Final = BigInteger()
TEXT: Final = String()
VALUES: Final[Mapping[str, Mapping[str, Any]]] = {
    "claim": {"message": ID, "claim": BYTES, "lease": TIMESTAMP, "tries": WHOLE, "attempts": WHOLE},
    "attempt": {"message": ID, "number": WHOLE, "started_at": TIMESTAMP, "probe": Boolean()},
    "attempted": {
        "of": ID, "which": WHOLE, "ended_at": TIMESTAMP, "outcome": TEXT, "fault": TEXT, "detail": TEXT,
    },
    "again": {"message": ID, "claimed": BYTES, "at": TIMESTAMP, "tries": WHOLE, "lane": TEXT, "reason": TEXT},
    "ended": {"message": ID, "state": TEXT, "reason": TEXT, "now": TIMESTAMP},
    "ended held": {"message": ID, "claimed": BYTES, "state": TEXT, "reason": TEXT, "now": TIMESTAMP},
    "lane": {"name": TEXT},
    "keep lane": {"lane": TEXT, "state": TEXT, "phase": TEXT, "changed_at": TIMESTAMP},
}  # fmt: skip
"""What each statement that is run for many rows is given, with its types."""


@dataclass(frozen=True, slots=True)
class Many:
    """Whether a statement takes its rows one by one or all at once."""

    at_once: bool

    def given(self, key: str) -> Given:
        """Give the values of a statement as SQL."""
        types = VALUES[key]
        if not self.at_once:
            return {name: bindparam(name, type_=kind) for name, kind in types.items()}
        arrays = [bindparam(name, type_=ARRAY(kind)) for name, kind in types.items()]
        rows = func.unnest(*arrays).table_valued(*(column(name, kind) for name, kind in types.items()), name="given")
        return dict(rows.render_derived().c.items())

    def rows(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> list[Sequence[Any]]:
        """Lay rows out for a statement: a list of values for each time that it is run."""
        if self.at_once:
            return [statement.values({name: [row[name] for row in rows] for name in rows[0]})]
        return [statement.values(row) for row in rows]
