"""What a refusal says about a body, and how to mend it: names of fields, and sentences about their values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Told:
    """One complaint: what its sentence says, about which field; and where new values come from."""

    found: re.Match[str]
    values: Values
    field: Field

    @property
    def number(self) -> int:
        """The number in the sentence."""
        return int(self.found[1])


Mend = Callable[[Told], Any]


def _soon(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0).isoformat().replace("+00:00", "Z")


MENDS: Final[tuple[tuple[str, Mend], ...]] = (
    (r"extra|not permitted|unexpected|unknown field", lambda _: REMOVE),
    (r"one of:? \[?['\"(]?([\w-]+)", lambda told: told.found[1]),
    (r"(?:Input should be|permitted:|choose from|allowed:?) '([\w-]+)'", lambda told: told.found[1]),
    (r"valid email|email address|e-mail", lambda told: f"{told.values.canary()}@people.example.com"),
    (
        r"valid (?:http )?url|valid uri|must start with https?",
        lambda told: f"https://{told.values.canary()}.hooks.example.com/",
    ),
    (r"uuid", lambda _: "00000000-0000-4000-8000-000000000000"),
    (r"in the past|not be in the future", lambda _: _soon(-1)),
    (r"future|in advance", lambda _: _soon(2)),
    (r"YYYY-MM-DD(?!T)|valid date(?!time)|date format", lambda _: _soon(3)[:10]),
    (r"ISO|datetime|timestamp|timezone", lambda _: _soon(3)),
    (r"boolean|true or false", lambda _: True),
    (r"valid (?:integer|number)|whole number|an integer|numeric", lambda _: 3),
    (r"(?:list|array)", lambda told: [told.values.canary()]),
    (r"(?:object|dictionary|dict)\b", lambda _: {}),
    (
        r"(?:at least|minimum|shorter than|min) (\d+)[^\d]*(?:char|letter|long)",
        lambda told: (told.values.canary() * 20)[: told.number],
    ),
    (
        r"(?:at least|minimum of|greater than(?: or equal to)?|min) (\d+)",
        lambda told: told.number + 1,
    ),
    (
        r"(?:at most|maximum of|less than(?: or equal to)?|max) (\d+)",
        lambda told: max(0, told.number - 1),
    ),
    (r"positive|greater than", lambda _: 5),
    (r"string|text", lambda told: told.values.canary()),
    (r"required|missing|blank|empty|null|provide", lambda told: told.values.value(told.field)),
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
        if name not in body and re.search(r"required|missing", sentence, re.IGNORECASE):
            changed[name] = values.value(field)
            continue
        if name not in fields and name not in body:
            continue
        for pattern, mend in MENDS:
            found = re.search(pattern, sentence, re.IGNORECASE)
            if found:
                value = mend(Told(found, values, field))
                if value is REMOVE:
                    changed.pop(name, None)
                else:
                    changed[name] = value
                break
    return changed if changed != dict(body) else None
