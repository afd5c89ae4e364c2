"""The outbox over the API: for the role `admin` and for nobody else, with the words and orders of the desk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from databases import sqlite_url
from dispatching import Receiver, running, until
from message_board import Board, Caller, serving

from techlead.deliver.limits import LimitsBook
from techlead.deliver.port import Dead, Fault
from techlead.serve.delivery import dispatcher_of
from techlead.serve.settings import Settings

WAITING = "SELECT id FROM techlead_outbox WHERE state = 'waiting'"
READS = ("/outbox", "/outbox/dead", "/outbox/delivery_01h455vb4pex5vsknk084sn02q")
ORDERS = ("replay", "drop", "pause", "resume")


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[Board]:
    async with serving(sqlite_url(tmp_path), Settings(deliver=False)) as opened:
        opened.application.runtime.limits = LimitsBook({"email": {"rate_per_second": 1_000}})
        yield opened


@pytest.fixture
async def admin(board: Board) -> Caller:
    caller = await board.person("root")

    async def work(tx: object) -> None:
        await tx.run("UPDATE person SET roles = 'admin' WHERE email = 'root@example.com'")  # type: ignore[attr-defined]

    await board.application.runtime.store.write(work)
    return caller


async def refused(board: Board) -> str:
    """Let one letter end undelivered; give its id."""
    alice, bob = await board.person("alice"), await board.person("bob")
    await alice.write(bob, "Hello")
    desk = Receiver(lambda _one: Dead(Fault.REFUSED, "550"))

    async def nothing_waits() -> bool:
        return not await board.rows(WAITING)

    async with running(dispatcher_of(board.application.runtime, {"email": desk})):
        await until(nothing_waits)
    return desk.sent[0].name


async def test_nobody_but_an_admin_sees_or_steers_anything(board: Board) -> None:
    alice = await board.person("alice")
    nobody = Caller(board.application, b"", "")
    for path in READS:
        assert ((await nobody.get(path)).status, (await alice.get(path)).status) == (401, 403)
    for order in ORDERS:
        path, body = f"/outbox/{order}", {"destination": "email"}
        assert ((await nobody.post(path, body)).status, (await alice.post(path, body)).status) == (401, 403)


async def test_an_admin_sees_what_ended_and_lets_it_begin_anew(board: Board, admin: Caller) -> None:
    delivery = await refused(board)
    [shown] = (await admin.get("/outbox")).json["items"]
    assert (shown["destination"], shown["waiting"], shown["dead"], shown["phase"]) == ("email", 0, 1, "closed")
    [letter] = (await admin.get("/outbox/dead")).json["items"]
    assert letter == (await admin.get(f"/outbox/{delivery}")).json
    assert (letter["delivery"], letter["state"], letter["history"][0]["detail"]) == (delivery, "dead", "550")
    done = await admin.post("/outbox/replay", {"deliveries": [delivery]})
    assert (done.status, done.json) == (200, {"count": 1, "more": False})
    assert len(await board.rows(WAITING)) == 1
    assert (await admin.post("/outbox/drop", {"deliveries": [delivery]})).json["count"] == 1
    assert (await admin.post("/outbox/replay", {"destination": "email"})).json["count"] == 0, "dropped is dropped"
    board.application.runtime.log.flush()
    assert {event["event"] for event in board.events} >= {"outbox_replayed", "outbox_dropped"}


async def test_an_admin_drops_what_is_dead_at_a_destination_and_nothing_else(board: Board, admin: Caller) -> None:
    await refused(board)
    alice, bob = await board.person("ann"), await board.person("ben")
    await alice.write(bob, "Hello again")
    assert (await admin.post("/outbox/drop", {"destination": "webhook:elsewhere.example"})).json["count"] == 0
    done = await admin.post("/outbox/drop", {"destination": "email"})
    assert (done.status, done.json) == (200, {"count": 1, "more": False})
    assert (await admin.get("/outbox/dead")).json["items"] == []
    assert len(await board.rows(WAITING)) == 1, "what waits stays"


async def test_an_admin_pauses_and_resumes_a_destination(board: Board, admin: Caller) -> None:
    assert (await admin.post("/outbox/pause", {"destination": "email"})).status == 204
    [shown] = (await admin.get("/outbox")).json["items"]
    assert (shown["held"], shown["why"]) == (True, "paused by an operator")
    assert (await admin.post("/outbox/resume", {"destination": "email"})).status == 204
    [shown] = (await admin.get("/outbox")).json["items"]
    assert shown["held"] is False


@pytest.mark.parametrize(
    ("order", "body"),
    [
        ("pause", {}), ("pause", {"\ud800": 1}), ("pause", {"destination": "x" * 301}), ("pause", {"destination": 1}),
        ("pause", {"destination": "email\n"}), ("drop", {}), ("drop", {"deliveries": []}),
        ("drop", {"destination": "email", "deliveries": ["delivery_01h455vb4pex5vsknk084sn02q"]}),
        ("drop", {"deliveries": ["order_01h455vb4pex5vsknk084sn02q"]}), ("drop", {"deliveries": [1]}),
        ("replay", {"everything": True}), ("resume", {"destination": "email", "deliveries": []}),
    ],
)  # fmt: skip
async def test_an_order_that_is_not_understood_changes_nothing(
    admin: Caller, order: str, body: dict[str, object]
) -> None:
    assert (await admin.post(f"/outbox/{order}", body)).status == 422


async def test_a_delivery_that_is_not_there_is_not_found(admin: Caller) -> None:
    for name in ("delivery_01h455vb4pex5vsknk084sn02q", "nothing"):
        assert (await admin.get(f"/outbox/{name}")).status == 404


async def test_an_order_that_is_no_object_is_malformed(admin: Caller) -> None:
    for order in ("pause", "resume", "drop", "replay"):
        assert (await admin.post(f"/outbox/{order}", None)).status in (400, 415)
        assert (await admin.post(f"/outbox/{order}", [])).status == 400
