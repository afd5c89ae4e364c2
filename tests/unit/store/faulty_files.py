"""A file system for SQLite that fails when told to: the disk's faults, without a disk that has them."""

# ruff: noqa: N802 - the names are SQLite's

from __future__ import annotations

import threading
from itertools import count

import apsw

_numbers = count()


class FaultyFiles(apsw.VFS):
    """Passes everything on to the real file system, but for the faults it was told."""

    def __init__(self) -> None:
        self.vfs_name = f"faulty{next(_numbers)}"
        self.syncs = 0
        self.open_read_only = False
        self._reads: type[apsw.Error] | None = None
        self._writes: type[apsw.Error] | None = None
        self._syncs: type[apsw.Error] | None = None
        self._only = ""
        self._may_sync = threading.Event()
        self._may_sync.set()
        self._syncing = threading.Event()
        super().__init__(self.vfs_name, "")

    def break_reads(self, fault: type[apsw.Error]) -> None:
        self._reads = fault

    def break_writes(self, fault: type[apsw.Error], only: str = "") -> None:
        self._writes, self._only = fault, only

    def break_syncs(self, fault: type[apsw.Error]) -> None:
        self._syncs = fault

    def hold_syncs(self) -> None:
        self._syncing.clear()
        self._may_sync.clear()

    def wait_for_sync(self) -> None:
        assert self._syncing.wait(5)

    def let_syncs_go(self) -> None:
        self._may_sync.set()

    def mend(self) -> None:
        self._reads = self._writes = self._syncs = None
        self._may_sync.set()

    def xOpen(self, name, flags):  # type: ignore[no-untyped-def]
        if self.open_read_only:
            if flags[0] & apsw.SQLITE_OPEN_MAIN_DB:
                flags[0] = flags[0] & ~(apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
                flags[0] |= apsw.SQLITE_OPEN_READONLY
            else:
                raise apsw.CantOpenError
        return _FaultyFile(self, name, flags)

    def before_read(self) -> None:
        if self._reads is not None:
            raise self._reads

    def before_write(self, kind: str) -> None:
        if self._writes is not None and self._only in kind:
            raise self._writes

    def before_sync(self) -> None:
        self.syncs += 1
        self._syncing.set()
        assert self._may_sync.wait(5)
        if self._syncs is not None:
            raise self._syncs


class _FaultyFile(apsw.VFSFile):
    def __init__(self, files: FaultyFiles, name, flags) -> None:  # type: ignore[no-untyped-def]
        self._files = files
        self._kind = "main" if flags[0] & apsw.SQLITE_OPEN_MAIN_DB else "log"
        super().__init__("", name, flags)

    def xRead(self, amount: int, offset: int) -> bytes:
        self._files.before_read()
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._files.before_write(self._kind)
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        self._files.before_sync()
        super().xSync(flags)
