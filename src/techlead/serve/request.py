"""A request as the runtime sees it: bounded before anything else looks at it, its body read once and never twice."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final, NamedTuple

import msgspec

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


class HeadSize(NamedTuple):
    """How large a head is: the bytes of its address and of its headers, and how many those are."""

    address_bytes: int
    header_bytes: int
    header_count: int


class Head(NamedTuple):
    """What a request begins with; `path` is below `root`, where another application has mounted this one."""

    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    size: HeadSize
    root: str = ""


class Request:
    """One request: what was asked, by its bounded head, and its body when an operation wants it."""

    __slots__ = (
        "_receive", "actor", "body", "head", "headers", "id", "method", "params", "path", "pattern", "presumed", "query",
        "settings", "whole",
    )  # fmt: skip

    def __init__(
        self, head: Head, settings: Settings, request_id: str, *, body: bytes = b"", receive: Receive | None = None
    ) -> None:
        """Take a head, and the body as it is or, when it is still on its way, what it is received with."""
        self.head = head
        self.method = head.method
        self.path = head.path
        self.query = head.query
        self.headers = head.headers
        self.settings = settings
        self.id = request_id
        self.params: tuple[str, ...] = ()
        self.pattern = ""
        self.actor: bytes | None = None
        self.presumed = False
        """Whether who asks is known from memory alone so far."""
        self.body = body
        self.whole = receive is None
        self._receive = receive

    async def read_body(self) -> bytes:
        """Read the whole body, bounded in bytes; the request's deadline bounds the seconds. BodyTooLarge, ClientLeft."""
        limit = self.settings.body_bytes_max
        length = self.headers.get(b"content-length", b"0")
        if len(length) > len(str(limit)) or (length.isdigit() and int(length) > limit):
            raise BodyTooLarge
        if self._receive is not None:
            self.body = await _gathered(self._receive, limit)
            self.whole, self._receive = True, None
        if len(self.body) > limit:
            raise BodyTooLarge
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


async def _gathered(receive: Receive, limit: int) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body", False) and len(body) <= limit:
        message = await receive()
        body += message.get("body", b"")
    if message["type"] == "http.disconnect":
        raise ClientLeft
    return body


def check_head(size: HeadSize, settings: Settings) -> None:
    """Refuse an address or headers that are too large: UrlTooLong, HeadersTooLarge."""
    if size.address_bytes > settings.url_bytes_max:
        raise UrlTooLong
    if size.header_bytes > settings.header_bytes_max or size.header_count > settings.header_count_max:
        raise HeadersTooLarge


def parse_json(body: bytes, depth_max: int) -> Any:
    """Parse strict JSON: UTF-8, no repeated names, no NaN or Infinity, bounded depth; MalformedRequest otherwise."""
    value = _usual_json(body)
    if value is None:
        value = _strict_json(body, depth_max)
    if body.count(b"{") + body.count(b"[") > depth_max and _deeper(value, depth_max):
        message = f"The body is nested deeper than {depth_max} levels."
        raise MalformedRequest(message)
    return value


def _usual_json(body: bytes) -> Any:
    """Parse JSON in a third of the time, where it is certain that it names nothing twice; None where it is not.

    A colon stands after each name, or in a string. A name that was there twice is in the value once, and then the text
    has more colons than the value has names.
    """
    try:
        value = _decode(body)
    except (ValueError, RecursionError):
        return None
    return value if _names(value) == body.count(b":") else None


def _names(value: Any) -> int:
    """Count the names in a value, those inside of others included."""
    if type(value) is dict:
        return len(value) + _names_inside(value.values())
    return _names_inside(value) if type(value) is list else 0


def _names_inside(values: Iterable[Any]) -> int:
    count = 0
    for one in values:
        if type(one) is dict or type(one) is list:
            count += _names(one)
    return count


def _strict_json(body: bytes, depth_max: int) -> Any:
    try:
        return _DECODER.decode(body.decode())
    except UnicodeDecodeError:
        message = "The body is not UTF-8."
        raise MalformedRequest(message) from None
    except RecursionError:
        message = f"The body is nested deeper than {depth_max} levels."
        raise MalformedRequest(message) from None
    except ValueError as error:
        detail = str(error) if isinstance(error, RepeatedName) else "The body is not JSON."
        raise MalformedRequest(detail) from None


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


_decode: Final = msgspec.json.Decoder().decode
_DECODER: Final = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant)


def _deeper(value: Any, levels: int) -> bool:
    if levels < 0:
        return True
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:  # noqa: SIM110 - a generator costs more than the look itself
        if isinstance(one, dict | list) and _deeper(one, levels - 1):
            return True
    return False


def _is_json(kind: bytes) -> bool:
    media, _, parameters = kind.lower().partition(b";")
    charset = parameters.strip().removeprefix(b"charset=").strip(b'"') or b"utf-8"
    return media.strip() == b"application/json" and charset in (b"utf-8", b"utf8")


def field_error(at: str, error: ValueError) -> FieldError:
    """Say which field is at fault and what to send instead."""
    return FieldError(at, f"{error}.")
