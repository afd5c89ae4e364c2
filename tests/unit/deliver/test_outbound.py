"""One request to one receiver: bounded in seconds and bytes whatever the receiver does, and never to a closed address."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import AsyncIterator

import pytest
from loopback import HOST, QUICK, WORLD

from techlead.deliver.asking import Answered, Asking, Limits, Unreached
from techlead.deliver.outbound import Outbound
from techlead.deliver.port import Fault
from techlead.deliver.receiver import Receiver

MEBIBYTE = 1_048_576


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with WORLD.receiver() as listening:
        yield listening


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    door = WORLD.outbound()
    yield door
    await door.close()


def asking(url: str, body: bytes = b"") -> Asking:
    return Asking("POST", url, {"x-test": "yes"}, body)


async def test_a_request_arrives_as_it_was_and_its_answer_comes_back(receiver: Receiver, outbound: Outbound):
    answer = await outbound.send(asking(receiver.url("ok"), b"hello"))
    assert answer == Answered(200, {"content-length": "2"}, b"{}", whole=True)
    (received,) = receiver.received
    assert (received.method, received.path, received.body) == ("POST", "/ok", b"hello")
    assert received.headers["host"] == f"{HOST}:{receiver.port}"
    assert received.headers["x-test"] == "yes"


async def test_a_second_request_uses_the_same_connection(receiver: Receiver, outbound: Outbound):
    for _ in range(2):
        await outbound.send(asking(receiver.url("ok")))
    assert receiver.open_now == 1


@pytest.mark.parametrize("mood", ["hang", "drip_head", "late"])
async def test_what_does_not_answer_costs_the_total_time_and_no_more(mood: str, receiver: Receiver, outbound: Outbound):
    began = time.monotonic()
    with pytest.raises(Unreached) as raised:
        await outbound.send(asking(receiver.url(mood)))
    assert raised.value.fault is Fault.TIMEOUT
    assert QUICK.total_seconds_max <= time.monotonic() - began < QUICK.total_seconds_max + 2


async def test_a_head_that_came_counts_though_its_body_drips(receiver: Receiver, outbound: Outbound):
    began = time.monotonic()
    answer = await outbound.send(asking(receiver.url("drip_body")))
    assert (answer.status, answer.whole) == (200, False)
    assert time.monotonic() - began < QUICK.total_seconds_max + 2


@pytest.mark.parametrize("mood", ["flood", "bomb"])
async def test_of_gigabytes_sixteen_kibibytes_are_read(mood: str, receiver: Receiver, outbound: Outbound):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = await outbound.send(asking(receiver.url(mood)))
    assert (answer.status, answer.whole) == (200, False)
    assert len(answer.body) <= outbound.limits.body_bytes_max
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < 64 * MEBIBYTE


@pytest.mark.parametrize("mood", ["reset", "nonsense", "endless_head"])
async def test_what_breaks_is_a_fault_of_the_connection(mood: str, receiver: Receiver, outbound: Outbound):
    with pytest.raises(Unreached) as raised:
        await outbound.send(asking(receiver.url(mood)))
    assert raised.value.fault is Fault.CONNECTION


@pytest.mark.parametrize("mood", ["away", "to_metadata"])
async def test_a_redirect_is_an_answer_and_is_not_followed(mood: str, receiver: Receiver, outbound: Outbound):
    assert (await outbound.send(asking(receiver.url(mood)))).status == 302
    assert len(receiver.received) == 1


async def test_a_hanging_receiver_leaves_no_connection_behind(receiver: Receiver, outbound: Outbound):
    with pytest.raises(Unreached):
        await outbound.send(asking(receiver.url("hang")))
    for _ in range(100):
        await asyncio.sleep(0.01 if receiver.open_now else 0)
    assert receiver.open_now == 0


async def test_cancelling_ends_a_request_at_once(receiver: Receiver):
    door = WORLD.outbound(limits=Limits())
    sending = asyncio.create_task(door.send(asking(receiver.url("hang"))))
    await asyncio.sleep(0.1)
    began = time.monotonic()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert time.monotonic() - began < 2
    await door.close()


async def test_a_certificate_that_nobody_vouches_for_is_refused(receiver: Receiver):
    door = Outbound(opened=WORLD.outbound().opened, resolve=lambda _host, _port: ["127.0.0.1"], limits=QUICK)
    with pytest.raises(Unreached) as raised:
        await door.send(asking(receiver.url("ok")))
    assert raised.value.fault is Fault.TLS
    assert receiver.received == []
    await door.close()


async def test_a_certificate_for_another_name_is_refused(receiver: Receiver, outbound: Outbound):
    with pytest.raises(Unreached) as raised:
        await outbound.send(asking(receiver.url("ok").replace(HOST, "other.example.com")))
    assert raised.value.fault is Fault.TLS
    assert receiver.received == []


async def test_a_name_that_leads_here_is_refused_before_anything_is_connected(receiver: Receiver):
    door = WORLD.outbound(opened=False)
    with pytest.raises(Unreached) as raised:
        await door.send(asking(receiver.url("ok")))
    assert raised.value.fault is Fault.GUARDED
    assert receiver.received == []
    await door.close()


async def test_one_closed_address_among_good_ones_closes_the_name(receiver: Receiver):
    door = WORLD.outbound(resolve=lambda _host, _port: ["93.184.215.14", "10.0.0.1"])
    with pytest.raises(Unreached) as raised:
        await door.send(asking(receiver.url("ok")))
    assert raised.value.fault is Fault.GUARDED
    await door.close()


async def test_a_resolver_is_asked_once_so_it_cannot_change_its_answer(receiver: Receiver):
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    door = WORLD.outbound(resolve=rebinding)
    assert (await door.send(asking(receiver.url("ok")))).status == 200
    assert asked == [HOST]
    await door.close()


async def test_a_name_without_an_address_is_a_fault_of_names():
    def nowhere(_host: str, _port: int) -> list[str]:
        raise __import__("socket").gaierror

    door = WORLD.outbound(resolve=nowhere)
    with pytest.raises(Unreached) as raised:
        await door.send(asking(f"https://{HOST}/"))
    assert raised.value.fault is Fault.DNS
    await door.close()


async def test_a_resolver_that_hangs_costs_the_time_of_connecting():
    def slow(_host: str, _port: int) -> list[str]:
        time.sleep(3)
        return ["127.0.0.1"]

    door = WORLD.outbound(resolve=slow)
    began = time.monotonic()
    with pytest.raises(Unreached) as raised:
        await door.send(asking(f"https://{HOST}/"))
    assert raised.value.fault is Fault.TIMEOUT
    assert time.monotonic() - began < 2.5
    await door.close()


async def test_nothing_listening_is_a_fault_of_the_connection(receiver: Receiver, outbound: Outbound):
    with pytest.raises(Unreached) as raised:
        await outbound.send(asking(f"https://{HOST}:1/"))
    assert raised.value.fault is Fault.CONNECTION


async def test_proxies_of_the_environment_are_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    door = WORLD.outbound()
    assert (await door.send(asking(receiver.url("ok")))).status == 200
    await door.close()


@pytest.mark.parametrize("value", ["a\r\nx-injected: 1", "a\nb", "a\0b", "é"])
async def test_a_header_cannot_hold_another(value: str, receiver: Receiver, outbound: Outbound):
    with pytest.raises(Unreached):
        await outbound.send(Asking("POST", receiver.url("ok"), {"x-test": value}))
    assert receiver.received == []


async def test_forty_that_hang_leave_every_connection_free_for_the_next(receiver: Receiver, outbound: Outbound):
    hanging = [outbound.send(asking(receiver.url("hang"))) for _ in range(40)]
    ended = await asyncio.gather(*hanging, return_exceptions=True)
    assert all(isinstance(one, Unreached) and one.fault is Fault.TIMEOUT for one in ended)
    for _ in range(3):
        assert (await outbound.send(asking(receiver.url("ok")))).status == 200
