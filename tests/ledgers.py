"""A backend with a ledger, in a git repository of its own, signed with keys made for the test."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from techlead.cli.main import main
from techlead.cli.project import load
from techlead.intent.door.files import keep
from techlead.intent.door.keys import sign
from techlead.intent.items import Item, items_of
from techlead.intent.ledger import Entry, drafted, signed

PAGE = '''
from enum import Enum
from techlead import Account, Backend, Facts, Mapped, Ref, Resource, action, facts, field, member, owned_by, owner, role, rule, signed_in

backend = Backend("shelf", roles=["librarian"])
BORROWED_MAX = 3


class State(Enum):
    FREE = "free"
    LENT = "lent"
    LOST = "lost"


def few(book):
    return book.loans < BORROWED_MAX


@backend.account
class Reader(Account):
    name: Mapped[str] = field(max_length=80)


@backend.resource(read=owner | role("librarian"), create=signed_in)
class Book(Resource):
    """One copy of a book."""

    keeper: Mapped[Ref[Reader]] = owned_by()
    loans: Mapped[int] = field(default=0, ge=0, le=100)
    state: Mapped[State] = field(default=State.FREE)


@rule(
    because="Lost books were lent again and again (incident of 3 March 2021).",
    message="This book cannot be lent.",
    allows=[facts(state=State.FREE, loans=2)],
    refuses=[facts(state=State.LOST, loans=0), facts(state=State.LENT, loans=0), facts(state=State.FREE, loans=3)],
)
def lendable(book: Facts[Book]) -> bool:
    return book.state is State.FREE and few(book)


@action(Book, by=owner, when=[lendable], examples=[facts(loans=1).gives(book=facts(state=State.LENT, loans=2))])
def lend(book: Book) -> None:
    book.state = State.LENT
    book.loans += 1
'''
ANN, BEN = "ann@example.com", "ben@example.com"
WHY = "Read against the page, and tried each refusal by hand."
REASON = "Lost books were lent again and again (incident of 3 March 2021)."


@dataclass(frozen=True)
class Project:
    """One project: its folder, and the keys of people outside it."""

    folder: Path
    keys: Path

    @property
    def page(self) -> Path:
        return self.folder / "backend.py"

    def write(self, old: str, new: str) -> None:
        """Change the page."""
        source = self.page.read_text()
        assert old in source
        self.page.write_text(source.replace(old, new))

    def git(self, *words: str) -> str:
        """Run git in the folder."""
        author = ["-c", f"user.email={ANN}", "-c", "user.name=Ann"]
        done = subprocess.run(["git", *author, *words], cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def commit(self, words: str) -> None:
        """Commit everything."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", words)

    def key(self, person: str) -> Path:
        """Give somebody's private key, made on first mention."""
        file = self.keys / person
        if not file.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person, "-f", str(file)], check=True)
        return file

    def signer_line(self, person: str, options: str = 'namespaces="techlead"') -> str:
        """Give somebody's line of allowed_signers."""
        public = self.key(person).with_suffix(".com.pub").read_text().split()
        return f"{person} {options} {public[0]} {public[1]}\n"

    def items(self) -> dict[str, Item]:
        """Read what is to be signed."""
        return items_of(load(str(self.folder)).plan())

    def sign(self, title: str, person: str = ANN, when: datetime | None = None, **given: Any) -> Entry:
        """Sign one thing as `approve` does when a person has said yes."""
        entry = drafted(self.items()[title], "shelf", given.pop("previous", None), signer=person, drafter=given.pop("drafter", ""),
                        when=when or datetime.now(UTC), why=given.pop("why", WHY))  # fmt: skip
        made = signed(entry, sign(entry.payload, given.pop("key", self.key(person))))
        keep(self.folder, made)
        return made

    def sign_all(self) -> None:
        """Sign everything."""
        for title in self.items():
            self.sign(title)

    def run(self, *words: str, **environment: str) -> tuple[int, str]:
        """Run a verb in the folder, where there is no terminal."""
        told = io.StringIO()
        streams = (contextlib.redirect_stdout(told), contextlib.redirect_stderr(told))
        with patch.dict(os.environ, environment), contextlib.chdir(self.folder), streams[0], streams[1]:
            try:
                code = main(words)
            except SystemExit as exit_:
                code = int(exit_.code or 0)
        return code, told.getvalue()

    def status(self, *words: str, **environment: str) -> tuple[int, dict[str, dict[str, str]]]:
        """Run `techlead status --json`."""
        code, told = self.run("status", "--json", *words, **environment)
        assert told.startswith("["), told
        return code, {one["title"]: one for one in json.loads(told)}

    def at_terminal(self, answers: list[tuple[str, str]], *words: str) -> tuple[int, str]:
        """Run a verb at a terminal, where a person answers."""
        return at_terminal([sys.executable, "-c", MAIN, *words], answers, self.folder)


MAIN = "import sys; from techlead.cli.main import main; sys.exit(main(sys.argv[1:]))"
TERMINAL_SECONDS_MAX = 60


def at_terminal(words: list[str], answers: list[tuple[str, str]], folder: Path) -> tuple[int, str]:
    """Run a program at a terminal; each answer is typed when its question is the last thing to be seen."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.execv(words[0], words)
    seen, typed, end = b"", 0, time.monotonic() + TERMINAL_SECONDS_MAX
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                seen += os.read(terminal, 4_096)
            except OSError:
                break
        shown = seen[typed:].decode(errors="replace")
        answer = next((answer for question, answer in answers if re.search(f"{question}\\s*$", shown)), None)
        if answer is not None:
            typed = len(seen)
            os.write(terminal, f"{answer}\n".encode())
    os.close(terminal)
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status), seen.decode(errors="replace")


def project(folder: Path) -> Project:
    """Make a signed project on its main branch."""
    made = Project(folder / "shelf", folder / "keys")
    made.folder.mkdir()
    made.keys.mkdir()
    made.page.write_text(PAGE)
    (made.folder / "allowed_signers").write_text(made.signer_line(ANN))
    made.git("init", "-q", "-b", "main")
    made.sign_all()
    made.commit("A shelf, signed")
    return made
