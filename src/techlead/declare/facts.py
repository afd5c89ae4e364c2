"""Examples that pin a rule or an action: the facts a person has in mind, before any row exists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Example:
    """The values of a rule's only parameter, or of its parameters by name."""

    values: tuple[tuple[str, Any], ...]

    def __str__(self) -> str:
        """Print as it is written."""
        return f"facts({', '.join(f'{name}={value}' for name, value in self.values)})"

    def gives(
        self,
        *,
        creates: Sequence[tuple[type, Example]] = (),
        deletes: Sequence[str] = (),
        sends: Sequence[Any] = (),
        calls: Sequence[str] = (),
        refuses: str | None = None,
        **rows: Any,
    ) -> ActionExample:
        """Say all that an action does with these facts; what is not said must not happen.

        `facts(order=facts(status=PLACED)).gives(order=facts(status=CANCELLED), sends=[order_cancelled])`: each keyword
        is a row that is changed, `creates=[(Booking, facts(...))]` new rows, `deletes=["order"]` rows by parameter,
        `calls` what else it asks for, in words; `refuses` the message that stops it all. Where several rows could be meant: `sends=[(order_cancelled, "order")]`.
        """
        return ActionExample(
            self, tuple(rows.items()), tuple(creates), tuple(deletes), tuple(sends), refuses, tuple(calls)
        )


@dataclass(frozen=True, slots=True)
class ActionExample:
    """Facts, and everything that an action does with them."""

    given: Example
    rows: tuple[tuple[str, Any], ...]
    creates: tuple[tuple[type, Example], ...]
    deletes: tuple[str, ...]
    sends: tuple[Any, ...]
    refuses: str | None
    calls: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Print as it is written."""
        said = [f"{name}={value}" for name, value in self.rows]
        if self.creates:
            said.append(f"creates=[{', '.join(f'({made.__name__}, {row})' for made, row in self.creates)}]")
        if self.deletes:
            said.append(f"deletes={list(self.deletes)}")
        if self.sends:
            said.append(f"sends=[{', '.join(getattr(one, 'name', str(one)) for one in self.sends)}]")
        if self.calls:
            said.append(f"calls={list(self.calls)}")
        if self.refuses is not None:
            said.append(f"refuses={self.refuses!r}")
        return f"{self.given}.gives({', '.join(said)})"


def facts(**values: Any) -> Example:
    """Give an example of a rule's facts: the fields of its one parameter, or each parameter by name.

    `facts(status=Status.PLACED)`, or `facts(order=facts(status=Status.PLACED), now=datetime(...))`. A reference is
    named by any word: `buyer="alice"` equals every other "alice".
    """
    return Example(tuple(values.items()))
