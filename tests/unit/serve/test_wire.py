"""The short way of the usual request: it answers what uvicorn's own way answers, and leaves to it whatever is unusual."""

import asyncio
import json
import re
from contextlib import asynccontextmanager

import pytest
import uvicorn
from backends import example, free_port, running
from databases import sqlite_url
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from techlead.cli.serve import server_settings
from techlead.serve.answer import Answer
from techlead.serve.settings import Settings
from techlead.serve.wire import WholeRequests, written

GET = b"GET /listings HTTP/1.1\r\nhost: x\r\n\r\n"
LOGIN = b'{"email": "ada@example.com", "password": "not the password"}'
POST = b"POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
CLOSING = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
VARIES = re.compile(rb"(date: [^\r]+|[0-9a-f]{16})")

SENT = {
    "a list": GET,
    "a head": GET.replace(b"GET", b"HEAD", 1),
    "an address that is not there": GET.replace(b"listings", b"nothing"),
    "a method that is not there": GET.replace(b"GET", b"PUT", 1),
    "the methods of an address": GET.replace(b"GET", b"OPTIONS", 1),
    "a query": GET.replace(b"listings", b"listings?limit=1&sort=-price"),
    "a query that is wrong": GET.replace(b"listings", b"listings?limit=0&%ff"),
    "an escaped address": GET.replace(b"listings", b"list%69ngs"),
    "an address that is no text": GET.replace(b"listings", b"list%ff\xffngs"),
    "a whole address": GET.replace(b"/listings", b"http://elsewhere/listings"),
    "an address with a fragment": GET.replace(b"listings", b"listings#part"),
    "an address that is a star": GET.replace(b"GET /listings", b"OPTIONS *"),
    "an address that is too long": GET.replace(b"listings", b"listings?" + b"x" * 5_000),
    "a token that is none": GET.replace(b"host: x", b"host: x\r\nauthorization: Bearer x"),
    "headers that are too large": GET.replace(b"host: x", b"host: x\r\nx-large: " + b"x" * 20_000),
    "a body": POST % (len(LOGIN), LOGIN),
    "a body that is no JSON": POST % (3, b"{x}"),
    "a body that is too large": POST % (70_000, b"x" * 70_000),
    "a body of another kind": (POST % (2, b"{}")).replace(b"application/json", b"text/plain"),
    "a chunked body": POST.replace(b"content-length: %d", b"transfer-encoding: chunked")
    % (b"%x\r\n%b\r\n0\r\n\r\n" % (len(LOGIN), LOGIN)),
    "a body after a promise": (POST % (len(LOGIN), LOGIN)).replace(b"host: x", b"host: x\r\nexpect: 100-continue"),
    "a read with a body": GET.replace(b"host: x\r\n", b"host: x\r\ncontent-length: 2\r\n") + b"{}",
    "an older version": GET.replace(b"HTTP/1.1", b"HTTP/1.0"),
    "an older version that keeps its connection": GET.replace(
        b"HTTP/1.1\r\n", b"HTTP/1.0\r\nconnection: keep-alive\r\n"
    ),
    "a connection that is kept in so many words": GET.replace(b"host: x", b"host: x\r\nconnection: keep-alive"),
    "an upgrade": GET.replace(b"host: x", b"host: x\r\nconnection: upgrade\r\nupgrade: websocket"),
    "three in one": GET + (POST % (len(LOGIN), LOGIN)) + GET.replace(b"listings", b"healthz"),
    "no HTTP": b"hello\r\n\r\n",
}


@asynccontextmanager
async def served(application, protocol, **settings):
    """Serve an application on a port, with uvicorn's protocol or ours."""
    port = free_port()
    config = server_settings(Settings()) | {"http": protocol, "timeout_keep_alive": 1} | settings
    config = uvicorn.Config(application, port=port, **config)
    server = uvicorn.Server(config)
    running_server = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
        await asyncio.sleep(0.01)
    try:
        yield port
    finally:
        server.should_exit = True
        await running_server


async def told(port, *parts):
    """Send parts one after the other, then a request that closes, and give all that came back without what varies."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in (*parts, CLOSING):
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(0.002 if len(parts) > 1 else 0)
    async with asyncio.timeout(10):
        answered = await reader.read()
    writer.close()
    return in_order(VARIES.sub(b"*", answered))


def in_order(answered):
    """Sort the headers of each answer: their order means nothing."""
    return [sorted(one.split(b"\r\n")) for one in answered.split(b"HTTP/1.1 ")]


async def test_both_ways_answer_the_same(tmp_path):
    async with (
        running(example("marketplace"), sqlite_url(tmp_path)) as caller,
        served(caller.application, HttpToolsProtocol) as theirs,
        served(caller.application, WholeRequests) as ours,
    ):
        for name, sent in SENT.items():
            expected = await told(theirs, sent)
            assert await told(ours, sent) == expected, name
            if b"400 Bad Request" in expected[1] or name == "an upgrade":
                continue  # the connection, or HTTP on it, ends in the middle of what is sent in parts
            assert await told(ours, sent[:30], sent[30:]) == expected, name


async def test_both_ways_answer_the_same_of_a_row(tmp_path):
    async with (
        running(example("marketplace"), sqlite_url(tmp_path)) as caller,
        served(caller.application, HttpToolsProtocol) as theirs,
        served(caller.application, WholeRequests) as ours,
    ):
        await caller.sign_up("ada")
        row = await caller.made("/listings", {"title": "Bike", "price": {"amount": "12.00", "currency": "EUR"}}, "ada")
        etag = (await caller("GET", f"/listings/{row}")).headers["etag"]
        one = GET.replace(b"listings", b"listings/" + row.encode())
        signed_in = one.replace(b"host: x", b"host: x\r\nauthorization: Bearer " + caller.tokens["ada"].encode())
        for sent in (
            one,
            signed_in,
            signed_in.replace(b"GET", b"HEAD", 1),
            signed_in.replace(b"host: x", b"host: x\r\nif-none-match: " + etag.encode()),
            one.replace(b"HTTP/1.1", b"?" + b"x" * 5_000 + b" HTTP/1.1").replace(b" ?", b"?"),
            signed_in.replace(b"host: x", b"host: x\r\nx-large: " + b"x" * 20_000),
            signed_in.replace(b"host: x", b"host: x" + b"\r\nx-more: 1" * 70),
        ):
            assert await told(ours, sent) == await told(theirs, sent), sent[:200]


class WithoutOrder(WholeRequests):
    """Takes the short way even while an earlier request of the connection is not answered."""

    def on_headers_complete(self):
        self.cycle = None
        super().on_headers_complete()


async def test_without_its_look_at_what_is_under_way_answers_come_in_another_order(tmp_path):
    async with (
        running(example("marketplace"), sqlite_url(tmp_path)) as caller,
        served(caller.application, WholeRequests) as ours,
        served(caller.application, WithoutOrder) as broken,
    ):
        assert await told(broken, SENT["three in one"]) != await told(ours, SENT["three in one"])


@pytest.mark.parametrize("name", ["a list", "a body", "a chunked body"])
async def test_a_request_may_come_a_byte_at_a_time(name, tmp_path):
    async with (
        running(example("marketplace"), sqlite_url(tmp_path)) as caller,
        served(caller.application, WholeRequests) as port,
    ):
        sent = SENT[name]
        assert await told(port, *(sent[place : place + 1] for place in range(len(sent)))) == await told(port, sent)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_a_signed_in_person_creates_and_reads_on_one_connection(database, request, tmp_path):
    url = sqlite_url(tmp_path) if database == "sqlite" else request.getfixturevalue("postgres_only")
    async with running(example("marketplace"), url) as caller, served(caller.application, WholeRequests) as port:
        await caller.sign_up("ada")
        body = json.dumps({"title": "Bike", "price": {"amount": "12.00", "currency": "EUR"}}).encode()
        token = caller.tokens["ada"].encode()
        sent = POST.replace(b"auth/login", b"listings") % (len(body), body)
        answered = await told(port, sent.replace(b"host: x", b"host: x\r\nauthorization: Bearer " + token), GET)
        assert sum(b"201 Created" in one for one in answered) == 1
        assert any(b'"title":"Bike"' in line for one in answered[2:] for line in one)


async def test_a_connection_on_which_nothing_comes_is_closed_after_a_while(tmp_path):
    async with (
        running(example("marketplace"), sqlite_url(tmp_path)) as caller,
        served(caller.application, WholeRequests, timeout_keep_alive=0.2) as port,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        loop = asyncio.get_running_loop()
        for _ in range(3):
            writer.write(GET)
            assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(0.1)
        began = loop.time()
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        assert loop.time() - began < 2
        writer.close()


async def test_an_answer_whose_caller_has_left_is_kept_to_itself(tmp_path):
    async with (
        running(example("marketplace"), sqlite_url(tmp_path)) as caller,
        served(caller.application, WholeRequests) as port,
    ):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(POST % (len(LOGIN), LOGIN))
        writer.close()
        await writer.wait_closed()
        assert b"200 OK" in (await told(port, GET))[1]


async def test_a_read_that_has_to_wait_is_answered_in_its_turn(tmp_path, monkeypatch):
    async with (
        running(example("marketplace"), sqlite_url(tmp_path)) as caller,
        served(caller.application, HttpToolsProtocol) as theirs,
        served(caller.application, WholeRequests) as ours,
    ):
        answer = caller.application.answer

        async def waiting(request):
            await asyncio.sleep(0.01)
            return await answer(request)

        monkeypatch.setattr(caller.application, "answer", waiting)
        assert await told(ours, GET + GET) == await told(theirs, GET + GET)


async def test_a_read_that_waits_when_the_server_gives_up_ends_with_its_connection(tmp_path, monkeypatch):
    async with running(example("marketplace"), sqlite_url(tmp_path)) as caller:

        async def waiting(_request):
            await asyncio.sleep(60)

        monkeypatch.setattr(caller.application, "answer", waiting)
        async with served(caller.application, WholeRequests, timeout_graceful_shutdown=0.1) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(GET)
            await writer.drain()
            await asyncio.sleep(0.05)
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()


def test_a_header_that_holds_a_line_end_is_never_written():
    for headers in (((b"location", b"/x\r\nset-cookie: a=b"),), ((b"x\ny", b"z"),)):
        with pytest.raises(Exception, match="line end"):
            written(Answer(200, b"{}", headers), "0", b"")
