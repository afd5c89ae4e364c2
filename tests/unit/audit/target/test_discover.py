"""Operations out of route tables, OpenAPI and links."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from techlead.audit.target.client import Client
from techlead.audit.target.discover import from_openapi, from_outside, operations_of, shape
from techlead.audit.target.operation import Role

DOCUMENT = {
    "openapi": "3.1.0",
    "paths": {
        "/orders/{order_id}": {
            "parameters": [{"name": "order_id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "patch": {
                "requestBody": {
                    "content": {"application/json": {"schema": {"properties": {"note": {"type": "string"}}}}}
                },
                "responses": {"200": {"content": {"application/json": {"schema": {"properties": {"id": {}}}}}}},
            },
        },
        "/login": {
            "post": {
                "requestBody": {
                    "content": {
                        "application/x-www-form-urlencoded": {
                            "schema": {"properties": {"username": {"type": "string"}}}
                        }
                    }
                },
                "responses": {},
            }
        },
    },
}


@contextmanager
def served(pages: Mapping[str, tuple[str, str]]) -> Iterator[Client]:
    class Pages(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            kind, text = pages.get(self.path, ("", ""))
            self.send_response(200 if text else 404)
            self.send_header("Content-Type", kind or "text/plain")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    client = Client(f"http://127.0.0.1:{server.server_port}")
    try:
        yield client
    finally:
        client.close()
        server.shutdown()
        server.server_close()
        thread.join()


def test_openapi_tells_bodies_parameters_and_answers():
    patch, login = from_openapi(DOCUMENT)
    assert (patch.name, [one.name for one in patch.parameters]) == ("PATCH /orders/{order_id}", ["order_id"])
    assert [one.name for one in patch.body] == ["note"]
    assert patch.answers == ("id",)
    assert patch.documented
    assert login.media == "application/x-www-form-urlencoded"


def test_a_route_that_the_schema_does_not_know_is_found_all_the_same():
    routes = [
        {"method": "PATCH", "path": "/orders/{id}", "body": None, "source": "main.py:3"},
        {"method": "GET", "path": "/debug/users", "body": None},
        {"method": "GET", "path": "/docs", "body": None, "document": True},
    ]
    found = {one.name: one for one in operations_of({"openapi": DOCUMENT, "routes": routes})}
    assert found["PATCH /orders/{order_id}"].source == "main.py:3"
    assert not found["GET /debug/users"].documented
    assert found["GET /docs"].role is Role.DOCUMENTS
    assert "POST /login" in found


def test_two_names_of_a_parameter_are_one_path():
    assert shape("/a/{b}/") == shape("/a/{c}")


def test_a_served_schema_is_read_from_outside():
    with served({"/openapi.json": ("application/json", json.dumps(DOCUMENT))}) as client:
        assert {one.name for one in from_outside(client)} == {"PATCH /orders/{order_id}", "POST /login"}


def test_links_are_followed_where_json_is_spoken():
    pages = {
        "/": ("application/json", '{"orders": "/orders", "style": "/x.css"}'),
        "/orders": ("application/json", '["/orders/7"]'),
        "/orders/7": ("application/json", "{}"),
    }
    with served(pages) as client:
        assert {one.path for one in from_outside(client)} == {"/", "/orders", "/orders/{id}"}


def test_pages_alone_are_no_api():
    with served({"/": ("text/html", '<a href="/more">'), "/more": ("text/html", "<p>")}) as client:
        assert from_outside(client) == ()
