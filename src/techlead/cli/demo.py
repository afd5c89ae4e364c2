"""`techlead demo`: the marketplace with sample people and goods, and a walk of commands to paste."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

import uvicorn

from techlead.cli.forgetting import show_forgetting
from techlead.cli.grant import change_role
from techlead.cli.project import ProjectRefused, load
from techlead.cli.serve import Server, prepare, say, server_settings
from techlead.serve.settings import settings_from

PASSWORD: Final = "some words that only you know"  # noqa: S105 - of people who do not exist
PEOPLE: Final = ("alice", "bob", "admin")
GOODS: Final = (("A red bicycle", "120.00"), ("A walnut chair", "45.50"), ("A box of records", "15.00"))


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("--port", type=int, default=8000, help="the port to listen on (default: %(default)s)")
    parser.add_argument("--once", action="store_true", help="walk through it, print each answer, and exit")
    parser.add_argument("--folder", default="examples/marketplace", help=argparse.SUPPRESS)


def run(given: argparse.Namespace) -> int:
    """Serve until told to stop, or walk once."""
    with tempfile.TemporaryDirectory(prefix="techlead-demo-") as folder:
        database = f"sqlite:///{folder}/demo.db"
        os.environ.setdefault("TECHLEAD_MAIL_FOLDER", str(Path(folder) / "mail"))
        with _served(given.folder, given.port, database) as server:
            caller = Caller(given.port)
            tokens = sample(caller)
            backend = load(given.folder)
            asyncio.run(change_role(backend.plan(), database, "admin@example.com", "admin", revoke=False))
            if given.once:
                walked = walk(caller, tokens)
                return walked if show_forgetting(Path(given.folder)) else 1
            print(_guide(given.port, tokens, folder))  # noqa: T201 - what the demo is for
            while server.is_alive():
                server.join(0.5)
    return 0


class Caller:
    """Calls the demo's own backend on loopback."""

    def __init__(self, port: int) -> None:
        """Hold the port."""
        self._port = port

    def __call__(self, method: str, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
        """Send one request and give its status and its JSON."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=10)
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text) if text else None


def sample(caller: Caller) -> dict[str, str]:
    """Register the sample people, list the goods, and give each person's token."""
    tokens = {}
    for name in PEOPLE:
        sent = {"email": f"{name}@example.com", "password": PASSWORD}
        caller("POST", "/auth/register", sent)
        tokens[name] = caller("POST", "/auth/login", sent)[1]["token"]
    for title, amount in GOODS:
        caller("POST", "/listings", {"title": title, "price": {"amount": amount, "currency": "EUR"}}, tokens["alice"])
    return tokens


def walk(caller: Caller, tokens: dict[str, str]) -> int:
    """Sign up, list, order, ship, a refused cancel with its reason, the inbox; 1 when an answer is not as it should be."""
    seen: list[bool] = []

    def step(words: str, expected: int, method: str, path: str, body: Any = None, who: str = "") -> Any:
        status, answer = caller(method, path, body, tokens.get(who, ""))
        seen.append(status == expected)
        print(f"\n# {words}\n{method} {path}{'  as ' + who if who else ''}  ->  {status}")  # noqa: T201
        print(json.dumps(answer, indent=2))  # noqa: T201 - what the walk shows
        return answer

    sent = {"email": "carol@example.com", "password": PASSWORD}
    step("Carol signs up", 201, "POST", "/auth/register", sent)
    tokens["carol"] = step("and logs in", 200, "POST", "/auth/login", sent)["token"]
    listing = step("What is for sale?", 200, "GET", "/listings?status=open&sort=price&limit=2")["items"][0]["id"]
    place = {"listing": listing, "address": "1 High Street"}
    order = step("She orders the cheapest", 201, "POST", "/orders", place, "carol")["id"]
    step("Bob is too late", 409, "POST", "/orders", place, "bob")
    step("Alice, the seller, reads her inbox", 200, "GET", "/inbox", None, "alice")
    step("and ships", 200, "POST", f"/orders/{order}/ship", {"tracking": "RR123456785"}, "alice")
    step("Carol may not cancel any more, and reads why", 409, "POST", f"/orders/{order}/cancel", None, "carol")
    step("To Bob the order does not exist", 404, "GET", f"/orders/{order}", None, "bob")
    print(f"\n{sum(seen)} of {len(seen)} answers as expected")  # noqa: T201 - the walk's result
    return 0 if all(seen) else 1


@contextmanager
def _served(folder: str, port: int, database: str) -> Iterator[threading.Thread]:
    backend = load(folder)
    settings = settings_from(os.environ)
    prepare(backend, database, settings)
    application = backend.asgi(database)
    server = Server(uvicorn.Config(application, port=port, **server_settings(settings)), application)
    thread = threading.Thread(target=server.run, name="demo")
    thread.start()
    try:
        _wait(server, thread, port)
        yield thread
    finally:
        server.should_exit = True
        thread.join()


def _wait(server: uvicorn.Server, thread: threading.Thread, port: int) -> None:
    while not server.started:
        if not thread.is_alive():
            message = f"The demo could not listen on port {port}: choose another one, as in `make demo PORT=8123`."
            raise ProjectRefused(message)
        time.sleep(0.02)
    say(f"marketplace: http://127.0.0.1:{port}  (docs: /docs)")


def _guide(port: int, tokens: dict[str, str], folder: str) -> str:
    url = f"http://127.0.0.1:{port}"
    return f"""
A marketplace is running on SQLite: {url}/docs
Its declarations are one page: examples/marketplace/backend.py

Paste these into another terminal:

  BOB={tokens["bob"]}
  ALICE={tokens["alice"]}

  curl -s '{url}/listings?status=open&sort=price'                       # what is for sale
  LISTING=$(curl -s '{url}/listings?limit=1' | grep -o 'listing_[a-z0-9]*' | head -1)
  curl -s {url}/orders -H "Authorization: Bearer $BOB" -H 'Content-Type: application/json' \\
    -H 'Idempotency-Key: first-order' -d '{{"listing": "'$LISTING'", "address": "1 High Street"}}'
  curl -s {url}/inbox -H "Authorization: Bearer $ALICE"                 # the seller was told
  ORDER=$(curl -s {url}/orders -H "Authorization: Bearer $BOB" | grep -o 'order_[a-z0-9]*' | head -1)
  curl -s -X POST {url}/orders/$ORDER/ship -H "Authorization: Bearer $ALICE" \\
    -H 'Content-Type: application/json' -d '{{"tracking": "RR123456785"}}'
  curl -s -X POST {url}/orders/$ORDER/cancel -H "Authorization: Bearer $BOB"   # refused, with the reason

What happens to a draft that forgets the incident of 2021 is at the end of `make demo ONCE=1`.
E-mails are files in {folder}/mail. Stop with Ctrl-C.
"""
