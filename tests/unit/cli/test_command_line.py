"""The command line: each verb does its work, says what to do next when it cannot, and its exit code is honest."""

import asyncio
import json
import shutil
import sqlite3

import pytest
from backends import EXAMPLES, free_port

from techlead.cli.main import VERBS, main
from techlead.cli.project import load
from techlead.cli.serve import prepare
from techlead.derive.tables import fingerprint, tables
from techlead.errors import SettingsRefused, TechleadError
from techlead.serve.backend import Backend
from techlead.serve.settings import Settings
from techlead.store.schema_mark import is_marked, mark

PAGE = '''
"""A shelf."""
from techlead import Account, Backend, Mapped, Ref, Resource, action, anyone, facts, field, owned_by, owner, rule, signed_in
backend = Backend("shelf", roles=["librarian"])
@backend.account
class Person(Account):
    pass
@backend.resource(read=anyone, create=signed_in, update=owner)
class Book(Resource):
    holder: Mapped[Ref[Person]] = owned_by()
    title: Mapped[str] = field(max_length=80)
'''


@pytest.fixture
def shelf(tmp_path):
    """Give the folder of a small backend."""
    (tmp_path / "backend.py").write_text(PAGE)
    return tmp_path


def written(shelf, text):
    (shelf / "backend.py").write_text(text)
    return shelf


def test_help_lists_every_verb(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(verb in shown for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb, capsys):
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    assert "usage" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["marketplace", "teamboard", "gymbook"])
def test_the_examples_pass_their_check(name, capsys):
    assert main(["check", str(EXAMPLES / name)]) == 0
    assert ", 0 failed" in capsys.readouterr().out


def test_a_failing_example_is_named_and_gives_1(shelf, capsys):
    rule = """
@rule(because="Only for this test, which breaks it.", allows=[facts(title="a")], refuses=[facts(title="b")])
def odd(book: Book) -> bool:
    return book.title != "z"


@action(Book, by=owner, when=[odd])
def lend(book: Book) -> None:
    book.title = "lent"
"""
    assert main(["check", str(written(shelf, PAGE + rule))]) == 1
    assert "1 failed" in capsys.readouterr().out
    assert main(["check", "--json", str(shelf)]) == 1
    found = {one["title"]: one for one in json.loads(capsys.readouterr().out)}
    assert [one["reason"] for one in found["rule odd"]["failures"]] == ["the rule allows it"]
    assert not found["action Book.lend"]["holds"]


def test_a_plan_is_printed_as_text_and_as_data(shelf, capsys):
    assert main(["plan", str(shelf)]) == 0
    assert "resource Book at /books" in capsys.readouterr().out
    assert main(["plan", "--json", str(shelf)]) == 0
    assert json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "makes 0 backends"),
        (PAGE + "\nother = Backend('two')", "makes 2 backends"),
        ("1 +", "SyntaxError"),
        ("import nothing_of_that_name", "ModuleNotFoundError"),
        (PAGE.replace("max_length=80", ""), "the text is not bounded"),
    ],
)
def test_a_page_that_cannot_be_loaded_is_refused_in_words(shelf, text, said, capsys):
    assert main(["plan", str(written(shelf, text))]) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert "Traceback" not in shown


def test_a_folder_without_a_backend_is_refused_in_words(tmp_path, capsys):
    assert main(["check", str(tmp_path / "nowhere")]) == 2
    assert "name the folder that holds your backend.py" in capsys.readouterr().err


def test_a_schema_is_brought_up_once_and_then_known_by_its_mark(shelf):
    backend, url = load(str(shelf)), f"sqlite:///{shelf}/data.db"
    wanted = fingerprint(tables(backend.plan()))
    assert not asyncio.run(is_marked(url, wanted))
    prepare(backend, url, Settings())
    assert asyncio.run(is_marked(url, wanted))
    prepare(backend, url, Settings(environment="production"))
    asyncio.run(mark(url, None))
    assert not asyncio.run(is_marked(url, wanted))


@pytest.mark.parametrize(
    ("host", "name", "address", "letters"),
    [
        ("127.0.0.1", "marketplace", "http://127.0.0.1:8123", ", e-mails: .techlead/mail/"),
        ("::1", "shelf", "http://[::1]:8123", ""),
    ],
)
def test_serve_says_where_it_is_and_where_letters_are_and_they_lead_back(
    shelf, host, name, address, letters, capsys, monkeypatch
):
    served = []
    monkeypatch.setattr("techlead.cli.serve.listen", lambda *given: served.append(given[-1].public_url))
    monkeypatch.setattr("techlead.cli.serve.os.environ", {})
    folder = shelf if name == "shelf" else EXAMPLES / name
    assert main(["serve", str(folder), "--host", host, "--port", "8123", "--database", f"sqlite:///{shelf}/x.db"]) == 0
    assert f"{name}: {address}  (docs: /docs, database: sqlite{letters})\n" in capsys.readouterr().err
    assert served == [address]


def test_serve_says_no_address_before_it_knows_that_it_serves(shelf, capsys, monkeypatch):
    lend = "@action(Book, by=owner)\ndef lend(book: Book) -> None:\n    book.title = 'lent'\n"
    written(shelf, PAGE + lend)
    url = f"sqlite:///{shelf}/x.db"
    prepare(load(str(shelf)), url, Settings())
    monkeypatch.setattr("techlead.cli.serve.os.environ", {"TECHLEAD_ENVIRONMENT": "production"})
    assert main(["serve", str(shelf), "--database", url]) == 2
    said = capsys.readouterr().err
    assert "TECHLEAD_ALLOWED_SIGNERS" in said
    assert "http://" not in said


def test_production_does_not_start_on_a_schema_that_is_behind(shelf):
    with pytest.raises(SettingsRefused, match="techlead migrate apply"):
        prepare(load(str(shelf)), f"sqlite:///{shelf}/data.db", Settings(environment="production"))


def test_production_takes_no_password_as_an_argument(shelf, capsys, monkeypatch):
    monkeypatch.setenv("TECHLEAD_ENVIRONMENT", "production")
    assert (
        main(["migrate", "show", "--folder", str(shelf), "--database", "postgresql://ada:hunter2@127.0.0.1:1/x"]) == 2
    )
    said = capsys.readouterr().err
    assert "set TECHLEAD_DATABASE" in said
    assert "hunter2" not in said


def test_a_mark_that_cannot_be_taken_away_is_no_error_and_one_that_cannot_be_set_is(shelf):
    asyncio.run(mark(f"sqlite:///{shelf}/data.db", None))
    with pytest.raises(TechleadError):
        asyncio.run(mark(f"sqlite:///{shelf}/data.db", "x"))


def test_migrations_are_made_shown_applied_and_taken_back(shelf, capsys):
    shared = ["--folder", str(shelf), "--database", f"sqlite:///{shelf}/data.db"]
    assert main(["migrate", "show", *shared]) == 0
    assert "no migrations" in capsys.readouterr().out
    assert main(["migrate", "apply", *shared]) == 2, "there is nothing to apply, and nothing was done"
    assert "`techlead migrate make NAME` writes the first" in capsys.readouterr().err
    assert main(["migrate", "apply", str(shelf), *shared]) == 2
    assert f"a folder is named by --folder {shelf}" in capsys.readouterr().err
    assert main(["migrate", "make", "first", *shared]) == 0
    assert "read it, then" in capsys.readouterr().out
    assert main(["migrate", "apply", *shared]) == 0
    assert "create table book" in capsys.readouterr().out
    assert main(["migrate", "show", "--json", *shared]) == 0
    assert json.loads(capsys.readouterr().out)[0]["applied"] is True
    assert main(["migrate", "apply", *shared]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert main(["migrate", "back", *shared]) == 2
    assert "LOSSY" in (refused := capsys.readouterr().err) or "lossy" in refused
    assert main(["migrate", "make", "again", *shared]) == 0
    assert "nothing to do" in capsys.readouterr().out


def test_a_role_is_granted_and_taken_away(shelf, capsys):
    url = f"sqlite:///{shelf}/data.db"
    prepare(load(str(shelf)), url, Settings())
    shared = ["--folder", str(shelf), "--database", url]
    assert main(["grant", "ada@example.com", "librarian", *shared]) == 2
    assert "register it first" in capsys.readouterr().err
    with sqlite3.connect(shelf / "data.db") as database:
        row = "INSERT INTO person (id, revision, email, disabled, email_key, password_hash) VALUES (x'00', 1, ?, 0, ?, '')"
        database.execute(row, ["ada@example.com"] * 2)
    database.close()
    assert main(["grant", "Ada@example.com", "librarian", *shared]) == 0
    assert main(["grant", "ada@example.com", "librarian", "--revoke", *shared]) == 0
    assert main(["grant", "ada@example.com", "emperor", *shared]) == 2
    assert "choose one of librarian" in capsys.readouterr().err


def test_the_demo_walks_and_ends(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TECHLEAD_MAIL_FOLDER", str(tmp_path))
    assert main(["demo", "--once", "--folder", str(EXAMPLES / "marketplace"), "--port", str(free_port())]) == 0
    assert "9 of 9 answers as expected" in capsys.readouterr().out


def test_a_backend_makes_its_own_application(tmp_path):
    shutil.copy(EXAMPLES / "gymbook" / "backend.py", tmp_path)
    backend = load(str(tmp_path))
    assert isinstance(backend, Backend)
    assert backend.asgi(f"sqlite:///{tmp_path}/data.db").runtime.plan is backend.plan()
