"""Collects every declaration that cannot stand, so that they are reported all at once."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from techlead.declare.origin import Origin
from techlead.errors import DeclarationsRefused, Refusal


class Refusals:
    """A list of refusals that ends in one error."""

    def __init__(self) -> None:
        """Start with none."""
        self._found: list[Refusal] = []

    def add(self, origin: Origin, where: str, reason: str, mend: str) -> None:
        """Note one: where it stands, why it cannot, how to mend it."""
        self.extend([Refusal(origin.file, origin.line, where, reason, mend)])

    def extend(self, refusals: Iterable[Refusal]) -> None:
        """Note several, each once."""
        self._found.extend(refusal for refusal in refusals if refusal not in self._found)

    def __bool__(self) -> bool:
        """Tell whether anything was refused."""
        return bool(self._found)

    def end(self) -> None:
        """Raise DeclarationsRefused when there is any, in the order of the user's files."""
        if self._found:
            raise DeclarationsRefused(tuple(sorted(self._found, key=lambda r: (r.file, r.line, r.where))))


def field_origin(resource: type[Any], name: str, fallback: Origin) -> Origin:
    """Find the line of a field in its class; the class's own line when the source is not there."""
    for cls in resource.__mro__:
        if name in inspect.get_annotations(cls):
            try:
                lines, start = inspect.getsourcelines(cls)
            except (OSError, TypeError):
                return fallback
            for number, line in enumerate(lines):
                if line.lstrip().startswith((f"{name}:", f"{name} :")):
                    return Origin(inspect.getsourcefile(cls) or fallback.file, start + number, fallback.names)
    return fallback
