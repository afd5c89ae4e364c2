"""Claim: what `docs/security.md` says of ids, answers, headers, logs, limits and repeated requests holds on the running backend."""

import asyncio
import json
import re
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from backends import PASSWORD, example, free_port, running
from databases import sqlite_url
from served import Server

from techlead.derive.plan import Plan
from techlead.primitives.clock import FrozenClock
from techlead.serve.settings import Settings

pytestmark = pytest.mark.proof
EURO = {"amount": "12.00", "currency": "EUR"}
THING = {"title": "Bike", "price": EURO}
HOLDER = """import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""
"""Holds the write lock from another process: two libraries of SQLite in one process do not see each other's locks."""
START_US = 1_780_000_000_000_000


WITHOUT_SESSION = ("register", "login", "ask_unsubscribe", "unsubscribe", "incoming")
"""What nobody signs in for: it makes a session, is opened by its own link, or by a signature."""


def operations(plan: Plan):
    return [one for one in plan.operations if one.kind not in WITHOUT_SESSION]


def address(path):
    return path.replace("{id}", "listing_01h455vb4pex5vsknk084sn02q")


@pytest.mark.parametrize("name", ["marketplace", "teamboard", "gymbook"])
async def test_credentials_that_are_malformed_unknown_or_expired_open_nothing(name, database_url):
    clock = FrozenClock(START_US)
    async with running(example(name), database_url, clock=clock) as caller:
        await caller.sign_up("ada")
        clock.advance(Settings().session_seconds_max + 1)
        expired = {"authorization": f"Bearer {caller.tokens['ada']}"}
        wrong = [{"authorization": value} for value in ("Bearer x", "Bearer " + "A" * 43, "Basic eA==", "Bearer")]
        for operation in operations(caller.plan):
            for headers in [expired, *wrong]:
                answer = await caller(operation.method, address(operation.path), b"{}", headers=headers)
                assert answer.status_code == 401, f"{operation.method} {operation.path} {headers}"
                assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_ids_show_neither_how_many_there_are_nor_what_comes_next(tmp_path):
    async with running(example("marketplace"), sqlite_url(tmp_path)) as caller:
        await caller.sign_up("ada")
        ids = [await caller.made("/listings", THING, "ada") for _ in range(100)]
        tails = [one[-15:] for one in ids]
        assert len(set(tails)) == 100
        assert tails != sorted(tails)
        shown = [(await caller("GET", f"/listings/{one}")).text for one in ids[:10]]
        assert not any(re.search(r'":\s*\d+[,}]', text) for text in shown)


async def test_every_kind_of_answer_has_the_headers_that_keep_a_client_safe(tmp_path):
    async with running(example("marketplace"), sqlite_url(tmp_path)) as caller:
        await caller.sign_up("ada")
        for method, path, body, who in (
            ("GET", "/listings", None, None), ("POST", "/listings", THING, "ada"), ("POST", "/listings", {}, "ada"),
            ("GET", "/nowhere", None, None), ("GET", "/me", None, None), ("PUT", "/listings", None, None),
            ("GET", "/openapi.json", None, None), ("GET", "/healthz", None, None),
        ):  # fmt: skip
            headers = (await caller(method, path, body, who=who)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert headers["strict-transport-security"].startswith("max-age=31536000")
            assert headers["cache-control"] == "no-store"
            assert headers["x-request-id"]
            assert "server" not in headers


@pytest.mark.parametrize(
    "origin",
    ["https://evil.test", "null", "https://shop.example.evil.test", "https://evilshop.example", "http://shop.example",
     "https://shop.example:444", "https://SHOP.example", ""],
)  # fmt: skip
async def test_only_a_named_origin_may_read_answers(origin, tmp_path):
    named = Settings(cors_origins=("https://shop.example",), mail_folder=str(tmp_path))
    async with running(example("marketplace"), sqlite_url(tmp_path), named) as caller:
        for method in ("GET", "OPTIONS"):
            answer = await caller(method, "/listings", headers={"origin": origin})
            assert "access-control-allow-origin" not in answer.headers
            assert "access-control-allow-credentials" not in answer.headers
        allowed = await caller("GET", "/listings", headers={"origin": "https://shop.example"})
        assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
    async with running(example("gymbook"), f"sqlite:///{tmp_path}/other.db") as caller:
        answer = await caller("GET", "/packs", headers={"origin": "https://shop.example"})
        assert "access-control-allow-origin" not in answer.headers


async def test_what_is_deleted_is_gone_from_every_way_to_it(database_url):
    async with running(example("marketplace"), database_url) as caller:
        await caller.sign_up("ada", "bob")
        listing = await caller.made("/listings", THING, "ada")
        assert (await caller("DELETE", f"/listings/{listing}", who="ada")).status_code == 204
        assert (await caller("GET", f"/listings/{listing}", who="ada")).status_code == 404
        assert (await caller("GET", "/listings", who="ada")).json()["items"] == []
        assert (await caller("PATCH", f"/listings/{listing}", {"title": "x"}, who="ada")).status_code == 404
        assert (await caller("DELETE", f"/listings/{listing}", who="ada")).status_code == 404
        order = await caller("POST", "/orders", {"listing": listing, "address": "x"}, who="bob")
        assert order.status_code == 422


@pytest.mark.parametrize("path", ["/.git/config", "/.env", "/debug", "/metrics", "/admin", "/swagger.json", "/backup.sql", "/redoc",
                                  "/server-status", "/actuator", "/graphql", "/console", "/docs/", "/static/x", "/__debug__"])  # fmt: skip
async def test_nothing_answers_that_is_not_documented(path, tmp_path):
    async with running(example("marketplace"), sqlite_url(tmp_path)) as caller:
        assert (await caller("GET", path)).status_code == 404
        refused = await caller("PUT", "/listings")
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")


async def test_no_line_of_the_log_holds_what_is_secret_or_personal(database_url):
    canaries = ["canary-phone-1", "canary-street-2", "canary-password-3-long", "canary.mail4", "canary-tracking-5"]
    async with running(example("marketplace"), database_url) as caller:
        await caller.sign_up("ada", "bob")
        sent = {"email": "canary.mail4@example.com", "password": "canary-password-3-long", "phone": "canary-phone-1"}
        for body in (sent, {**sent, "phone": 1}, {**sent, "extra": "canary-phone-1"}):
            await caller("POST", "/auth/register", body)
        for body in (sent, {"email": sent["email"], "password": "canary-password-3-long-wrong"}):
            await caller("POST", "/auth/login", body)
        listing = await caller.made("/listings", THING, "ada")
        order = await caller.made("/orders", {"listing": listing, "address": "canary-street-2"}, "bob")
        await caller("POST", f"/orders/{order}/ship?x=canary-street-2", {"tracking": "canary-tracking-5"}, who="ada")
        await caller(
            "GET", "/canary-street-2", headers={"user-agent": "canary-phone-1", "x-request-id": "canary-phone-1"}
        )
        log = json.dumps(caller.events())
        assert log.count('"event": "request"') > 5
        assert '"email": "c***@e***"' in log
        for canary in [*canaries, *caller.tokens.values(), PASSWORD]:
            assert canary not in log


async def test_every_line_of_the_log_says_what_when_where_and_who(tmp_path):
    async with running(example("marketplace"), sqlite_url(tmp_path)) as caller:
        await caller.sign_up("ada")
        for path in ("/me", "/listings%0A%7B%22at%22:1%7D", "/me?%1b[31m", "/" + "x" * 3_000):
            await caller("GET", path, who="ada", headers={"user-agent": "a\tb"})
        events = caller.events()
        for event in events:
            assert {"at", "level", "event", "request"} <= set(event)
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", event["at"])
        requests = [event for event in events if event["event"] == "request"]
        assert any(event["actor"] == caller.ids["ada"] and event["route"] == "/me" for event in requests)
        assert {"user_created", "authn_login_success"} <= {event["event"] for event in events}


async def test_an_unexpected_error_is_in_the_log_with_the_id_the_caller_got(tmp_path, monkeypatch):
    async with running(example("marketplace"), sqlite_url(tmp_path)) as caller:
        cause = "the secret cause"

        async def broken(*_values):
            raise RuntimeError(cause)

        monkeypatch.setattr(caller.application.runtime.store, "read", broken)
        answer = await caller._client.get("/listings")
        monkeypatch.undo()
        assert answer.status_code == 500
        assert cause not in answer.text
        (failure,) = [event for event in caller.events() if event["level"] == "error"]
        assert failure["request"] == answer.headers["x-request-id"] == answer.json()["request_id"]
        assert cause not in json.dumps(failure)
        assert failure["trace"]
        caller.lines.clear()


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"body": b'{"title": "' + b"x" * 70_000 + b'"}'}, 413),
        ({"path": "/listings?" + "x" * 5_000}, 414),
        ({"headers": {"x-large": "x" * 20_000}}, 431),
        ({"headers": {f"x-{number}": "y" for number in range(80)}}, 431),
        ({"body": b"[" * 20_000}, 400),
        ({"body": b'{"title": ' + b"[" * 20 + b"]" * 20 + b"}"}, 400),
        ({"body": b'{"title": "a", "title": "b"}'}, 400),
        ({"body": b'{"title": NaN}'}, 400),
        ({"body": b"<xml/>", "headers": {"content-type": "application/xml"}}, 415),
        ({"body": {"title": "x" * 121, "price": EURO}}, 422),
    ],
)
async def test_what_is_too_large_too_deep_or_of_another_kind_is_refused_for_what_it_is(given, status, tmp_path):
    async with running(example("marketplace"), sqlite_url(tmp_path)) as caller:
        await caller.sign_up("ada")
        headers = {"authorization": f"Bearer {caller.tokens['ada']}", "content-type": "application/json"}
        body = given.get("body", b"{}")
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = await caller._client.post(
            given.get("path", "/listings"), content=content, headers={**headers, **given.get("headers", {})}
        )
        assert answer.status_code == status, answer.text


async def test_of_two_writers_the_one_who_read_an_older_row_is_told(database_url):
    async with running(example("marketplace"), database_url) as caller:
        await caller.sign_up("ada")
        listing = await caller.made("/listings", THING, "ada")
        etag = (await caller("GET", f"/listings/{listing}")).headers["etag"]
        first = await caller("PATCH", f"/listings/{listing}", {"title": "A"}, who="ada", headers={"if-match": etag})
        late = await caller("PATCH", f"/listings/{listing}", {"title": "B"}, who="ada", headers={"if-match": etag})
        assert (first.status_code, late.status_code) == (200, 412)
        assert (await caller("GET", f"/listings/{listing}")).json()["title"] == "A"
        unchanged = await caller("GET", f"/listings/{listing}", headers={"if-none-match": first.headers["etag"]})
        assert (unchanged.status_code, unchanged.content) == (304, b"")


async def test_a_key_belongs_to_one_request_of_one_actor_for_a_day(database_url):
    clock = FrozenClock(START_US)
    key = {"idempotency-key": "the-same-key"}
    async with running(example("marketplace"), database_url, clock=clock) as caller:
        await caller.sign_up("ada", "bob")
        first = await caller("POST", "/listings", THING, who="ada", headers=key)
        again = await caller("POST", "/listings", THING, who="ada", headers=key)
        assert (again.json(), again.headers["etag"]) == (first.json(), first.headers["etag"])
        other = await caller("POST", "/listings", {**THING, "title": "Chair"}, who="ada", headers=key)
        assert other.status_code == 422
        bobs = await caller("POST", "/listings", THING, who="bob", headers=key)
        assert (bobs.status_code, bobs.json()["id"] != first.json()["id"]) == (201, True)
        clock.advance(86_401)
        later = await caller("POST", "/listings", THING, who="ada", headers=key)
        assert (later.status_code, later.json()["id"] != first.json()["id"]) == (201, True)


@asynccontextmanager
async def held(url):
    """Hold a lock that keeps everybody else from writing, as a process of its own does."""
    if url.startswith("postgresql"):
        connection = await asyncpg.connect(url)
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("LOCK TABLE listing IN EXCLUSIVE MODE")
        yield
        await transaction.rollback()
        await connection.close()
        return
    file = url.removeprefix("sqlite:///")
    with subprocess.Popen(  # noqa: ASYNC220 - it only holds a lock
        [sys.executable, "-c", HOLDER, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        yield
        holder.stdin.close()


async def test_a_database_that_is_locked_is_said_to_be_so_and_recovers(database_url):
    async with running(example("marketplace"), database_url) as caller:
        await caller.sign_up("ada")
        async with held(database_url):
            busy = await caller("POST", "/listings", THING, who="ada")
            assert (busy.status_code, busy.headers["retry-after"]) == (503, "1")
            assert (await caller("GET", "/listings")).status_code == 200
        assert (await caller("POST", "/listings", THING, who="ada")).status_code == 201
        assert len((await caller("GET", "/listings")).json()["items"]) == 1


async def test_clients_that_never_finish_hold_up_nobody_else(database_url, tmp_path):
    server = Server(tmp_path, database_url, free_port())
    await server.start()
    port = int(server.address.rpartition(":")[2])
    head = b"POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"
    slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(200)]
    try:
        for _, writer in slow:
            writer.write(head)
            await writer.drain()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(3):
            writer.write(b"GET /listings HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.close()
    finally:
        for _, writer in slow:
            writer.close()
        server.end(9)


AMOUNTS = ["-0.01", "0.00", "0.99", "100000.01", "1e3", "NaN", "1.001", "", " 1.00", "1,00", 12, 12.0, None, True]
MONEY = {
    "Listing.price": ("marketplace", "/listings", {"title": "Bike"}, "ada"),
    "Pack.price": ("gymbook", "/packs", {"name": "Ten", "credits": 10}, "manager"),
}
"""Every field of money that somebody may send, and where; a new one without a row here fails."""


def test_every_field_of_money_that_can_be_sent_is_tried():
    found = {
        f"{resource.name}.{field.name}"
        for name in ("marketplace", "teamboard", "gymbook")
        for resource in example(name).resources.values()
        for field in resource.fields
        if field.kind == "money" and field.writable
    }
    assert found == set(MONEY)


@pytest.mark.parametrize("field", MONEY)
async def test_an_amount_outside_what_was_declared_is_refused(field, tmp_path):
    name, path, sent, who = MONEY[field]
    field_name = field.partition(".")[2]
    async with running(example(name), sqlite_url(tmp_path)) as caller:
        await caller.sign_up(who)
        if who == "manager":
            await caller.grant(who, "manager")
        for amount in AMOUNTS:
            for price in ({"amount": amount, "currency": "EUR"}, {"amount": "12.00", "currency": "USD"}, amount):
                answer = await caller("POST", path, {**sent, field_name: price}, who=who)
                assert answer.status_code == 422, (price, answer.text)
        assert (await caller("POST", path, {**sent, field_name: EURO}, who=who)).status_code == 201


SECRETS = r"-----BEGIN [A-Z ]*PRIVATE KEY-----|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|xox[baprs]-[0-9]{8,}|sk-ant-[a-z0-9-]{20,}"


def test_no_secret_is_in_the_tree_or_in_its_history():
    assert re.search(SECRETS, "AKIA" + "A" * 16)
    top = Path(__file__).parents[2]
    if not (top / ".git").exists():
        pytest.skip("this is no checkout: there is no history to look into")
    command = ["git", "-C", str(top), "log", "--all", "--extended-regexp", f"-G{SECRETS}", "--format=%h %s"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == ""
    tracked = ["git", "-C", str(top), "grep", "--extended-regexp", "-l", "-e", SECRETS]
    assert subprocess.run(tracked, capture_output=True, text=True, check=False).stdout == ""
