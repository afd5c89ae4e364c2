"""Random bytes of the operating system, asked for by the page: a request needs a few of them, four times over.

Reading from a page is one step of the interpreter, so that no two threads are given the same bytes; what was read is
never read again. A forked process begins with a page of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from io import BytesIO
from typing import Final

PAGE_BYTES: Final = 4_096


class Randomness:
    """A source of random bytes that keeps a page of them: as good as `os.urandom`, without a system call each time."""

    __slots__ = ("_ask", "_page")

    def __init__(self, ask: Callable[[int], bytes] = os.urandom) -> None:
        """Begin with an empty page."""
        self._ask = ask
        self._page = BytesIO()

    def __call__(self, count: int) -> bytes:
        """Give so many random bytes."""
        given = self._page.read(count)
        if len(given) == count:
            return given
        if count > PAGE_BYTES:
            return self._ask(count)
        page = BytesIO(self._ask(PAGE_BYTES))
        given = page.read(count)
        self._page = page
        return given

    def forget(self) -> None:
        """Drop the page, whose other copy is in the process that forked this one."""
        self._page = BytesIO()


random_bytes: Final = Randomness()
"""The one of this process."""
os.register_at_fork(after_in_child=random_bytes.forget)
