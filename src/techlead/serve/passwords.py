"""Passwords: argon2id in a bounded pool of threads, never on the event loop and never inside a transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import argon2

from techlead.errors import Overloaded
from techlead.serve.settings import Settings

T = TypeVar("T")

MEMORY_KIB: Final = 19_456
PASSES: Final = 2
LANES: Final = 1
"""OWASP Password Storage: argon2id with 19 MiB, two passes, one lane (ASVS 11.4.2)."""


class Passwords:
    """Hashes and verifies; Overloaded when more wait than the pool may hold."""

    def __init__(self, settings: Settings) -> None:
        """Start no thread before the first password."""
        self._hasher = argon2.PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._pool = ThreadPoolExecutor(settings.password_threads, thread_name_prefix="password")
        self._waiting = 0
        self._waiting_max = settings.password_queue_max
        self._decoy: str | None = None

    async def hashed(self, password: str) -> str:
        """Hash a new password with a salt of its own."""
        return await self._in_pool(self._hasher.hash, password)

    async def verified(self, kept: str | None, password: str) -> bool:
        """Compare a password with the kept hash; without one it takes as long and is false."""
        return await self._in_pool(self._verify, kept, password)

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _in_pool(self, function: Callable[..., T], *arguments: object) -> T:
        if self._waiting >= self._waiting_max:
            raise Overloaded
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)
        finally:
            self._waiting -= 1

    def _verify(self, kept: str | None, password: str) -> bool:
        if self._decoy is None:
            self._decoy = self._hasher.hash("a password that nobody has")
        try:
            return self._hasher.verify(kept or self._decoy, password) and kept is not None
        except argon2.exceptions.VerificationError:
            return False
