"""One running instance of the target: its own copy of folder and database, its own clock, log and neighbours."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from techlead.audit.target.client import Client
from techlead.audit.target.database import SqliteDatabase, sqlite_files
from techlead.audit.target.exchange import Request
from techlead.audit.target.failure import why
from techlead.audit.target.launch import CHILD, Launch
from techlead.audit.target.postgres import Place, PostgresDatabase, place_in
from techlead.audit.target.processes import Processes, wait_until
from techlead.audit.target.zygote import Zygote
from techlead.audit.world.clock import MovedClock
from techlead.audit.world.log import CapturedLog
from techlead.audit.world.neighbours import World
from techlead.errors import TargetRefused

PREPARE_SECONDS: Final = 60.0
ANSWER_SECONDS: Final = 5.0
WORKERS_SECONDS_MAX: Final = 4.0
"""How long workers may take to load before the instance counts as started all the same."""
PAID_HASHING: Final = "hashing"
"""The file by which `techlead_child/hashing.py` is told."""
LARGE_FILE_BYTES: Final = 64 * 1024 * 1024
LEFT_OUT: Final = (".git", ".venv", "venv", "env", "node_modules", "__pycache__", ".mypy_cache", ".pytest_cache")
INHERITED: Final = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TZ")
"""Of the environment that the audit runs in: nothing that could lead to a real database or account."""


def copied(source: Path, into: Path) -> Path:
    """Copy a project's folder, without what it can do without."""

    def ignored(folder: str, names: list[str]) -> set[str]:
        large = {name for name in names if _is_large(Path(folder) / name)}
        return {name for name in names if name in LEFT_OUT} | large

    shutil.copytree(source, into, ignore=ignored, symlinks=True, ignore_dangling_symlinks=True)
    return into


def _is_large(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > LARGE_FILE_BYTES


class Instance:
    """Started by `start`, ended by `close`; `State` of the attack contract."""

    def __init__(
        self,
        launch: Launch,
        source: Path,
        root: Path,
        ready_seconds: float,
        template: Place | None = None,
        zygote: Zygote | None = None,
    ) -> None:
        """Copy the source, and the PostgreSQL database it names (or its prepared `template`); nothing runs yet."""
        self._home = Path(tempfile.mkdtemp(prefix="instance-", dir=root))
        self._control = self._home / "control"
        self._control.mkdir()
        self._temporary = self._home / "temporary"
        self._temporary.mkdir()
        self.folder: Path | None = copied(source, self._home / "target")
        self._launch = launch
        self._ready_seconds = ready_seconds
        named = template or place_in(launch.environment)
        began = time.monotonic()
        self._postgres = PostgresDatabase.copied(named) if named else None
        self._copy_seconds = time.monotonic() - began if named else 0.0
        self.clock = MovedClock(self._control)
        self.world = World(self.clock.now, frozenset({named.port} if named else ()))
        self.log = CapturedLog(self._control, self.folder)
        authority = self._control / "authority.pem"
        authority.write_text(self.world.trusted_certificate, encoding="ascii")
        self._processes = Processes(self.folder, self._control, self._environment(authority), zygote)
        self.client: Client | None = None
        self.start_seconds = 0.0
        """Of the processor, what the last start took; the server's part, which copied a database, by the time it took."""

    def _environment(self, authority: Path) -> Mapping[str, str]:
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return {
            **inherited,
            "HOME": str(self._temporary),
            "TMPDIR": str(self._temporary),
            "PYTHONUNBUFFERED": "1",
            **self._launch.environment,
            **(self._postgres.place.environment(self._launch.environment) if self._postgres else {}),
            **self.world.environment,
            "SSL_CERT_FILE": str(authority),
            "REQUESTS_CA_BUNDLE": str(authority),
            "AUDITED_FOLDER": str(self._control),
            "AUDITED_HOME": str(self.folder),
            "AUDITED_PROCESS": str(os.getpid()),
            "PYTHONPATH": os.pathsep.join(
                part for part in (str(CHILD), str(self.folder), self._launch.environment.get("PYTHONPATH", "")) if part
            ),
        }

    def pay_for_hashing(self, paid: bool) -> None:  # noqa: FBT001 - the one thing that is said
        """Let hashing a password cost what it costs elsewhere, or next to nothing."""
        if paid:
            (self._control / PAID_HASHING).touch()
        else:
            (self._control / PAID_HASHING).unlink(missing_ok=True)

    def prepare(self) -> None:
        """Run what must run once: migrations.

        Raises:
            TargetRefused: A command failed.
        """
        for command in self._launch.prepare:
            if self._processes.finish(command, PREPARE_SECONDS):
                raise TargetRefused(f"`{' '.join(command[1:])}` failed: {why(self.log.since())}")

    def start(self) -> None:
        """Start every process and wait until the web server answers.

        Raises:
            TargetRefused: It did not; the sentence says what to do next.
        """
        (self._control / "ports").write_text("", encoding="ascii")
        self._processes.start(self._launch.web)
        port = self._listening()
        if self.client is not None:
            self.client.close()
        self.client = Client(f"http://127.0.0.1:{port}")
        self._answering()
        for command in self._launch.workers:
            self._processes.start(command)
        if self._launch.workers:
            self._processes.rest(WORKERS_SECONDS_MAX)
        self.start_seconds = self._copy_seconds + self._processes.worked_seconds()

    def _listening(self) -> int:
        deadline = time.monotonic() + self._ready_seconds
        while time.monotonic() < deadline:
            if opened := (self._control / "ports").read_text(encoding="ascii").split("\n")[0].split():
                return int(opened[1])
            code = self._processes.exited()
            if code is not None:
                output = self.log.since()
                self.kill()
                raise TargetRefused(f"the target ended before it listened (exit code {code}): {why(output)}")
            time.sleep(0.01)
        self.kill()
        raise TargetRefused(
            f"the target listened on no port within {self._ready_seconds:.0f} s ({why(self.log.since())}): "
            "give its start command with --start, or more time with --ready-seconds"
        )

    def _answering(self) -> None:
        """Wait for an answer in HTTP, whatever it says."""
        client = self.client
        if client is None:
            return
        deadline = time.monotonic() + self._ready_seconds
        error = ""
        while time.monotonic() < deadline:
            answer = client.send(Request("GET", "/"), min(ANSWER_SECONDS, self._ready_seconds))
            if answer.status:
                return
            error = answer.error
            if error == "garbage" or self._processes.exited() is not None:
                break
            time.sleep(0.05)
        output = self.log.since()
        self.kill()
        said = {
            "garbage": "the target answers something that is not HTTP: check which port its web server has",
            "timeout": f"the target takes connections but answers none within {self._ready_seconds:.0f} s: see whether it waits for a service at its start",
        }
        raise TargetRefused(said.get(error, f"the target stopped before it answered: {why(output)}"))

    def routes(self) -> Mapping[str, Any]:
        """The route table that was read inside the target; empty when there is none."""
        file = self._control / "routes.json"
        wait_until(lambda: file.exists() or (self._control / "routes.error").exists(), self._ready_seconds)
        if not file.exists():
            return {}
        found: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return found

    @property
    def place(self) -> Place | None:
        """Its PostgreSQL database, as a template for others."""
        return self._postgres.place if self._postgres else None

    @property
    def database(self) -> SqliteDatabase | PostgresDatabase | None:
        """Its PostgreSQL database, or the largest SQLite file."""
        return self._postgres or self._sqlite()

    def _sqlite(self) -> SqliteDatabase | None:
        files = sqlite_files(*(folder for folder in (self.folder, self._control, self._temporary) if folder))
        return SqliteDatabase(files[0]) if files else None

    def kill(self) -> None:
        """Kill -9 every process of the target."""
        self._processes.kill()

    def restart(self) -> None:
        """Start again; the same data, clock and neighbours."""
        self.kill()
        self.start()

    def alive(self) -> bool:
        """Whether all its processes still run."""
        return self._processes.alive()

    def memory_bytes(self) -> int:
        """Resident memory of all its processes."""
        return self._processes.memory_bytes()

    def close(self) -> None:
        """End it, and leave nothing behind."""
        self.kill()
        if self.client is not None:
            self.client.close()
        self.world.close()
        self.clock.close()
        if self._postgres:
            self._postgres.drop()
        shutil.rmtree(self._home, ignore_errors=True)
