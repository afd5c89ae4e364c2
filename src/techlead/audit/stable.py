"""Fresh instances of one target, as many as are asked for: copied from a prepared ground, and all gone at the end."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from techlead.audit.target.given import Given
from techlead.audit.target.guard import Guard
from techlead.audit.target.instance import Instance
from techlead.audit.target.launch import Launch
from techlead.audit.target.postgres import Place
from techlead.audit.target.remote import Remote
from techlead.audit.target.zygote import Zygote


class Pasture:
    """The one instance of a target that runs already."""

    def __init__(self, url: str) -> None:
        """Nothing is sent yet."""
        self._remote = Remote(url)

    def fresh(self) -> Remote:
        """The same one each time."""
        self._remote.reach()
        return self._remote

    def start_seconds(self) -> float:
        """None: it is not started."""
        return 0.0

    def put_away(self, instance: Instance | Remote) -> None:
        """Leave it as it is."""

    def close(self) -> None:
        """Hang up."""
        self._remote.close()


class Stable:
    """Makes instances in a temporary folder of its own."""

    def __init__(self, given: Given, launch: Launch, source: Path) -> None:
        """Nothing is started."""
        self._given = given
        self._launch = launch
        self._given_source = self._source = source
        self.root = Path(tempfile.mkdtemp(prefix="techlead-audit-"))
        self._guard = Guard(self.root)
        self._open: list[Instance] = []
        self._lock = threading.Condition()
        self._starting = 0
        self._closed = False
        self._template: Place | None = None
        self._zygote: Zygote | None = None
        self._starts_seconds: list[float] = []

    def prepare(self) -> Instance:
        """Run what must run once, on the ground that all instances are copied from; it is not started."""
        ground = Instance(self._launch, self._source, self.root, self._given.ready_seconds)
        with self._lock:
            self._open.append(ground)
        ground.prepare()
        if ground.folder is not None:
            self._source = ground.folder
        self._template = ground.place
        return ground

    def spared(self, ground: Instance) -> bool:
        """Whether the ground, once started, need not stay as it is: it has no database and was not prepared, so that all is in what was given."""
        spared = ground.database is None and not self._launch.prepare
        if spared:
            self._source = self._given_source
        return spared

    def load(self, libraries: Sequence[str]) -> None:
        """Keep the target's libraries loaded for the instances to come."""
        if libraries and Path("/proc/self").exists():
            self._zygote = Zygote(self._given.python or sys.executable, libraries, self.root)

    def fresh(self) -> Instance:
        """A started instance in the state in which the target was given."""
        instance = Instance(
            self._launch, self._source, self.root, self._given.ready_seconds, self._template, self._zygote
        )
        with self._lock:
            if self._closed:
                instance.close()
                raise ConnectionError("the audit ends")
            self._open.append(instance)
            self._starting += 1
        try:
            instance.start()
        finally:
            with self._lock:
                self._starting -= 1
                self._starts_seconds += [instance.start_seconds] if instance.start_seconds else []
                self._lock.notify_all()
        return instance

    def start_seconds(self) -> float:
        """Of the processor, what one more start takes: where the first is under way it is waited for, and 0 before it."""
        with self._lock:
            self._lock.wait_for(lambda: self._starts_seconds or not self._starting)
            return min(self._starts_seconds, default=0.0)

    def put_away(self, instance: Instance | Remote) -> None:
        """End one."""
        with self._lock:
            if isinstance(instance, Instance) and instance in self._open:
                self._open.remove(instance)
        instance.close()

    def close(self) -> None:
        """End all, and leave no process or file behind."""
        with self._lock:
            self._closed = True
            left = list(self._open)
            self._open.clear()
        for instance in left:
            with contextlib.suppress(Exception):
                instance.close()
        if self._zygote is not None:
            self._zygote.close()
        shutil.rmtree(self.root, ignore_errors=True)
        self._guard.close()
