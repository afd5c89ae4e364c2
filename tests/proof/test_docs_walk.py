"""Claim: each line that the documentation tells somebody to type was typed here, in the order of its page, and ended as it says.

What cannot be typed is listed, with the reason, and printed; a line that nobody types any more may not stay on that list. Where a line takes
minutes (an audit, a review's audit) it is made small, and says so in `walking.SMALL`.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import pytest
import walking
from backends import free_port
from databases import postgres_url
from documented import ROOT, Typed, blocks, typed
from ledgers import PAGE, Project
from scripted_model import Says, scripted
from served import PLAIN
from walking import Walk, peopled, rooted, signed_shelf

from techlead.audit import written
from techlead.audit.finding import Question
from techlead.audit.target.given import Given
from techlead.delegate.settings import asked_of

pytestmark = pytest.mark.proof
BLOCKS = blocks()
LINES = typed(BLOCKS)
NOT_TYPED = {
    r"make (?:demo|test)$": "it is what runs this; unit/house/test_commands.py runs `make demo`",
    r"pip install ": "it fetches from the package index",
    r"python -m venv .*pip install ": "it fetches from the package index",
    r"python bench/audit/(run|rate)\.py ": "it needs clones of other projects, which the index of the bench names",
    r"git fetch origin \$\{\{": "GitHub names the branch",
    r"techlead scaffold client \S+ --typescript ": "it fetches a generator from npm; unit/scaffold/test_client.py runs its words",
}
"""What no test types, and why."""
STANDS_IN = {"gh": "GitHub's own program: what it is asked is kept, and nothing is sent"}
"""Programs in whose place another stands."""
QUICK = "-p no:schemathesis -p no:hypothesispytest -p no:xdist -p no:cov -p no:anyio -p no:cacheprovider"


def is_typed(line: Typed) -> bool:
    return not any(re.match(form, line.words) for form in NOT_TYPED)


def is_within_another(line: Typed) -> bool:
    """Tell whether an audit is the beginning of another one on its page, which is typed: each takes seconds."""
    longer = f"{line.words} "
    return longer.startswith("techlead audit ") and any(
        one.page == line.page and one.words.startswith(longer) for one in LINES
    )


def test_what_is_not_typed_is_told_and_nothing_else_is_left_out(capsys: pytest.CaptureFixture[str]):
    left = [line for line in LINES if not is_typed(line)]
    for form in NOT_TYPED:
        assert any(re.match(form, line.words) for line in left), f"nobody is told to type {form} any more"
    assert {line.page for line in LINES if is_typed(line)} == set(WALKS)
    assert {"", *WALKED} >= {block.language for block in BLOCKS}
    with capsys.disabled():
        for line in left:
            why = next(why for form, why in NOT_TYPED.items() if re.match(form, line.words))
            sys.stdout.write(f"\nnot typed: {line.page}: {line.words.splitlines()[0]}: {why}")


WALKED = {
    "python": "test_docs.py", "yaml": "its steps are typed here", "toml": "test_settings_are_what_the_program_takes",
    "json": "test_a_report_is_what_the_audit_writes", "mermaid": "unit/deliver: it is drawn from the states themselves",
}  # fmt: skip
"""Languages of blocks, and what holds them."""


WHY = "Read against the page, and tried each refusal by hand."
MANAGE = """
import json, os, sys, time
from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import JsonResponse
from django.urls import path

def items(request):
    if request.method == "GET":
        return JsonResponse([], safe=False)
    return JsonResponse({"share": 100 / json.loads(request.body)["price"]}, status=201)

urlpatterns = [path("items", items)]
base = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "data.db"}}
settings.configure(INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"], DATABASES=base, SECRET_KEY="only-for-tests-" * 4, ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__)
if sys.argv[1] == "notifier":
    time.sleep(600)
execute_from_command_line(sys.argv)
"""
TEXT = {"type": "string"}
TAKES = {
    "/register": {"email": TEXT, "password": TEXT}, "/login": {"email": TEXT, "password": TEXT}, "/items": {"price": {"type": "number"}},
}  # fmt: skip
TOLD = {
    "openapi": "3.1.0", "info": {"title": "shop", "version": "1"},
    "paths": {path: {"post": {"responses": {"200": {"description": "done"}}, "requestBody": {"content": {"application/json": {
        "schema": {"type": "object", "properties": fields, "required": list(fields)}}}}}} for path, fields in TAKES.items()},
}  # fmt: skip
SERVED = "\n\n@app.get('/openapi.json')\ndef told():\n    return {told}\n\n\nif __name__ == '__main__':\n    app.run(port={port})\n"


def shop(folder: Path, *names: str, port: int = 0) -> Path:
    """Put somebody's little backend down, under each name."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(
            (ROOT / "tests/unit/audit/small_shop.py").read_text() + SERVED.format(port=port, told=TOLD)
        )
    return folder


def shelf_at(folder: Path) -> Project:
    """Make a signed project with an origin."""
    made = Project(folder / "shelf", folder / "keys")
    made.folder.mkdir()
    made.keys.mkdir()
    made.page.write_text(PAGE)
    signed_shelf(made)
    return made


def model(url: str) -> dict[str, str]:
    return {"TECHLEAD_AI_MODEL": "scripted", "TECHLEAD_AI_URL": url, "OPENAI_API_KEY": "k-123", "PYTEST_ADDOPTS": QUICK}


def readme(folder: Path) -> Iterator[Walk]:
    root = rooted(folder)
    gym, market = root / "examples" / "gymbook", root / "examples" / "marketplace"
    migrated = root / "migrated"
    shutil.copytree(market, migrated)
    order = peopled(market, "ann", "bob", orders=True)
    peopled(gym, "alice")
    shelf = shelf_at(folder)
    answers = [
        ("called, as in OrderLine\\?", "Order"), ("What is it, in a sentence\\?", "An order."), ("the first:", "note:text(40)"),
        ("no more:", ""), ("\\[owner\\]", "anyone"), ("for nobody", ""), ("\\[y/N\\]", "y"), ("words\\?", WHY),
    ]  # fmt: skip
    (gym / "test_backend.py").unlink()
    shutil.rmtree(gym / "techlead.lock")  # who may sign stands in the repository that this is no clone of
    page = f"{(gym / 'backend.py').read_text()}\n# A booking can be cancelled until it begins.\n"
    more = "facts(state=State.FREE, loans=1), facts(state=State.FREE, loans=2)]"
    with scripted(Says({"backend.py": page})) as script, postgres_url() as url:
        yield Walk(
            market, root, {"order_01h...": order, "postgresql://user@host/gym": url, "../their-backend": str(shop(folder / "theirs", "main.py"))},
            answers, model(script.url), {"techlead why": 1, "techlead audit": 1, "techlead review": 1, "techlead migrate back": 2},
            {"techlead review": lambda: shelf.write("facts(state=State.FREE, loans=2)]", more)},
            {"techlead new": root, "techlead add": root, "techlead review": shelf.folder, "techlead approve": shelf.folder,
             "techlead delegate": gym, "techlead grant": gym, "techlead migrate": migrated},
            {"techlead approve": f" --key {shelf.key(walking.ANN)} --as {walking.ANN}", "techlead migrate make": " first"},
        )  # fmt: skip


def audits(folder: Path) -> Iterator[Walk]:
    ports = {str(port): str(free_port()) for port in (8000, 8001, 8003)}
    here = shop(folder / "here", "app.py", "main.py", "backend/shop/wsgi.py", port=int(ports["8001"]))
    wsgi = here / "backend/shop/wsgi.py"
    wsgi.write_text(wsgi.read_text().replace("app = Flask", "application = app = Flask"))
    theirs = folder / "django"
    theirs.mkdir()
    (theirs / "manage.py").write_text(MANAGE)
    (here / ".venv").symlink_to(sys.prefix)
    with serving(here, ports["8000"]):
        yield Walk(here, folder, {f"127.0.0.1:{one}": f"127.0.0.1:{other}" for one, other in ports.items()} | {" 8003": f" {ports['8003']}"},
                   environment={"PYTEST_ADDOPTS": QUICK}, codes={"techlead audit": 1, "TARGET_URL": 1, 'techlead audit --start "python manage.py': 0, "techlead audit app:app --baseline": 0,
                   "techlead audit app:app --python .venv/bin/python --baseline": 0},
                   places={'techlead audit --start "python manage.py': theirs}, more={'techlead audit --start "python manage.py': " --anonymous"})  # fmt: skip


@contextmanager
def serving(folder: Path, port: str) -> Iterator[None]:
    """Run the little backend while the block lasts, as somebody does who audits what runs."""
    words = [sys.executable, "-c", f"from app import app; app.run(port={port})"]
    with subprocess.Popen(
        words, cwd=folder, env=PLAIN, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", int(port)), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)


LOSE = """

@action(Book, by=role("librarian"), examples=[facts(state=State.LENT).gives(book=facts(state=State.LOST))])
def lose(book: Book) -> None:
    book.state = State.LOST
"""
TEST = """from types import SimpleNamespace

from backend import State, lendable


def test_a_lost_book_is_not_lent():
    assert not lendable(SimpleNamespace(state=State.LOST, loans=0))
    assert lendable(SimpleNamespace(state=State.FREE, loans=0))
"""


def delegating(folder: Path) -> Iterator[Walk]:
    shelf = shelf_at(folder)
    (folder / "shelf" / "shop").mkdir()
    (folder / "shelf" / "shop" / "backend.py").write_text(PAGE)
    (shelf.folder / "answer.md").write_text(f"Here.\n\n```python file=backend.py\n{PAGE}{LOSE}```\n")
    answers = (
        Says({"backend.py": PAGE + LOSE}),
        Says({"test_lost.py": TEST}),
        Says({"docs/lending.md": "# Lending\n\nThree.\n"}),
    )
    with scripted(*answers) as script:
        yield Walk(shelf.folder, folder, environment=model(script.url))
    assert sorted(one.name for one in (shelf.folder / "proposals").iterdir()) == [
        "0001-a-librarian-marks-a-copy-as-lost", "0002-test-that-lost-books-stay-where-they-are",
        "0003-explain-lending-to-a-new-colleague", "0004-a-librarian-marks-a-copy-as-lost", "costs.jsonl",
    ]  # fmt: skip


def explaining(folder: Path) -> Iterator[Walk]:
    root = rooted(folder)
    market = root / "examples" / "marketplace"
    made = Project(market, folder)
    made.git("init", "-q", "-b", "main")
    made.commit("A marketplace")
    with scripted(Says(text="Whoever asks is told.")) as script:
        yield Walk(market, root, environment=model(script.url))
    assert (market / "site" / "index.html").is_file()


def branched(shelf: Project, page: str) -> None:
    """Commit a page on a branch of its own."""
    shelf.git("checkout", "-q", "-b", "four")
    shelf.page.write_text(page)
    shelf.commit("Four at a time")


def intent(folder: Path) -> Iterator[Walk]:
    root = rooted(folder)
    shelf = shelf_at(folder)
    proposal = folder / "proposal"
    proposal.mkdir()
    wider = (
        PAGE.replace("BORROWED_MAX = 3", "BORROWED_MAX = 4")
        .replace("loans=3)]", "loans=4)]")
        .replace("loans=2)]", "loans=3)]")
    )
    (proposal / "backend.py").write_text(wider)
    bin_ = shelf.folder / ".bin"
    bin_.mkdir()
    (bin_ / "gh").write_text('#!/bin/sh\necho "$@" >> ../gh.txt\n')
    (bin_ / "techlead").write_text(
        f'#!/bin/sh\n[ $1 = review ] && small="--no-audit --no-tests"\nexec {sys.executable} -c \'{walking.MAIN}\' "$@" $small\n'
    )
    for name in ("gh", "techlead"):
        (bin_ / name).chmod(0o755)
    shelf.git("config", "core.excludesFile", str(folder / "ignored"))
    (folder / "ignored").write_text(".bin\n*.db*\nreview.md\n")
    order = peopled(root / "examples" / "marketplace", "ann", "bob", orders=True)
    peopled(shelf.folder, "ann")
    key = f" --key {shelf.key(walking.ANN)} --as {walking.ANN}"
    yield Walk(
        shelf.folder, root,
        {"PROPOSAL": str(proposal), "RULE": "lendable", "order_01h2xcejqtf2nbrexx3vqjhp41": order, "${{ github.base_ref }}": "main",
         "${{ github.event.number }}": "7"},
        [("\\[y/N\\]", "y"), ("words\\?", WHY)], {"PYTEST_ADDOPTS": QUICK, "TECHLEAD_TEAM_SIGNING": ""},
        {"techlead review": 1, "techlead status": 1, "code=0;": 1, "techlead why": 1, "techlead shadow promote": 1},
        {"techlead check --fix": lambda: shelf.write(", facts(state=State.FREE, loans=3)]", "]"),
         "techlead review": lambda: shelf.page.write_text(wider),
         "techlead review PROPOSAL": lambda: shelf.git("checkout", "-q", "backend.py") and None,
         "techlead review --since": lambda: branched(shelf, wider),
         "code=0;": lambda: shelf.write("BORROWED_MAX = 4", "BORROWED_MAX = 5"),
         "techlead shadow start": lambda: shelf.write("BORROWED_MAX = 5", "BORROWED_MAX = 4"),
         "techlead shadow promote": lambda: proposal.joinpath("backend.py").write_text(shelf.page.read_text()) and None},
        {"techlead why": root / "examples" / "marketplace"},
        {"techlead approve": key, "techlead shadow promote": key},
    )  # fmt: skip
    assert (folder / "gh.txt").read_text() == "pr comment 7 --body-file review.md --edit-last --create-if-none\n"


def scaffolding(folder: Path) -> Iterator[Walk]:
    (folder / "their").mkdir()
    (folder / "their" / "models.py").write_text(
        "from sqlalchemy import Column, Integer, String\n\n\nclass Ad(Base):\n    __tablename__ = 'ads'\n"
        "    id = Column(Integer, primary_key=True)\n    title = Column(String(120), nullable=False)\n"
    )
    yield Walk(folder, folder, environment={"PYTEST_ADDOPTS": QUICK}, codes={"techlead import": 1})


def tutorial(folder: Path) -> Iterator[Walk]:
    root = rooted(folder)
    yield Walk(root, root, codes={"techlead audit": 1})


WALKS: dict[str, Callable[[Path], Iterator[Walk]]] = {
    "README.md": readme, "docs/audit.md": audits, "docs/delegating.md": delegating, "docs/explain.md": explaining,
    "docs/intent.md": intent, "docs/scaffolds.md": scaffolding, "docs/tutorial.md": tutorial,
}  # fmt: skip
"""Where each page is walked."""


@pytest.mark.parametrize("page", WALKS)
def test_a_page_can_be_walked_from_its_first_line_to_its_last(page: str, tmp_path: Path):
    for walk in WALKS[page](tmp_path):
        for line in LINES:
            if line.page == page and is_typed(line) and not is_within_another(line):
                began = time.monotonic()
                walk.type(line)
                sys.stdout.write(f"{time.monotonic() - began:5.1f} s  {line.words}\n")


def of(language: str, page: str) -> str:
    (found,) = [one.text for one in BLOCKS if (one.language, one.page) == (language, page)]
    return found


def test_settings_are_what_the_program_takes(tmp_path: Path):
    shown = of("toml", "docs/delegating.md")
    for text in (shown, re.sub(r"^# (?=\w+ = )", "", shown, flags=re.MULTILINE)):
        asked = asked_of(text, {})
        given = tomllib.loads(text)["ai"]
        assert (asked.model, asked.url, asked.key_variable) == (
            given["model"],
            given.get("url", ""),
            given.get("key_variable", ""),
        )
        assert {name: value for name, value in given.items() if name.endswith("_max")} == {
            name: type(value)(getattr(asked.spending, name)) for name, value in given.items() if name.endswith("_max")
        }
    (tmp_path / written.FILE).write_text(of("toml", "docs/audit.md"))
    assert (
        "access.object-read@GET /orders/{id}" in written.read(tmp_path / written.FILE, Given(folder=tmp_path)).answers
    )


def test_a_report_is_what_the_audit_writes(tmp_path: Path):
    shop(tmp_path, "app.py")
    words = "techlead audit app:app --seconds 20 --only input.server-error --only outbound --json report.json"
    assert walking.in_process(words, tmp_path, {})[0] == 1
    real = json.loads((tmp_path / "report.json").read_text())
    shown = json.loads(of("json", "docs/audit.md"))
    assert set(shown) == set(real)
    for part in ("findings", "not_tested"):
        assert set(shown[part][0]) == set(real[part][0])
    assert set(shown["findings"][0]["steps"][0]) == set(real["findings"][0]["steps"][0])
    assert set(shown["questions"][0]) == {"id"} | {one.name for one in fields(Question)}
    assert set(shown["inferred"]) <= set(real["inferred"])


def test_what_check_says_of_a_condition_that_no_example_pins_is_what_is_shown(tmp_path: Path):
    (tmp_path / "backend.py").write_text(PAGE.replace(", facts(state=State.FREE, loans=3)]", "]"))
    code, told = walking.in_process("techlead check", tmp_path, {})
    (shown,) = [one.text for one in BLOCKS if one.page == "docs/intent.md" and one.text.startswith("NOT rule lendable")]
    plain = [re.sub(r"[\d.]+ ms|[\w/.-]*backend\.py:\d+", "_", text) for text in (told, shown)]
    assert (code, all(line in plain[0] for line in plain[1].splitlines())) == (1, True), told


def test_why_answers_as_is_shown(tmp_path: Path):
    market = rooted(tmp_path) / "examples" / "marketplace"
    order = peopled(market, "ann", "bob", orders=True)
    _, told = walking.in_process(f"techlead why {order} cancel --as bob", market, {})
    (shown,) = [one.text for one in BLOCKS if one.text.startswith("$ techlead why")]
    plain = [re.sub(r"order_[0-9a-z]+|line \d+", "_", text) for text in (told, shown.partition("\n")[2])]
    assert plain[0] == plain[1]
