"""`techlead audit TARGET`: attack any Python backend and show each hole; 0 nothing found, 1 findings, 2 could not run."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from techlead.audit import baseline, written
from techlead.audit.families import attacks
from techlead.audit.finding import Report
from techlead.audit.kinds import KINDS
from techlead.audit.report import FILES, Progress, Style, as_page
from techlead.audit.reproduce.replay import replayed
from techlead.audit.reproduce.suite import write_tests
from techlead.audit.run import REQUESTS, SECONDS, SEED, Wanted, audit
from techlead.audit.target.given import READY_SECONDS, Given
from techlead.errors import SettingsRefused, TargetRefused

NEAR: Final = 0.5
"""How alike a name must be to be proposed in the place of one that does not exist."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument(
        "target", nargs="?", help="module:app (ASGI or WSGI), or the URL of one that runs on this machine"
    )
    parser.add_argument(
        "--start", action="append", default=[], metavar="COMMAND", help="start command; again for each worker"
    )
    parser.add_argument("--url", help="where the started web server listens, or the running target")
    parser.add_argument(
        "--app-dir", type=Path, default=Path(), metavar="DIR", help="the target's source (it is copied)"
    )
    parser.add_argument("--python", metavar="PATH", help="Python of the target's own virtual environment")
    parser.add_argument("--settings", type=Path, metavar="FILE", help=f"default: {written.FILE} in the target's folder")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="budget of time (default: %(default)s)")
    parser.add_argument("--requests", type=int, default=REQUESTS, help="budget of requests (default: %(default)s)")
    parser.add_argument("--ready-seconds", type=float, default=READY_SECONDS, help="how long a start may take")
    parser.add_argument("--seed", type=int, default=SEED, help="of made-up values (default: %(default)s)")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="one attack or family; may be repeated"
    )
    parser.add_argument("--replay", metavar="ID", help="look for one finding again: kind@operation")
    parser.add_argument("--init", action="store_true", help=f"write {written.FILE} with what was found out")
    parser.add_argument("--baseline", type=Path, metavar="FILE", help="findings in it are known; only new ones count")
    parser.add_argument("--write-baseline", type=Path, metavar="FILE", help="make everything that was found known")
    parser.add_argument("--anonymous", action="store_true", help="go on as a stranger when there is no log-in")
    parser.add_argument("--i-own-this", metavar="HOST", help="audit this host although it is not this machine")
    parser.add_argument("--pytest", type=Path, metavar="DIR", help="write one pytest file for each finding")
    for name in FILES:
        parser.add_argument(f"--{name}", type=Path, metavar="FILE", help=f"write the report as {name}")


def run(given: argparse.Namespace) -> int:
    """Audit; the page goes to standard output, progress to standard error."""
    target = _target(given)
    known = _asked(given)
    style = Style(shutil.get_terminal_size().columns, colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    progress = Progress(sys.stderr, style, time.monotonic, moving=sys.stderr.isatty())
    wanted = Wanted(
        seconds=given.seconds,
        requests=given.requests,
        seed=given.seed,
        only=tuple(given.only),
        kinds=frozenset({given.replay.partition("@")[0]}) if given.replay else frozenset(),
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a CI job that is ended leaves nothing behind either
    try:
        report = audit(target, wanted, progress)
    finally:
        progress.end()
    return _finish(given, target, report, style, known)


def _asked(given: argparse.Namespace) -> baseline.Known | None:
    """Refuse at once what would be refused after a minute, or would find nothing whatever there is; give what is known."""
    kind, separator, _ = (given.replay or "").partition("@")
    if given.replay and not (separator and kind in KINDS):
        raise SettingsRefused(f"--replay {given.replay}: a finding is named kind@operation, as the report names it")
    names = {name for attack in attacks() for name in (attack.name, attack.family)}
    for name in given.only:
        if name not in names:
            near = get_close_matches(name, names, 3, NEAR) or sorted({attack.family for attack in attacks()})
            raise SettingsRefused(f"--only {name}: there is no such attack or family; there are {', '.join(near)}")
    settings = given.app_dir / written.FILE
    if given.init and settings.exists():
        raise SettingsRefused(f"{settings} exists; move it away first")
    for file in (given.write_baseline, *(getattr(given, name) for name in FILES)):
        if file is not None and not file.parent.is_dir():
            raise SettingsRefused(f"{file} cannot be written: there is no folder {file.parent}")
    return baseline.read_baseline(given.baseline) if given.baseline else None


def _target(given: argparse.Namespace) -> Given:
    is_url = bool(given.target and "://" in given.target)
    said = Given(
        app=None if is_url or given.start else given.target,
        starts=tuple(given.start),
        url=given.target if is_url else given.url,
        folder=given.app_dir.resolve(),
        python=_from_here(given.python),
        ready_seconds=given.ready_seconds,
        anonymous=given.anonymous,
        owned_host=given.i_own_this,
    )
    if not given.app_dir.is_dir():
        raise SettingsRefused(f"--app-dir {given.app_dir}: there is no such folder")
    known = written.read(given.settings or given.app_dir / written.FILE, said)
    if not (known.app or known.starts or known.url):
        raise TargetRefused("name a target: module:app, a --start command, or a URL")
    return known


def _from_here(python: str | None) -> str | None:
    """Name an interpreter from everywhere: the target runs in a folder of its own. What has no folder is found by PATH."""
    return str(Path(python).absolute()) if python and Path(python).name != python else python


def _finish(
    given: argparse.Namespace, target: Given, report: Report, style: Style, already: baseline.Known | None
) -> int:
    known = 0
    if given.replay:
        report = replayed(report, given.replay)
        if report.not_tested and not report.findings:
            raise TargetRefused(f"{given.replay} could not be tried: {report.not_tested[0].why}")
    if given.write_baseline:
        given.write_baseline.write_text(baseline.as_baseline(report), encoding="utf-8")
    if already is not None:
        report, known = baseline.without_known(report, already)
    for name, write in FILES.items():
        file = getattr(given, name)
        if file is not None:
            file.write_text(write(report), encoding="utf-8")
    if given.pytest:
        files = write_tests(report, given.pytest)
        sys.stderr.write(f"wrote {len(files)} tests into {given.pytest}\n")
    if given.init:
        said = written.first_file(target, report.inferred, report.questions)
        (given.app_dir / written.FILE).write_text(said, encoding="utf-8")
        sys.stderr.write(f"wrote {given.app_dir / written.FILE}: correct there what was guessed wrongly\n")
    sys.stdout.write(as_page(report, style, known))
    return 1 if report.findings else 0
