"""What the history of a resource tells: of public fields from what to what, of all others only that they changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from techlead.derive.plan import ResourcePlan

HIDDEN: Final[Mapping[str, bool]] = {"hidden": True}


class Changes:
    """What the history of a resource tells of a change: for each field from what to what, or only that it changed."""

    __slots__ = ("_fields",)

    def __init__(self, resource: ResourcePlan) -> None:
        """Work out how each field is told."""
        self._fields = tuple((field.name, field.told, field.codec.show) for field in resource.stored)

    def told(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> bytes:
        """Write the changes of stored values as JSON; what is not in `before` was empty."""
        if not before:
            return self._told_of_new(after)
        changes: dict[str, Any] = {}
        for name, told, show in self._fields:
            if name not in after:
                continue
            old, new = before.get(name), after[name]
            if old == new:
                continue
            if not told:
                changes[name] = HIDDEN
            elif show is None:
                changes[name] = _Change(old, new)
            else:
                changes[name] = _Change(None if old is None else show(old), None if new is None else show(new))
        return _encode(changes)

    def _told_of_new(self, after: Mapping[str, Any]) -> bytes:
        """Write all that a new row holds, without asking for what was there before."""
        changes = {
            name: _Change(None, new if show is None else show(new)) if told else HIDDEN
            for name, told, show in self._fields
            if (new := after.get(name)) is not None
        }
        return _encode(changes)


class _Change(msgspec.Struct, frozen=True, gc=False, rename={"before": "from", "after": "to"}):
    """From what to what a field changed, as its codec shows it."""

    before: Any
    after: Any


_encode: Final = msgspec.json.Encoder().encode
