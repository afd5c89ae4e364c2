"""The tools under measure: ours, Schemathesis and Bandit. Each gives its findings as `Seen`, with seconds and requests."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from bench.audit.case import Case
from bench.audit.score import Seen, seen_in

SECONDS_MAX: Final = 600.0
START_SECONDS: Final = 30.0
BANDIT: Final = {
    "B105": "session.weak-signing-key", "B106": "session.weak-signing-key", "B107": "session.weak-signing-key",
    "B113": "outbound.no-timeout", "B201": "exposure.debug", "B303": "password.weak-hash", "B324": "password.weak-hash",
    "B310": "outbound.ssrf", "B501": "outbound.tls-unverified", "B323": "outbound.tls-unverified",
    "B601": "input.injection", "B602": "input.injection", "B605": "input.injection", "B608": "input.injection",
    "B701": "input.injection", "B703": "input.injection", "B104": "exposure.debug", "B311": "session.reset-token-reuse",
}  # fmt: skip
"""Which kind each of its tests may fairly stand for; what stands for none counts as found nowhere."""
SCHEMATHESIS: Final = {
    "Server error": "input.server-error",
    "API accepts requests without authentication": "access.anonymous",
    "API accepts invalid authentication": "access.anonymous",
    "Use after free": "session.deleted-or-banned-user",
}
FAILURE: Final = re.compile(r"^- (?:ST\d+ )?(?P<title>[A-Z][^\n]*?)\s*$", re.MULTILINE)
SECTION: Final = re.compile(r"_{3,} (?P<operation>(?:GET|POST|PUT|PATCH|DELETE) /\S*) _{3,}")


@dataclass(frozen=True)
class Outcome:
    """What one tool said about one target; `why_not` tells that it could not run."""

    seen: tuple[Seen, ...] = ()
    seconds: float = 0.0
    requests: int = 0
    why_not: str = ""


def techlead(case: Case, seconds: float, keep: Path | None) -> Outcome:
    """Run our audit as a user would; the folder it sees has no truth in it."""
    with tempfile.TemporaryDirectory(prefix="bench-audit-") as place:
        copy, file = copied(case, Path(place)), Path(place) / "report.json"
        app_dir = (
            copy / case.arguments[case.arguments.index("--app-dir") + 1] if "--app-dir" in case.arguments else copy
        )
        rest = [
            word for at, word in enumerate(case.arguments) if "--app-dir" not in case.arguments[max(0, at - 1) : at + 1]
        ]
        command = [
            str(Path(sys.executable).parent / "techlead"),
            "audit",
            *([case.target] if case.target else []),
            *rest,
        ]
        settings = Path(place) / "techlead-audit.toml"
        settings.write_text(case.settings, encoding="utf-8")
        command += [
            "--app-dir",
            str(app_dir),
            "--settings",
            str(settings),
            "--json",
            str(file),
            "--seconds",
            str(seconds),
            "--ready-seconds",
            str(START_SECONDS * 3),
        ]
        command += ["--python", case.python] if case.python else []
        ended = subprocess.run(
            command,
            env={**os.environ, **case.environment},
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        if not file.is_file():
            return Outcome(why_not=(ended.stderr.strip().splitlines() or ["no report"])[-1])
        text = file.read_text(encoding="utf-8")
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / f"{case.name}.json").write_text(text, encoding="utf-8")
        (keep / f"{case.name}.txt").write_text(ended.stdout + ended.stderr, encoding="utf-8")
    report = json.loads(text)
    return Outcome(seen_in(report), report["seconds"], report["requests"])


def bandit(case: Case) -> Outcome:
    """Run Bandit over the source; it knows no operations, so that a kind counts wherever the truth has it."""
    started = time.monotonic()
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "bandit", "-q", "-r", str(case.folder), "-f", "json", "-x", "*/.venv/*,*/tests/*"],
            capture_output=True, text=True, timeout=SECONDS_MAX, check=False,
        )  # fmt: skip
        found = json.loads(ended.stdout)["results"]
    except (ValueError, KeyError):
        return Outcome(why_not="Bandit is not installed: pip install bandit")
    seen = tuple(Seen(BANDIT.get(one["test_id"], one["test_id"]), ("*",), one["issue_text"]) for one in found)
    return Outcome(seen, time.monotonic() - started)


def schemathesis(case: Case, seconds: float) -> Outcome:
    """Run Schemathesis against the started target, where it publishes a schema."""
    with tempfile.TemporaryDirectory(prefix="bench-peer-") as place, served(case, copied(case, Path(place))) as url:
        if not url:
            return Outcome(why_not="no schema, or it could not be started for it")
        started = time.monotonic()
        command = [str(Path(sys.executable).parent / "schemathesis"), "run", f"{url}/openapi.json", "--url", url]
        command += ["--no-color", "--continue-on-failure"]
        with contextlib.suppress(subprocess.TimeoutExpired):
            ended = subprocess.run(command, capture_output=True, text=True, timeout=seconds * 2, check=False, cwd=place)
            text = ended.stdout
            cases = re.search(r"([\d,]+) generated", text)
            return Outcome(
                tuple(failures(text)), time.monotonic() - started, int(cases[1].replace(",", "")) if cases else 0
            )
        return Outcome(why_not=f"it did not end within {seconds * 2:.0f} s")


def failures(text: str) -> Iterator[Seen]:
    """Read its failures section by section: an operation, then titles."""
    parts = SECTION.split(text)
    for operation, section in zip(parts[1::2], parts[2::2], strict=True):
        for title in dict.fromkeys(FAILURE.findall(section)):
            yield Seen(SCHEMATHESIS.get(title, title), (operation,), title)


def copied(case: Case, place: Path) -> Path:
    """Copy the target without its truth and what it has installed."""
    copy = place / case.folder.name
    ignore = ("TRUTH.json", ".git", "__pycache__", ".venv")
    subprocess.run(["cp", "-r", str(case.folder), str(copy)], check=True)
    for name in ignore:
        subprocess.run(["find", str(copy), "-name", name, "-prune", "-exec", "rm", "-rf", "{}", "+"], check=True)
    return copy


@contextlib.contextmanager
def served(case: Case, copy: Path) -> Iterator[str]:
    """Serve an ASGI or WSGI target by the plainest server it has; '' when there is no schema to be had."""
    if not case.target or not case.python:
        yield ""
        return
    port = 18_000 + os.getpid() % 1000
    folder = copy / case.arguments[case.arguments.index("--app-dir") + 1] if "--app-dir" in case.arguments else copy
    command = [case.python, "-m", "uvicorn", case.target, "--port", str(port)]
    process = subprocess.Popen(
        command, cwd=folder, env={**os.environ, **case.environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield _ready(f"http://127.0.0.1:{port}", process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _ready(url: str, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(URLError, OSError, ValueError), urlopen(f"{url}/openapi.json", timeout=5) as answer:
            return url if answer.status == 200 else ""
        time.sleep(0.2)
    return ""
