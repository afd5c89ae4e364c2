"""Examples that pin a rule: the facts a person has in mind, before any row exists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Example:
    """The values of a rule's only parameter, or of its parameters by name."""

    values: tuple[tuple[str, Any], ...]

    def __str__(self) -> str:
        """Print as it is written."""
        return f"facts({', '.join(f'{name}={value}' for name, value in self.values)})"


def facts(**values: Any) -> Example:
    """Give an example of a rule's facts: the fields of its one parameter, or each parameter by name.

    `facts(status=Status.PLACED)`, or `facts(order=facts(status=Status.PLACED), now=datetime(...))`. A reference is
    named by any word: `buyer="alice"` equals every other "alice".
    """
    return Example(tuple(values.items()))
