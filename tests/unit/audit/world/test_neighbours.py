"""A neighbour records what comes, and behaves as it is told: on HTTP, on SMTP, with certificates of both sorts."""

from __future__ import annotations

import http.client
import smtplib
import socket
import ssl
import time
from contextlib import closing

import pytest

from techlead.audit.world.manner import (
    BUSY_MAIL,
    DOWN,
    UNKNOWN_RECIPIENT,
    WELL,
    Answer,
    Die,
    Drip,
    Flood,
    Hang,
    Refuse,
    Reset,
    Silence,
    moved,
    told_to_wait,
)
from techlead.audit.world.neighbours import World

SECONDS = 5.0


@pytest.fixture
def world():
    with World(clock=lambda: 1000.0) as surroundings:
        yield surroundings


def led(world, name, port):
    """The port of loopback to which the switchboard leads a connection, or None where it is refused."""
    address = world.switchboard.answer({"ask": "resolve", "name": name})["addresses"][0]
    return world.switchboard.answer({"ask": "connect", "address": address, "port": port}).get("port")


def call(world, name="hooks.example", body=b'{"a": "\\u00e9"}', seconds=SECONDS):
    with closing(http.client.HTTPConnection("127.0.0.1", led(world, name, 80), timeout=seconds)) as client:
        client.request("POST", "/in?x=1", body, {"Content-Type": "application/json", "Host": name})
        answer = client.getresponse()
        return answer.status, answer.headers, answer.read()


def mail(world, name="mail.example", context=None, seconds=SECONDS):
    with smtplib.SMTP("127.0.0.1", led(world, name, 587), timeout=seconds) as client:
        client._host = name
        if context:
            client.starttls(context=context)
            client.login("mailer", "pass word")
        client.sendmail(
            "shop@example.org", ["kim@example.org", "bo@example.org"], "Subject: Caf=\r\n\r\n.dot\r\ntext\r\n"
        )


def test_a_request_is_recorded_whole_with_the_name_it_was_meant_for(world):
    status, _, body = call(world)
    assert world.ledger.wait(lambda: world.ledger.arrivals()[0].ending == "answered", SECONDS)
    (arrival,) = world.ledger.arrivals()
    assert (status, body) == (200, b"{}")
    assert (str(arrival.destination), arrival.method, arrival.path) == ("hooks.example:80", "POST", "/in?x=1")
    assert arrival.header("content-TYPE") == "application/json"
    assert (arrival.json, arrival.text, arrival.at) == ({"a": "é"}, '{"a": "é"}', 1000.0)
    assert (arrival.ending, arrival.status, arrival.encrypted) == ("answered", 200, False)


def test_requests_in_chunks_and_on_one_connection_are_recorded_too(world):
    with closing(http.client.HTTPConnection("127.0.0.1", led(world, "hooks.example", 80), timeout=SECONDS)) as client:
        for path in ("/1", "/2"):
            client.request(
                "POST", path, iter([b"ab", b"cd"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
            )
            assert client.getresponse().read() == b"{}"
    assert [(a.path, a.body) for a in world.ledger.arrivals()] == [("/1", b"abcd"), ("/2", b"abcd")]


def test_manners_come_one_a_message_and_the_last_one_stays(world):
    world.behave("hooks.example", DOWN, told_to_wait(60), moved("http://other.example/"), WELL)
    answers = [call(world) for _ in range(5)]
    assert [status for status, _, _ in answers] == [503, 429, 302, 200, 200]
    assert answers[1][1]["Retry-After"] == "60"
    assert answers[2][1]["Location"] == "http://other.example/"


def test_manners_are_chosen_by_destination_and_end_with_calm(world):
    world.behave("*", DOWN)
    world.behave("good.example:80", WELL)
    assert [call(world, "good.example")[0], call(world, "bad.example")[0]] == [200, 503]
    world.calm()
    assert call(world, "bad.example")[0] == 200


@pytest.mark.parametrize(
    "manner, failure, ending",
    [
        (Hang(), TimeoutError, "let go"),
        (Reset(), ConnectionResetError, "cut"),
        (Die(), http.client.IncompleteRead, "cut"),
    ],
)
def test_a_neighbour_fails_as_told_and_the_book_says_who_hung_up(world, manner, failure, ending):
    world.behave("hooks.example", manner)
    with pytest.raises(failure):
        call(world, seconds=0.3)
    assert world.ledger.wait(lambda: world.ledger.arrivals()[0].ending == ending, SECONDS)


def test_a_dripping_neighbour_outlives_any_time_out_of_a_single_read(world):
    world.behave("hooks.example", Drip(0.01))
    with closing(socket.create_connection(("127.0.0.1", led(world, "hooks.example", 80)), timeout=0.5)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: hooks.example\r\n\r\n")
        begun = time.monotonic()
        while time.monotonic() - begun < 0.8:
            assert client.recv(1)
    assert world.ledger.wait(lambda: world.ledger.arrivals()[0].ending == "let go", SECONDS)


def test_a_flood_is_as_long_as_it_was_told(world):
    world.behave("hooks.example", Flood(1_000_000))
    assert len(call(world)[2]) == 1_000_000


def test_refused_and_silent_connections_reach_nobody(world):
    world.behave("down.example", Refuse())
    world.behave("void.example", Silence())
    assert led(world, "down.example", 80) is None
    with pytest.raises(TimeoutError):
        socket.create_connection(("127.0.0.1", led(world, "void.example", 80)), timeout=0.3)
    assert [str(reach.destination) for reach in world.ledger.reaches()] == ["down.example:80", "void.example:80"]
    assert world.ledger.arrivals() == ()


def test_a_connection_that_is_only_taken_up_is_seen_when_the_target_lets_go(world):
    world.behave("hooks.example", Hang(early=True))
    with pytest.raises(TimeoutError):
        call(world, seconds=0.2)
    assert world.ledger.wait(lambda: [c.ending for c in world.ledger.connections()] == ["let go"], SECONDS)
    assert world.ledger.arrivals() == ()


def test_a_mail_is_recorded_with_its_envelope_and_its_text(world):
    mail(world)
    assert world.ledger.wait(lambda: world.ledger.arrivals()[0].ending == "answered", SECONDS)
    (arrival,) = world.ledger.arrivals()
    assert (arrival.sender, arrival.recipients) == ("shop@example.org", ("kim@example.org", "bo@example.org"))
    assert arrival.body == b"Subject: Caf=\r\n\r\n.dot\r\ntext\r\n"
    assert (arrival.channel, arrival.status, arrival.ending) == ("smtp", 250, "answered")


@pytest.mark.parametrize(
    "manner", [UNKNOWN_RECIPIENT, BUSY_MAIL, Answer(451, stage="message"), Answer(421, stage="greeting")]
)
def test_mail_is_refused_at_the_stage_named(world, manner):
    world.behave("*:587", manner)
    with pytest.raises(smtplib.SMTPException) as refused:
        mail(world)
    assert str(manner.status) in str(refused.value)
    assert world.ledger.arrivals()[0].status == manner.status


@pytest.mark.parametrize("manner", [Hang(), Hang(early=True)])
def test_a_mail_server_that_hangs_is_let_go(world, manner):
    world.behave("*:587", manner)
    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        mail(world, seconds=0.3)
    assert world.ledger.wait(lambda: [a.ending for a in world.ledger.arrivals()] == ["let go"], SECONDS)


def test_a_mail_server_that_drips_its_greeting_keeps_the_target_waiting(world):
    world.behave("*:587", Drip(0.01))
    with closing(socket.create_connection(("127.0.0.1", led(world, "mail.example", 587)), timeout=0.5)) as client:
        assert [client.recv(1) for _ in range(50)][:4] == [b"2", b"2", b"0", b"-"]
    assert world.ledger.wait(lambda: [a.ending for a in world.ledger.arrivals()] == ["let go"], SECONDS)


def test_a_mail_can_be_taken_and_the_farewell_refused(world):
    world.behave("*:587", Answer(421, stage="quit"))
    with pytest.raises(smtplib.SMTPResponseException):
        mail(world)
    assert [a.status for a in world.ledger.arrivals()] == [250]


def test_mail_is_encrypted_with_a_certificate_that_the_target_can_verify(world):
    context = ssl.create_default_context(cadata=world.trusted_certificate)
    mail(world, context=context)
    (arrival,) = world.ledger.arrivals()
    assert (arrival.encrypted, arrival.trusted, arrival.credentials) == (True, True, "mailer pass word")


def test_a_careful_client_refuses_the_distrusted_certificate_and_a_careless_one_gives_its_password(world):
    world.distrust("mail.example")
    with pytest.raises(ssl.SSLCertVerificationError):
        mail(world, context=ssl.create_default_context(cadata=world.trusted_certificate))
    careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    careless.check_hostname = False
    careless.verify_mode = ssl.CERT_NONE
    mail(world, context=careless)
    assert [(a.trusted, a.credentials) for a in world.ledger.arrivals()] == [(False, "mailer pass word")]


@pytest.mark.parametrize("distrusted", [False, True])
def test_https_is_served_on_any_port_and_a_refused_certificate_is_on_record(world, distrusted):
    if distrusted:
        world.distrust("api.example")
    context = ssl.create_default_context(cadata=world.trusted_certificate)
    connection = socket.create_connection(("127.0.0.1", led(world, "api.example", 443)), timeout=SECONDS)
    if distrusted:
        with closing(connection), pytest.raises(ssl.SSLCertVerificationError):
            context.wrap_socket(connection, server_hostname="api.example")
    else:
        with closing(context.wrap_socket(connection, server_hostname="api.example")) as stream:
            stream.sendall(b"GET / HTTP/1.1\r\nHost: api.example\r\n\r\n")
            assert stream.recv(12) == b"HTTP/1.1 200"
    channel = "tls" if distrusted else "http"
    assert world.ledger.wait(lambda: [c.channel for c in world.ledger.connections()] == [channel], SECONDS)


def test_a_client_on_an_unusual_port_that_waits_for_a_greeting_gets_one(world):
    with closing(socket.create_connection(("127.0.0.1", led(world, "odd.example", 4000)), timeout=SECONDS)) as client:
        assert client.recv(4) == b"220 "


def test_closing_hangs_up_on_everybody():
    with World() as world:
        world.behave("hooks.example", Hang())
        client = socket.create_connection(("127.0.0.1", led(world, "hooks.example", 80)), timeout=SECONDS)
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert world.ledger.wait(lambda: len(world.ledger.arrivals()) == 1, SECONDS)
    with closing(client):
        assert client.recv(1) == b""
