"""Claim: no input gives a 5xx, a refused request changes nothing, and nothing that was stored breaks a later read.

Every operation of the three examples gets hostile values in every field, path, query parameter and header; 20,000
cases in the long form. A failure prints the seed and the request.
"""

import json
import os
import random

import pytest
from backends import example, running
from databases import sqlite_url

from techlead.errors import CallersError, problem_type

pytestmark = [pytest.mark.proof, pytest.mark.volume]
LONG = os.environ.get("TECHLEAD_PROOF") == "long"
CASES = 7_000 if LONG else 700
SEED = int(os.environ.get("TECHLEAD_SEED", random.SystemRandom().randrange(2**32)))

RAW_VALUES = [
    "null", "true", "0", "-1", "1.5", "1e400", "-1e400", "NaN", "Infinity", "-Infinity", str(2**63), str(2**70), "9" * 5_000,
    '""', '" "', '"\\u0000"', '"\\ud800"', '"\\udfff\\ud800"', '"\\u202e"', '"a\\r\\nSet-Cookie: x=1"', '"{{7*7}}"',
    '"\'; DROP TABLE person; --"', '"' + "x" * 60_000 + '"', '"' + "\\u0000" * 100 + '"', "[]", "{}", "[[[]]]", '{"a": NaN}',
    '{"amount": 1.5, "currency": "EUR"}', '{"amount": "1e400", "currency": "EUR"}', '{"amount": "NaN", "currency": "EUR"}',
    '{"amount": "-0.01", "currency": "EUR"}', '{"amount": "99999999999999999999", "currency": "EUR"}',
    '{"amount": "1.00", "currency": "USD"}', '{"amount": "1.00"}', '"0001-01-01T00:00:00+14:00"', '"2026-02-30"',
    '"9999-12-31T23:59:59.999999-23:59"', '"2026-05-01T12:00:00"', '"order_01h455vb4pex5vsknk084sn02q"',
    '"person_01h455vb4pex5vsknk084sn02q"', '"person_zzzzzzzzzzzzzzzzzzzzzzzzzz"', '"../../etc/passwd"', '"%s%n"',
]  # fmt: skip
RAW_BODIES = [
    b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"{}x", b'{"a": 1, "a": 2}', b"[" * 30_000, b'{"a":' * 5_000,
    b"\xef\xbb\xbf{}", b"{'a': 1}", b"\x00", b'{"\\ud800": 1}', b'{"": null}', b"x" * 70_000,
]  # fmt: skip
QUERIES = [
    "limit=-1", "limit=0", "limit=101", f"limit={2**63}", f"limit={2**70}", "limit=1e3", "limit=%00", "limit=1&limit=2",
    "sort=nothing", "sort=-", "sort=--id", "sort=password_hash", "sort=id;drop", "after=x", "after=" + "A" * 3_000, "after=gA",
    "after=k6JpZMDEEAAAAAAAAAAAAAAAAAAAAAA", "after=k6JpZMAA", "%ff=1", "a=%ed%a0%80", "status=", "status=%00", "status.in=a",
    "status.eq.eq=a", "password_hash=x", "email=alice@example.com", "id=1", "=", "&&&&", "a" * 3_000, "x=1;y=2", "%",
    "price.ge=NaN", "price.ge=1e400", "price.ge=-1", "starts_at.ge=x", "credits.ge=5", "seller=person_1", "deleted_at=1",
]  # fmt: skip
HEADERS = [
    (b"if-match", b"*"), (b"if-match", b'"'), (b"if-match", b'W/"x", "y",,,'), (b"if-match", b"\xff"), (b"if-none-match", b"\xff"),
    (b"idempotency-key", b""), (b"idempotency-key", b"k" * 200), (b"idempotency-key", b"\xff\x00"), (b"idempotency-key", b"a b"),
    (b"content-type", b"text/plain"), (b"content-type", b"application/xml"), (b"content-type", b"application/json; charset=utf-16"),
    (b"content-type", b"\xff"), (b"content-encoding", b"gzip"), (b"content-length", b"-1"), (b"content-length", b"9" * 30),
    (b"authorization", b"Bearer "), (b"authorization", b"Bearer \xff"), (b"authorization", b"Basic eA=="), (b"authorization", b"x"),
    (b"x-http-method-override", b"DELETE"), (b"cookie", b"a" * 4_000), (b"x-padding", b"a" * 20_000), (b"host", b"evil.test"),
    (b"origin", b"null"), (b"accept", b"text/html"), (b"x-forwarded-for", b"127.0.0.1"),
]  # fmt: skip
IDS = [
    "x", "%00", "..", "1", "-1", str(2**70), "order_01h455vb4pex5vsknk084sn02q", "ORDER_01H455VB4PEX5VSKNK084SN02Q", "\ud800",
    "listing_81h455vb4pex5vsknk084sn02q", "a/b", "{id}", "é" * 50, "x" * 3_000, "listing_01h455vb4pex5vsknk084sn02q%0d%0a",
]  # fmt: skip
METHODS = ["GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "OPTIONS", "TRACE", "CONNECT", "FOO", "get"]
TYPES = {problem_type(error) for error in CallersError.__subclasses__()}


async def call(application, method, path, query="", headers=(), body=b""):
    """Send a request below HTTP, where no client library is in the way."""
    messages = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        messages.append(message)

    raw = path.encode("utf-8", "surrogatepass")
    scope = {"type": "http", "method": method, "path": path, "raw_path": raw, "query_string": query.encode()}
    await application({**scope, "headers": [(b"host", b"backend.test"), *headers]}, receive, send)
    return messages[0]["status"], dict(messages[0]["headers"]), b"".join(part.get("body", b"") for part in messages[1:])


class Attacker:
    """Makes hostile requests for a plan from its own fields and operations."""

    def __init__(self, caller, dice):
        self.caller = caller
        self.dice = dice
        self.operations = [one for one in caller.plan.operations if one.kind not in ("inbox_events", "logout")]
        self.known = ["person_01h455vb4pex5vsknk084sn02q"]

    def request(self):
        """Choose an operation and one or two ways of being hostile to it."""
        dice = self.dice
        operation = dice.choice(self.operations)
        method, path, query, headers, body = operation.method, operation.path, "", [], b""
        path = path.replace("{id}", dice.choice(self.known))
        if method in ("POST", "PATCH"):
            headers = [(b"content-type", b"application/json")]
            body = self.body(operation)
        if dice.random() < 0.9 and self.caller.tokens:
            token = self.caller.tokens[dice.choice(sorted(self.caller.tokens))]
            headers.append((b"authorization", b"Bearer " + token.encode()))
        way = dice.randrange(6)
        if way == 0:
            query = "&".join(dice.sample(QUERIES, dice.randint(1, 2)))
        elif way == 1:
            name, value = dice.choice(HEADERS)
            headers = [(known, old) for known, old in headers if known != name] + [(name, value)]
        elif way == 2:
            path = operation.path.replace("{id}", dice.choice(IDS)) + dice.choice(["", "", "/", "//", "%2e", "/x"])
        elif way == 3 and body:
            body = dice.choice(RAW_BODIES)
        elif way == 4 and dice.random() < 0.3:
            method = dice.choice(METHODS)
        return method, path, query, headers, body

    def body(self, operation):
        """Write a body that is right but for one or two hostile fields."""
        plan, dice = self.caller.plan, self.dice
        if operation.kind in ("register", "login"):
            fields = plan.accounts.fields
            sent = {"email": f'"mallory{dice.randrange(10**9)}@example.com"', "password": '"short"'}
        elif operation.resource is None:
            fields, sent = [], {}
        else:
            resource = plan.resources[operation.resource]
            actions = {one.name: one for one in resource.actions}
            action = actions.get(operation.action or "")
            fields = (action.body.fields if action.body else ()) if action else resource.fields
            sent = {field.name: json.dumps(field.codec.example) for field in fields if field.required}
        names = [
            *(field.name for field in fields),
            "id",
            "owner",
            "role",
            "is_admin",
            "password_hash",
            "__proto__",
            "x" * 300,
        ]
        for _ in range(dice.randint(0, 2)):
            sent[dice.choice(names)] = dice.choice(RAW_VALUES)
        return ("{" + ",".join(f'"{name}": {value}' for name, value in sent.items()) + "}").encode()


async def version(caller):
    """Give a number that changes with every commit of another connection."""
    return await caller.rows("PRAGMA data_version")


async def assault(caller, cases, dice, *, settle=True):
    attacker = Attacker(caller, dice)
    statuses = {}
    for number in range(cases):
        if settle and number % 250 == 0:
            await newcomers(caller, number)  # those before may have locked each other out
        method, path, query, headers, body = attacker.request()
        before = await version(caller)
        status, answered, content = await call(caller.application, method, path, query, headers, body)
        shown = f"seed {SEED}: {method} {path[:200]!r}?{query[:200]} {headers!r:.300} {body[:300]!r} -> {status} {content[:300]!r}"
        assert status < 500, shown
        statuses[status] = statuses.get(status, 0) + 1
        if status >= 400 and "login" not in path:
            assert await version(caller) == before, f"a refused request changed something: {shown}"
        if answered.get(b"content-type", b"").startswith(b"text/html"):  # a person with a browser and a stale link
            assert (status, path.split("/")[1]) == (404, "unsubscribe"), shown
        elif status >= 400 and method != "HEAD":
            assert answered[b"content-type"] == b"application/problem+json", shown
            problem = json.loads(content)
            assert problem["status"] == status, shown
            assert problem["type"] in TYPES, shown
        elif content:
            json.loads(content)
            found = json.loads(content)
            if isinstance(found, dict) and isinstance(found.get("id"), str):
                attacker.known.append(found["id"])
    return statuses


async def newcomers(caller, number):
    """Let two new people take over, one of them with every role."""
    caller.tokens.clear()
    await caller.sign_up(f"admin{number}", f"user{number}")
    for role in caller.plan.roles:
        await caller.grant(f"admin{number}", role)


async def every_list_reads(caller):
    """Read every list to its end: one poisoned row would break it for everybody."""
    await caller.sign_up("newcomer")
    for role in caller.plan.roles:
        await caller.grant("newcomer", role)
    for operation in caller.plan.operations:
        if operation.kind in ("list", "me", "inbox"):
            answer = await caller(
                "GET", f"{operation.path}{'' if operation.kind == 'me' else '?limit=100'}", who="newcomer"
            )
            assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("name", ["marketplace", "teamboard", "gymbook"])
async def test_hostile_requests_are_refused_change_nothing_and_poison_nothing(name, tmp_path):
    dice = random.Random(f"{SEED} {name}")
    async with running(example(name), sqlite_url(tmp_path)) as caller:
        statuses = await assault(caller, CASES, dice)
        await every_list_reads(caller)
        assert [event for event in caller.events() if event["level"] == "error"] == []
    assert {400, 401, 404, 422} <= set(statuses), statuses
    assert statuses.get(200, 0) + statuses.get(201, 0) > CASES / 50, statuses


async def test_a_backend_that_stores_what_it_refuses_is_found_out(tmp_path, monkeypatch):
    """The guard is taken out: an answer of 422 after a commit must be noticed."""
    from techlead.errors import InvalidFields
    from techlead.serve.runtime import Runtime

    plain = Runtime.change

    async def careless(self, request, actor, operation, work):
        await plain(self, request, actor, operation, work)
        raise InvalidFields

    async with running(example("marketplace"), sqlite_url(tmp_path)) as caller:
        await newcomers(caller, 1)
        monkeypatch.setattr(Runtime, "change", careless)
        with pytest.raises(AssertionError, match="changed something"):
            await assault(caller, 249, random.Random(1), settle=False)
