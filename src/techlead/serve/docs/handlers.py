"""The two handlers: each answer is made once, when it is first asked for, and kept as bytes."""

from __future__ import annotations

from functools import cache

import msgspec

from techlead.derive.openapi import ApiLimits, openapi
from techlead.derive.plan import Plan
from techlead.serve.answer import SAFE, Answer
from techlead.serve.docs.page import page
from techlead.serve.docs.style import POLICY
from techlead.serve.request import Request
from techlead.serve.runtime import Handler
from techlead.serve.settings import Settings

PAGE_SAFE = [(name, POLICY if name == b"content-security-policy" else value) for name, value in SAFE]


def read_openapi(plan: Plan, settings: Settings) -> Handler:
    """GET /openapi.json."""

    @cache
    def written() -> bytes:
        return msgspec.json.encode(openapi(plan, limits_of(settings)))

    async def handle(_request: Request) -> Answer:
        return Answer(200, written())

    return handle


def read_docs(plan: Plan, settings: Settings) -> Handler:
    """GET /docs."""

    @cache
    def written() -> bytes:
        return page(plan, limits_of(settings)).encode()

    async def handle(_request: Request) -> Answer:
        return Answer(200, written(), media_type=b"text/html; charset=utf-8", safe=PAGE_SAFE)

    return handle


def limits_of(settings: Settings) -> ApiLimits:
    """Give the limits that callers must know."""
    return ApiLimits(
        page_rows=settings.page_rows,
        page_rows_max=settings.page_rows_max,
        password_characters_min=settings.password_characters_min,
        password_characters_max=settings.password_characters_max,
        body_bytes_max=settings.body_bytes_max,
    )
