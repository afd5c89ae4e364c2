"""Tokens that nobody issued: without a signature, or signed with a key that can be found out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from techlead.audit.attacks.attack import Compare, Outcome, Shows, Sighting, Site, Unavailable
from techlead.audit.attacks.standing import held, issuer, known_proofs, with_token
from techlead.audit.detect import published, tokens
from techlead.audit.target.exchange import Actor

FORGER = "forger"
"""Who sends it, for the report and the program: the same request of the victim's is another one."""


def without_signature(site: Site) -> Iterator[Outcome]:
    """Write a token for somebody else without the key, and read his account."""
    victim = site.people.first
    token = tokens.read(victim.token)
    if token is None:
        message = "the target's tokens are not JSON web tokens"
        raise Unavailable(message)
    found = known_proofs(site, victim)
    for way, written in tokens.unsigned(token.but(iat=int(site.clock.now()))):
        answer = held(site, found, with_token(replace(victim, name=FORGER), written))
        if answer is not None:
            yield Sighting(
                "session.alg-none",
                issuer(site),
                f"A forged token with {way} opened another user's account: {answer.request.path} showed it.",
                cause="signature not verified",
                evidence={"header": dict(token.header), "way": way},
                steps=(answer.exchange,),
                shows=Shows(Compare.STATUS, (answer.status,)),
            )
            return


def weak_key(site: Site) -> Iterator[Outcome]:
    """Find the signing key among those that everybody knows and those in the source, and sign a token for somebody else."""
    victim = site.people.first
    folder = site.state.folder
    written = published.literals(folder) if folder is not None else ()
    keys = tuple(dict.fromkeys((*published.KEYS, *written)))
    token, cookie = tokens.read(victim.token), _cookie(victim)
    if token is not None:
        key = tokens.crack(token, keys)
        forger = _with_key(victim, token, key)
    elif cookie is not None:
        key = tokens.crack_cookie(cookie[1], keys)
        forger = _with_cookie(victim, cookie, key) if key is not None else None
    else:
        message = "the target's tokens are not signed"
        raise Unavailable(message)
    yield from _opened(site, forger, key, "that stands in the source" if key in written else "that everybody knows")


def digit_key(site: Site) -> Iterator[Outcome]:
    """Try every short number as the signing key, and sign a token for somebody else."""
    victim = site.people.first
    token = tokens.read(victim.token)
    if token is None:
        message = "the target's tokens are not JSON web tokens"
        raise Unavailable(message)
    key = tokens.crack(token, tokens.digit_keys())
    yield from _opened(site, _with_key(victim, token, key), key, "of at most six digits")


def _opened(site: Site, forger: Actor | None, key: str | None, origin: str) -> Iterator[Outcome]:
    """Say it where the forged token opens the account."""
    found = known_proofs(site, site.people.first) if forger is not None else ()
    answer = held(site, found, replace(forger, name=FORGER)) if forger is not None else None
    if key is None or answer is None:
        return
    is_token = tokens.read(answer.request.actor.token) is not None  # a cookie that is signed anew is the same cookie
    yield Sighting(
        "session.weak-signing-key",
        issuer(site),
        f"Tokens are signed with a key {origin}: one written for another user opened his account.",
        evidence={"key": tokens.fingerprint(key), "origin": origin},
        steps=(answer.exchange,),
        shows=Shows(Compare.STATUS, (answer.status,)) if is_token else Shows(),
    )


def _with_key(actor: Actor, token: tokens.Token, key: str | None) -> Actor | None:
    """Make the same actor with a token that was signed by ourselves."""
    return with_token(actor, tokens.sign(token.but(jti="forged"), key)) if key is not None else None


def _cookie(actor: Actor) -> tuple[str, str] | None:
    """Give name and value of the actor's signed session cookie."""
    for part in actor.headers.get("Cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if value.count(".") >= 2:  # noqa: PLR2004 - payload, time, signature
            return name, value
    return None


def _with_cookie(actor: Actor, cookie: tuple[str, str], key: str) -> Actor:
    """Make the same actor with a session cookie signed anew."""
    written = tokens.sign_cookie(cookie[1].rpartition(".")[0], key)
    return replace(actor, headers={**actor.headers, "Cookie": f"{cookie[0]}={written}"})
