"""The two handlers: each answer is made once, when it is first asked for and beside the event loop, and kept as bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from techlead.derive.openapi import ApiLimits, openapi
from techlead.derive.plan import Plan
from techlead.serve.answer import SAFE, Answer
from techlead.serve.docs.page import page
from techlead.serve.docs.style import POLICY
from techlead.serve.request import Request
from techlead.serve.runtime import Handler
from techlead.serve.settings import Settings

PAGE_SAFE: Final = tuple((name, POLICY if name == b"content-security-policy" else value) for name, value in SAFE)
HTML: Final = b"text/html; charset=utf-8"


def read_openapi(plan: Plan, settings: Settings) -> Handler:
    """GET /openapi.json."""
    return _kept(lambda: Answer(200, msgspec.json.encode(openapi(plan, limits_of(settings)))))


def read_docs(plan: Plan, settings: Settings) -> Handler:
    """GET /docs."""
    return _kept(lambda: Answer(200, page(plan, limits_of(settings)).encode(), media_type=HTML, safe=PAGE_SAFE))


def limits_of(settings: Settings) -> ApiLimits:
    """Give the limits that callers must know."""
    return ApiLimits(
        page_rows=settings.page_rows,
        page_rows_max=settings.page_rows_max,
        password_characters_min=settings.password_characters_min,
        password_characters_max=settings.password_characters_max,
        body_bytes_max=settings.body_bytes_max,
    )


def _kept(make: Callable[[], Answer]) -> Handler:
    kept: list[Answer] = []

    async def handle(_request: Request) -> Answer:
        if not kept:
            kept.append(await asyncio.to_thread(make))
        return kept[0]

    return handle
