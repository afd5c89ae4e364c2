"""What a refusal says about a body, and how to mend it: names of fields, and sentences about their values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from techlead.audit.target.exchange import Answer
from techlead.audit.target.meaning import meaning_of
from techlead.audit.target.operation import Field
from techlead.audit.target.values import Values

FAULTS_MAX: Final = 20
REMOVE: Final = object()


def faults(answer: Answer) -> tuple[tuple[str, str], ...]:
    """(field, sentence) of each complaint in an answer; the field is '' where none is named."""
    return tuple(_faults(answer.json if answer.json is not None else answer.text, ""))[:FAULTS_MAX]


def _faults(said: Any, field: str) -> Iterator[tuple[str, str]]:
    if isinstance(said, str):
        named = re.search(
            r"['\"`]?(\w+)['\"`]? (?:is|are|field|must|cannot|should)\b|(?:[Mm]issing|[Ii]nvalid|[Rr]equired)(?: required)?(?: field| parameter| value for)?s?:? ['\"`]?(\w+)",
            said,
        )
        yield field or (next(group for group in named.groups() if group).lower() if named else ""), said
    elif isinstance(said, list):
        for one in said:
            yield from _faults(one, field)
    elif isinstance(said, Mapping):
        where = said.get("loc") or said.get("field") or said.get("param") or said.get("path")
        message = said.get("msg") or said.get("message")
        if where and isinstance(message, str):
            last = where[-1] if isinstance(where, list) else where
            parts = [part for part in where if isinstance(part, str)] if isinstance(where, list) else [str(last)]
            yield parts[-1] if parts else "", message
            return
        for key, value in said.items():
            plain = key in {
                "detail",
                "details",
                "error",
                "errors",
                "message",
                "messages",
                "msg",
                "non_field_errors",
                "json",
                "form",
                "description",
            }
            yield from _faults(value, field if plain else str(key))


Mend = Callable[["re.Match[str]", Values, Field], Any]


def _soon(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0).isoformat().replace("+00:00", "Z")


MENDS: Final[tuple[tuple[str, Mend], ...]] = (
    (r"extra|not permitted|unexpected|unknown field", lambda found, values, field: REMOVE),
    (r"one of:? \[?['\"(]?([\w-]+)", lambda found, values, field: found[1]),
    (r"(?:Input should be|permitted:|choose from|allowed:?) '([\w-]+)'", lambda found, values, field: found[1]),
    (r"valid email|email address|e-mail", lambda found, values, field: f"{values.canary()}@people.example.com"),
    (
        r"valid (?:http )?url|valid uri|must start with https?",
        lambda found, values, field: f"https://{values.canary()}.hooks.example.com/",
    ),
    (r"uuid", lambda found, values, field: "00000000-0000-4000-8000-000000000000"),
    (r"in the past|not be in the future", lambda found, values, field: _soon(-1)),
    (r"future|in advance", lambda found, values, field: _soon(2)),
    (r"YYYY-MM-DD(?!T)|valid date(?!time)|date format", lambda found, values, field: _soon(3)[:10]),
    (r"ISO|datetime|timestamp|timezone", lambda found, values, field: _soon(3)),
    (r"boolean|true or false", lambda found, values, field: True),
    (r"valid (?:integer|number)|whole number|an integer|numeric", lambda found, values, field: 3),
    (r"(?:list|array)", lambda found, values, field: [values.canary()]),
    (r"(?:object|dictionary|dict)\b", lambda found, values, field: {}),
    (
        r"(?:at least|minimum|shorter than|min) (\d+)[^\d]*(?:char|letter|long)",
        lambda found, values, field: (values.canary() * 20)[: int(found[1])],
    ),
    (
        r"(?:at least|minimum of|greater than(?: or equal to)?|min) (\d+)",
        lambda found, values, field: int(found[1]) + 1,
    ),
    (
        r"(?:at most|maximum of|less than(?: or equal to)?|max) (\d+)",
        lambda found, values, field: max(0, int(found[1]) - 1),
    ),
    (r"positive|greater than", lambda found, values, field: 5),
    (r"string|text", lambda found, values, field: values.canary()),
    (r"required|missing|blank|empty|null|provide", lambda found, values, field: values.value(field)),
)
"""What a sentence about a field says, and the value to try next."""


def mended(
    body: Mapping[str, Any], fields: Mapping[str, Field], answer: Answer, values: Values
) -> dict[str, Any] | None:
    """The body with what the answer complains about changed; None when nothing in it helps."""
    changed = dict(body)
    for name, sentence in faults(answer):
        if not name or not re.fullmatch(r"[A-Za-z_]\w{0,40}", name):
            continue
        field = fields.get(name) or Field(name, "string", meaning_of(name, "string"), required=True)
        if name not in body and re.search(r"required|missing|blank|must be", sentence, re.IGNORECASE):
            if re.search(r"required|missing", sentence, re.IGNORECASE):
                changed[name] = values.value(field)
                continue
        if name not in fields and name not in body:
            continue
        for pattern, mend in MENDS:
            found = re.search(pattern, sentence, re.IGNORECASE)
            if found:
                value = mend(found, values, field)
                if value is REMOVE:
                    changed.pop(name, None)
                else:
                    changed[name] = value
                break
    return changed if changed != dict(body) else None
