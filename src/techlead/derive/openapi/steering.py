"""How an operator steers deliveries: the shapes of destinations, of messages with their history, and of orders."""

from __future__ import annotations

from typing import Any, Final

from techlead.derive.openapi.values import Schema

WORD: Final[Schema] = {"type": "string"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
NO_MOMENT: Final[Schema] = {"type": ["string", "null"], "format": "date-time"}
DELIVERIES_MAX: Final = 500
DELIVERY_ID: Final[Schema] = {
    "type": "string",
    "pattern": "^delivery_[0-7][0-9a-hjkmnp-tv-z]{25}$",
    "examples": ["delivery_01h455vb4pex5vsknk084sn02q"],
}
DESTINATION: Final[Schema] = {
    "type": "string",
    "maxLength": 300,
    "pattern": "^[a-z]+(:[A-Za-z0-9.:/_-]+)?$",
    "description": "As `GET /outbox` lists it.",
    "examples": ["webhook:hooks.example"],
}
DELIVERIES: Final[Schema] = {"type": "array", "items": DELIVERY_ID, "minItems": 1, "maxItems": DELIVERIES_MAX}


def _object(properties: dict[str, Schema], required: tuple[str, ...] | None = None) -> Schema:
    needed = list(properties if required is None else required)
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": needed} if needed else found


SHOWN: Final[dict[str, Schema]] = {
    "destination": WORD, "waiting": COUNT, "next_try": NO_MOMENT, "dead": COUNT, "expired": COUNT, "phase": WORD,
    "why": WORD, "calls": COUNT, "failed": COUNT, "rate_per_second": {"type": "number"}, "held": {"type": "boolean"},
}  # fmt: skip
TRIED: Final[dict[str, Schema]] = {
    "number": COUNT, "at": MOMENT, "seconds": {"type": ["number", "null"]}, "outcome": WORD, "fault": WORD,
    "detail": WORD, "probe": {"type": "boolean"},
}  # fmt: skip
MESSAGE: Final[dict[str, Schema]] = {
    "delivery": DELIVERY_ID, "notification": WORD, "kind": WORD, "destination": WORD, "state": WORD, "reason": WORD,
    "tries": COUNT, "created_at": MOMENT, "expires_at": NO_MOMENT, "next_try": NO_MOMENT,
    "history": {"type": "array", "items": _object(TRIED)},
}  # fmt: skip
SHAPES: Final[dict[str, Schema]] = {
    "outbox": _object({"items": {"type": "array", "items": _object(SHOWN)}}),
    "outbox.message": _object(MESSAGE),
    "outbox.messages": _object({"items": {"type": "array", "items": _object(MESSAGE)}}),
    "outbox.done": _object({"count": COUNT, "more": {"type": "boolean"}}),
    "outbox.replay": _object({"destination": DESTINATION, "deliveries": DELIVERIES}, ()),
    "outbox.drop": {
        **_object({"destination": DESTINATION, "deliveries": DELIVERIES}, ()),
        "minProperties": 1,
        "maxProperties": 1,
    },
    "outbox.steer": _object({"destination": DESTINATION}),
}
ANSWERS: Final[dict[str, tuple[str, str]]] = {
    "outbox": ("What waits, for which destinations, and why.", "outbox"),
    "outbox_dead": ("Messages that ended undelivered, the newest first.", "outbox.messages"),
    "outbox_message": ("The message with its history.", "outbox.message"),
    "outbox_replay": ("How many begin anew; `more` when some are left for the next request.", "outbox.done"),
    "outbox_drop": (
        "How many were dropped, `more` when some are left; of a destination what is dead, and what is being tried just now stays.",
        "outbox.done",
    ),
}
BODIES: Final[dict[str, str]] = {
    "outbox_replay": "outbox.replay",
    "outbox_drop": "outbox.drop",
    "outbox_pause": "outbox.steer",
    "outbox_resume": "outbox.steer",
}
KINDS: Final = (*ANSWERS, "outbox_pause", "outbox_resume")
PARAMETERS: Final[dict[str, list[dict[str, Any]]]] = {
    "outbox_message": [{"name": "id", "in": "path", "required": True, "schema": DELIVERY_ID}],
}


def steering_shapes(kinds: frozenset[str]) -> dict[str, Schema]:
    """Give the shapes by name where there is an outbox to steer."""
    return dict(SHAPES) if "outbox" in kinds else {}
