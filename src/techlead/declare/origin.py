"""Where a declaration stands, so that a refusal can point at it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_PACKAGE = __name__.split(".", maxsplit=1)[0]


@dataclass(frozen=True, slots=True)
class Origin:
    """The file and line of a declaration, and the names its module knows."""

    file: str
    line: int
    names: Mapping[str, Any] = field(repr=False, compare=False)


def caller() -> Origin:
    """Find the nearest frame outside techlead: the user's line that declares something."""
    frame = sys._getframe(1)  # noqa: SLF001 - the one way to learn a caller's line without a traceback
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    return Origin(frame.f_code.co_filename, frame.f_lineno, frame.f_globals)


def _is_ours(module: str) -> bool:
    return module == _PACKAGE or module.startswith(f"{_PACKAGE}.")
