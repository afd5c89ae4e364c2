"""Liveness and readiness, for whoever starts and stops processes."""

from __future__ import annotations

from techlead.errors import ShuttingDown
from techlead.serve.answer import Answer, json_answer
from techlead.serve.request import Request
from techlead.serve.runtime import Handler, Runtime


def alive(_runtime: Runtime) -> Handler:
    """GET /healthz: the process answers."""

    async def handle(_request: Request) -> Answer:
        return json_answer(200, {"status": "ok"})

    return handle


def ready(runtime: Runtime) -> Handler:
    """GET /readyz: the database answers, too; 503 with `Retry-After` while it does not, or when stopping has begun."""

    async def handle(_request: Request) -> Answer:
        if runtime.draining:
            raise ShuttingDown
        await runtime.store.check()
        return json_answer(200, {"status": "ready"})

    return handle
