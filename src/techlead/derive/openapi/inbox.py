"""The inbox: the shapes of a message and of a page of messages, and the parameters of both ways to read it."""

from __future__ import annotations

from typing import Any, Final

from techlead.derive.openapi.limits import ApiLimits
from techlead.derive.openapi.shapes import MOMENT, named, page_shape
from techlead.derive.openapi.values import Schema

MESSAGE_ID: Final[Schema] = {
    "type": "string",
    "pattern": "^message_[0-7][0-9a-hjkmnp-tv-z]{25}$",
    "examples": ["message_01h455vb4pex5vsknk084sn02q"],
}
ANY_ID: Final = "^[a-z][a-z0-9_]*_[0-7][0-9a-hjkmnp-tv-z]{25}$"
MESSAGE: Final[Schema] = {
    "type": "object",
    "properties": {
        "id": MESSAGE_ID,
        "notification": {"type": "string", "description": "The name of what was sent.", "examples": ["order_placed"]},
        "about": {
            "type": ["string", "null"],
            "pattern": ANY_ID,
            "description": "The id of the row that it is about; null when that kind of row is no longer there.",
        },
        "subject": {"type": "string"},
        "text": {"type": "string"},
        "created_at": MOMENT,
        "read_at": {**MOMENT, "type": ["string", "null"]},
    },
    "required": ["id", "notification", "about", "subject", "text", "created_at", "read_at"],
    "additionalProperties": False,
    "description": "Something that happened and concerns you.",
}
PARAMETERS: Final[dict[str, list[dict[str, Any]]]] = {
    "inbox": [
        {"$ref": "#/components/parameters/limit"},
        {"name": "after", "in": "query", "description": "The `next` of the page before.", "schema": MESSAGE_ID},
        {
            "name": "unread",
            "in": "query",
            "description": "Only messages that you have not marked as read.",
            "schema": {"type": "string", "const": "true"},
        },
    ],
    "inbox_events": [
        {
            "name": "Last-Event-ID",
            "in": "header",
            "description": "The last message that you have: the stream goes on after it.",
            "schema": MESSAGE_ID,
        }
    ],
    "inbox_read": [{"name": "id", "in": "path", "required": True, "schema": MESSAGE_ID}],
}
"""What each operation of the inbox takes, by its kind."""


def inbox_shapes(limits: ApiLimits) -> dict[str, Schema]:
    """Give the shapes of the inbox by name."""
    page = page_shape(named("inbox.message"), limits.page_rows_max)
    page["properties"]["next"] = {**MESSAGE_ID, "type": ["string", "null"], "description": "Send it as `after`."}
    return {"inbox.message": MESSAGE, "inbox.page": page}
