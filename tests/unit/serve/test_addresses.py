"""An address that cannot be right is refused when it is set, and guarded when it is used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from backends import Caller, running
from databases import sqlite_url
from loopback import HOST, WORLD
from outside_page import backend

from techlead.deliver.limits import RANGES
from techlead.deliver.outbound import Outbound
from techlead.deliver.outbox import lane_of
from techlead.deliver.port import Kind
from techlead.deliver.receiver import Receiver
from techlead.errors import SettingsRefused
from techlead.serve.delivery import limits_from
from techlead.serve.doors import Doors, doors_from, mail_server_from
from techlead.serve.keys import keys_from, secrets_from
from techlead.serve.settings import Settings

PLAN = backend.plan()
ENVIRONMENT = {
    "SMS_TOKEN": "t0ken",
    "PAYMENT_KEY": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "TECHLEAD_SECRET": "s" * 40,
}
PRODUCTION = Settings(environment="production", deliver=False)
INSIDE = (
    "https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/latest/meta-data/", "https://10.0.0.1/", "https://localhost/",
    "https://2130706433/", "https://0x7f.1/", "https://017700000001/", "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::a00:1]/",
    "https://metadata.google.internal/", "http://hooks.example.com/", "https://a:b@hooks.example.com/", "ftp://hooks.example.com/",
)  # fmt: skip


async def set_hook(caller: Caller, address: str) -> tuple[int, str]:
    answer = await caller("PATCH", "/me", {"hook": address}, who="ada")
    errors = answer.json().get("errors", [{}])
    return answer.status_code, str(errors[0].get("message", ""))


async def test_no_spelling_of_an_inner_address_can_be_set(tmp_path: Path):
    async with running(PLAN, sqlite_url(tmp_path)) as caller:
        await caller.sign_up("ada")
        for address in INSIDE:
            assert (await set_hook(caller, address))[0] == 422, address
        assert (await set_hook(caller, f"https://{HOST}/hook"))[0] == 200


async def test_in_production_an_address_is_looked_at_when_it_is_set(tmp_path: Path):
    given = {"doors": WORLD.doors(), "environment": ENVIRONMENT}
    async with running(PLAN, sqlite_url(tmp_path), PRODUCTION, **given) as caller, WORLD.receiver() as receiver:
        await caller.sign_up("ada")
        assert await set_hook(caller, receiver.url("away")) == (422, "must not redirect.")
        assert await set_hook(caller, receiver.url("to_metadata")) == (422, "must not redirect.")
        wrong = receiver.url("ok").replace(HOST, "other.example.com")
        assert await set_hook(caller, wrong) == (422, "must have a certificate that is valid for its host.")
        assert [one.method for one in receiver.received] == ["HEAD", "HEAD"]
        for mood in ("ok", "failing", "reset", "not_there"):  # what is down just now will come back
            assert (await set_hook(caller, receiver.url(mood)))[0] == 200
        seen = len(receiver.received)
        assert (await caller("PATCH", "/me", {"phone": "+43 1"}, who="ada")).status_code == 200
        assert len(receiver.received) == seen


async def test_in_production_a_name_that_leads_inside_or_nowhere_is_refused(tmp_path: Path):
    def inside(host: str, _port: int) -> list[str]:
        if host == "nowhere.example.com":
            raise __import__("socket").gaierror
        return ["10.0.0.1"]

    doors = Doors(Outbound(resolve=inside), Outbound(resolve=inside))
    async with running(PLAN, sqlite_url(tmp_path), PRODUCTION, doors=doors, environment=ENVIRONMENT) as caller:
        await caller.sign_up("ada")
        assert await set_hook(caller, f"https://{HOST}/") == (422, "must not lead into a private network.")
        assert await set_hook(caller, "https://nowhere.example.com/") == (422, "must have a host that exists.")


async def test_a_browser_is_kept_once_and_only_by_its_owner(tmp_path: Path):
    from push_page import PLAN as PUSHING
    from unit.deliver.channels.test_http_channels import SUBSCRIPTION

    sent = {"endpoint": "https://push.example.com/send/abc", "keys": SUBSCRIPTION}
    async with running(PUSHING, sqlite_url(tmp_path), Settings(deliver=False)) as caller:
        await caller.sign_up("ada", "bob")
        for _ in range(2):
            made = await caller("POST", "/browsers", sent, who="ada")
            assert (made.status_code, made.json()["host"]) == (201, "push.example.com")
        listed = (await caller("GET", "/browsers", who="ada")).json()
        assert [one["id"] for one in listed["items"]] == [made.json()["id"]]
        assert len(listed["key"]) == 87
        assert (await caller("DELETE", f"/browsers/{made.json()['id']}", who="bob")).status_code == 404
        for wrong in (
            {**sent, "endpoint": "https://10.0.0.1/"},
            {**sent, "keys": {"p256dh": "A", "auth": "A"}},
            {},
            {**sent, "more": 1},
        ):
            assert (await caller("POST", "/browsers", wrong, who="ada")).status_code == 422
        await caller.made("/notes", {"title": "Hello"}, "ada")
        rows = await caller.rows("SELECT destination, data FROM techlead_outbox WHERE channel = 'push'")
        assert [row[0] for row in rows] == [sent["endpoint"]]
        assert SUBSCRIPTION["auth"] in rows[0][1]
        assert (await caller("DELETE", f"/browsers/{made.json()['id']}", who="ada")).status_code == 204
        for number in range(10):
            more = {**sent, "endpoint": f"https://push.example.com/send/{number}"}
            assert (await caller("POST", "/browsers", more, who="ada")).status_code == 201
        assert (await caller("POST", "/browsers", sent, who="ada")).status_code == 409


async def test_everybody_reads_the_secret_of_their_own_webhooks(tmp_path: Path):
    async with running(PLAN, sqlite_url(tmp_path)) as caller:
        await caller.sign_up("ada", "bob")
        ada, bob = [(await caller("GET", "/preferences/keys", who=name)).json() for name in ("ada", "bob")]
        assert ada["secrets"] != bob["secrets"]
        assert ada["public"] == bob["public"]
        assert (await caller("GET", "/preferences/keys")).status_code == 401


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"TECHLEAD_SECRET": "short"}, "TECHLEAD_SECRET is too short"),
        ({**ENVIRONMENT, "PAYMENT_KEY": "whsec_x"}, "PAYMENT_KEY must be whsec_"),
        ({**ENVIRONMENT, "SMS_TOKEN": "a b"}, "SMS_TOKEN is no token"),
        ({"PAYMENT_KEY": ENVIRONMENT["PAYMENT_KEY"]}, "SMS_TOKEN is not set"),
        ({"SMS_TOKEN": "t"}, "PAYMENT_KEY is not set"),
        ({**ENVIRONMENT, "TECHLEAD_MAIL_URL": "smtp://mail.example"}, "TECHLEAD_PUBLIC_URL is http://127.0.0.1:8000"),
    ],
)
def test_a_secret_that_is_missing_or_none_stops_the_start(environment: dict[str, str], said: str):
    def read() -> None:
        keys_from(PLAN, PRODUCTION, environment)
        secrets_from(PLAN, PRODUCTION, environment)

    with pytest.raises(SettingsRefused, match=said) as raised:
        read()
    assert "whsec_x" not in str(raised.value)


def test_keys_come_from_one_secret_each_under_its_own_name():
    keys = keys_from(PLAN, PRODUCTION, {"TECHLEAD_SECRET": f"{'n' * 40} {'o' * 40}"})
    assert len(set(keys.derived("webhook") + keys.derived("push") + keys.derived("unsubscribe"))) == 6
    assert keys_from(PLAN, PRODUCTION, {}).webhooks() == ()
    assert keys_from(PLAN, PRODUCTION, {}).push() is None
    assert keys_from(PLAN, Settings(), {}).webhooks() != ()


@pytest.mark.parametrize(
    "url", ["", "mail.example", "http://mail.example", "smtp://", "smtp://host:x", "smtp://host/path", "smtp://h?x=1"]
)
def test_what_is_no_mail_server_is_refused_without_being_repeated(url: str):
    with pytest.raises(SettingsRefused, match="smtp://USER:PASSWORD@HOST"):
        mail_server_from(url)


def test_a_mail_server_is_read_from_its_address():
    server = mail_server_from("smtp://us%40er:p%2Fw@mail.example")
    assert (server.host, server.port, server.tls, server.user, server.password.reveal()) == (
        "mail.example",
        587,
        False,
        "us@er",
        "p/w",
    )
    assert (mail_server_from("smtps://mail.example").port, mail_server_from("smtps://mail.example").tls) == (465, True)
    assert "p/w" not in repr(server)


def test_only_networks_can_be_opened_and_only_for_systems():
    doors = doors_from(Settings(systems_networks=("10.1.0.0/16",)))
    assert doors.people.limits.total_seconds_max == RANGES["attempt_seconds_max"].highest, (
        "or it could not be set higher"
    )
    assert (doors.people.opened, len(doors.systems.opened)) == ((), 1)
    with pytest.raises(SettingsRefused, match="write networks such as"):
        doors_from(Settings(systems_networks=("everything",)))


def test_what_is_declared_of_a_system_bounds_its_calls_and_what_is_set_wins():
    declared = limits_from(Settings(), PLAN)
    lane = lane_of("call", PLAN.systems[0].base_url)
    assert declared.of_lane("call", lane).rate_per_second == 5
    assert declared.of_lane("call", "call:other.example.com").rate_per_second == 25
    given = Settings(
        delivery=f'{{"{lane}": {{"rate_per_second": 2}}, "call": {{"tries_max": 3}}, "process": {{"slots_max": 4}}}}'
    )
    both = limits_from(given, PLAN)
    limits = both.of(Kind.CALL, "call", "gateway", lane)
    assert (limits.rate_per_second, limits.tries_max, both.process.slots_max) == (2, 3, 4)
    with pytest.raises(SettingsRefused, match="write JSON such as"):
        limits_from(Settings(delivery="{"), PLAN)


@pytest.mark.parametrize(
    "scope",
    ["webhook", "code", "digest", "call", "webhook:hooks.example", "notification planned", "notification gateway"],
)
def test_limits_are_set_for_what_there_is(scope: str):
    assert limits_from(Settings(delivery=json.dumps({scope: {"slots_of_destination_max": 3}})), PLAN) is not None


@pytest.mark.parametrize(
    "scope", ["webhok", "inbox", "webhok:hooks.example", "notification plannd", "code:a.example", ""]
)
def test_limits_for_what_there_is_not_are_refused_and_not_forgotten(scope: str):
    with pytest.raises(SettingsRefused, match="which is nothing here: name a kind or a channel"):
        limits_from(Settings(delivery=json.dumps({scope: {"tries_max": 3}})), PLAN)


def test_a_receiver_has_an_address_only_while_it_listens():
    assert Receiver().port == 0
