"""Real answers are what the document promises: a walk through the examples, with every way to be refused on it."""

import httpx
import pytest
from backends import PASSWORD, example, running
from conforming import Conforming
from databases import sqlite_url
from pages import plan_of

from techlead.derive.openapi import openapi

EURO = {"amount": "12.00", "currency": "EUR"}
NOBODYS = "listing_01h455vb4pex5vsknk084sn02q"
PAGE = """
backend = Backend("odd", roles=["clerk"])

@backend.account
class Person(Account): ...

@backend.resource(
    read=role("clerk"), create=signed_in, update=owner, delete=owner, history=owner, unique=[("writer", "code")]
)
class Note(Resource):
    writer: Mapped[Ref[Person]] = owned_by()
    code: Mapped[str] = field(max_length=5)
    parent: Mapped[Ref["Note"] | None]
    more: Mapped[Json | None] = field(max_bytes=200)
    day: Mapped[date | None] = field(indexed=True)
    mark: Mapped[str | None] = field(max_length=5, write=role("clerk"), read=owner)

@action(Note, by=owner)
def drop(note: Note) -> Effects:
    yield delete(note)
"""


class Walk:
    """Calls a backend and holds each answer against its document."""

    def __init__(self, caller):
        self.caller = caller
        self.conforming = Conforming(openapi(caller.plan))

    async def __call__(self, method, path, body=None, *, status, **given):
        response = await self.caller(method, path, body, **given)
        assert response.status_code == status, (method, path, response.text)
        self.conforming.check(method, path, response)
        return response


@pytest.fixture
async def walk(tmp_path):
    async with running(example("marketplace"), sqlite_url(tmp_path)) as caller:
        await caller.sign_up("alice", "bob", "boss")
        await caller.grant("boss", "admin")
        yield Walk(caller)


async def test_rows_from_their_creation_to_their_end(walk):
    body = {"title": "Bike", "price": EURO}
    made = await walk("POST", "/listings", body, who="alice", headers={"idempotency-key": "one"}, status=201)
    again = await walk("POST", "/listings", body, who="alice", headers={"idempotency-key": "one"}, status=201)
    path, etag = made.headers["location"], made.headers["etag"]

    assert again.headers["idempotency-replayed"] == "true"
    await walk("GET", path, status=200)
    await walk("HEAD", path, status=200)
    await walk("GET", path, headers={"if-none-match": etag}, status=304)
    await walk("GET", "/listings?limit=1&sort=-price&price.ge=1.00&status=open", status=200)
    await walk("PATCH", path, {"title": "Red bike"}, who="alice", headers={"if-match": etag}, status=200)
    await walk("PATCH", path, {"title": "Blue bike"}, who="alice", headers={"if-match": etag}, status=412)
    await walk("DELETE", path, who="alice", status=204)
    await walk("GET", path, status=404)


async def test_every_refusal_of_a_form(walk):
    large, key = b"[" + b" " * 70_000 + b"]", {"idempotency-key": "two"}

    await walk("POST", "/listings", {"title": "", "more": 1}, who="alice", status=422)
    await walk("POST", "/listings", b"{", who="alice", status=400)
    await walk("POST", "/listings", b"{}", who="alice", headers={"content-type": "text/plain"}, status=415)
    await walk("POST", "/listings", large, who="alice", status=413)
    await walk(
        "POST", "/listings", {"title": "Bike", "price": EURO}, who="alice", headers={"idempotency-key": " "}, status=400
    )
    await walk("POST", "/listings", {"title": "Bike", "price": EURO}, who="alice", headers=key, status=201)
    await walk("POST", "/listings", {"title": "Boat", "price": EURO}, who="alice", headers=key, status=422)
    await walk("GET", "/listings?sort=nothing&limit=0&after=x", status=422)
    await walk("GET", "/listings?limit=1&limit=2", status=400)
    await walk("GET", f"/listings?status={'x' * 5_000}", status=414)
    await walk("GET", "/listings", headers={"x-long": "x" * 20_000}, status=431)


async def test_every_refusal_of_an_actor(walk):
    made = await walk("POST", "/listings", {"title": "Bike", "price": EURO}, who="alice", status=201)
    path = made.headers["location"]

    for method, body in (("PATCH", {"title": "Mine"}), ("DELETE", None)):
        await walk(method, path, body, status=401)
        await walk(method, path, body, who="bob", status=403)
    await walk("GET", path, headers={"authorization": "Bearer nothing"}, status=401)
    await walk("GET", "/people", who="bob", status=403)
    await walk("PATCH", f"/listings/{NOBODYS}", {"title": "Mine"}, who="bob", status=404)
    await walk("PUT", path, {}, who="alice", status=405)
    await walk("OPTIONS", path, status=204)
    await walk("GET", "/nothing", status=404)


async def test_actions_their_rules_and_histories(walk):
    listing = await walk.caller.made("/listings", {"title": "Bike", "price": EURO}, "alice")
    order = {"listing": listing, "address": "1 High Street"}
    made = await walk("POST", "/orders", order, who="bob", status=201)
    path = made.headers["location"]

    await walk("POST", "/orders", order, who="boss", status=409)
    await walk("POST", "/orders", {**order, "listing": NOBODYS}, who="bob", status=422)
    await walk("POST", f"{path}/ship", {"tracking": "RR123"}, who="bob", status=403)
    await walk("POST", f"{path}/ship", {"tracking": "RR123"}, who="alice", status=200)
    await walk("POST", f"{path}/cancel", who="bob", status=409)
    await walk("POST", f"{path}/cancel", b"[1]", who="bob", status=400)
    for who in ("alice", "bob", "boss"):
        await walk("GET", path, who=who, status=200)
        await walk("GET", "/orders", who=who, status=200)
        await walk("GET", f"{path}/history", who=who, status=200)
    await walk("GET", "/inbox", who="alice", status=200)
    message = (await walk("GET", "/inbox?unread=true&limit=1", who="alice", status=200)).json()["items"][0]["id"]
    await walk("POST", f"/inbox/{message}/read", who="alice", status=204)
    await walk("POST", f"/inbox/{message}/read", who="bob", status=404)
    await walk("GET", "/inbox?limit=none", who="alice", status=422)


async def test_accounts(walk):
    person = {"email": "carol@example.com", "password": PASSWORD}
    await walk("POST", "/auth/register", person, status=201)
    await walk("POST", "/auth/register", person, status=409)
    await walk("POST", "/auth/register", {**person, "password": "short"}, status=422)
    await walk("POST", "/auth/login", person, status=200)
    await walk("POST", "/auth/login", {**person, "password": "another password of hers"}, status=401)
    await walk("POST", "/auth/login", {"email": 1}, status=422)
    await walk("GET", "/me", who="alice", status=200)
    await walk("GET", "/me", status=401)
    phone = {"phone": "123", "webhook_url": "https://example.com/hook"}
    changed = await walk("PATCH", "/me", phone, who="alice", status=200)
    await walk("GET", "/me", who="alice", headers={"if-none-match": changed.headers["etag"]}, status=304)
    await walk("PATCH", "/me", {"email": "new@example.com"}, who="alice", status=422)
    await walk("POST", f"/people/{walk.caller.ids['bob']}/ban", who="boss", status=200)
    await walk("GET", f"/people/{walk.caller.ids['bob']}", who="boss", status=200)
    await walk("GET", f"/people/{walk.caller.ids['bob']}/history", who="boss", status=200)
    await walk("POST", "/auth/logout", who="alice", status=204)
    await walk("POST", "/auth/logout", who="alice", status=401)


async def test_what_the_backend_says_of_itself(walk):
    for path in ("/healthz", "/readyz", "/openapi.json", "/docs"):
        await walk("GET", path, status=200)


async def test_who_may_not_read_what_they_made_gets_its_id_alone(tmp_path):
    async with running(plan_of(tmp_path, PAGE), sqlite_url(tmp_path)) as caller:
        walk = Walk(caller)
        await caller.sign_up("alice", "boss")
        await caller.grant("boss", "clerk")
        note = {"code": "a", "more": {"b": [1.5, None]}, "day": "2026-05-01"}
        made = await walk("POST", "/notes", note, who="alice", status=201)
        path = made.headers["location"]

        assert list(made.json()) == ["id"]
        assert "etag" not in made.headers
        await walk("POST", "/notes", note, who="alice", status=409)
        await walk("POST", "/notes", {**note, "code": "b", "mark": "x"}, who="alice", status=403)
        assert list((await walk("PATCH", path, {"day": None}, who="alice", status=200)).json()) == ["id"]
        await walk("GET", path, who="boss", status=200)
        await walk("GET", path, who="alice", status=403)
        await walk("GET", f"{path}/history", who="alice", status=200)
        await walk("POST", f"{path}/drop", who="alice", status=204)


async def test_an_answer_that_was_not_promised_is_seen(walk):
    """The guard itself: it fails on a wrong status, a missing header, a wrong media type and a wrong body."""
    promised = await walk("GET", "/healthz", status=200)
    headers = dict(promised.headers)

    def answer(status=200, content=promised.content, **changed):
        sent = {**headers, **{name.replace("_", "-"): value for name, value in changed.items()}}
        sent["content-length"] = str(len(content))
        return httpx.Response(status, headers={k: v for k, v in sent.items() if v}, content=content)

    walk.conforming.check("GET", "/healthz", answer())
    for wrong in (
        answer(status=202),
        answer(x_request_id=""),
        answer(content_type="text/plain"),
        answer(content=b'{"status":"well"}'),
    ):
        with pytest.raises(AssertionError):
            walk.conforming.check("GET", "/healthz", wrong)
