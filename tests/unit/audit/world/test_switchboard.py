"""The switchboard tells each process of the target what a name is and where a connection leads."""

from __future__ import annotations

import json
import socket
from contextlib import closing

import pytest

from techlead.audit.world.neighbours import World
from techlead.audit.world.switchboard import Names, is_internal


@pytest.fixture
def world():
    with World(own_ports=frozenset({5432})) as surroundings:
        yield surroundings


def ask(world, **question):
    """One datagram, as the child's hook sends it."""
    host, _, port = world.environment["AUDITED_SWITCHBOARD"].partition(":")
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as asker:
        asker.settimeout(5)
        asker.sendto(json.dumps(question).encode(), (host, int(port)))
        return json.loads(asker.recv(4096))


def test_each_name_has_a_global_address_of_its_own_and_leads_to_its_own_neighbour(world):
    first, again, second = (
        ask(world, ask="resolve", name=name)["addresses"][0] for name in ("a.example", "A.example.", "b.example")
    )
    assert first == again != second
    assert not is_internal(first)
    ports = {ask(world, ask="connect", address=address, port=80)["port"] for address in (first, second, first)}
    assert len(ports) == 2
    assert [str(reach.destination) for reach in world.ledger.reaches()] == [
        "a.example:80",
        "b.example:80",
        "a.example:80",
    ]


def test_the_targets_own_ports_are_left_alone_and_other_internal_ones_are_on_record(world):
    assert ask(world, ask="connect", address="127.0.0.1", port=5432) == {"own": True}
    assert "port" in ask(world, ask="connect", address="169.254.169.254", port=80)
    assert [(reach.address, reach.internal) for reach in world.ledger.reaches()] == [("169.254.169.254", True)]


def test_a_name_that_nobody_has_is_missing(world):
    assert ask(world, ask="resolve", name="nobody.invalid") == {"missing": True}


def test_a_question_that_makes_no_sense_is_answered(world):
    assert "error" in ask(world, ask="connect")


def test_a_name_can_be_rebound_and_is_still_known_by_its_name():
    names = Names()
    names.script("rebind.example", "11.9.9.9", "127.0.0.1")
    assert [names.resolve("rebind.example") for _ in range(3)] == ["11.9.9.9", "127.0.0.1", "127.0.0.1"]
    assert names.name_of("11.9.9.9") == "rebind.example"


@pytest.mark.parametrize(
    "address, internal",
    [("127.0.0.1", True), ("::1", True), ("fe80::1%lo", True), ("11.0.0.1", False), ("a name", False)],
)
def test_internal_addresses_are_told_apart(address, internal):
    assert is_internal(address) is internal
