"""What asking costs: the limits that no setting switches off, and a ledger with one line for each request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from techlead.errors import SettingsRefused

FILE: Final = "costs.jsonl"


@dataclass(frozen=True, slots=True)
class Spending:
    """The most that one task may use; each has a highest value."""

    requests_max: int = 4
    tokens_max: int = 200_000
    dollars_max: Decimal = Decimal("1.00")
    dollars_of_day_max: Decimal = Decimal("10.00")
    answer_seconds_max: int = 180
    task_seconds_max: int = 600


HIGHEST: Final[Mapping[str, Decimal]] = {
    "requests_max": Decimal(10),
    "tokens_max": Decimal(2_000_000),
    "dollars_max": Decimal(50),
    "dollars_of_day_max": Decimal(500),
    "answer_seconds_max": Decimal(900),
    "task_seconds_max": Decimal(3_600),
}
"""What no setting goes beyond: a limit that means "none" does not exist."""


@dataclass(frozen=True, slots=True)
class Used:
    """What one request used."""

    when: str
    """ISO 8601, in UTC."""
    task: str
    model: str
    input_tokens: int
    output_tokens: int
    dollars: str
    """A decimal; what is not known is counted at the price that is set, and never as nothing."""


def spending_of(given: Mapping[str, Any]) -> Spending:
    """Read limits; SettingsRefused names the first that cannot be."""
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in HIGHEST:
            raise SettingsRefused(f"[ai] knows no {name}: its limits are {', '.join(HIGHEST)}.")
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            number = Decimal(0)
        if not number.is_finite() or isinstance(value, bool) or not 0 < number <= HIGHEST[name]:
            raise SettingsRefused(f"[ai] {name} is {value!r}: a number above 0, at most {HIGHEST[name]}.")
        values[name] = number if name.startswith("dollars") else int(number)
    return Spending(**values)


def line_of(used: Used) -> str:
    """Write one request as a line of the ledger."""
    return json.dumps(asdict(used), ensure_ascii=False) + "\n"


def spent_on(day: str, ledger: str) -> Decimal:
    """Add up what was spent on a day (`2026-11-26`); a line that cannot be read is SettingsRefused, not nothing."""
    total = Decimal(0)
    for number, line in enumerate(ledger.splitlines(), 1):
        try:
            used = Used(**json.loads(line))
            total += Decimal(used.dollars) if used.when.startswith(day) else Decimal(0)
        except (ValueError, TypeError, InvalidOperation):
            raise SettingsRefused(f"Line {number} of proposals/{FILE} cannot be read: mend or move the file.") from None
    return total


def total(spent: Iterable[Used]) -> tuple[int, Decimal]:
    """Add up tokens and dollars."""
    every = list(spent)
    return sum(one.input_tokens + one.output_tokens for one in every), sum(
        (Decimal(one.dollars) for one in every), Decimal(0)
    )
