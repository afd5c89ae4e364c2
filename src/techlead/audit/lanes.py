"""Work that is done side by side, the most urgent first; what is being done may ask for more."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable

Work = Callable[[], None]

WAIT_SECONDS = 0.2
"""How long the main thread waits at a time, so that a signal is heard."""


class Lanes:
    """So many threads over one list of work, sorted by rank and then by when it was put."""

    def __init__(self, count: int, name: str, urgent: int = 0) -> None:
        """Start the threads; `urgent` more do only what has a rank below 0, so that it never waits for what takes long."""
        self._changed = threading.Condition()
        self._waiting: list[tuple[int, int, Work]] = []
        self._order = itertools.count()
        self._busy = 0
        self._usual = count
        self._ended = False
        self._finished = False
        self._failure: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._work, args=(number,), name=f"{name}_{number}", daemon=True)
            for number in range(count + urgent)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, rank: int, work: Work) -> None:
        """Have something done; the lowest rank comes first. What is put after `finish` is done at once."""
        if self._finished:
            work()
            return
        with self._changed:
            heapq.heappush(self._waiting, (rank, next(self._order), work))
            self._changed.notify_all()

    def narrow(self, count: int) -> None:
        """From now on begin what is not urgent on so many lanes alone, of those that there are."""
        with self._changed:
            self._usual = count
            self._changed.notify_all()

    def finish(self) -> None:
        """Wait until everything is done, also what is asked for meanwhile; then end the threads.

        Raises:
            BaseException: What the first work raised that failed; what had not been begun is left.
        """
        with self._changed:
            while (self._waiting or self._busy) and self._failure is None:
                self._changed.wait(WAIT_SECONDS)
        self.end()
        if self._failure is not None:
            raise self._failure
        self._finished = True

    def end(self) -> None:
        """Begin nothing more, and wait for what was begun."""
        with self._changed:
            self._ended = True
            self._waiting.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def leave(self) -> None:
        """Begin nothing more, and wait for nothing."""
        with self._changed:
            self._ended = True
            self._waiting.clear()
            self._changed.notify_all()

    def _is_there(self, number: int) -> bool:
        return bool(self._waiting) and (number < self._usual or self._waiting[0][0] < 0)

    def _work(self, number: int) -> None:
        while True:
            with self._changed:
                while not self._is_there(number) and not self._ended:
                    self._changed.wait()
                if self._ended:
                    return
                _, _, work = heapq.heappop(self._waiting)
                self._busy += 1
            try:
                work()
            except BaseException as failure:  # noqa: BLE001 - raised again where it is waited for
                with self._changed:
                    self._failure = self._failure or failure
            finally:
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()
