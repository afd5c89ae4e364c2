"""A request as the runtime sees it: bounded before anything else looks at it, its body read once and never twice."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from techlead.errors import (
    BodyTooLarge,
    FieldError,
    HeadersTooLarge,
    MalformedRequest,
    UnsupportedMediaType,
    UrlTooLong,
)
from techlead.serve.settings import Settings

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class ClientLeft(Exception):
    """The caller closed the connection before its request was whole."""


class Request:
    """One request: what was asked, by its bounded head, and its body when an operation wants it."""

    __slots__ = ("_receive", "actor", "body", "headers", "id", "method", "params", "path", "query", "settings", "whole")

    def __init__(self, scope: Scope, receive: Receive, settings: Settings, request_id: str) -> None:
        """Take the head of a request; `bounded` says whether it is small enough."""
        self.method: str = scope["method"]
        self.path: str = scope["path"].removeprefix(
            scope.get("root_path", "")
        )  # ASGI: the path holds where we are mounted
        self.query: bytes = scope["query_string"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.params: tuple[str, ...] = ()
        self.id = request_id
        self.actor: bytes | None = None
        self.body = b""
        self.whole = False
        self.settings = settings
        self._receive = receive

    async def read_body(self) -> bytes:
        """Read the whole body, bounded in bytes; the request's deadline bounds the seconds. BodyTooLarge, ClientLeft."""
        limit = self.settings.body_bytes_max
        length = self.headers.get(b"content-length", b"0")
        if len(length) > len(str(limit)) or (length.isdigit() and int(length) > limit):
            raise BodyTooLarge
        self.body = await self._whole(limit)
        self.whole = True
        return self.body

    async def json(self) -> Any:
        """Read the body as JSON; UnsupportedMediaType and MalformedRequest say what is wrong with it."""
        kind = self.headers.get(b"content-type", b"")
        if kind != b"application/json" and not _is_json(kind):
            raise UnsupportedMediaType
        if self.headers.get(b"content-encoding", b"identity") != b"identity":
            message = "Bodies are not compressed."
            raise UnsupportedMediaType(message)
        body = await self.read_body()
        return parse_json(body, self.settings.json_depth_max)

    async def _whole(self, limit: int) -> bytes:
        message = await self._receive()
        body: bytes = message.get("body", b"")
        while message.get("more_body", False):
            if len(body) > limit:
                raise BodyTooLarge
            message = await self._receive()
            body += message.get("body", b"")
        if message["type"] == "http.disconnect":
            raise ClientLeft
        if len(body) > limit:
            raise BodyTooLarge
        return body


def check_head(scope: Scope, settings: Settings) -> None:
    """Refuse an address or headers that are too large (414, 431) or that no text can hold (400)."""
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogateescape")
    if len(raw_path) + len(scope["query_string"]) > settings.url_bytes_max:
        raise UrlTooLong
    headers = scope["headers"]
    size = 0
    for name, value in headers:
        size += len(name) + len(value)
    if size > settings.header_bytes_max or len(headers) > settings.header_count_max:
        raise HeadersTooLarge


def parse_json(body: bytes, depth_max: int) -> Any:
    """Parse strict JSON: UTF-8, no repeated names, no NaN or Infinity, bounded depth; MalformedRequest otherwise."""
    try:
        value = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except UnicodeDecodeError:
        message = "The body is not UTF-8."
        raise MalformedRequest(message) from None
    except RecursionError:
        message = f"The body is nested deeper than {depth_max} levels."
        raise MalformedRequest(message) from None
    except ValueError as error:
        detail = str(error) if isinstance(error, RepeatedName) else "The body is not JSON."
        raise MalformedRequest(detail) from None
    if _deeper(value, depth_max):
        message = f"The body is nested deeper than {depth_max} levels."
        raise MalformedRequest(message)
    return value


class RepeatedName(ValueError):
    """A JSON object names something twice, so two readers could see two things."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "The body names a field twice."
        raise RepeatedName(message)
    return found


def _no_constant(_name: str) -> Any:
    message = "JSON has no such number"
    raise ValueError(message)


def _deeper(value: Any, levels: int) -> bool:
    if levels < 0:
        return True
    if isinstance(value, dict):
        return any(_deeper(inner, levels - 1) for inner in value.values() if isinstance(inner, dict | list))
    if isinstance(value, list):
        return any(_deeper(inner, levels - 1) for inner in value if isinstance(inner, dict | list))
    return False


def _is_json(kind: bytes) -> bool:
    media, _, parameters = kind.lower().partition(b";")
    charset = parameters.strip().removeprefix(b"charset=").strip(b'"') or b"utf-8"
    return media.strip() == b"application/json" and charset in (b"utf-8", b"utf8")


def field_error(at: str, error: ValueError) -> FieldError:
    """Say which field is at fault and what to send instead."""
    return FieldError(at, f"{error}.")
