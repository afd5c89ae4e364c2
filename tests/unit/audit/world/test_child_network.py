"""Nothing that the target opens leaves this machine, whichever way it is opened; what it listens on stays on loopback."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from unit.audit.world.child import held

WAYS = {
    "urllib": "import urllib.request as u; print(u.urlopen('http://hooks.example.org/in', b'x', 5).status)",
    "thread": (
        "import threading, urllib.request as u\n"
        "t = threading.Thread(target=lambda: print(u.urlopen('http://hooks.example.org/in', b'x', 5).status))\n"
        "t.start(); t.join()"
    ),
    "asyncio": (
        "import asyncio\n"
        "async def main():\n"
        "    r, w = await asyncio.open_connection('hooks.example.org', 80)\n"
        "    w.write(b'POST /in HTTP/1.1\\r\\nHost: hooks.example.org\\r\\nContent-Length: 1\\r\\n\\r\\nx')\n"
        "    print((await r.readline()).split()[1].decode())\n"
        "asyncio.run(main())"
    ),
    "process": (
        "import subprocess, sys\n"
        "print(subprocess.run([sys.executable, '-c', \"import urllib.request as u; "
        "print(u.urlopen('http://hooks.example.org/in', b'x', 5).status)\"], capture_output=True, text=True).stdout)"
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_call_to_the_outside_reaches_the_neighbour_of_that_name(tmp_path: Path, way: str):
    with held(tmp_path) as target:
        assert target.run(WAYS[way]).strip() == "200"
        arrived = target.world.ledger.arrivals()
        assert [(one.destination.host, one.path) for one in arrived] == [("hooks.example.org", "/in")]


def test_mail_reaches_the_neighbour_and_names_its_recipient(tmp_path: Path):
    with held(tmp_path) as target:
        target.run("import smtplib; s = smtplib.SMTP('mail.example.org', 25); s.sendmail('a@x.org', 'b@y.org', 'hi')")
        assert [one.recipients for one in target.world.ledger.arrivals()] == [("b@y.org",)]


def test_without_a_switchboard_nothing_is_reached_at_all(tmp_path: Path):
    with held(tmp_path) as target:
        target.world.switchboard.close()
        told = target.run(
            "import socket\ntry:\n    socket.create_connection(('11.0.0.1', 80), 2)\nexcept OSError as e:\n    print(type(e).__name__)"
        )
        assert told.strip() == "ConnectionRefusedError"


def test_a_name_has_a_public_address_and_loopback_stays_what_it_is(tmp_path: Path):
    with held(tmp_path) as target:
        told = target.run(
            "import ipaddress, socket\n"
            "print(ipaddress.ip_address(socket.gethostbyname('a.example.org')).is_global, socket.gethostbyname('localhost'))"
        )
        assert told.split() == ["True", "127.0.0.1"]


def test_datagrams_to_the_outside_are_lost(tmp_path: Path):
    with held(tmp_path) as target:
        told = target.run("import socket; print(socket.socket(type=socket.SOCK_DGRAM).sendto(b'abc', ('8.8.8.8', 53)))")
        assert told.strip() == "3"


def test_a_server_on_every_address_listens_on_loopback_alone_and_tells_where(tmp_path: Path):
    with held(tmp_path) as target:
        told = target.run(
            "import socket; s = socket.socket(); s.bind(('0.0.0.0', 8000)); s.listen(); print(s.getsockname()[0])"
        )
        assert told.strip() == "127.0.0.1"
        asked, actual, _ = (tmp_path / "ports").read_text().split()
        assert asked == "8000"
        assert actual != "8000"


def test_a_target_reaches_its_own_server_at_the_port_it_asked_for(tmp_path: Path):
    with held(tmp_path) as target:
        told = target.run(
            "import socket\ns = socket.socket(); s.bind(('127.0.0.1', 8000)); s.listen()\n"
            "c = socket.create_connection(('127.0.0.1', 8000), 5); s.accept()[0].sendall(b'own'); print(c.recv(3))"
        )
        assert told.strip() == "b'own'"


def test_a_database_outside_of_the_copy_is_left_as_it_is(tmp_path: Path):
    outside = tmp_path / "real" / "shop.db"
    outside.parent.mkdir()
    inside = tmp_path / "control"
    inside.mkdir()
    with sqlite3.connect(outside) as connection:
        connection.execute("CREATE TABLE goods (name)")
    connection.close()
    before = outside.read_bytes()
    with held(inside) as target:
        told = target.run(
            f"import sqlite3; c = sqlite3.connect({str(outside)!r}); c.execute(\"INSERT INTO goods VALUES ('x')\"); c.commit()\n"
            "print(c.execute('SELECT count(*) FROM goods').fetchone()[0])"
        )
    assert told.strip() == "1"
    assert outside.read_bytes() == before
