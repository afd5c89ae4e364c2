"""Requests, answers and who sends them: what an attack holds in its hands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from techlead.audit.finding import Exchange

SUCCESS = 2  # the first digit of a status
ANSWER_CHARACTERS_MAX = 2_000
"""How much of an answer an `Exchange` keeps."""


class Unavailable(Exception):
    """The target gave no way to bring something about: an identity, a row, a valid request. Ends a strike as not_tested."""


@dataclass(frozen=True, slots=True)
class Actor:
    """One identity at the target; every field of its account holds a value that nobody else has (a canary)."""

    name: str
    """A word for reports: `anonymous`, `alice`, `admin`; never a token."""
    role: str = "user"
    """`anonymous`, `user`, `admin`, or the target's own word for it, such as `instructor`."""
    login: str = ""
    """What it logs in with: an e-mail address or a user name."""
    password: str = ""
    id: Any = None
    """Its id as the target shows it; None when it is never shown."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What proves who it is: `Authorization` or `Cookie` (and a CSRF token)."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """What was sent at sign-up and in its profile: field name -> canary."""
    shown: Mapping[str, Any] = field(default_factory=dict)
    """What the target told of it at sign-up and log-in: name in snake case -> value, such as an account number."""

    @property
    def token(self) -> str:
        """The bare token of the Authorization header, or ''."""
        return self.headers.get("Authorization", "").rpartition(" ")[2]


ANONYMOUS = Actor("anonymous", "anonymous")


@dataclass(frozen=True, slots=True)
class Request:
    """One request, ready to be sent; `body` is JSON unless `raw` is given."""

    method: str
    path: str
    """The path with ids filled in and its query string."""
    actor: Actor = ANONYMOUS
    body: Any = None
    raw: bytes | None = None
    """Bytes sent as they are, with the Content-Type in `headers`."""
    headers: Mapping[str, str] = field(default_factory=dict)
    operation: str = ""
    """The name of the `Operation` it was made for."""

    def but(self, **changes: Any) -> Request:
        """Make the same request with something else about it; `body` replaces the whole body."""
        return replace(self, **changes)

    def with_fields(self, **fields: Any) -> Request:
        """Make the same request with some fields of its JSON body set."""
        return replace(self, body={**(self.body or {}), **fields})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0 means that nothing did, and `error` says why."""

    request: Request
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case; repeated ones joined by ', ' (`set-cookie` by a line feed)."""
    content: bytes = b""
    seconds: float = 0.0
    """Real time from the first byte sent to the last byte read."""
    error: str = ""

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return self.status // 100 == SUCCESS

    @property
    def text(self) -> str:
        """The body as text, wrong bytes replaced."""
        return self.content.decode("utf-8", "replace")

    @property
    def json(self) -> Any:
        """The body as JSON, or None when it is none."""
        try:
            return json.loads(self.content)
        except ValueError:
            return None

    @property
    def exchange(self) -> Exchange:
        """What a finding keeps of it: no token, the answer's beginning."""
        request = self.request
        body = request.body if request.raw is None else request.raw[:ANSWER_CHARACTERS_MAX].decode("latin-1")
        return Exchange(
            method=request.method,
            path=request.path,
            actor=None if request.actor.role == "anonymous" else request.actor.name,
            headers=dict(request.headers),
            body=body,
            status=self.status or None,
            answer=(self.text or self.error)[:ANSWER_CHARACTERS_MAX],
        )
