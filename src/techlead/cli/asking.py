"""Asking the model that a project names: found when it is asked for, paid for in the project's own ledger of cost."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from techlead.delegate.money import spent_on, total
from techlead.delegate.proposal import costs, note_costs
from techlead.delegate.settings import FILE, asked_of
from techlead.errors import SettingsRefused

if TYPE_CHECKING:
    from techlead.delegate.models import Intern


@contextmanager
def intern_of(folder: Path, task: str) -> Iterator[Intern]:
    """Give the intern of a project for one task; what was spent is noted and told, however the task ends."""
    file = folder / FILE
    asked = asked_of(file.read_text("utf-8") if file.is_file() else "", os.environ)
    try:
        from techlead.delegate.models import Intern  # noqa: PLC0415 - an extra
    except ImportError:
        raise SettingsRefused('There is no pydantic-ai: pip install "techlead[ai]", or see `techlead brief`.') from None
    day = datetime.now(UTC).date().isoformat()
    intern = Intern(asked, task, spent_on(day, costs(folder)), os.environ, lambda: datetime.now(UTC))
    print(f"asking {asked.model} ...", file=sys.stderr)  # noqa: T201 - the answer may take minutes
    try:
        yield intern
    finally:
        intern.close()
        note_costs(folder, intern.spent)
        tokens, dollars = total(intern.spent)
        print(f"{len(intern.spent)} requests, {tokens} tokens, {dollars} dollars", file=sys.stderr)  # noqa: T201 - as above
