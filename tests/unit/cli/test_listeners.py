"""Claim: who has connected when a server stops is still accepted, and who comes after that is not."""

import asyncio
import socket
import sys
import time

import pytest

from techlead.cli import listeners
from techlead.cli.listeners import turn_away

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can turn new connections away by a filter")


def listening(family, address):
    one = socket.socket(family)
    one.bind((address, 0))
    one.listen(8)
    one.settimeout(5)
    return one


@pytest.fixture(params=[(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")], ids=["IPv4", "IPv6"])
def server(request):
    with listening(*request.param) as one:
        yield one


def test_who_had_connected_is_accepted_and_who_comes_later_is_not(server):
    with socket.create_connection(server.getsockname()[:2]) as early:
        early.sendall(b"hello")
        turn_away([server])
        with pytest.raises(TimeoutError):
            socket.create_connection(server.getsockname()[:2], timeout=0.3)
        accepted, _ = server.accept()
        with accepted:
            assert accepted.recv(5) == b"hello"
            accepted.sendall(b"good bye")
            assert early.recv(8) == b"good bye"


def test_who_was_turned_away_is_refused_once_the_socket_is_closed(server):
    turn_away([server])
    address = server.getsockname()[:2]
    server.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)


def test_a_socket_that_knows_no_such_filter_goes_on_as_before(monkeypatch, server):
    monkeypatch.setattr(listeners, "ATTACH_FILTER", 9_999)
    turn_away([server])
    with socket.create_connection(server.getsockname()[:2], timeout=5):
        server.accept()[0].close()


@pytest.mark.parametrize("turning_away", [True, False], ids=["turned away first", "the guard left out"])
def test_a_loop_that_was_busy_accepts_who_connected_meanwhile(turning_away):
    """The busy loop is why a connection can wait to be accepted in the moment in which its server closes."""

    async def scene():
        async def greet(reader, writer):
            writer.write(await reader.read(5))
            writer.close()

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        with socket.create_connection(server.sockets[0].getsockname()) as client:
            client.sendall(b"hello")
            time.sleep(0.05)  # noqa: ASYNC251 - the loop is busy with something else
            if turning_away:
                turn_away(server.sockets)
                await asyncio.sleep(0.05)
            server.close()
            return await asyncio.to_thread(client.recv, 5)

    if turning_away:
        assert asyncio.run(scene()) == b"hello"
    else:
        with pytest.raises(ConnectionResetError):
            asyncio.run(scene())
