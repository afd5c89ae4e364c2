"""The audit's own HTTP client: fast, faithful to the byte, and honest about silence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from techlead.audit.target.client import Client, Request

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(handler: Handler) -> AsyncIterator[str]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/base"
    finally:
        listening.close()
        await listening.wait_closed()


async def _head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def echoing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        head = await _head(reader)
        length = next((int(line[15:]) for line in head.splitlines() if line.lower().startswith(b"content-length:")), 0)
        seen = head + await reader.readexactly(length)
        writer.write(b"HTTP/1.1 201 Created\r\nX-A: b\r\nContent-Length: %d\r\n\r\n%b" % (len(seen), seen))
        await writer.drain()


async def test_bytes_go_out_as_they_are_and_a_connection_is_used_again():
    async with server(echoing) as url:
        client = Client(url)
        first = await client.send(Request.with_json("POST", "/a?b=%00", {"x": float("nan"), "y": "\ud800"}))
        second = await client.send(Request("GET", "/c", (("X-Odd", "\udcff"),)))
        await client.close()
    assert (first.status, first.headers["x-a"], first.ok, first.broken) == (201, "b", True, False)
    assert first.body.startswith(b"POST /base/a?b=%00 HTTP/1.1\r\n")
    assert first.body.endswith(b'{"x": NaN, "y": "\\ud800"}')
    assert b"X-Odd: \xff\r\n" in second.body
    assert b"content-length" not in second.body.lower()
    assert client.sent == 2


async def test_many_answers_come_in_the_order_of_the_requests():
    async with server(echoing) as url:
        client = Client(url, connections_max=4)
        answers = await client.many([Request("GET", f"/{number}") for number in range(100)])
        await client.close()
    assert [int(answer.text.split()[1].rpartition("/")[2]) for answer in answers] == list(range(100))


async def test_a_volley_is_held_until_each_request_is_on_its_way():
    complete_at: list[int] = []
    begun = 0

    async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal begun
        await reader.readexactly(10)
        begun += 1
        await _head(reader)
        complete_at.append(begun)
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    async with server(counting) as url:
        answers = await Client(url).together([Request("POST", "/race")] * 20)
    assert [answer.status for answer in answers] == [204] * 20
    assert complete_at == [20] * 20


async def test_a_stalled_request_is_finished_when_asked():
    async with server(echoing) as url:
        client = Client(url)
        async with client.stalled(Request("POST", "/slow", body=b"0123456789"), body_bytes=4) as stalled:
            await asyncio.sleep(0.05)
            assert not stalled.answered
            await stalled.send(b"456789")
            answer = await stalled.answer(5)
    assert answer.body.endswith(b"0123456789")


@pytest.mark.parametrize(
    ("sends", "failure", "broken"),
    [
        (b"", "closed", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "closed", True),
        (b"<html>what?</html>", "garbage", True),
        (None, "timeout", False),
    ],
)
async def test_what_is_no_answer_is_told_apart(sends: bytes | None, failure: str, broken: bool):
    async def odd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _head(reader)
        if sends is None:
            await reader.read()
        writer.write(sends or b"")
        await writer.drain()

    async with server(odd) as url:
        answer = await Client(url, answer_seconds=0.3).send(Request("GET", "/"))
    assert (answer.status, answer.failure, answer.broken) == (0, failure, broken)


async def test_nobody_at_home_is_refused():
    async with server(echoing) as url:
        pass
    answer = await Client(url).send(Request("GET", "/"))
    assert (answer.failure, answer.broken) == ("refused", False)


async def test_a_body_that_ends_with_the_connection_is_whole_and_head_has_none():
    async def ancient(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await _head(reader)
        writer.write(b"HTTP/1.0 200 OK\r\n" + (b"Content-Length: 5\r\n\r\n" if head.startswith(b"HEAD") else b"\r\n{}"))
        await writer.drain()

    async with server(ancient) as url:
        client = Client(url)
        whole, bare = await client.many([Request("GET", "/"), Request("HEAD", "/")])
    assert (whole.json(), whole.failure) == ({}, "")
    assert (bare.status, bare.body) == (200, b"")


async def test_an_unsafe_request_is_never_sent_twice():
    seen = 0

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        await _head(reader)
        seen += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        await _head(reader)
        seen += 1

    async with server(once) as url:
        client = Client(url)
        await client.send(Request("GET", "/"))
        answer = await client.send(Request("POST", "/", body=b""))
    assert (answer.failure, seen) == ("closed", 2)


async def test_a_safe_request_survives_a_connection_that_died_of_idleness():
    async def impatient(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with server(impatient) as url:
        client = Client(url)
        answers = [await client.send(Request("GET", "/")) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 200]
