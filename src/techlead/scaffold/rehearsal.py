"""A rehearsal: a backend on an empty database in this process, with people who register and ask, for a project's tests.

The application is the one that serves; only the socket is left out. What it would read from the environment for other
systems (tokens, keys) is made up while it lasts.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final, Self

from techlead.derive.plan import Plan
from techlead.derive.tables import tables
from techlead.primitives.clock import system_clock
from techlead.scaffold.refused import ScaffoldRefused
from techlead.scaffold.values import body_of
from techlead.serve.application import Application
from techlead.serve.assemble import assemble
from techlead.serve.backend import Backend
from techlead.serve.events import EventLog
from techlead.serve.settings import Settings
from techlead.store.migrate import ensure
from techlead.store.open import open_store

PASSWORD: Final = "correct horse battery staple"  # noqa: S105 - of people who do not exist
MADE_UP: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # a key of the right form, published as an example


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, and the body as data (None when there is none)."""

    status: int
    body: Any


class Rehearsal:
    """A backend to ask, as a context: `with Rehearsal(backend) as stage`."""

    def __init__(self, backend: Backend) -> None:
        """Hold the backend; nothing runs before the context is entered."""
        self._backend = backend
        self._people: dict[str, Person] = {}
        self.anonymous = Person(self, "")

    @property
    def plan(self) -> Plan:
        """What was derived of the backend."""
        return self._backend.plan()

    def __enter__(self) -> Self:
        """Make an empty database and the application."""
        self._folder = TemporaryDirectory(prefix="rehearsal-")
        folder = Path(self._folder.name)
        url = f"sqlite:///{folder}/data.db"
        ensure(url, tables(self.plan))
        settings = Settings(mail_folder=str(folder / "mail"), webhook_probe=False)
        self._runner = asyncio.Runner()
        self._application: Application = assemble(
            self.plan, open_store(url), settings, environment={**made_up(self.plan), **os.environ}, log=_silent()
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop the application and throw the database away."""
        self._runner.run(self._application.stop())
        self._runner.close()
        self._folder.cleanup()

    def person(self, name: str) -> Person:
        """Give the account of that name, registered and signed in."""
        if name not in self._people:
            self._people[name] = self._registered(name)
        return self._people[name]

    def make(self, resource: str, *, by: str, **fields: Any) -> Any:
        """Create a row of a resource with values that its fields take, and what it leads to; give it as it was answered.

        ScaffoldRefused when the backend refuses it: then business rules ask for more than types can tell.
        """
        plan = self.plan.resources[resource]
        given = {**body_of(plan.fields), **self._references(resource, by), **fields}
        answer = self.person(by).post(f"/{plan.path.strip('/')}", given)
        if answer.status != 201:  # noqa: PLR2004 - HTTP's Created
            raise ScaffoldRefused(f"no {resource} could be made: {_reason(answer)}")
        return answer.body

    def ask(self, method: str, path: str, token: str, body: Any = None) -> Answer:
        """Ask the application once."""
        return self._runner.run(_ask(self._application, method, path, token, body))

    def _references(self, resource: str, by: str) -> dict[str, Any]:
        """Make the rows that a new row must lead to, by somebody else: rules are about strangers more often than not."""
        found: dict[str, Any] = {}
        for field in self.plan.resources[resource].fields:
            if field.target is None or not field.required:
                continue
            other = f"{by}s_friend"
            if field.target == self.plan.account:
                found[field.name] = self.person(other).get("/me").body["id"]
            elif field.target != resource:
                found[field.name] = self.make(field.target, by=other)["id"]
        return found

    def _registered(self, name: str) -> Person:
        sent = {"email": f"{name}@example.com", "password": PASSWORD}
        required = body_of(self.plan.accounts.fields)
        answer = self.anonymous.post("/auth/register", {**required, **sent})
        if answer.status >= 400:  # noqa: PLR2004 - HTTP's first error
            raise ScaffoldRefused(f"{name} could not register: {_reason(answer)}")
        token: str = self.anonymous.post("/auth/login", sent).body["token"]
        return Person(self, token)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks; without a token, nobody in particular."""

    stage: Rehearsal
    token: str

    def ask(self, method: str, path: str) -> Answer:
        """Ask by any method, with an empty body where one is due."""
        return self.stage.ask(method, path, self.token, {} if method in ("POST", "PATCH") else None)

    def get(self, path: str) -> Answer:
        """Read."""
        return self.stage.ask("GET", path, self.token)

    def post(self, path: str, body: Any = None) -> Answer:
        """Create, or do an action."""
        return self.stage.ask("POST", path, self.token, {} if body is None else body)

    def patch(self, path: str, body: Any) -> Answer:
        """Change."""
        return self.stage.ask("PATCH", path, self.token, body)

    def delete(self, path: str) -> Answer:
        """Delete."""
        return self.stage.ask("DELETE", path, self.token)


def made_up(plan: Plan) -> Mapping[str, str]:
    """Give a value for each variable that holds another system's token or key."""
    named = [*(one.credentials for one in plan.systems), *(one.key for one in plan.incoming)]
    return {name: MADE_UP for name in named if name}


def _silent() -> EventLog:
    """Give a log that nobody reads: a test prints what failed, and a scaffold what it wrote."""
    return EventLog(system_clock, write=lambda _lines: None)


async def _ask(application: Application, method: str, path: str, token: str, body: Any) -> Answer:
    """Speak ASGI with the application for one request."""
    sent = b"" if body is None else json.dumps(body).encode()
    headers = [(b"host", b"rehearsal"), (b"content-length", str(len(sent)).encode())]
    headers += [(b"content-type", b"application/json")] if body is not None else []
    headers += [(b"authorization", f"Bearer {token}".encode())] if token else []
    place, _, query = path.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": place, "raw_path": place.encode(), "query_string": query.encode(), "root_path": "",
        "headers": headers, "client": ("127.0.0.1", 1), "server": ("rehearsal", 80),
    }  # fmt: skip
    waiting = [{"type": "http.request", "body": sent, "more_body": False}]
    got: list[Mapping[str, Any]] = []

    async def receive() -> Any:
        return waiting.pop() if waiting else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        got.append(message)

    await application(scope, receive, send)
    text = b"".join(one.get("body", b"") for one in got)
    status = next(one["status"] for one in got if one["type"] == "http.response.start")
    return Answer(status, _data(text))


def _reason(answer: Answer) -> str:
    """Say why something was refused: each field's fault, or the whole."""
    faults = [f"{one['at']} {one['message']}" for one in answer.body.get("errors", ())]
    return f"{answer.status}, {'; '.join(faults) or answer.body.get('detail', '')}"


def _data(text: bytes) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text.decode(errors="replace")
