"""One virtual environment for each peer, made once below `.techlead/bench/`."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".techlead" / "bench"
INSTALL_SECONDS_MAX = 600


class NotAvailableError(Exception):
    """A server cannot be measured here; the message says why."""


def binaries(packages: tuple[str, ...]) -> Path:
    """Answer the folder with the programs of an environment that holds exactly these packages.

    Raises NotAvailableError when they cannot be installed.
    """
    folder = WORK / "environments" / hashlib.sha256(" ".join(packages).encode()).hexdigest()[:12]
    stamp = folder / "packages.txt"
    wanted = "\n".join((sys.version, *packages))
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return folder / "bin"
    shutil.rmtree(folder, ignore_errors=True)
    print(f"  installing {' '.join(packages)}", flush=True)
    _run([sys.executable, "-m", "venv", str(folder)])
    _run([str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", *packages])
    stamp.write_text(wanted, encoding="utf-8")
    return folder / "bin"


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS_MAX, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotAvailableError(f"could not install: {error}") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        raise NotAvailableError(f"could not install: {lines[0] if lines else command}")
