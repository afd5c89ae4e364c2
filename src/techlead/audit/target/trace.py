"""Find the error that a log tells of: the last line of a Python traceback."""

from __future__ import annotations

import re
from typing import Final

ERROR: Final = re.compile(
    r"^(?P<type>[A-Za-z_][\w.]*(?:Error|Exception|Warning|Timeout|Overflow|Exit))(?::|\s*$)", re.MULTILINE
)


def last_error(log: str) -> str:
    """Give the type of the last error in a piece of log, such as `OverflowError`; '' when there is none."""
    found = [match["type"] for match in ERROR.finditer(log)]
    return found[-1] if found else ""
