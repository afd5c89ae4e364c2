"""What an audit started does not outlive it, however it ends; others' processes are left alone."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from techlead.audit.target.guard import Guard, sweep
from techlead.audit.target.processes import wait_until

SLEEPER = "import time; time.sleep(60)"
AUDIT = """
import subprocess, sys, time
from pathlib import Path
from techlead.audit.target.guard import Guard
guard = Guard(Path(sys.argv[1])) if sys.argv[2] == "guarded" else None
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], cwd=sys.argv[1], start_new_session=True)
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "audit"
    folder.mkdir()
    return folder


@contextlib.contextmanager
def killed_audit(root: Path, manner: str) -> Iterator[int]:
    """The child of an audit that has been killed."""
    with subprocess.Popen([sys.executable, "-c", AUDIT, str(root), manner], stdout=subprocess.PIPE, text=True) as audit:
        assert audit.stdout is not None
        child = int(audit.stdout.readline())
        audit.kill()
    try:
        yield child
    finally:
        with contextlib.suppress(OSError):
            os.kill(child, signal.SIGKILL)


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def test_children_of_a_killed_audit_end_and_its_folder_goes(root: Path):
    with killed_audit(root, "guarded") as child:
        assert wait_until(lambda: gone(child), 10)
        assert wait_until(lambda: not root.exists(), 10)


def test_without_the_guard_they_would_live_on(root: Path):
    with killed_audit(root, "alone") as child:
        assert not wait_until(lambda: gone(child), 0.5)


def test_processes_elsewhere_are_left_alone(root: Path, tmp_path: Path):
    beside = tmp_path / "audit-of-somebody-else"
    beside.mkdir()
    with subprocess.Popen([sys.executable, "-c", SLEEPER], cwd=beside) as other:
        sweep(str(root))
        try:
            assert other.poll() is None
            assert not root.exists()
        finally:
            other.kill()


def test_a_closed_guard_has_ended(root: Path):
    guard = Guard(root)
    guard.close()
    assert not root.exists()
