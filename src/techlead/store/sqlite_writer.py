"""Group commit: works wait in a queue, run one after the other, and share one fsync.

A *round* begins a transaction in the event loop, runs the waiting works, and hands the commit to a thread, so that
reads go on during the fsync. A work that fails before it changed anything leaves nothing; after one that had changed
rows the round is undone and runs again, then each work inside a savepoint of its own. Nobody is told anything before the commit came back: a
refusal, too, may rest on a row of the same round. Rounds are callbacks, not a task: no cancellation stops one half way.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import apsw

from techlead.errors import (
    ConstraintViolated,
    DeadlineExceeded,
    Overloaded,
    ProgramError,
    StoreBusy,
    WorldError,
    summary,
)
from techlead.store.port import StoreSettings, Work
from techlead.store.sqlite_connection import GuardedConnection
from techlead.store.sqlite_faults import translate
from techlead.store.sqlite_thread import CommitThread
from techlead.store.sqlite_transaction import drive

ENDED_BY_WORK = "A work ended its own transaction: COMMIT and ROLLBACK belong to the store."


@dataclass(slots=True, eq=False)
class Waiting:
    """A work in the queue, who waits for it since when (monotonic seconds), and how it ended.

    One that was too slow for the event loop is tried once more, in the commit thread.
    """

    work: Work[Any]
    future: asyncio.Future[Any]
    since: float
    result: Any = None
    error: BaseException | None = None
    slow: bool = False

    def settle(self) -> None:
        """Tell the one who waits, if still there."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


@dataclass(slots=True, eq=False)
class GroupWriter:
    """The one writer of a database file."""

    connection: Callable[[], GuardedConnection]
    thread: CommitThread
    settings: StoreSettings
    on_fault: Callable[[BaseException], None]
    _queue: deque[Waiting] = field(default_factory=deque)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _one_by_one: int = 0
    _apart: int = 0
    in_transaction: bool = False

    def __post_init__(self) -> None:
        """Start with nothing to do."""
        self._idle.set()

    def submit(self, work: Work[Any]) -> asyncio.Future[Any]:
        """Queue a work; the future is done once its outcome is durable. Overloaded when the queue is full."""
        if len(self._queue) >= self.settings.write_queue_max:
            raise Overloaded(f"{summary(Overloaded)} (write_queue_max)")
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._queue.append(Waiting(work, future, monotonic()))
        if self._idle.is_set():
            self._idle.clear()
            loop.call_soon(self._round, loop)
        return future

    async def settled(self) -> None:
        """Wait until every work that was taken has been told its outcome."""
        await self._idle.wait()

    def _round(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run one round, or find nothing to do; exactly one later callback goes on with the next round."""
        group = self._take()
        if not group:
            self._idle.set()
            return
        try:
            self._attempt(group, loop)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait are told and the next round comes
            self._fail(group, translate(error) if isinstance(error, apsw.Error) else error)
            loop.call_soon(self._round, loop)

    def _take(self) -> list[Waiting]:
        """Take the works of the next round; those whose callers left, or who waited too long, end here."""
        queue, group = self._queue, list[Waiting]()
        room = 1 if self._one_by_one else self.settings.write_group_max
        oldest = monotonic() - self.settings.lock_seconds_max
        while queue and len(group) < room:
            waiting = queue.popleft()
            if waiting.since < oldest:
                waiting.error = StoreBusy(f"{summary(StoreBusy)} (lock_seconds_max)")
                waiting.settle()
            elif not waiting.future.done():
                group.append(waiting)
                room = 1 if waiting.slow else room
        self._one_by_one = max(0, self._one_by_one - 1)
        return group

    def _attempt(self, group: list[Waiting], loop: asyncio.AbstractEventLoop) -> None:
        try:
            connection = self.connection()
            connection.run("BEGIN IMMEDIATE")
        except apsw.BusyError:  # another process writes
            self._queue.extendleft(reversed(group))
            loop.call_later(self.settings.lock_retry_seconds, self._round, loop)
            return
        self.in_transaction = True
        if group[0].slow:
            self._run_in_thread(group[0], connection, loop)
            return
        try:
            done = self._run(group, connection)
        except BaseException:
            self._roll_back(connection)
            raise
        if any(waiting.error is None for waiting in done):
            self.thread.commit(connection, lambda fault: self._settle(done, fault, loop))
            return
        self._roll_back(connection)
        for waiting in done:
            waiting.settle()
        loop.call_soon(self._round, loop)

    def _roll_back(self, connection: GuardedConnection) -> None:
        connection.roll_back()
        self.in_transaction = False

    def _run_in_thread(self, waiting: Waiting, connection: GuardedConnection, loop: asyncio.AbstractEventLoop) -> None:
        """Give a slow work all the time a statement may take, while the event loop goes on."""

        def run() -> bool:
            connection.budget.seconds = self.settings.statement_seconds_max
            try:
                waiting.result = drive(waiting.work, connection)
            except BaseException as error:  # noqa: BLE001 - it belongs to the caller of this work
                waiting.error = error
            finally:
                connection.budget.seconds = self.settings.loop_seconds_max
            return waiting.error is None

        self.thread.commit(connection, lambda fault: self._settle([waiting], fault, loop), run)

    def _run(self, group: list[Waiting], connection: GuardedConnection) -> list[Waiting]:
        """Run the works and give those that ran; the others are back in the queue."""
        until = monotonic() + self.settings.write_group_seconds_max
        apart = self._apart > 0 and len(group) > 1
        self._apart = max(0, self._apart - len(group))
        for count, waiting in enumerate(group, 1):
            changes = connection.raw.total_changes()
            self._run_one(waiting, connection, apart=apart)
            if not connection.raw.in_transaction:
                return self._lost(group, waiting)
            if waiting.error is not None and not apart and connection.raw.total_changes() != changes:
                return self._again_apart(group)
            if monotonic() > until:
                self._queue.extendleft(reversed(group[count:]))
                return self._without_slow(group[:count])
        return self._without_slow(group)

    def _again_apart(self, group: list[Waiting]) -> list[Waiting]:
        """After a work failed when it had changed rows already: undo the round, and run it again with savepoints."""
        if len(group) == 1:
            return self._without_slow(group)  # the round is its own, and is rolled back
        for waiting in group:
            waiting.error = None
        self._queue.extendleft(reversed(group))
        self._apart = len(group)
        return []

    def _without_slow(self, group: list[Waiting]) -> list[Waiting]:
        """Put works that were too slow for the event loop back, to be run in the thread."""
        if not any(isinstance(waiting.error, DeadlineExceeded) for waiting in group):
            return group
        for waiting in group:
            if isinstance(waiting.error, DeadlineExceeded):
                waiting.slow, waiting.error = True, None
                self._queue.appendleft(waiting)
        return [waiting for waiting in group if not waiting.slow]

    def _run_one(self, waiting: Waiting, connection: GuardedConnection, *, apart: bool) -> None:
        """Run one work; `apart` in a savepoint of its own, which copies each page that it changes."""
        run = connection.raw.execute
        try:
            if not apart:
                waiting.result = drive(waiting.work, connection)
                return
            run("SAVEPOINT work")
            waiting.result = drive(waiting.work, connection)
            run("RELEASE work")
        except BaseException as error:  # noqa: BLE001 - it belongs to the caller of this work
            waiting.error = translate(error) if isinstance(error, apsw.Error) else error
            self.on_fault(waiting.error)
            if apart and connection.raw.in_transaction:
                run("ROLLBACK TO work")
                run("RELEASE work")

    def _lost(self, group: list[Waiting], culprit: Waiting) -> list[Waiting]:
        """After SQLite rolled everything back because of one work: it alone fails, the others run (again)."""
        if not isinstance(culprit.error, WorldError | ConstraintViolated):
            # The work itself said COMMIT or ROLLBACK. What ran before it may be in the database: nothing runs again.
            for waiting in group:
                waiting.error = ProgramError(ENDED_BY_WORK)
            return group
        others = [waiting for waiting in group if waiting is not culprit]
        for waiting in others:
            waiting.error = None
        self._queue.extendleft(reversed(others))
        return self._without_slow([culprit])

    def _settle(self, done: list[Waiting], fault: Exception | None, loop: asyncio.AbstractEventLoop) -> None:
        """Tell everyone of a round how it ended; in the loop, once the commit came back."""
        self.in_transaction = False
        if isinstance(fault, ConstraintViolated) and len(done) > 1:
            self._separate(done)
        elif fault is not None:
            self._fail(done, fault)
        else:
            for waiting in done:
                waiting.settle()
        self._round(loop)

    def _separate(self, done: list[Waiting]) -> None:
        """After a deferred constraint failed at COMMIT: alone, each work finds out whether it was the one."""
        for waiting in done:
            waiting.error = None
        self._one_by_one = len(done)
        self._queue.extendleft(reversed(done))

    def _fail(self, group: list[Waiting], fault: BaseException) -> None:
        self.on_fault(fault)
        for waiting in group:
            waiting.error = fault
            waiting.settle()
