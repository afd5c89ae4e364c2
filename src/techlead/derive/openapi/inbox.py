"""The shapes of the inbox: a message, and a page of messages."""

from __future__ import annotations

from typing import Final

from techlead.declare.notification import Channel
from techlead.derive.openapi.limits import ApiLimits
from techlead.derive.openapi.shapes import MOMENT, named, page_shape
from techlead.derive.openapi.values import Schema
from techlead.derive.plan import Plan

MESSAGE_ID: Final[Schema] = {
    "type": "string",
    "pattern": "^message_[0-7][0-9a-hjkmnp-tv-z]{25}$",
    "examples": ["message_01h455vb4pex5vsknk084sn02q"],
}


def inbox_shapes(plan: Plan, limits: ApiLimits) -> dict[str, Schema]:
    """Give the shapes of the inbox by name."""
    return {"inbox.message": _message(plan), "inbox.page": page_shape(named("inbox.message"), limits.page_rows_max)}


def _message(plan: Plan) -> Schema:
    told = [one for one in plan.notifications if Channel.INBOX in one.via]
    prefixes = sorted({plan.resources[one.resource].prefix for one in told})
    about = f"^({'|'.join(prefixes)})_[0-7][0-9a-hjkmnp-tv-z]{{25}}$" if prefixes else "^$"
    properties: dict[str, Schema] = {
        "id": MESSAGE_ID,
        "notification": {"type": "string", "enum": [one.name for one in told]} if told else {"type": "string"},
        "about": {"type": "string", "pattern": about, "description": "The id of the row that it is about."},
        "subject": {"type": "string"},
        "text": {"type": "string"},
        "created_at": MOMENT,
        "read_at": {**MOMENT, "type": ["string", "null"]},
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "description": "Something that happened and concerns you.",
    }
