"""A password is kept as OWASP asks, compared with nothing as slowly as with a hash, and no crowd of them is let wait."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from techlead.errors import Overloaded
from techlead.serve.passwords import Passwords
from techlead.serve.settings import Settings

PASSWORD = "correct horse battery staple"


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords(Settings())
    yield made
    made.close()


async def test_it_is_kept_as_argon2id_of_19_mib_and_two_passes(passwords: Passwords):
    kept = await passwords.hashed(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.hashed(PASSWORD) != kept, "each has a salt of its own"


async def test_it_is_the_same_password_or_it_is_refused(passwords: Passwords):
    kept = await passwords.hashed(PASSWORD)
    assert await passwords.verified(kept, PASSWORD)
    assert not await passwords.verified(kept, PASSWORD + "x")


async def test_without_a_hash_as_much_is_computed_and_nothing_opens(passwords: Passwords, monkeypatch):
    kept = await passwords.hashed(PASSWORD)
    compared: list[str] = []

    class Watched:
        def __init__(self, hasher):
            self._hasher = hasher

        def hash(self, password):
            return self._hasher.hash(password)

        def verify(self, kept, password):
            compared.append(kept)
            return self._hasher.verify(kept, password)

    monkeypatch.setattr(passwords, "_hasher", Watched(passwords._hasher))
    assert not await passwords.verified(None, PASSWORD)
    assert not await passwords.verified(None, "a password that nobody has"), "nor the decoy's own"
    assert await passwords.verified(kept, PASSWORD)
    parameters = {one.rpartition("$")[0].rpartition("$")[0] for one in compared}
    assert (len(compared), len(parameters)) == (3, 1)


async def test_who_comes_when_too_many_wait_is_turned_away_at_once():
    passwords = Passwords(Settings(password_threads=1, password_queue_max=2))
    first = [asyncio.ensure_future(passwords.hashed(PASSWORD)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await passwords.hashed(PASSWORD)
    assert all(await asyncio.gather(*first))
    assert await passwords.hashed(PASSWORD), "there is room again"
    passwords.close()
