"""A backend running inside the test: an example, or any Plan, on a fresh database, called as a client would."""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
from conforming import Conforming

from techlead.cli.grant import change_role
from techlead.cli.project import load
from techlead.deliver.outbound import Outbound
from techlead.derive.openapi import openapi
from techlead.derive.plan import Plan
from techlead.derive.tables import tables
from techlead.primitives.clock import system_clock
from techlead.serve import passwords
from techlead.serve.application import Application
from techlead.serve.assemble import assemble
from techlead.serve.docs.handlers import limits_of
from techlead.serve.doors import Doors
from techlead.serve.events import EventLog
from techlead.serve.settings import Settings
from techlead.store import migrate
from techlead.store.open import open_store

EXAMPLES = Path(__file__).parent.parent / "examples"
PASSWORD = "correct horse battery staple"
PAYMENT_KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ENVIRONMENT = {"PAYMENT_KEY": PAYMENT_KEY, "SMS_GATEWAY_TOKEN": "t0ken"}
"""What the examples want of their environment."""


class Caller:
    """Calls a running backend; people are named, registered and logged in on first mention."""

    def __init__(self, application: Application, plan: Plan, url: str, lines: list[bytes]) -> None:
        self.application = application
        self.plan = plan
        self.url = url
        self.lines = lines
        self.ids: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        transport = httpx.ASGITransport(app=application)  # type: ignore[arg-type]
        self._conforming = Conforming(openapi(plan, limits_of(application.runtime.settings)))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://backend.test")

    async def __call__(
        self, method: str, path: str, body: Any = None, *, who: str | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Send one request, JSON when there is a body, signed in as `who`; its answer must be as the document promises."""
        sent = dict(headers or {})
        if who is not None:
            sent["authorization"] = f"Bearer {self.tokens[who]}"
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if body is not None:
            sent.setdefault("content-type", "application/json")
        answer = await self._client.request(method, path, content=content, headers=sent)
        self._conforming.check(method, answer.request.url.path, answer)
        return answer

    async def sign_up(self, *names: str, **fields: Any) -> None:
        """Register people by name and log them in."""
        for name in names:
            own = {"name": name.capitalize()} if any(one.name == "name" for one in self.plan.accounts.fields) else {}
            sent = {"email": f"{name}@example.com", "password": PASSWORD, **own, **fields}
            answer = await self("POST", "/auth/register", sent)
            assert answer.status_code == 201, answer.text
            self.ids[name] = answer.json()["id"]
            await self.log_in(name)

    async def log_in(self, name: str) -> None:
        """Open a session for somebody."""
        answer = await self("POST", "/auth/login", {"email": f"{name}@example.com", "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        self.tokens[name] = answer.json()["token"]

    async def grant(self, name: str, role: str, *, revoke: bool = False) -> None:
        """Give somebody a role, as `techlead grant` does."""
        await change_role(self.plan, self.url, f"{name}@example.com", role, revoke=revoke)

    async def made(self, path: str, body: Any, who: str) -> str:
        """Create a row and give its id."""
        answer = await self("POST", path, body, who=who)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Look into the database."""
        return await self.application.runtime.store.read(sql)

    def events(self) -> list[dict[str, Any]]:
        """Give what was logged so far."""
        self.application.runtime.log.flush()
        return [json.loads(line) for written in self.lines for line in written.splitlines()]


@cache
def example(name: str) -> Plan:
    """Derive an example's plan, which is frozen: once is enough."""
    return load(str(EXAMPLES / name)).plan()


@asynccontextmanager
async def running(plan: Plan, url: str, settings: Settings | None = None, **given: Any) -> AsyncIterator[Caller]:
    """Run a plan on a fresh database until the block ends; its log is kept, and no 500 may be in it."""
    migrate.create_all(url, tables(plan))
    lines: list[bytes] = []
    log = EventLog(given.get("clock", system_clock), lines.append)
    with tempfile.TemporaryDirectory() as mail:
        settings = settings or Settings(login_tries_free=1_000, mail_folder=mail)
        given = {"environment": ENVIRONMENT, "doors": nowhere(), **given}
        with patch.multiple(passwords, PASSES=1, MEMORY_KIB=64):  # a fifth of a test was spent on hashing
            application = assemble(plan, open_store(url), settings, log=log, **given)
        await application.start()
        async with stopped(Caller(application, plan, url, lines)) as caller:
            yield caller


@asynccontextmanager
async def stopped(caller: Caller) -> AsyncIterator[Caller]:
    """Stop a backend after the block, and look for unexpected errors in its log."""
    try:
        yield caller
    finally:
        await caller.application.stop()
        failed = [event for event in caller.events() if event["level"] == "error"]
        assert failed == [], failed


def nowhere() -> Doors:
    """Give doors behind which there is no world, so that no test waits for a name of the real one."""

    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror

    return Doors(Outbound(resolve=unknown), Outbound(resolve=unknown))


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
