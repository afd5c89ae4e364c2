"""Values and names that rules read, as data that can be signed, and back."""

from __future__ import annotations

import sys
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from types import ModuleType, NoneType
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from techlead.declare.effect import create, delete, refuse
from techlead.declare.notification import Notification
from techlead.declare.purity.tables import OPEN_MODULES
from techlead.declare.resource import Fields
from techlead.declare.types import Ref
from techlead.primitives.money import Money

Data = Any
"""JSON: lists that begin with the kind of what they hold."""
Lookup = Callable[[str, str], Any]
"""Gives an Enum, a resource or a notification by its kind and name."""


class NoData(ValueError):
    """A value has no form as data."""


LIBRARY: Final[Mapping[str, Any]] = {
    f"{one.__module__}.{one.__name__}": one
    for one in (
        bool, int, str, bytes, tuple, list, dict, set, frozenset, NoneType, range, Decimal, Money, timedelta, datetime,
        date, time, timezone, ZoneInfo, UUID, typing.cast, typing.assert_never, typing.assert_type, create, delete, refuse,
    )
}  # fmt: skip
"""What pure functions import from Python and from techlead, by its full name."""
MODULES: Final[Mapping[str, ModuleType]] = {name: sys.modules[name] for name in OPEN_MODULES}
"""The modules whose attributes pure functions may read."""
_NAMES: Final = {id(value): name for name, value in LIBRARY.items()}


def _moment(text: str, zone: str = "") -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(ZoneInfo(zone)) if zone else moment


WRITERS: Final[tuple[tuple[type, Callable[[Any], list[Any]]], ...]] = (
    (NoneType, lambda _one: ["none"]),
    (bool, lambda one: ["bool", one]),
    (int, lambda one: ["int", one]),
    (str, lambda one: ["str", str(one)]),
    (bytes, lambda one: ["bytes", one.hex()]),
    (Decimal, lambda one: ["decimal", str(one)]),
    (Money, lambda one: ["money", one.minor, one.currency]),
    (timedelta, lambda one: ["timedelta", one.days, one.seconds, one.microseconds]),
    (datetime, lambda one: ["datetime", one.isoformat(), *_zone(one)]),
    (date, lambda one: ["date", one.isoformat()]),
    (time, lambda one: ["time", one.isoformat()]),
    (ZoneInfo, lambda one: ["zone", one.key]),
    (timezone, lambda one: ["timezone", _offset(one)]),
    (UUID, lambda one: ["uuid", str(one)]),
    (Ref, lambda one: ["ref", one.prefix, one.raw.hex()]),
    (tuple, lambda one: ["tuple", *map(encoded, one)]),
    (frozenset, lambda one: ["frozenset", *sorted(map(encoded, one), key=str)]),
)
READERS: Final[Mapping[str, Callable[..., Any]]] = {
    "none": lambda: None,
    "bool": bool,
    "int": int,
    "str": str,
    "bytes": bytes.fromhex,
    "decimal": Decimal,
    "money": Money.of_minor,
    "timedelta": timedelta,
    "datetime": _moment,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "zone": ZoneInfo,
    "timezone": lambda seconds: UTC if seconds == 0 else timezone(timedelta(seconds=seconds)),
    "uuid": UUID,
    "ref": lambda prefix, raw: Ref(prefix, bytes.fromhex(raw)),
}


def encoded(value: Any) -> Data:
    """Turn a value or a named object into data; NoData when it has no form."""
    if isinstance(value, Enum):
        return ["member", type(value).__qualname__, value.name]
    if id(value) in _NAMES:
        return ["library", _NAMES[id(value)]]
    for kind, write in WRITERS:
        if type(value) is kind or (kind is str and isinstance(value, str)):
            return write(value)
    return _named(value)


def _named(value: Any) -> Data:
    if isinstance(value, type) and issubclass(value, Enum):
        return ["enum", value.__qualname__]
    if isinstance(value, type) and issubclass(value, Fields):
        return ["resource", value.__name__]
    if isinstance(value, Notification):
        return ["notification", value.name]
    if type(value).__module__.startswith("techlead.declare.") and isinstance(getattr(value, "name", None), str):
        return ["declared", value.name]
    if isinstance(value, ModuleType) and value.__name__ in OPEN_MODULES:
        return ["module", value.__name__]
    raise NoData(f"{value!r} cannot be written as data")


def decoded(data: Data, lookup: Lookup) -> Any:
    """Turn data back; NoData when it names what is not there."""
    kind, *rest = data
    if kind in READERS:
        return READERS[kind](*rest)
    if kind in ("tuple", "frozenset"):
        return (tuple if kind == "tuple" else frozenset)(decoded(one, lookup) for one in rest)
    if kind == "library" and rest[0] in LIBRARY:
        return LIBRARY[rest[0]]
    if kind == "module" and rest[0] in MODULES:
        return MODULES[rest[0]]
    if kind == "member":
        members = lookup("enum", rest[0]).__members__
        if rest[1] not in members:
            raise NoData(f"{rest[0]} has no member {rest[1]}")
        return members[rest[1]]
    if kind in ("enum", "resource", "notification", "declared"):
        return lookup(kind, rest[0])
    raise NoData(f"{kind} is no kind of value")


def _zone(moment: datetime) -> list[str]:
    return [moment.tzinfo.key] if isinstance(moment.tzinfo, ZoneInfo) else []


def _offset(zone: timezone) -> int:
    return int(zone.utcoffset(None).total_seconds())
