"""How people are reached and other systems speak to us: the shapes of preferences, browsers and incoming messages."""

from __future__ import annotations

from typing import Any, Final

from techlead.derive.openapi.values import Schema

TIME: Final[Schema] = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "examples": ["07:30"]}
CHOICE: Final[Schema] = {
    "type": "object",
    "properties": {"notification": {"type": "string"}, "channel": {"type": "string"}},
    "required": ["notification", "channel"],
    "additionalProperties": False,
}
QUIET: Final[Schema] = {
    "type": ["object", "null"],
    "properties": {"time_zone": {"type": "string", "examples": ["Europe/Vienna"]}, "from": TIME, "until": TIME},
    "required": ["time_zone", "from", "until"],
    "additionalProperties": False,
    "description": "Hours in which nothing that wakes you is sent, in your time zone.",
    "examples": [{"time_zone": "Europe/Vienna", "from": "22:00", "until": "07:00"}],
}
DIGESTS: Final[Schema] = {
    "type": "object",
    "properties": {"email": TIME},
    "additionalProperties": False,
    "description": "By channel, when messages come collected; in the time zone of the quiet hours, else in UTC.",
    "examples": [{"email": "07:30"}],
}
LANGUAGE: Final[Schema] = {
    "type": ["string", "null"],
    "pattern": "^[a-z]{2}(-[a-z]{2})?$",
    "description": "The language in which you are written to, where there is a text in it.",
    "examples": ["de"],
}
SET: Final[dict[str, Schema]] = {
    "off": {"type": "array", "items": CHOICE, "description": "What you are not told: out of `can_be_off`."},
    "quiet_hours": QUIET,
    "digests": DIGESTS,
    "language": LANGUAGE,
}
BROWSER_ID: Final[Schema] = {
    "type": "string",
    "pattern": "^browser_[0-7][0-9a-hjkmnp-tv-z]{25}$",
    "examples": ["browser_01h455vb4pex5vsknk084sn02q"],
}
BROWSER: Final[Schema] = {
    "type": "object",
    "properties": {
        "endpoint": {
            "type": "string", "format": "uri", "maxLength": 2048, "examples": ["https://push.example.com/send/abc"],
        },
        "keys": {
            "type": "object",
            "properties": {
                "p256dh": {"type": "string", "pattern": "^[A-Za-z0-9_-]{87}=?$"},
                "auth": {"type": "string", "pattern": "^[A-Za-z0-9_-]{22}(==)?$"},
            },
            "required": ["p256dh", "auth"],
            "additionalProperties": False,
            "examples": [{
                "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
                "auth": "BTBZMqHH6r4Tts7J_aSIgg",
            }],
        },
    },
    "required": ["endpoint", "keys"],
    "additionalProperties": False,
    "description": "What `PushSubscription.toJSON()` gives, without `expirationTime`.",
}  # fmt: skip
INCOMING: Final[Schema] = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "examples": ["payment.succeeded"]},
        "timestamp": {"type": "string"},
        "data": {"description": "What the message is about.", "examples": [{}]},
    },
    "required": ["type"],
    "description": "A message of another system, signed as Standard Webhooks are, or as its verifier asks.",
}
TOKEN_ID: Final[Schema] = {"type": "string", "pattern": "^[A-Za-z0-9_-]{54}$", "examples": ["A" * 54]}
PARAMETERS: Final[dict[str, list[dict[str, Any]]]] = {
    kind: [{"name": "id", "in": "path", "required": True, "schema": schema}]
    for kind, schema in (("ask_unsubscribe", TOKEN_ID), ("unsubscribe", TOKEN_ID), ("remove_browser", BROWSER_ID))
}
"""What each operation takes, by its kind."""


def reach_shapes(kinds: frozenset[str]) -> dict[str, Schema]:
    """Give the shapes by name of those operations that are there."""
    found: dict[str, Schema] = {}
    if "preferences" in kinds:
        shown = {**SET, "can_be_off": {"type": "array", "items": CHOICE, "description": "All that can be off."}}
        whole: Schema = {"type": "object", "additionalProperties": False}
        found["preferences"] = {**whole, "properties": shown, "required": list(shown)}
        found["preferences.update"] = {**whole, "properties": SET}
    if "webhook_keys" in kinds:
        keys = {"type": "array", "items": {"type": "string"}}
        properties = {
            "secrets": {**keys, "description": "`whsec_...`, yours alone: for signatures that begin with `v1,`."},
            "public": {**keys, "description": "`whpk_...`: for signatures that begin with `v1a,`."},
        }
        found["webhook_keys"] = {
            "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
        }  # fmt: skip
    if "browsers" in kinds:
        given = {"type": "object", "additionalProperties": False}
        one = {**given, "properties": {"id": BROWSER_ID, "host": {"type": "string"}}, "required": ["id", "host"]}
        listed = {"items": {"type": "array", "items": one}, "key": {"type": "string"}}
        found["browser"] = one
        found["browser.create"] = BROWSER
        found["browsers"] = {**given, "properties": listed, "required": ["items", "key"]}
    if "incoming" in kinds:
        found["incoming.message"] = INCOMING
    return found
