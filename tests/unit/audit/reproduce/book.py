"""A little backend in this process, with a hole of each sort that a program can show, and its fixed twin; and who attacks it."""

from __future__ import annotations

import json
import secrets
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx

from techlead.audit.detect.tokens import Token, crack, read, sign
from techlead.audit.target.exchange import ANONYMOUS, Actor, Answer, Request

BODY_BYTES_MAX = 100_000
PATH_CHARACTERS_MAX = 200
TLS = ssl.create_default_context()


class Book:
    """Accounts, sessions and notes; `hole` leaves every check out, `closed` refuses to sign anybody up."""

    def __init__(self, *, hole: bool, closed: bool = False, first_id: int = 1, key: str = "") -> None:
        self.hole, self.closed = hole, closed
        self.people: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, str] = {}
        self.notes: dict[int, dict[str, Any]] = {}
        self.next_id = first_id
        self.keys: dict[str, int] = {}
        self.taken = 0
        self.lock = threading.Lock()
        self.key = key if key and hole else secrets.token_hex(16)

    def answer(self, method: str, path: str, body: Any, headers: Any) -> tuple[int, Any, dict[str, str]]:  # noqa: C901, PLR0911, PLR0912 - a route each
        parts = path.strip("/").split("/")
        if not self.hole and int(headers.get("Content-Length") or 0) > BODY_BYTES_MAX:
            return 413, {"error": "too large"}, {}
        if not self.hole and len(path) > PATH_CHARACTERS_MAX:
            return 414, None, {}
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        cookie = headers.get("Cookie", "").partition("session=")[2].partition(";")[0]
        caller = self.sessions.get(token or cookie) or self.forged(token)
        match method, parts:
            case "POST", ["register"]:
                return self.register(body)
            case "POST", ["login"]:
                person = self.people.get(body["name"])
                if person is None or person["password"] != body["password"]:
                    known = person is not None and self.hole
                    return 401, {"error": f"wrong {'password' if known else 'log-in'}", "name": body["name"]}, {}
                made = sign(
                    Token({"alg": "HS256"}, {"sub": body["name"], "jti": secrets.token_hex(8)}, b"", b""), self.key
                )
                self.sessions[made] = body["name"]
                return 200, {"data": {"token": made}}, {"Set-Cookie": f"session={made}; Path=/; HttpOnly"}
            case _ if caller is None:
                return 401, {"error": "log in first"}, {}
            case "PUT", ["people", name, "password"]:
                if not self.hole and name != caller:
                    return 403, {"error": "not yours"}, {}
                self.people[name]["password"] = body["password"]
                return 204, None, {}
            case "GET", ["people", name, "phone"]:
                return 200, {"phone": self.people[name]["phone"] if self.hole or name == caller else None}, {}
            case "POST", ["notes"]:
                kept = self.keys.get(headers.get("Idempotency-Key", ""))
                if kept and not self.hole:
                    return 201, self.notes[kept], {}
                self.next_id += 1 if self.hole else 10 + secrets.randbelow(1000)
                self.keys[headers.get("Idempotency-Key", "")] = self.next_id
                self.notes[self.next_id] = {"id": self.next_id, "text": body["text"], "by": caller}
                return 201, self.notes[self.next_id], {}
            case "GET", ["notes", number]:
                note = self.notes.get(int(number))
                if note is None or (not self.hole and note["by"] != caller):
                    return 404, {"error": "no such note"}, {}
                return 200, note, {}
            case "GET", ["search", _]:
                time.sleep(0.3)
                return 200, [], {}
            case "POST", ["take"]:
                return self.take()
            case "GET", ["me"]:
                return 200, {"name": caller, "admin": self.people[caller]["admin"]}, {}
            case _:
                return 404, None, {}

    def forged(self, token: str) -> str | None:
        """Whose account a token opens that was not issued: one that is signed with the key, and without that check any unsigned one."""
        said = read(token)
        if said is None or said.claims["sub"] not in self.people:
            return None
        signed = crack(said, [self.key]) is not None
        return str(said.claims["sub"]) if signed or (self.hole and said.algorithm == "none") else None

    def register(self, body: Any) -> tuple[int, Any, dict[str, str]]:
        if self.closed or body["name"] in self.people:
            return 409, {"error": "taken", **({"sent": body} if self.hole else {})}, {}
        admin = self.hole and body.get("admin", False)
        phone = body.get("phone")
        if phone and any(one["phone"] == phone for one in self.people.values()):
            return 409, {"error": "taken"}, {}
        self.people[body["name"]] = {"password": body["password"], "admin": admin, "phone": phone}
        return 201, {"name": body["name"]}, {}

    def take(self) -> tuple[int, Any, dict[str, str]]:
        with self.lock if not self.hole else threading.Lock():
            if self.taken:
                return 409, {"error": "sold"}, {}
            time.sleep(0.3)
            self.taken += 1
        return 201, {"taken": self.taken}, {}


@contextmanager
def served(book: Book) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            form = "urlencoded" in self.headers.get("Content-Type", "")
            body = dict(parse_qsl(text.decode())) if form else json.loads(text or "null")
            status, answer, headers = book.answer(self.command, self.path, body, self.headers)
            sent = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(sent))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else sent)

        do_GET = do_POST = do_PUT = do_HEAD = handle_any  # noqa: N815 - named by the library

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Attacker:
    """Sends requests as the audit does, and keeps the answers."""

    def __init__(self, url: str, *, cookies: bool = False) -> None:
        self.url, self.cookies = url, cookies
        self.answers: list[Answer] = []

    def send(self, method: str, path: str, actor: Actor = ANONYMOUS, body: Any = None, **headers: str) -> Answer:
        request = Request(method, path, actor, body, None, headers)
        with httpx.Client(verify=TLS) as client:
            got = client.request(method, self.url + path, headers={**actor.headers, **headers}, json=body)
        answer = Answer(request, got.status_code, {k.lower(): v for k, v in got.headers.items()}, got.content, 0.0)
        self.answers.append(answer)
        return answer

    def send_form(self, path: str, body: dict[str, str]) -> Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        request = Request("POST", path, ANONYMOUS, None, urlencode(body).encode(), headers)
        with httpx.Client(verify=TLS) as client:
            got = client.post(self.url + path, headers=headers, content=request.raw)
        self.answers.append(Answer(request, got.status_code, dict(got.headers), got.content, 0.0))
        return self.answers[-1]

    def new(self, name: str, *, by_form: bool = False, **fields: Any) -> Actor:
        login = f"{name}7{secrets.token_hex(4)}"  # with a digit, as all that the audit invents
        password = "Some-words-only-1"
        self.send("POST", "/register", body={"name": login, "password": password, **fields})
        return self.log_in(Actor(name, login=login, password=password), by_form=by_form)

    def log_in(self, actor: Actor, *, by_form: bool = False) -> Actor:
        body = {"name": actor.login, "password": actor.password}
        answer = self.send_form("/login", body) if by_form else self.send("POST", "/login", body=body)
        token = answer.json["data"]["token"]
        headers = {"Cookie": f"session={token}"} if self.cookies else {"Authorization": f"Bearer {token}"}
        return Actor(actor.name, "user", actor.login, actor.password, None, headers)
