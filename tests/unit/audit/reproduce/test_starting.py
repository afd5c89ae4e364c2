"""What only the log, the rows or the source of a target can tell is shown by programs that need nothing of ours: they start it themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from audited import TARGETS

from techlead.audit.attacks.attack import Compare, Shows, Sighting
from techlead.audit.finding import Finding, Severity
from techlead.audit.reproduce.program import program
from techlead.audit.reproduce.starting import Start
from techlead.audit.reproduce.suite import as_test
from techlead.audit.reproduce.verify import shows
from techlead.audit.run import Wanted, audit
from techlead.audit.target.exchange import Answer, Request
from techlead.audit.target.given import Given
from techlead.audit.target.launch import Launch
from techlead.audit.target.processes import wait_until

SECONDS = 60.0


class Nobody:
    """Is told nothing."""

    def say(self, text: str) -> None: ...

    def doing(self, text: str, requests: int = 0) -> None: ...

    def found(self, finding: Finding) -> None: ...


@dataclass(frozen=True)
class Case:
    """One twin, the attacks that find its holes, and the kinds that have a program of their own."""

    family: str
    app: str
    hole: str
    fixed: str
    only: tuple[str, ...]
    kinds: frozenset[str]


CASES = (
    Case(
        "identity", "shop_flask:app", 'HOLES = "exposure.log-secret,exposure.log-personal,password.weak-hash"', 'HOLES = "none"',
        ("exposure.logs", "password.weak-hash"), frozenset({"exposure.log-secret", "exposure.log-personal", "password.weak-hash"}),
    ),
    Case(
        "identity", "desk_django:application", 'HOLES = "exposure.log-personal"', 'HOLES = "none"',
        ("exposure.refused-messages",), frozenset({"exposure.log-personal"}),
    ),
    Case("outbound", "ssrf:app", "HOLE = 1", "HOLE = 0", ("outbound.addresses",), frozenset({"outbound.ssrf"})),
    Case(
        "outbound", "secret_in_payload:app", "HOLE = 1", "HOLE = 0", ("outbound.content",),
        frozenset({"outbound.secret-in-payload"}),
    ),
    Case(
        "outbound", "blocks_request:app", "HOLE = 1", "HOLE = 0", ("outbound.slow",),
        frozenset({"outbound.blocks-request"}),
    ),
    Case("state", "input_log:app", "HOLE = 1", "HOLE = 0", ("input.log-lines",), frozenset({"input.injection"})),
)  # fmt: skip


def copy(case: Case, said: str, into: Path) -> Path:
    """Give a copy of a target's folder, with the hole or without."""
    folder = shutil.copytree(
        TARGETS / case.family, into, ignore=shutil.ignore_patterns("__pycache__", "rows", "*.sqlite3")
    )
    (folder / "techlead-audit.toml").write_text(f"[environment]\n{said}\n", encoding="utf-8")
    return folder


def ran(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program as a user would who has no techlead, against this folder."""
    without = folder.parent / "without"
    without.mkdir(exist_ok=True)
    (without / "techlead.py").write_text("raise ImportError", encoding="utf-8")
    file = folder.with_suffix(".py")
    file.write_text(text, encoding="ascii")
    environment = {**os.environ, "TARGET_FOLDER": str(folder), "TMPDIR": str(folder.parent), "PYTHONPATH": str(without)}
    command = [sys.executable, "-W", "error", str(file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.hole)
def test_a_program_starts_the_target_itself_and_is_red_on_the_hole_and_green_on_the_fixed_twin(
    case: Case, tmp_path: Path
) -> None:
    hole, fixed = (copy(case, said, tmp_path / name) for name, said in (("hole", case.hole), ("fixed", case.fixed)))
    environment = {name: value.strip('"') for name, _, value in [case.hole.partition(" = ")]}
    given = Given(app=case.app, folder=hole, environment=environment, anonymous=True)
    found = {each.kind: each for each in audit(given, Wanted(seconds=SECONDS, only=case.only), Nobody()).findings}
    assert set(found) >= case.kinds
    with ThreadPoolExecutor() as threads:
        for number, kind in enumerate(case.kinds):
            twins = [shutil.copytree(folder, tmp_path / f"{folder.name}{number}") for folder in (hole, fixed)]
            assert "hole()" in as_test(found[kind]).rpartition("def test_")[2]
            compile(as_test(found[kind]), "test_hole.py", "exec")
            red, green = threads.map(ran, [found[kind].reproducer] * 2, twins)
            assert (red.returncode, red.stderr) == (1, ""), (kind, red)
            assert (green.returncode, green.stderr) == (0, ""), (kind, green)
    assert [file for file in tmp_path.iterdir() if file.name.startswith("reproduced-")] == []


TINY = """
import http.server, os, socket

def tried(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        print(type(error).__name__, flush=True)

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        tried(socket.create_connection, ("192.0.2.1", 80), 2)
        tried(socket.getaddrinfo, "example.com", 80)
        tried(socket.socket(type=socket.SOCK_DGRAM).sendto, b"x", ("192.0.2.1", 53))
        print(os.environ["SAID"], os.environ["TOLD"], flush=True)
        self.send_response(200)
        self.end_headers()

http.server.HTTPServer(("0.0.0.0", 80), Handler).serve_forever()
"""


SAID = {"SAID": "guessed", "TOLD": "hush-4711"}
SENT = Answer(Request("GET", "/"), 200)
LOGGED = Sighting(
    "exposure.log-secret", "GET /", "x", steps=(SENT.exchange,), shows=Shows(Compare.LOGGED, ("guessed",))
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "tiny"
    made.mkdir()
    (made / "techlead-audit.toml").write_text("[environment]\nTOLD = 'hush-4711'\n", encoding="utf-8")
    return made


def tiny(folder: Path, source: str = TINY) -> str:
    """Give a program that starts a target of one file, of whose environment the user has told one variable."""
    (folder / "app.py").write_text(source, encoding="utf-8")
    start = Start(folder, Launch((sys.executable, "app.py"), environment=SAID), told=frozenset({"TOLD"}))
    return program(LOGGED, [SENT], (), start) or ""


def loaded(text: str, homes: Path) -> dict[str, Any]:
    """Give the names of a program, which makes its copies there."""
    scope: dict[str, Any] = {"__name__": "reproducer"}
    exec(compile(text, "reproducer.py", "exec", dont_inherit=True), scope)
    homes.mkdir()
    scope["HOMES"] = homes
    return scope


def test_the_target_reaches_nobody_outside_and_knows_its_environment(folder: Path, tmp_path: Path) -> None:
    names = loaded(tiny(folder), tmp_path / "homes")
    with names["target"]():
        before = names["lengths"]()
        assert names["send"]("GET", "/").status == 200
        lines = names["written"](before).splitlines()
    assert [line for line in lines if "HTTP" not in line] == [
        "ConnectionRefusedError", "gaierror", "ConnectionRefusedError", "guessed hush-4711",
    ]  # fmt: skip
    assert list((tmp_path / "homes").iterdir()) == []


def test_settings_elsewhere_are_read_where_they_are(folder: Path, tmp_path: Path) -> None:
    (folder / "app.py").write_text("import os; raise SystemExit(os.environ['TOLD'])", encoding="utf-8")
    settings = (folder / "techlead-audit.toml").rename(tmp_path / "mine.toml")
    start = Start(folder, Launch((sys.executable, "app.py")), settings, frozenset({"TOLD"}))
    names = loaded(program(LOGGED, [SENT], (), start) or "", tmp_path / "homes")
    with pytest.raises(names["CannotTry"], match="hush-4711"), names["target"]():
        pass


def test_what_the_user_has_told_stands_in_no_program(folder: Path) -> None:
    assert "guessed" in tiny(folder)
    assert "hush" not in tiny(folder)


@pytest.mark.parametrize(
    ("source", "why"), [("raise SystemExit('no database')", "no database"), ("def broken(", "Syntax")]
)
def test_a_target_that_does_not_start_could_not_be_tried(
    folder: Path, tmp_path: Path, source: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    names = loaded(tiny(folder, source), tmp_path / "homes")
    assert names["main"]() == 2
    said = capsys.readouterr().out
    assert said.startswith("could not be tried: the target did not start: ")
    assert why in said
    assert list((tmp_path / "homes").iterdir()) == []


def test_the_target_ends_with_its_program(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "endless.py"
    endless = "\nwith target():\n    print(written({}), flush=True)\n    time.sleep(60)\n"
    file.write_text(tiny(folder).partition("\nCLAIM")[0] + endless, encoding="utf-8")
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, str(file)], stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        process.stdout.readline()
        running = of(tmp_path) - {process.pid}
        assert running
        process.kill()
    assert wait_until(lambda: not of(tmp_path), 5.0)


def of(folder: Path) -> set[int]:
    """Give the processes that have a folder in their environment."""
    found = set()
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and str(folder).encode() in (entry / "environ").read_bytes():
                found.add(int(entry.name))
    return found


def test_a_program_under_trial_leaves_nothing_behind(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "homes").mkdir()
    assert shows(tiny(folder), "http://127.0.0.1:9", homes=tmp_path / "homes")
    assert list((tmp_path / "homes").iterdir()) == []


def test_where_the_database_is_on_a_server_a_whole_audit_is_needed(folder: Path) -> None:
    launch = Launch((sys.executable, "app.py"), environment={"DATABASE_URL": "postgresql://me:x@127.0.0.1:5432/shop"})
    assert program(LOGGED, [SENT], (), Start(folder, launch)) is None
    assert program(LOGGED, [SENT], ()) is None


def test_the_pytest_file_starts_it_too(folder: Path) -> None:
    text = as_test(Finding("exposure.log-secret", "GET /", Severity.MEDIUM, "x", reproducer=tiny(folder)))
    assert "TARGET_URL" not in text
    scope: dict[str, Any] = {"__name__": "test_hole"}
    exec(compile(text, "test_hole.py", "exec", dont_inherit=True), scope)
    with pytest.raises(AssertionError):
        scope["test_exposure_log_secret_get"]()
