"""What this backend must keep to itself, read from the environment once: its own secret, and those of other systems.

From its own secret every key is derived under a name of its own, so one variable is kept, and none of the keys can be
worked out from another. `TECHLEAD_SECRET` may hold two while it is changed, the newer first: what was made with the
older is still taken.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from techlead.deliver.push_encryption import scalar
from techlead.deliver.signing import Key, Private, Shared, read_key
from techlead.derive.plan import Plan
from techlead.errors import SettingsRefused
from techlead.primitives.secret import SecretText
from techlead.serve.settings import PREFIX, Settings

MAIL_URL: Final = f"{PREFIX}MAIL_URL"
SECRET: Final = f"{PREFIX}SECRET"
SECRET_CHARACTERS_MIN: Final = 32
SECRETS_MAX: Final = 4
KEYS_MAX: Final = 8
HOW: Final = "set it to 32 random characters or more, such as `openssl rand -base64 32` gives"


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that are derived from our own secret, the newest first; none when there is no secret."""

    secrets: tuple[SecretText, ...] = ()

    def derived(self, name: str) -> tuple[bytes, ...]:
        """Derive 32 bytes under a name from each of our secrets."""
        return tuple(
            hmac.digest(one.reveal().encode(), f"techlead {name} v1".encode(), hashlib.sha256) for one in self.secrets
        )

    def webhooks(self) -> tuple[Key, ...]:
        """Give the keys that sign webhooks: a secret shared with each account (v1), and one whose public half all may know (v1a)."""
        return (*map(Shared, self.derived("webhook")), *map(Private, self.derived("webhook public")))

    def push(self) -> bytes | None:
        """Give the private key by which push services know us."""
        found = self.derived("push")
        return scalar(found[0]) if found else None


def keys_from(plan: Plan, settings: Settings, environment: Mapping[str, str]) -> Keys:
    """Read our own secret; SettingsRefused when it is too short, or missing where people rely on it."""
    given = environment.get(SECRET, "").split()
    if any(len(one) < SECRET_CHARACTERS_MIN for one in given) or len(given) > SECRETS_MAX:
        raise SettingsRefused(f"{SECRET} is too short: {HOW}")
    if given:
        return Keys(tuple(map(SecretText, given)))
    if settings.production:
        return Keys()
    known = hashlib.sha256(f"a secret that everybody knows: {plan.name}".encode()).digest()
    return Keys((SecretText(base64.b64encode(known).decode()),))


def secrets_from(plan: Plan, settings: Settings, environment: Mapping[str, str]) -> Mapping[str, SecretText]:
    """Read the secrets that declarations name; SettingsRefused when one is not a key, or missing in production."""
    problems = [*_malformed(plan, environment)]
    if settings.production:
        problems += [*_missing(plan, environment), *_unlinked(settings, environment)]
    if problems:
        raise SettingsRefused("\n".join(problems))
    named = {one.key for one in plan.incoming} | {one.credentials for one in plan.systems if one.credentials}
    return {name: SecretText(environment[name]) for name in sorted(named) if environment.get(name)}


def keys_of(secret: SecretText) -> tuple[Key, ...]:
    """Read the keys of an incoming endpoint, several while they rotate; ValueError, in words that repeat nothing of them."""
    return tuple(read_key(one) for one in secret.reveal().split()[:KEYS_MAX])


def _missing(plan: Plan, environment: Mapping[str, str]) -> Iterator[str]:
    for incoming in plan.incoming:
        if not environment.get(incoming.key):
            yield f"{incoming.key} is not set: incoming {incoming.name} checks signatures with it"
    for system in plan.systems:
        if system.credentials is not None and not environment.get(system.credentials):
            yield f"{system.credentials} is not set: the system {system.name} wants it"


def _unlinked(settings: Settings, environment: Mapping[str, str]) -> Iterator[str]:
    if environment.get(MAIL_URL) and not settings.public_url.startswith("https://"):
        yield f"{PREFIX}PUBLIC_URL is {settings.public_url}: letters lead there, so set it to your https address"


def _malformed(plan: Plan, environment: Mapping[str, str]) -> Iterator[str]:
    for incoming in plan.incoming:
        given = environment.get(incoming.key)
        if given and incoming.verify is None:
            try:
                keys_of(SecretText(given))
            except ValueError as error:
                yield f"{incoming.key} {error}"
    for system in plan.systems:
        token = environment.get(system.credentials or "", "")
        if not (token.isascii() and token.isprintable()) or " " in token:
            yield f"{system.credentials} is no token: it must be of visible ASCII characters"
