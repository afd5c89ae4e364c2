"""A small client that prepares a server and looks at its answers; it measures nothing."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any

from bench.environment import NotAvailableError

ANSWER_SECONDS_MAX = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and decoded JSON of one answer."""

    status: int
    json: Any


class Client:
    """One kept connection to a server on the loopback interface."""

    def __init__(self, port: int) -> None:
        """Connect with the first request."""
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS_MAX)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        authorization: str = "",
        key: str = "",
        tolerated: bool = False,
    ) -> Answer:
        """Send one request; raises NotAvailableError for a status from 400 on, unless it is tolerated."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if authorization:
            headers["Authorization"] = authorization
        if key:
            headers["Idempotency-Key"] = key
        text = None if body is None else json.dumps(body)
        try:
            self._connection.request(method, path, text, headers)
            response = self._connection.getresponse()
            raw = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise NotAvailableError(f"{method} {path}: {error!r}") from error
        if response.status >= http.client.BAD_REQUEST and not tolerated:
            raise NotAvailableError(f"{method} {path} answered {response.status}: {raw[:300]!r}")
        return Answer(response.status, json.loads(raw) if raw.startswith((b"{", b"[")) else None)
