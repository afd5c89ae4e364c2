"""What an answer says: its rows, its numbers, the values in it. Pure; an attack compares what it says before and after."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import unquote

DEPTH_MAX = 8
DECIMAL: Final = re.compile(r"-?\d{1,30}(\.\d{1,20})?")
HELD: Final = re.compile(r"balance|credit|funds|wallet|saldo|points|coins", re.IGNORECASE)
"""Names of numbers that say how much of something an account holds."""
STOCK: Final = re.compile(
    r"stock|quantity|available|remaining|left|inventory|seats|capacity|uses|slots|spots|places", re.IGNORECASE
)
"""Names of numbers that say how much of something is there to be had."""


def rows(data: Any) -> tuple[Mapping[str, Any], ...]:
    """Give the rows of a list's answer: the array itself, or the longest array of objects inside an envelope."""
    if isinstance(data, list):
        return tuple(row for row in data if isinstance(row, dict))
    if not isinstance(data, dict):
        return ()
    inside = [value for value in data.values() if isinstance(value, list)]
    inside += [
        value
        for outer in data.values()
        if isinstance(outer, dict)
        for value in outer.values()
        if isinstance(value, list)
    ]
    return max((rows(value) for value in inside), key=len, default=())


def leaves(data: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Give each value with its dotted name; the items of an array share one."""
    if depth > DEPTH_MAX:
        return
    if isinstance(data, dict):
        for key, value in data.items():
            yield from leaves(value, f"{name}.{key}" if name else str(key), depth + 1)
    elif isinstance(data, list):
        for value in data:
            yield from leaves(value, name, depth + 1)
    else:
        yield name, data


def number(value: Any) -> Decimal | None:
    """Give a number, also one that is written as a text such as "12.50"; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    written = value.strip() if isinstance(value, str) else repr(value) if isinstance(value, int | float) else ""
    if isinstance(value, str) and not DECIMAL.fullmatch(written):
        return None
    try:
        read = Decimal(written)
    except InvalidOperation:
        return None
    return read if read.is_finite() else None


def numbers(data: Any, names: re.Pattern[str]) -> dict[str, Decimal]:
    """Give the numbers outside of lists whose own name fits."""
    if not isinstance(data, dict):
        return {}
    found = {}
    for name, value in leaves({key: value for key, value in data.items() if not isinstance(value, list)}):
        read = number(value)
        if read is not None and names.search(name.rpartition(".")[2]):
            found[name] = read
    return found


def identifier(data: Any, parameter: str | None = None) -> Any:
    """Give the id of the row that an answer shows, also one level down in an envelope; None when there is none."""
    if not isinstance(data, dict):
        return None
    wanted = [name for name in ("id", "uuid", "pk", parameter or "", "code", "slug") if name]
    wanted += [name for name in data if name.endswith("_id") and name not in wanted][:1]
    for name in wanted:
        if isinstance(data.get(name), str | int) and not isinstance(data.get(name), bool):
            return data[name]
    inner = [value for value in data.values() if isinstance(value, dict)]
    return identifier(inner[0], parameter) if len(inner) == 1 else None


def path_values(template: str, path: str) -> dict[str, str]:
    """Give the values that a path has in the places of its template: `/orders/{id}` and `/orders/7?a=b` give {"id": "7"}."""
    asked = path.partition("?")[0]
    names = re.findall(r"\{([^}]*)\}", template)
    pattern = "".join(
        "(.+?)" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^}]*\})", template) if part
    )
    match = re.fullmatch(pattern, asked)
    return {name: unquote(value) for name, value in zip(names, match.groups(), strict=True)} if match else {}


def filled(template: str, values: Mapping[str, Any]) -> str:
    """Put values, percent-encoded already, into the places of a template; a place without a value stays as it is."""
    return re.sub(r"\{([^}]*)\}", lambda found: str(values.get(found[1], found[0])), template)
