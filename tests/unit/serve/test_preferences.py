"""People choose what they are told, one click ends a kind of letter, and nobody's mailbox can be flooded."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from backends import Caller, running
from databases import sqlite_url
from dispatching import until
from loopback import WORLD
from outside_page import backend

from techlead.deliver.channels.mail import letter_of
from techlead.deliver.port import Dead, Delivery, Fault, Held, Kind, Waiting
from techlead.derive.templates import Template
from techlead.primitives.clock import SECOND_US, FrozenClock
from techlead.serve.delivery import composer_of
from techlead.serve.digests import send_digests
from techlead.serve.settings import Settings

PLAN = backend.plan()
EVENING = 1_768_082_400_000_000
"""2026-01-10 22:00 UTC."""
NIGHT = {"time_zone": "Europe/Vienna", "from": "22:00", "until": "07:00"}
COLUMNS = (
    "id, kind, channel, account, notification, resource, row, destination, subject, text, data, created_at, expires_at"
)


@asynccontextmanager
async def bikes(folder: Path, plan: Any = PLAN, url: str = "", **settings: Any) -> AsyncIterator[Caller]:
    settings = {"mail_folder": str(folder / "mail"), "deliver": False, **settings}
    clock = FrozenClock(EVENING)
    given = {"doors": WORLD.doors(), "clock": clock}
    async with running(plan, url or sqlite_url(folder), Settings(**settings), **given) as caller:
        await caller.sign_up("ada")
        yield caller


@pytest.fixture
async def caller(tmp_path: Path) -> AsyncIterator[Caller]:
    async with bikes(tmp_path) as running_:
        yield running_


@pytest.fixture
async def on_each(tmp_path: Path, database_url: str) -> AsyncIterator[Caller]:
    """Run on each kind of database, for what hangs on its statements."""
    async with bikes(tmp_path, url=database_url) as running_:
        yield running_


async def ride(caller: Caller, title: str = "Tour") -> str:
    return await caller.made("/rides", {"title": title, "price": {"amount": "5.00", "currency": "EUR"}}, "ada")


async def waiting(caller: Caller, channel: str = "email") -> list[Waiting]:
    rows = await caller.rows(f"SELECT {COLUMNS} FROM techlead_outbox WHERE channel = '{channel}' ORDER BY id")
    return [
        Waiting(row[0], Kind(row[1]), *row[2:10], json.loads(row[10] or "{}"), row[11], row[12], 1)  # type: ignore[arg-type]
        for row in rows
    ]


async def composed(caller: Caller, channel: str = "email") -> Delivery | Dead | Held:
    return await composer_of(caller.application.runtime).compose((await waiting(caller, channel))[-1])


async def choose(caller: Caller, status: int = 200, **sent: Any) -> Any:
    answer = await caller("PATCH", "/preferences", sent, who="ada")
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_preferences_are_read_and_set_by_their_owner_alone(caller: Caller):
    before = (await caller("GET", "/preferences", who="ada")).json()
    assert (before["off"], before["quiet_hours"], before["digests"], before["language"]) == ([], None, {}, None)
    made = await choose(caller, off=[{"notification": "planned", "channel": "email"}], quiet_hours=NIGHT, language="de")
    assert made == (await caller("GET", "/preferences", who="ada")).json()
    assert made["quiet_hours"] == NIGHT
    assert (await choose(caller, off=[]))["language"] == "de"  # what was not named stays
    assert (await caller("GET", "/preferences")).status_code == 401


WRONG = (
    {"off": [{"notification": "nothing", "channel": "email"}]}, {"off": [{"notification": "planned", "channel": "inbox"}]},
    {"off": "planned"}, {"off": [1]}, {"off": {"notification": "planned", "channel": "email"}},
    {"off": [{"notification": "planned", "channel": "email"}] * 2}, {"quiet_hours": {"time_zone": "Mars/Base"}},
    {"quiet_hours": {**NIGHT, "time_zone": "../../etc/passwd"}}, {"quiet_hours": {**NIGHT, "from": "25:00"}},
    {"quiet_hours": {**NIGHT, "from": "07:00"}}, {"quiet_hours": {**NIGHT, "from": 7}}, {"digests": {"webhook": "07:00"}},
    {"digests": {"email": "7"}}, {"digests": []}, {"language": "German"}, {"language": 1}, {"roles": "admin"},
)  # fmt: skip


async def test_what_cannot_be_chosen_is_refused_and_changes_nothing(caller: Caller):
    before = (await caller("GET", "/preferences", who="ada")).json()
    for sent in WRONG:
        refused = await choose(caller, 422, **sent)
        assert [one["at"] for one in refused["errors"]] == [f"/{next(iter(sent))}"], sent
    assert (await caller("PATCH", "/preferences", [], who="ada")).status_code == 400
    assert (await caller("GET", "/preferences", who="ada")).json() == before


async def test_what_is_off_is_not_sent_though_it_waited_before(caller: Caller):
    await ride(caller)
    assert isinstance(await composed(caller), Delivery)
    await choose(caller, off=[{"notification": "planned", "channel": "email"}])
    assert await composed(caller) == Dead(Fault.WITHDRAWN, "switched off")


async def test_quiet_hours_hold_a_letter_until_they_are_over(caller: Caller):
    await ride(caller)
    await choose(caller, quiet_hours=NIGHT)
    assert await composed(caller) == Held(8 * 3_600, "quiet hours")
    caller.application.runtime.clock.advance(8 * 3_600)  # type: ignore[attr-defined]
    assert isinstance(await composed(caller), Delivery)


async def test_one_click_ends_a_kind_of_letter_without_log_in(on_each: Caller):
    caller = on_each
    await ride(caller)
    delivery = await composed(caller)
    assert isinstance(delivery, Delivery)
    link = delivery.data["unsubscribe"]
    path = "/" + link.split("/", maxsplit=3)[3]
    asked = await caller("GET", path)
    assert (asked.status_code, asked.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert isinstance(await composed(caller), Delivery)  # looking changes nothing
    form = {"content-type": "application/x-www-form-urlencoded"}
    for _ in range(2):
        done = await caller("POST", path, b"List-Unsubscribe=One-Click", headers=form)
        assert done.status_code == 200
    assert await composed(caller) == Dead(Fault.WITHDRAWN, "switched off")
    off = (await caller("GET", "/preferences", who="ada")).json()["off"]
    assert off == [{"notification": "planned", "channel": "email"}]


async def test_a_link_that_we_did_not_make_ends_nothing(caller: Caller):
    await ride(caller)
    delivery = await composed(caller)
    assert isinstance(delivery, Delivery)
    token = delivery.data["unsubscribe"].rpartition("/")[2]
    for wrong in (
        token[:-2] + ("AA" if token[-2:] != "AA" else "BB"),
        "A" * 54,
        token[:20],
        "%00",
        "x",
        token + "AAAA",
        "ä",
    ):
        for method in ("GET", "POST"):
            told = await caller(method, f"/unsubscribe/{wrong}")
            assert (told.status_code, told.headers["content-type"]) == (404, "application/problem+json")
            page = await caller(method, f"/unsubscribe/{wrong}", headers={"accept": "text/html,*/*;q=0.8"})
            assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
            assert "sign in and switch off there" in page.text
    assert isinstance(await composed(caller), Delivery)


async def test_a_digest_tells_all_at_once_at_its_time_and_once(on_each: Caller):
    caller = on_each
    await choose(caller, digests={"email": "07:30"})
    runtime = caller.application.runtime
    composer = composer_of(runtime)
    for title in ("Alps", "Bonn", "Cork"):
        await ride(caller, title)
        for one in await waiting(caller):  # a crash makes one come again
            assert await composer.compose(one) == Dead(Fault.WITHDRAWN, "kept for a digest")
    await send_digests(runtime, composer)
    assert [one.kind for one in await waiting(caller)] == [Kind.EMAIL] * 3
    runtime.clock.advance(10 * 3_600)  # type: ignore[attr-defined]
    await send_digests(runtime, composer)
    await send_digests(runtime, composer)
    (digest,) = [one for one in await waiting(caller) if one.kind is Kind.DIGEST]
    assert digest.subject == "3 messages"
    for title in ("Alps", "Bonn", "Cork"):
        assert digest.text.count(f"{title} costs 5.00 EUR.") == 1
    made = await composer.compose(digest)
    assert isinstance(made, Delivery)
    assert made.destination == "ada@example.com"
    assert made.html is not None
    assert made.html.count("<h2>") == 3
    letter = letter_of(made)
    assert letter.unsubscribe is not None
    assert (await caller("POST", urlsplit(letter.unsubscribe).path)).status_code == 200
    assert await composer.compose(digest) == Dead(Fault.WITHDRAWN, "switched off"), "honoured at once"
    assert (await caller("GET", "/preferences", who="ada")).json()["off"] == [
        {"notification": "planned", "channel": "email"}
    ]


async def test_what_was_collected_before_its_kind_was_switched_off_comes_in_no_digest(caller: Caller):
    await choose(caller, digests={"email": "07:30"})
    runtime = caller.application.runtime
    composer = composer_of(runtime)
    await ride(caller, "Alps")
    for one in await waiting(caller):
        await composer.compose(one)
    await choose(caller, off=[{"notification": "planned", "channel": "email"}])
    runtime.clock.advance(10 * 3_600)  # type: ignore[attr-defined]
    await send_digests(runtime, composer)
    assert [one for one in await waiting(caller) if one.kind is Kind.DIGEST] == []


async def test_nobody_gets_more_letters_in_an_hour_than_was_declared(tmp_path: Path, database_url: str):
    async with bikes(tmp_path, url=database_url, emails_of_account_per_hour_max=3) as caller:
        runtime = caller.application.runtime
        composer = composer_of(runtime)
        for number in range(20):
            await ride(caller, f"Tour {number}")
            runtime.clock.advance(1)  # type: ignore[attr-defined]
        made = [await composer.compose(one) for one in await waiting(caller)]
        assert [type(one) for one in made] == [Delivery] * 3 + [Dead] * 17
        runtime.clock.advance(2 * 3_600)  # type: ignore[attr-defined]
        await send_digests(runtime, composer)
        digests = [one for one in await waiting(caller) if one.kind is Kind.DIGEST]
        assert [one.subject for one in digests] == ["17 messages"]
        await choose(caller, quiet_hours=NIGHT)
        assert isinstance(await composer.compose(digests[0]), Held), "nobody chose this hour"
        await choose(caller, digests={"email": "07:30"})
        assert isinstance(await composer.compose(digests[0]), Delivery), "somebody chose the hour"
        await choose(caller, quiet_hours=None, digests={})
        await ride(caller, "Later")
        assert isinstance(await composed(caller), Delivery)


async def test_a_template_speaks_the_language_of_its_reader(tmp_path: Path):
    (told,) = PLAN.notifications
    sources = {"": "# Ride {{ title }}\n**{{ price }}**", "de": "# Fahrt {{ title }}\n**{{ price }}**, bitte."}
    templates = {language: Template("planned", language, "planned.md", source) for language, source in sources.items()}
    plan = replace(PLAN, notifications=(replace(told, templates=templates),))
    async with bikes(tmp_path, plan) as caller:
        await ride(caller, "<b>Alps</b>")
        for language, subject in (
            (None, "Ride <b>Alps</b>"),
            ("de", "Fahrt <b>Alps</b>"),
            ("de-at", "Fahrt <b>Alps</b>"),
            ("fr", "Ride <b>Alps</b>"),
        ):
            await choose(caller, language=language)
            made = await composed(caller)
            assert isinstance(made, Delivery)
            assert made.subject == subject
            assert made.html is not None
            assert "<strong>5.00 EUR</strong>" in made.html


async def test_a_room_which_shows_no_subject_is_told_it_in_the_first_line(tmp_path: Path):
    (told,) = PLAN.notifications
    template = Template("planned", "", "planned.md", "# Ride {{ title }}\nIt costs {{ price }}.")
    plan = replace(PLAN, notifications=(replace(told, templates={"": template}),))
    async with bikes(tmp_path, plan) as caller:
        sent = {"title": "Alps", "price": {"amount": "5.00", "currency": "EUR"}, "room": "https://chat.example.com/a"}
        await caller.made("/rides", sent, "ada")
        made = await composed(caller, "chat")
        assert isinstance(made, Delivery)
        assert made.text == "Ride Alps\nIt costs 5.00 EUR."


async def test_a_template_that_cannot_be_filled_makes_its_one_message_dead(tmp_path: Path):
    (told,) = PLAN.notifications
    broken = Template("planned", "", "planned.md", "# s\n{% if title > 7 %}x{% endif %}")
    plan = replace(PLAN, notifications=(replace(told, templates={"": broken}),))
    async with bikes(tmp_path, plan) as caller:
        await ride(caller, "canary")
        made = await composed(caller)
        assert isinstance(made, Dead)
        assert made.fault is Fault.UNSENDABLE
        assert "canary" not in made.detail


async def test_who_may_no_longer_read_is_told_nothing(caller: Caller):
    await ride(caller)
    await caller.application.runtime.store.write(lambda tx: tx.run("UPDATE person SET disabled = 1", []))
    assert await composed(caller) == Dead(Fault.WITHDRAWN, "the recipient is gone or disabled")


async def test_a_letter_arrives_with_its_link(tmp_path: Path):
    async with bikes(tmp_path, deliver=True, delivery='{"process": {"look_seconds": 0.05}}') as caller:
        await ride(caller)
        await until(lambda: _there(tmp_path))
        (file,) = (tmp_path / "mail").glob("*.eml")
        letter = message_from_bytes(file.read_bytes(), policy=default)
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert letter["List-Unsubscribe"].startswith("<http://127.0.0.1:8000/unsubscribe/")


async def _there(folder: Path) -> bool:
    return bool(list((folder / "mail").glob("*.eml")))


async def test_a_change_of_the_clock_back_sends_no_digest_twice(caller: Caller):
    await choose(caller, digests={"email": "07:30"})
    runtime = caller.application.runtime
    await ride(caller)
    await composed(caller)
    runtime.clock.advance(10 * 3_600)  # type: ignore[attr-defined]
    await send_digests(runtime, composer_of(runtime))
    runtime.clock.now_us -= 10 * 3_600 * SECOND_US  # type: ignore[attr-defined]
    await send_digests(runtime, composer_of(runtime))
    assert len([one for one in await waiting(caller) if one.kind is Kind.DIGEST]) == 1
