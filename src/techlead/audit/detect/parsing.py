"""A target's Python source as a tree, read by one lane at a time."""

from __future__ import annotations

import ast
import threading
import warnings
from typing import Final

READING: Final = threading.Lock()
"""CPython 3.11 counts the depth of a tree for all threads together: where two parse at once, one may end with a SystemError."""


def parsed(text: str) -> ast.Module | None:
    """Parse a module's text; None where it is no Python, or too deep for ours."""
    with READING, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the target's own doubtful escapes are not ours to report
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
