"""Valid values for fields, unique wherever they are texts, so that each can be found again wherever it turns up (a canary)."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from techlead.audit.target.operation import Field, Meaning
from techlead.audit.target.pattern import matching

PASSWORD: Final = "Quartz-{0}-Harbor7!"  # noqa: S105 - of accounts in a copy
LIVELY: Final = ("active", "open", "published", "available", "public", "enabled", "draft", "new", "pending")
"""Choices that make a row usable, the best first."""
LIKELY_TRUE: Final = (
    "published",
    "active",
    "public",
    "enabled",
    "visible",
    "available",
    "is_open",
    "listed",
    "accept",
    "agree",
    "terms",
)
TEXT_CHARACTERS: Final = 24
MONEY_VALUE: Final = 25
WHEN_AHEAD: Final = timedelta(days=3)


class Values:
    """Makes values; the n-th canary of a seed is always the same."""

    def __init__(self, seed: int, now: Callable[[], float]) -> None:
        """Start counting; `now` is the target's time."""
        self._chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._count = itertools.count(1)
        self._lock = threading.Lock()
        self._now = now
        self._seed = f"{seed % 1296:02d}"

    def canary(self) -> str:
        """A short word that is nowhere else: letters first, then digits."""
        with self._lock:
            number = next(self._count)
            letters = "".join(self._chance.choice("bcdfghjkmnpqrstvwxz") for _ in range(6))
        return f"{letters}{number}"

    def body(
        self, fields: Iterable[Field], *, optional: bool = True, known: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """A body with every field (or only the required ones); references that are not `known` are left out."""
        given = dict(known or {})
        for field in fields:
            if field.name in given or field.type == "file":
                continue
            if not field.required and (
                not optional or field.meaning in {Meaning.REFERENCE, Meaning.ROLE, Meaning.PAGE}
            ):
                continue
            if field.meaning is Meaning.REFERENCE:
                continue
            given[field.name] = self.value(field)
        return given

    def value(self, field: Field) -> Any:
        """One valid value."""
        if field.choices:
            return self._choice(field)
        if field.type == "array":
            return self._list(field)
        if field.type == "object":
            return self.body(field.fields)
        if field.type == "boolean":
            return any(word in field.name.lower() for word in LIKELY_TRUE)
        if field.type in {"integer", "number"}:
            return self._number(field)
        return self._text(field)

    def _choice(self, field: Field) -> Any:
        lively = [choice for word in LIVELY for choice in field.choices if str(choice).lower() == word]
        if field.meaning is Meaning.ROLE:
            ordinary = [choice for choice in field.choices if str(choice).lower() not in POWERFUL]
            return (ordinary or list(field.choices))[0]
        return lively[0] if lively else field.choices[0]

    def _list(self, field: Field) -> list[Any]:
        count = max(1, field.length_min or 0)
        if field.fields:
            return [self.body(field.fields) for _ in range(count)]
        if field.item is not None and (field.length_min or field.required):
            return [self.value(field.item) for _ in range(count)]
        return []

    def _number(self, field: Field) -> float | int:
        wished = {
            Meaning.MONEY: MONEY_VALUE,
            Meaning.QUANTITY: 2,
            Meaning.PAGE: 10,
            Meaning.WHEN: int(self._now()) + 86400,
        }
        value: float = wished.get(field.meaning, 1)
        if "cents" in field.name.lower():
            value = MONEY_VALUE * 100
        if any(word in field.name.lower() for word in ("duration", "seconds", "minutes")):
            value = 60
        if field.minimum is not None:
            value = max(value, field.minimum)
        if field.maximum is not None:
            value = min(value, field.maximum)
        return int(value) if field.type == "integer" else float(value)

    def _text(self, field: Field) -> str:
        canary = self.canary()
        if field.pattern:
            made = matching(field.pattern, self._chance, field.length_min or 0)
            if made is not None and field.meaning is not Meaning.PHONE:
                return made
        makers: dict[Meaning, Callable[[], str]] = {
            Meaning.EMAIL: lambda: f"{canary}@people.example.com",
            Meaning.USERNAME: lambda: canary,
            Meaning.PASSWORD: lambda: PASSWORD.format(canary),
            Meaning.PHONE: lambda: f"+4915{self._digits(8)}",
            Meaning.IBAN: self._iban,
            Meaning.URL: lambda: f"https://{canary}.hooks.example.com/{canary}",
            Meaning.NAME: lambda: f"Quinn {canary.capitalize()}",
            Meaning.ADDRESS: lambda: f"{self._digits(2)} {canary.capitalize()} Street",
            Meaning.MONEY: lambda: f"{MONEY_VALUE}.00",
            Meaning.WHEN: lambda: self._when(field),
            Meaning.BIRTHDAY: lambda: "1990-05-17",
        }
        made = makers[field.meaning]() if field.meaning in makers else self._plain(field, canary)
        return _fitted(made, field, canary)

    def _plain(self, field: Field, canary: str) -> str:
        by_format = {
            "uuid": "00000000-0000-4000-8000-000000000000",
            "decimal": f"{MONEY_VALUE}.00",
            "ipv4": "11.0.0.1",
        }
        if field.format in by_format:
            return by_format[field.format]
        name = field.name.lower()
        if "currency" in name:
            return "EUR"
        if "country" in name:
            return "DE"
        if "zone" in name:
            return "UTC"
        if "color" in name or "colour" in name:
            return "#336699"
        return f"audit {canary}"

    def _when(self, field: Field) -> str:
        moment = datetime.fromtimestamp(self._now(), UTC)
        back = any(word in field.name.lower() for word in ("purchased", "bought", "created", "issued", "paid", "since"))
        later = (
            timedelta(hours=1)
            if any(word in field.name.lower() for word in ("end", "until", "_to", "expire"))
            else timedelta()
        )
        moment = moment - timedelta(days=1) if back else moment + WHEN_AHEAD + later
        if field.format == "date" or (not field.format and "date" in field.name.lower()):
            return moment.date().isoformat()
        if field.format == "time":
            return moment.time().isoformat("seconds")
        return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")

    def _digits(self, count: int) -> str:
        with self._lock:
            return "".join(self._chance.choice("123456789") for _ in range(count))

    def _iban(self) -> str:
        """A German account number with the right check digits (ISO 13616)."""
        account = "37040044" + "0" + self._digits(9)
        check = 98 - int(account + "131400") % 97
        return f"DE{check:02d}{account}"


POWERFUL: Final = frozenset({"admin", "administrator", "superuser", "root", "staff", "owner", "moderator", "manager"})


def _fitted(text: str, field: Field, canary: str) -> str:
    if field.length_max is not None and len(text) > field.length_max:
        text = canary[-field.length_max :] if field.length_max < len(canary) else canary
    if field.length_min is not None and len(text) < field.length_min:
        text += "x" * (field.length_min - len(text))
    return text
