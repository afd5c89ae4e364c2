"""An assistant's answer as files: a fenced block each, or a tool call's JSON; prose around them is kept as the summary."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ANSWER_BYTES_MAX: Final = 400_000
FILES_MAX: Final = 20
FENCE: Final = re.compile(
    r"^(`{3,}|~{3,})[^\n`]*?\bfile=[\"']?([^\s\"'`]+)[\"']?[^\n]*\n(.*?)^\1[ \t]*$", re.MULTILINE | re.DOTALL
)
OPENED: Final = re.compile(r"^(?:`{3,}|~{3,})[^\n`]*\bfile=", re.MULTILINE)
LEFT_OUT: Final = re.compile(
    r"^\s*(?:#|//|<!--)?\s*(?:\.\.\.|…)\s*(?:\(?(?:the )?(?:rest|existing|other|remaining|unchanged|same|omitted|keep)\b.*)"
    r"|^\s*(?:#|//)\s*(?:rest of|existing code|\(?unchanged|same as before|as before\b|omitted)",
    re.IGNORECASE | re.MULTILINE,
)
"""Words with which half a file pretends to be whole."""


class AnswerRefused(ValueError):
    """An answer that is none; the message says why, to whoever gave it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Whole files by path, and what was said beside them."""

    files: Mapping[str, str]
    summary: str


def read_answer(text: str) -> Answer:
    """Read an answer; AnswerRefused when it holds no whole file."""
    if len(text.encode("utf-8", "replace")) > ANSWER_BYTES_MAX:
        raise AnswerRefused(f"The answer is longer than {ANSWER_BYTES_MAX} bytes.")
    found = _of_json(text) or _of_fences(text)
    if not found.files:
        raise AnswerRefused("The answer holds no file: each stands in a block that begins ```python file=backend.py")
    if len(found.files) > FILES_MAX:
        raise AnswerRefused(
            f"The answer holds {len(found.files)} files; {FILES_MAX} is the most that a person can review."
        )
    for path, source in found.files.items():
        if LEFT_OUT.search(source):
            raise AnswerRefused(f"{path} is half a file: write it whole, nothing left out.")
    return found


def _of_fences(text: str) -> Answer:
    if len(OPENED.findall(text)) > len(FENCE.findall(text)):
        raise AnswerRefused("A file's block is not closed: the answer was cut short.")
    files: dict[str, str] = {}
    for _, path, source in FENCE.findall(text):
        if path in files:
            raise AnswerRefused(f"{path} stands in the answer twice: write it once, whole.")
        files[path] = source
    return Answer(files, " ".join(FENCE.sub("", text).split())[:2_000])


def _of_json(text: str) -> Answer | None:
    """Read `{"files": [{"path": ..., "content": ...}], "summary": ...}`; None when it is no such thing."""
    try:
        data = json.loads(text)
        files = {str(one["path"]): str(one["content"]) for one in data["files"]}
        if len(files) != len(data["files"]):
            raise AnswerRefused("A file stands in the answer twice: write it once, whole.")
        return Answer(files, str(data.get("summary", ""))[:2_000])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, AnswerRefused):
            raise
        return None
