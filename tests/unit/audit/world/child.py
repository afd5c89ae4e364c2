"""A Python process under the child's hooks, with a world of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from techlead.audit.target.launch import CHILD
from techlead.audit.world.clock import MovedClock
from techlead.audit.world.neighbours import World

SECONDS_MAX = 60


@dataclass(frozen=True)
class Held:
    folder: Path
    clock: MovedClock
    world: World

    def start(self, program: str) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            **self.world.environment,
            "PYTHONPATH": str(CHILD),
            "AUDITED_FOLDER": str(self.folder),
            "AUDITED_HOME": str(self.folder),
        }
        environment.pop("COVERAGE_PROCESS_CONFIG", None)
        return subprocess.Popen(
            [sys.executable, "-c", program],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
        )

    def run(self, program: str) -> str:
        process = self.start(program)
        return process.communicate(timeout=SECONDS_MAX)[0]


@contextmanager
def held(folder: Path) -> Iterator[Held]:
    clock = MovedClock(folder)
    (folder / "ports").write_text("")
    with World(clock.now) as world:
        yield Held(folder, clock, world)
