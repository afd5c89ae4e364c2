"""What proves who somebody is, as a log-in hands it out: a token in the answer, or a cookie; and how requests carry it."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from techlead.audit.target.exchange import Actor, Answer

TOKEN_NAMES: Final = (
    "access_token",
    "accesstoken",
    "access",
    "token",
    "auth_token",
    "id_token",
    "jwt",
    "session_token",
    "session",
    "key",
    "api_key",
    "bearer",
    "sid",
)
TOKEN_CHARACTERS_MIN: Final = 8
SCHEMES: Final[tuple[tuple[str, str], ...]] = (
    ("Authorization", "Bearer {0}"),
    ("Authorization", "Token {0}"),
    ("Authorization", "JWT {0}"),
    ("Authorization", "{0}"),
    ("X-API-Key", "{0}"),
    ("X-Auth-Token", "{0}"),
    ("X-Access-Token", "{0}"),
    ("x-token", "{0}"),
    ("X-Session-Token", "{0}"),
)
"""Headers that carry a token, the usual ones first."""


def token_in(answer: Answer) -> str | None:
    """The token in an answer: the value of the most telling name."""
    found = dict(_texts(answer.json, ""))
    for name in TOKEN_NAMES:
        for place, value in found.items():
            if place.rpartition(".")[2].lower().replace("-", "_") == name and len(value) >= TOKEN_CHARACTERS_MIN:
                return value
    return None


def _texts(said: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(said, Mapping):
        for key, value in said.items():
            yield from _texts(value, f"{place}.{key}")
    elif isinstance(said, str):
        yield place, said


def cookies_in(answer: Answer) -> str:
    """The Cookie header that follows from an answer's Set-Cookie."""
    pairs = [line.partition(";")[0].strip() for line in answer.headers.get("set-cookie", "").split("\n")]
    return "; ".join(pair for pair in pairs if "=" in pair and not pair.endswith("="))


def proofs(answer: Answer, actor: Actor) -> Iterator[Mapping[str, str]]:
    """Headers that may prove the actor's identity, the likeliest first."""
    token = token_in(answer)
    cookies = cookies_in(answer)
    kind = re.search(r'"token_type"\s*:\s*"(\w+)"', answer.text)
    if token:
        named = [("Authorization", f"{kind[1].capitalize()} {{0}}")] if kind else []
        for header, form in (*named, *SCHEMES):
            yield {header: form.format(token)}
    if cookies:
        yield {"Cookie": cookies, **_csrf(cookies)}
    if actor.login:
        pair = base64.b64encode(f"{actor.login}:{actor.password}".encode()).decode()
        yield {"Authorization": f"Basic {pair}"}


def _csrf(cookies: str) -> Mapping[str, str]:
    """The header that goes with a cookie against forged requests."""
    for pair in cookies.split("; "):
        name, _, value = pair.partition("=")
        if "csrf" in name.lower() or "xsrf" in name.lower():
            return {"X-CSRFToken": value, "X-CSRF-Token": value, "X-XSRF-Token": value}
    return {}


def carried(template: Mapping[str, str], answer: Answer, actor: Actor) -> Mapping[str, str] | None:
    """The headers of a new session in the form that was found to work."""
    wanted = set(template)
    for headers in proofs(answer, actor):
        if set(headers) >= wanted - {"X-CSRFToken", "X-CSRF-Token", "X-XSRF-Token"}:
            form = _form(template)
            if _form(headers) == form:
                return headers
    return None


def _form(headers: Mapping[str, str]) -> tuple[str, str]:
    name = next(iter(headers))
    word = headers[name].partition(" ")[0] if " " in headers[name] and name == "Authorization" else ""
    return name, word


Probe = Callable[[Mapping[str, str]], bool]
