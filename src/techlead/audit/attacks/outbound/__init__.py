"""What the target sends to others, and what happens when they are slow, down or hostile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from techlead.audit.attacks.attack import Attack, Harm, Need, Outcome, Site, Unavailable
from techlead.audit.attacks.outbound import addresses, answers, content, crash, news, retry, slow
from techlead.audit.attacks.outbound.triggers import KNOWN, find

RUN: Final = frozenset({Need.PROCESS, Need.CLOCK})
SENDS: Final = RUN | {Need.MESSAGES}

Strike = Callable[[Site], Iterator[Outcome]]


def with_messages(strike: Strike) -> Strike:
    """Say of a target that sends nothing to anybody that this could not be tried on it."""

    def struck(site: Site) -> Iterator[Outcome]:
        if not find(site):
            raise Unavailable(Need.MESSAGES.value)
        yield from strike(site)

    return struck


def scouting(site: Site) -> Iterator[Outcome]:
    """Find out what sends messages, and leave it in the notebook for all who attack that."""
    find(site)
    yield from ()


def sends(notebook: Mapping[str, Any]) -> bool | None:
    """Whether the scout has seen a message; None where its time ended before it had tried everything."""
    return bool(notebook[KNOWN]) if KNOWN in notebook else None


SCOUT: Final = Attack(
    "outbound.scout",
    (),
    "The target sends messages.",
    "What arrived at the neighbours after an operation.",
    scouting,
    RUN,
    Harm.WRITES,
    40.0,
)
"""Goes before all that need messages: each of them would find out the same, or keep a lane waiting for it."""
ATTACKS: Final = (
    Attack(
        "outbound.giving-up",
        (
            "outbound.unbounded-retry",
            "outbound.no-backoff",
            "outbound.no-jitter",
            "outbound.no-circuit-breaker",
            "outbound.lost-message",
        ),
        "Messages to a receiver that is down are tried for ever, in step, or given up and forgotten.",
        "The tries that the failing neighbour saw, by the target's clock, and what came once it was back.",
        with_messages(retry.giving_up),
        SENDS,
        Harm.WRITES,
        90.0,
    ),
    Attack(
        "outbound.permanent",
        ("outbound.retries-permanent",),
        "A final answer is not listened to.",
        "The same message came again after 410 or 550.",
        with_messages(answers.striking(answers.permanent)),
        SENDS,
        Harm.WRITES,
        40.0,
    ),
    Attack(
        "outbound.later",
        ("outbound.ignores-retry-after",),
        "A receiver that asks for time is not given it.",
        "The same message came again long before Retry-After was over.",
        with_messages(answers.striking(answers.later)),
        SENDS,
        Harm.WRITES,
        40.0,
    ),
    Attack(
        "outbound.elsewhere",
        ("outbound.lost-message",),
        "A redirect loses the message.",
        "An empty GET at the page to which the POST was redirected, and nothing more.",
        with_messages(answers.striking(answers.elsewhere)),
        SENDS,
        Harm.WRITES,
        40.0,
    ),
    Attack(
        "outbound.taken",
        ("outbound.duplicate-message",),
        "What was taken is sent again, and cannot be told apart.",
        "The same message came twice without an id, although the first one may have been taken.",
        with_messages(answers.striking(answers.taken)),
        SENDS,
        Harm.WRITES,
        40.0,
    ),
    Attack(
        "outbound.slow",
        ("outbound.no-timeout", "outbound.head-of-line", "outbound.blocks-request"),
        "One slow receiver holds requests, the worker and everybody else's messages.",
        "A connection that stays open for minutes of the target's clock, and others' messages that come only once it is let go.",
        with_messages(slow.strike),
        SENDS,
        Harm.BREAKS,
        80.0,
    ),
    Attack(
        "outbound.crash",
        ("outbound.lost-message",),
        "Messages that were accepted are lost when the process dies.",
        "Fewer messages came after kill -9 and a restart than calls had been answered with 2xx.",
        with_messages(crash.strike),
        SENDS,
        Harm.BREAKS,
        60.0,
    ),
    Attack(
        "outbound.addresses",
        ("outbound.ssrf",),
        "The target can be made to call its own network.",
        "A connection to an internal address was tried after it had been given as a URL.",
        addresses.strike,
        RUN,
        Harm.WRITES,
        45.0,
    ),
    Attack(
        "outbound.certificates",
        ("outbound.tls-unverified",),
        "Certificates of receivers are not verified.",
        "A message came over TLS although the certificate was signed by nobody.",
        with_messages(addresses.trusting),
        SENDS,
        Harm.WRITES,
        30.0,
    ),
    Attack(
        "outbound.content",
        ("outbound.secret-in-payload", "outbound.header-injection", "outbound.no-rate-limit"),
        "Messages carry secrets, headers that a user wrote, or come in any number.",
        "The secret, the header or the number, as it arrived at the neighbour.",
        with_messages(content.strike),
        SENDS,
        Harm.WRITES,
        45.0,
    ),
    Attack(
        "outbound.old-news",
        ("outbound.no-ttl",),
        "A retried message overtakes nothing: it comes after newer ones.",
        "The older message about a row arrived after the newer one.",
        with_messages(news.old_news),
        SENDS,
        Harm.WRITES,
        30.0,
    ),
)
