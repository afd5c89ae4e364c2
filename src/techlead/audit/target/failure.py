"""Why a target did not start, in one sentence that says what to do next."""

from __future__ import annotations

import re
from typing import Final

TAIL_CHARACTERS: Final = 300

CAUSES: Final[tuple[tuple[str, str], ...]] = (
    (
        r"KeyError: ['\"]([A-Z][A-Z0-9_]+)['\"]",
        "it needs the environment variable {0}: set it in techlead-audit.toml under [environment]",
    ),
    (
        r"([A-Z][A-Z0-9_]{2,})[^\n]{0,60}(?:is not set|not set|is required|must be set|Field required|missing)",
        "it needs the environment variable {0}: set it in techlead-audit.toml under [environment]",
    ),
    (
        r"validation errors? for \w*[Ss]ettings\w*\n(\w+)",
        "it needs the setting {0}: set it in techlead-audit.toml under [environment]",
    ),
    (
        r"ModuleNotFoundError: No module named ['\"]([\w.]+)['\"]",
        "its Python has no module {0}: install the target's requirements, or name its Python with --python PATH",
    ),
    (
        r"partially initialized module ['\"]([\w.]+)['\"]",
        "importing it alone fails (a circular import through {0}): give its start command with --start",
    ),
    (
        r"module ['\"][\w.]+['\"] has no attribute ['\"](\w+)['\"]",
        "its module has no {0}: check the name after the colon",
    ),
    (r"(techlead: .*)", "{0}"),
    (
        r"(?:ConnectionRefusedError|could not connect|Connection refused)([^\n]*)",
        "something it needs at the start cannot be reached ({0}): name a database of its own under [environment]",
    ),
    (r"(SyntaxError: [^\n]*)", "{0}: it may need another Python; name it with --python PATH"),
)
"""What the output says, and what to do about it; the first that matches."""


def why(output: str) -> str:
    """Give the reason in the output of a target that did not start."""
    for pattern, sentence in CAUSES:
        found = re.search(pattern, output)
        if found:
            return sentence.format(*(group.strip() for group in found.groups()))
    lines = [line.strip() for line in output.strip().splitlines() if line.strip()]
    return f"its last words were: {lines[-1][:TAIL_CHARACTERS]}" if lines else "it wrote nothing"
