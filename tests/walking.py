"""Where the commands of a page are walked: folders as a reader has them, and a way to type each line there."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

from backends import free_port, running
from documented import ROOT, Typed
from ledgers import ANN, MAIN, Project, at_terminal
from served import PLAIN

from techlead.cli.main import main
from techlead.cli.project import load

STARTED = re.compile(r"techlead (?:serve|deliver|mcp)\b")
"""What runs until it is stopped."""
ASKING = re.compile(r"techlead (?:approve|reject|shadow promote|check --fix|add --folder \S+ resource$)")
"""What asks a person."""
UP = re.compile(r"docs: /docs|delivering")
SMALL = (
    (r"techlead audit .*", " --seconds 20 --only input.server-error"),
    (r"techlead review\b.*", " --no-audit --no-tests"),
)
"""How what takes minutes is made small: the audit tries one attack, a review runs none (each has tests of its own)."""


@dataclass
class Walk:
    """One page's walk: where it is walked, what a reader puts in the place of what is shown, what is typed when asked."""

    here: Path
    root: Path
    filled: Mapping[str, str] = field(default_factory=dict)
    answers: list[tuple[str, str]] = field(default_factory=list)
    environment: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)
    """What a line gives that begins so; 0 where nothing is said."""
    before: Mapping[str, Callable[[], None]] = field(default_factory=dict)
    """What must have happened before a line that begins so."""
    places: Mapping[str, Path] = field(default_factory=dict)
    """Where else a line that begins so is typed."""
    more: Mapping[str, str] = field(default_factory=dict)
    """What a reader adds to a line that begins so: a name, a key."""

    def type(self, line: Typed) -> str:
        """Type one line and give what was answered; it must end as it is told to."""
        begins(line.words, self.before, lambda: None)()
        told = ""
        for words in alternatives(line.words):
            ended, told = self._typed(self._made(words))
            expected = begins(words, self.codes, 0)
            assert ended == expected, f"{line.page}: {words}: {ended}, and not {expected}\n{told}"
            assert "Traceback" not in told, f"{line.page}: {words}\n{told}"
        return told

    def _made(self, words: str) -> str:
        more = begins(words, self.more, "")
        for shown, real in self.filled.items():
            words = words.replace(shown, real)
        return words + more

    def _typed(self, words: str) -> tuple[int, str]:
        place = begins(words, self.places, self.root if re.search(r" (?:examples|docs)/", words) else self.here)
        small = next((more for form, more in SMALL if re.fullmatch(form, words)), "")
        if STARTED.match(words):
            return started(shlex.split(words)[1:], place)
        if ASKING.match(words):
            with patch.dict(os.environ, self.environment):
                return at_terminal([sys.executable, "-c", MAIN, *shlex.split(words)[1:]], self.answers, place)
        if re.match(r"techlead [^>;]*(?:> \S+)?$", words):
            return in_process(f"{words.partition(' > ')[0]}{small}", place, self.environment, words.partition(" > ")[2])
        return at_shell(words, place, self.environment)


T = TypeVar("T")


def begins(words: str, table: Mapping[str, T], otherwise: T) -> T:
    """Give what a table holds for the longest beginning of a line."""
    return next((table[start] for start in sorted(table, key=len, reverse=True) if words.startswith(start)), otherwise)


def alternatives(words: str) -> list[str]:
    """Give each line that `a|b` and `--a | --b` stand for; what is in brackets is typed, too."""
    words = words.replace("[--", "--").replace("]", "") if "[--" in words else words
    if " | " in words:
        head, _, last = words.partition(" | ")
        return [head, f"{head.rpartition(' ')[0]} {last}"]
    found = re.search(r" ([a-z]+(?:\|[a-z]+)+)$", words)
    return [f"{words[: found.start()]} {one}" for one in found[1].split("|")] if found else [words]


def in_process(words: str, place: Path, environment: Mapping[str, str], into: str = "") -> tuple[int, str]:
    """Run a verb in this process: hundreds of starts of Python would take a minute."""
    out, err = io.StringIO(), io.StringIO()
    on_term = signal.getsignal(signal.SIGTERM)
    streams = (contextlib.redirect_stdout(out), contextlib.redirect_stderr(err))
    with patch.dict(os.environ, environment), contextlib.chdir(place), streams[0], streams[1]:
        try:
            code = main(shlex.split(words)[1:])
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:
            signal.signal(signal.SIGTERM, on_term)
    if into:
        (place / into).write_text(out.getvalue(), "utf-8")
    return code, out.getvalue() + err.getvalue()


def at_shell(words: str, place: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run a line or a workflow's step as the shell does, with this interpreter's programs before all others."""
    path = os.pathsep.join([str(place / ".bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(["bash", "-ec", words], cwd=place, env={**PLAIN, **environment, "PATH": path},
                          capture_output=True, text=True, check=False)  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def started(words: list[str], place: Path) -> tuple[int, str]:
    """Start what runs until it is stopped, see it up, stop it as Ctrl-C does, and give how it ended."""
    port = free_port()
    if words[0] == "serve":
        words = [*words, "--port", str(port)]
    run = [sys.executable, "-c", MAIN, *words]
    with subprocess.Popen(run, cwd=place, env=PLAIN, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdin is not None
        if words[0] == "mcp":  # it says nothing before it is asked, and ends when the agent hangs up
            said, _ = process.communicate("")
            return process.returncode, said
        said = ""
        while not UP.search(said) and (line := process.stdout.readline()):
            said += line
        while words[0] == "serve" and process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        said += process.stdout.read()
        process.stdin.close()
    assert UP.search(said), said
    return process.returncode, said


def rooted(folder: Path) -> Path:
    """Copy what a reader has cloned: the examples and the tutorial."""
    for part in ("examples", "docs/tutorial"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.db*"))
    return folder


def peopled(folder: Path, *names: str, orders: bool = False) -> str:
    """Fill a backend's database in its folder with people, and with an order that was shipped; give the order's id."""

    async def live() -> str:
        async with running(load(str(folder)).plan(), f"sqlite:///{folder}/techlead.db") as call:
            await call.sign_up(*names)
            if not orders:
                return ""
            seller, buyer = names
            listing = await call.made(
                "/listings", {"title": "A lamp", "price": {"amount": "12.50", "currency": "EUR"}}, seller
            )
            order = await call.made("/orders", {"listing": listing, "address": "1 Old Street"}, buyer)
            await call("POST", f"/orders/{order}/ship", {"tracking": "RR123"}, who=seller)
            return order

    return asyncio.run(live())


def signed_shelf(made: Project) -> None:
    """Make a project a repository with an origin, and its first version signed."""
    (made.folder / "allowed_signers").write_text(made.signer_line(ANN))
    made.git("init", "-q", "-b", "main")
    made.sign_all()
    made.commit("A shelf, signed")
    made.git("init", "-q", "--bare", "-b", "main", str(made.folder.parent / "origin.git"))
    made.git("remote", "add", "origin", str(made.folder.parent / "origin.git"))
    made.git("push", "-q", "origin", "main")
