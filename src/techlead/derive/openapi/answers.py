"""Answers: what an operation gives when it succeeds, and its problems by status."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

from techlead.derive.openapi.faults import Errors, errors_of, status_of
from techlead.derive.openapi.parameters import CACHED, ETAG, KEYED
from techlead.derive.openapi.problems import is_worlds
from techlead.derive.openapi.shapes import MOMENT, named
from techlead.derive.openapi.sight import always_sees
from techlead.derive.openapi.steering import ANSWERS as STEERED
from techlead.derive.openapi.values import Schema
from techlead.derive.plan import Operation, Plan
from techlead.errors import NotFound, NotSignedIn, TooManyRequests, summary

Answer = dict[str, Any]

HEADERS: Final[dict[str, Answer]] = {
    "x_request_id": {
        "description": "This request, as the backend's log knows it.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
    },
    "etag": {
        "description": "This row as you see it (RFC 9110): for `If-Match` and `If-None-Match`.",
        "required": True,
        "schema": ETAG,
    },
    "etag_if_seen": {"description": "As `etag`, when you may read the row.", "schema": ETAG},
    "location": {
        "description": "Where the new row is.",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "replayed": {
        "description": "There when this is the kept answer of an earlier request with the same `Idempotency-Key`.",
        "schema": {"type": "string", "const": "true"},
    },
    "retry_after": {
        "description": "Seconds to wait.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "www_authenticate": {
        "description": "How to sign in.",
        "required": True,
        "schema": {"type": "string", "const": "Bearer"},
    },
}
TOKEN: Final[Schema] = {
    "type": "object",
    "properties": {
        "token": {
            "type": "string",
            "pattern": "^[A-Za-z0-9_-]{43}$",
            "description": "Send it as `Authorization: Bearer TOKEN`.",
        },
        "expires_at": MOMENT,
    },
    "required": ["token", "expires_at"],
    "additionalProperties": False,
}


SHAPED: Final = {
    "add_browser": ("201", "The browser.", "browser"),
    "set_preferences": ("200", "The preferences as they now are.", "preferences"),
}
"""What changes something of the runtime's own and answers with it: status, words and shape."""
LINKED: Final = ("ask_unsubscribe", "unsubscribe")
"""What a person's browser comes to from a letter: it gets a page even where there is nothing."""


def answers_of(plan: Plan, operation: Operation) -> dict[str, Answer]:
    """Give every answer of an operation by status: what succeeds, then each problem."""
    found = _successes(plan, operation)
    for errors in by_status(errors_of(plan, operation)):
        found[str(status_of(errors[0]))] = {"$ref": f"#/components/responses/{response_name(errors)}"}
    if operation.kind in LINKED:
        problem = problem_answer((NotFound,))
        found["404"] = {**problem, "content": {**problem["content"], "text/html": {"schema": {"type": "string"}}}}
    return dict(sorted(found.items()))


def by_status(errors: Errors) -> list[Errors]:
    """Group errors, which come in the order of their status, by status."""
    return [tuple(group) for _, group in groupby(errors, key=status_of)]


def response_name(errors: Errors) -> str:
    """Name the answer that stands for these errors of one status."""
    return ".".join([str(status_of(errors[0])), *(error.__name__ for error in errors)])


def problem_answer(errors: Errors) -> Answer:
    """Give the answer that stands for these errors of one status."""
    shapes = [named(f"problem.{error.__name__}") for error in errors]
    headers = ["x_request_id"]
    headers += ["retry_after"] if all(is_worlds(error) or error is TooManyRequests for error in errors) else []
    headers += ["www_authenticate"] if status_of(errors[0]) == status_of(NotSignedIn) else []
    return {
        "description": " Or: ".join(summary(error) for error in errors),
        "headers": _headers(*headers),
        "content": {"application/problem+json": {"schema": shapes[0] if len(shapes) == 1 else {"oneOf": shapes}}},
    }


def _successes(plan: Plan, operation: Operation) -> dict[str, Answer]:
    kind = operation.kind
    replayed = ["replayed"] if kind in KEYED else []
    if kind in ("create", "register"):
        return {"201": _row(plan, operation, "The new row.", ["location", *replayed])}
    if kind in ("update", "change_me", "read", "me"):
        words = "The row as it now is." if kind in ("update", "change_me") else "The row."
        unchanged = {"304": _empty("Nothing has changed.", ["etag"])} if kind in CACHED else {}
        return {"200": _row(plan, operation, words, replayed), **unchanged}
    if kind == "action":
        done = _empty("Done; you can no longer see the row.", replayed)
        row = _json("Done; the row as it now is.", named(operation.resource or ""), ["etag", *replayed])
        return {"200": row, "204": done}
    if kind in SHAPED:
        status, words, shape = SHAPED[kind]
        return {status: _json(words, named(shape), replayed)}
    if kind in ("delete", "logout", "inbox_read", "incoming", "remove_browser", "outbox_pause", "outbox_resume"):
        return {"204": _empty("Done.", replayed)}
    return {"200": _special(operation)}


def _special(operation: Operation) -> Answer:
    resource = operation.resource
    json_shapes = {
        "list": ("One page.", named(f"{resource}.page")),
        "history": ("What changed.", named(f"{resource}.history")),
        "login": ("A session.", TOKEN),
        "inbox": ("One page of messages.", named("inbox.page")),
        "preferences": ("The preferences.", named("preferences")),
        **{kind: (words, named(shape)) for kind, (words, shape) in STEERED.items()},
        "webhook_keys": ("The keys, the newest first.", named("webhook_keys")),
        "browsers": ("The browsers, and the key to subscribe with.", named("browsers")),
        "alive": ("The process answers.", _status("ok")),
        "ready": ("The database answers, too.", _status("ready")),
        "openapi": ("This document.", {"type": "object"}),
    }
    if operation.kind in json_shapes:
        words, schema = json_shapes[operation.kind]
        return _json(words, schema, [])
    media_type = "text/event-stream" if operation.kind == "inbox_events" else "text/html"
    words = "A stream that ends when you leave." if operation.kind == "inbox_events" else "A page."
    return {
        "description": words,
        "headers": _headers("x_request_id", *(["replayed"] if operation.kind in KEYED else [])),
        "content": {media_type: {"schema": {"type": "string"}}},
    }


def _row(plan: Plan, operation: Operation, words: str, headers: list[str]) -> Answer:
    resource = plan.resources[operation.resource or plan.account or ""]
    if always_sees(resource, operation):
        return _json(words, named(resource.name), ["etag", *headers])
    either = {"anyOf": [named(resource.name), named(f"{resource.name}.id")]}
    return _json(f"{words} Its id alone when you may not read it.", either, ["etag_if_seen", *headers])


def _json(words: str, schema: Schema, headers: list[str]) -> Answer:
    return {
        "description": words,
        "headers": _headers("x_request_id", *headers),
        "content": {"application/json": {"schema": schema}},
    }


def _empty(words: str, headers: list[str]) -> Answer:
    return {"description": words, "headers": _headers("x_request_id", *headers)}


def _status(word: str) -> Schema:
    properties = {"status": {"type": "string", "const": word}}
    return {"type": "object", "properties": properties, "required": ["status"], "additionalProperties": False}


def _headers(*names: str) -> dict[str, Answer]:
    return {HEADER_NAMES[name]: {"$ref": f"#/components/headers/{name}"} for name in names}


HEADER_NAMES: Final = {
    "x_request_id": "X-Request-Id",
    "etag": "ETag",
    "etag_if_seen": "ETag",
    "location": "Location",
    "replayed": "Idempotency-Replayed",
    "retry_after": "Retry-After",
    "www_authenticate": "WWW-Authenticate",
}
