"""The file of a shadow: which rule is listened to, the draft (if any), until when, and what may be recorded."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from techlead.intent.record import Record

FOLDER: Final = "techlead.shadow"
DAYS_MAX: Final = 90
"""No shadow lives longer: a draft that nobody decides about is dropped."""
ROWS_MAX: Final = 100_000


class DraftRefused(ValueError):
    """A file is no shadow, or asks for more than may be."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One rule that is listened to."""

    title: str
    until: str
    """ISO 8601; after it the shadow no longer runs."""
    record: Record | None
    """The drafted version; None when only facts are recorded."""
    hash: str = ""
    rows_max: int = 0
    """How many facts may be recorded; 0 for none."""
    days_max: int = 0
    format: int = 1

    def runs(self, now: datetime) -> bool:
        """Tell whether it still runs."""
        return now < datetime.fromisoformat(self.until)


def draft_of(text: str) -> Draft:
    """Read the file of a shadow; DraftRefused when it is none."""
    try:
        found = Draft(**json.loads(text))
        datetime.fromisoformat(found.until)
    except (ValueError, TypeError) as error:
        raise DraftRefused(f"it is no shadow: {error}") from None
    if found.rows_max > ROWS_MAX or found.days_max > DAYS_MAX:
        raise DraftRefused(f"it asks to record more than {ROWS_MAX} rows or {DAYS_MAX} days")
    return found


def written(draft: Draft) -> str:
    """Write the file of a shadow."""
    return json.dumps(asdict(draft), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def file_of(title: str) -> str:
    """Name the file of a shadow."""
    return f"{title.replace(' ', '.')}.json"
