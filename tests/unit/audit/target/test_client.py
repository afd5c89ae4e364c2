"""The audit's own HTTP client: fast, faithful to the byte, and honest about silence."""

from __future__ import annotations

import select
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

import pytest

from techlead.audit.target.client import Client
from techlead.audit.target.exchange import ANONYMOUS, Actor, Request

Handler = Callable[[BinaryIO, BinaryIO], None]
VOLLEY = 20


@contextmanager
def server(handler: Handler, **settings: float) -> Iterator[Client]:
    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(ConnectionError, EOFError):
                handler(self.rfile, self.wfile)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Talk) as listening:
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        client = Client(f"http://127.0.0.1:{listening.server_address[1]}/base", **settings)
        try:
            yield client
        finally:
            client.close()
            listening.shutdown()


def head(reader: BinaryIO) -> bytes:
    seen = b""
    while not seen.endswith(b"\r\n\r\n"):
        seen += reader.readline() or _end()
    return seen


def _end() -> bytes:
    raise EOFError


def echoing(reader: BinaryIO, writer: BinaryIO) -> None:
    while True:
        seen = head(reader)
        length = next((int(line[15:]) for line in seen.splitlines() if line.lower().startswith(b"content-length:")), 0)
        seen += reader.read(length)
        writer.write(
            b"HTTP/1.1 201 Created\r\nX-A: b\r\nx-a: c\r\nSet-Cookie: d\r\nSet-Cookie: e\r\nContent-Length: %d\r\n\r\n%b"
            % (len(seen), seen)
        )


def test_bytes_go_out_as_they_are_and_a_connection_is_used_again():
    actor = Actor("alice", headers={"Authorization": "Bearer t"})
    others = threading.active_count()  # of tests before
    with server(echoing) as client:
        first = client.send(Request("POST", "/a?b=%00", actor, {"x": float("nan"), "y": "\ud800"}))
        second = client.send(Request("GET", "/c", headers={"X-Odd": "\udcff"}))
        raw = client.send(Request("PUT", "/d", raw=b"\x00\xff", headers={"Content-Type": "text/odd"}))
        assert client.sent == 3
        assert threading.active_count() < others + 4
    assert (first.status, first.headers["x-a"], first.headers["set-cookie"], first.ok) == (201, "b, c", "d\ne", True)
    assert first.content.startswith(b"POST /base/a?b=%00 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Authorization: Bearer t\r\n" in first.content
    assert first.content.endswith(b'{"x": NaN, "y": "\\ud800"}')
    assert b"X-Odd: \xff\r\n" in second.content
    assert b"content-length" not in second.content.lower()
    assert b"Content-Type: text/odd\r\nContent-Length: 2\r\n\r\n\x00\xff" in raw.content


def test_many_answers_come_in_the_order_of_the_requests():
    with server(echoing, connections_max=4) as client:
        answers = client.many([Request("GET", f"/{number}") for number in range(100)], at_once=3)
    assert [int(answer.text.split()[1].rpartition("/")[2]) for answer in answers] == list(range(100))


def test_a_volley_is_held_until_each_request_is_on_its_way():
    seen_begun: list[int] = []
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        threading.Thread(target=answer_volley, args=(listener, seen_begun), daemon=True).start()
        client = Client(f"http://127.0.0.1:{listener.getsockname()[1]}")
        answers = client.together([Request("POST", "/race")] * VOLLEY)
        client.close()
    assert [answer.status for answer in answers] == [204] * VOLLEY
    assert seen_begun == [VOLLEY] * VOLLEY, "a last byte went out while requests were still on their way"


def answer_volley(listener: socket.socket, seen_begun: list[int]) -> None:
    """Take a volley in one thread, and note at each request's end how many have begun to arrive."""
    peers = [listener.accept()[0] for _ in range(VOLLEY)]
    heads = dict.fromkeys(peers, b"")
    while waiting := [peer for peer in peers if not heads[peer].endswith(b"\r\n\r\n")]:
        for peer in select.select(waiting, [], [], 10)[0]:
            heads[peer] += peer.recv(65_536)
            if heads[peer].endswith(b"\r\n\r\n"):
                arrived = select.select(peers, [], [], 0)[0]
                seen_begun.append(sum(1 for one in peers if heads[one] or one in arrived))
    for peer in peers:
        peer.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        peer.close()


@pytest.mark.parametrize(
    ("sends", "error"),
    [
        (b"", "closed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "closed"),
        (b"<html>what?</html>", "garbage"),
        (None, "timeout"),
    ],
)
def test_what_is_no_answer_is_told_apart(sends: bytes | None, error: str):
    def odd(reader: BinaryIO, writer: BinaryIO) -> None:
        head(reader)
        if sends is None:
            time.sleep(0.6)
        writer.write(sends or b"")

    with server(odd) as client:
        answer = client.send(Request("POST", "/"), 0.3)
    assert (answer.status, answer.error, answer.ok) == (0, error, False)
    assert error in Client.ERRORS


def test_whoever_waits_when_it_is_closed_is_told_and_nobody_waits_for_ever():
    asked, over = threading.Event(), threading.Event()

    def silent(reader: BinaryIO, _: BinaryIO) -> None:
        head(reader)
        asked.set()
        over.wait(20)

    told: list[str] = []

    def ask(client: Client) -> None:
        with pytest.raises(ConnectionError) as raised:
            client.many([Request("GET", "/")] * 3, 600)
        told.append(str(raised.value))

    with server(silent) as client:
        waiting = threading.Thread(target=ask, args=(client,), daemon=True)
        waiting.start()
        assert asked.wait(20)
        client.close()
        waiting.join(20)
        assert told == ["the client is closed"]
        with pytest.raises(ConnectionError, match="the client is closed"):
            client.send(Request("GET", "/"))
        client.close()
        over.set()


def test_nobody_at_home_is_refused():
    client = Client("http://127.0.0.1:1")
    answers = [client.send(Request("GET", "/")), *client.together([Request("GET", "/")])]
    client.close()
    assert [answer.error for answer in answers] == ["refused", "refused"]


def test_a_body_that_ends_with_the_connection_is_whole_and_head_has_none():
    def ancient(reader: BinaryIO, writer: BinaryIO) -> None:
        asked = head(reader)
        writer.write(
            b"HTTP/1.0 200 OK\r\n" + (b"Content-Length: 5\r\n\r\n" if asked.startswith(b"HEAD") else b"\r\n{}")
        )

    with server(ancient) as client:
        whole, bare = client.many([Request("GET", "/"), Request("HEAD", "/")])
    assert (whole.json, whole.error) == ({}, "")
    assert (bare.status, bare.content) == (200, b"")


def test_an_unsafe_request_is_never_sent_twice():
    seen: list[bytes] = []

    def once(reader: BinaryIO, writer: BinaryIO) -> None:
        seen.append(head(reader))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        seen.append(head(reader))

    with server(once) as client:
        client.send(Request("GET", "/"))
        answer = client.send(Request("POST", "/", ANONYMOUS, {}))
    assert answer.error == "closed"
    assert [line.split()[0] for line in seen] == [b"GET", b"POST"]


def test_a_safe_request_survives_a_connection_that_died_of_idleness():
    def impatient(reader: BinaryIO, writer: BinaryIO) -> None:
        head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with server(impatient) as client:
        assert [client.send(Request("GET", "/")).status for _ in range(3)] == [200, 200, 200]


def test_a_connection_on_which_the_server_failed_is_not_used_again():
    def failing(reader: BinaryIO, writer: BinaryIO) -> None:
        failed = b"fail" in head(reader)
        writer.write(b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % (b"500 Oops" if failed else b"200 OK"))

    with server(failing) as client:
        answers = [client.send(Request("POST", path)) for path in ("/fail", "/fine")]
    assert [answer.status for answer in answers] == [500, 200]


def test_an_answer_after_a_hint_is_the_answer():
    def hinting(reader: BinaryIO, writer: BinaryIO) -> None:
        head(reader)
        writer.write(
            b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
        )

    with server(hinting) as client:
        assert client.send(Request("GET", "/")).text == "ok"
