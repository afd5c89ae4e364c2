"""A target that runs already: attacked from outside, left running, and what could not be tried is said."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest
from unit.audit.small_shop import app
from werkzeug.serving import make_server

from techlead.audit.finding import Report
from techlead.audit.run import Wanted, audit
from techlead.audit.target.given import Given

CREDENTIALS = {
    "type": "object",
    "properties": {"email": {"type": "string"}, "password": {"type": "string"}},
    "required": ["email", "password"],
}
ITEM = {"type": "object", "properties": {"price": {"type": "integer", "minimum": 1}}, "required": ["price"]}


def taking(schema: dict) -> dict:
    return {"requestBody": {"content": {"application/json": {"schema": schema}}}, "responses": {}}


SCHEMA = {
    "openapi": "3.1.0",
    "paths": {
        "/register": {"post": taking(CREDENTIALS)},
        "/login": {"post": taking(CREDENTIALS)},
        "/items": {"get": {"responses": {}}, "post": taking(ITEM)},
    },
}


class Silent:
    def say(self, text: str) -> None: ...

    def doing(self, text: str, requests: int = 0) -> None: ...

    def found(self, finding: object) -> None: ...


def with_schema(environ, start_response):
    if environ["PATH_INFO"] == "/openapi.json":
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(SCHEMA).encode()]
    return app(environ, start_response)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, with_schema, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def report(url: str) -> Report:
    return audit(
        Given(url=url), Wanted(seconds=60, only=("input.server-error", "outbound.later", "exposure.logs")), Silent()
    )


def test_the_hole_is_found_from_outside(report: Report):
    assert ("input.server-error", "POST /items") in {(one.kind, one.operation) for one in report.findings}


def test_what_needs_the_process_is_said_not_to_have_been_tried(report: Report):
    reasons = {one.kind: one.why for one in report.not_tested}
    assert "give module:app or --start" in reasons["outbound.ignores-retry-after"]
    assert "its log cannot be read" in reasons["exposure.log-secret"]


def test_the_target_runs_on(report: Report, url: str):
    with app.test_client() as client:
        assert client.get("/items").status_code == 401
    assert report.target == url
