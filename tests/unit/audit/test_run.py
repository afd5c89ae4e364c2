"""A whole audit, from a folder to a report, and what is left when it ends or is ended: nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from audited import TARGETS

from techlead.audit import run
from techlead.audit.attacks.attack import Need
from techlead.audit.finding import Finding, Report
from techlead.audit.run import Wanted, audit
from techlead.audit.target.given import Given

SHOP = Path(__file__).with_name("small_shop.py")


class Heard:
    def __init__(self) -> None:
        self.said: list[str] = []
        self.findings: list[Finding] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def doing(self, text: str, requests: int = 0) -> None: ...

    def found(self, finding: Finding) -> None:
        self.findings.append(finding)


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder, before = tmp_path_factory.mktemp("rooms"), tempfile.tempdir
    tempfile.tempdir = str(folder)
    yield folder
    tempfile.tempdir = before


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("shop")
    (made / "shop.py").write_text(SHOP.read_text())
    return made


@pytest.fixture(scope="module")
def heard() -> Heard:
    return Heard()


@pytest.fixture(scope="module")
def report(folder: Path, rooms: Path, heard: Heard) -> Report:
    given = Given(app="shop:app", folder=folder, python=sys.executable)
    return audit(
        given, Wanted(seconds=120, only=("input.server-error", "session.revoked", "login.time-machine")), heard
    )


def test_the_hole_is_found_with_its_place(report: Report):
    assert {(one.kind, one.operation) for one in report.findings} == {("input.server-error", "POST /items")}


def test_a_finding_comes_with_steps_and_a_program(report: Report):
    found = report.findings[0]
    assert found.steps[-1].status == 500
    assert "def hole" in found.reproducer


def test_a_finding_is_told_as_soon_as_it_is_certain(report: Report, heard: Heard):
    assert [one.operation for one in heard.findings] == [one.operation for one in report.findings]


def test_what_was_understood_is_told(report: Report, heard: Heard):
    assert report.inferred["sign_up"] == "POST /register"
    assert report.inferred["log_in"] == "POST /login"
    assert report.inferred["never_succeeded"] == {}
    assert any("4 operations" in line for line in heard.said)


def test_what_was_not_tried_is_listed_with_its_reason(report: Report):
    reasons = {one.kind: one.why for one in report.not_tested}
    assert reasons["session.revoked-token"] == "the target has no log-out"
    assert reasons["race.oversell"] == "no attack on it was asked for"


@pytest.mark.parametrize(
    ("app", "family", "settles"), [("money_float", "state", True), ("library_fastapi", "identity", False)]
)
def test_people_are_settled_only_where_a_database_keeps_them(app: str, family: str, settles: bool, rooms: Path):
    given = Given(app=f"{app}:app", folder=TARGETS / family, python=sys.executable)
    report = audit(given, Wanted(seconds=60, only=("password.no-policy",)), Heard())
    done = {one.what for one in report.timeline}
    assert "password.no-policy" in done
    assert ("settle" in done) is settles


def test_what_keeps_nothing_is_explored_without_another_start(report: Report):
    assert [one.what for one in report.timeline if one.what.startswith("start")][:2] == [
        "start",
        "start for input.server-error",
    ]


BUSY = """
began = time.process_time()
while time.process_time() < began + 1.1:
    pass
"""
SHORT = (
    "access.function", "access.read", "access.write", "exposure.secrets", "input.injection", "input.log-lines", "money.float",
    "money.negative-or-zero", "money.overflow", "money.rounding-leak", "rule.bypass", "rule.missing", "rule.own", "rule.word",
)  # fmt: skip


def test_where_a_start_is_dear_instances_are_used_again_and_a_hole_is_shown_again_on_another(
    tmp_path: Path, rooms: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(run, "PROCESSORS", 2)
    (tmp_path / "shop.py").write_text(SHOP.read_text().replace("import secrets\n", f"import secrets, time\n{BUSY}"))
    given, heard = Given(app="shop:app", folder=tmp_path, python=sys.executable), Heard()
    report = audit(given, Wanted(seconds=90, only=("password.no-policy", "input.server-error", *SHORT)), heard)
    starts = [one for one in report.timeline if one.what.startswith("start for")]
    struck = [one for one in report.timeline if one.what.partition(",")[0] in {*SHORT, "input.server-error"}]
    assert len(struck) > len(SHORT)
    assert len(starts) < len(struck)
    assert {(one.kind, one.operation) for one in report.findings} >= {("input.server-error", "POST /items")}
    assert any("used again" in line for line in heard.said)
    programs = {one.kind: one.reproducer for one in report.findings}
    assert "def hole" in programs["input.server-error"]
    assert "def hole" in programs["password.no-policy"]  # tried later, on an instance that was left


def test_where_no_message_is_sent_only_the_scout_looks_for_one(folder: Path, rooms: Path):
    given = Given(app="shop:app", folder=folder, python=sys.executable)
    report = audit(given, Wanted(seconds=60, only=("outbound.permanent", "outbound.later")), Heard())
    struck = [one.what for one in report.timeline if one.what.startswith("outbound.")]
    assert struck == ["outbound.scout"]
    assert {(one.kind, one.why) for one in report.not_tested if one.why == Need.MESSAGES.value} == {
        ("outbound.retries-permanent", Need.MESSAGES.value),
        ("outbound.ignores-retry-after", Need.MESSAGES.value),
    }


def test_seconds_and_requests_are_counted(report: Report):
    assert report.requests > 20
    assert 0 < report.seconds < 120


def test_nothing_is_left_behind(report: Report, rooms: Path, folder: Path):
    assert list(rooms.iterdir()) == []
    assert [file.name for file in folder.iterdir()] == ["shop.py"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_audit_that_is_ended_leaves_nothing_behind(folder: Path, tmp_path: Path, number: signal.Signals):
    audited = [
        sys.executable,
        "-c",
        "from techlead.cli.main import main; raise SystemExit(main())",
        "audit",
        "shop:app",
    ]
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # tests in the background of a shell inherit that it is ignored
    process = subprocess.Popen(
        [*audited, "--app-dir", str(folder), "--json", str(tmp_path / "report.json")],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "made to succeed" in line:
            break
    time.sleep(1)
    process.send_signal(number)
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 2, said
    assert list(tmp_path.iterdir()) == []
    assert _running(tmp_path) == []


def test_a_requests_budget_is_kept(folder: Path, rooms: Path):
    given = Given(app="shop:app", folder=folder, python=sys.executable)
    found = audit(given, Wanted(seconds=60, requests=80, only=("input.server-error",)), Heard())
    assert found.requests >= 80
    assert json.dumps(found.inferred)
    assert list(rooms.iterdir()) == []


def _running(folder: Path) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if str(folder).encode() in (entry / "environ").read_bytes():
                    found.append(entry.name)
            except OSError:
                continue
    return found
