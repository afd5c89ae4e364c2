"""Names that clash, or that tables, ids and addresses cannot carry, are refused where they stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import PEOPLE, assert_refused, load, plan_of

from techlead.derive.compile import derive

NAMES = {
    "two resources of one name": (
        """
@backend.resource(read=anyone)
class Book(Resource):
    title: Mapped[str] = field(max_length=10)
First = Book
@backend.resource(read=anyone)
class Book(Resource):  # HERE
    title: Mapped[str] = field(max_length=10)
""",
        "its name Book is also that of Book at",
        "rename one of them",
    ),
    "one resource declared twice": (
        """
@backend.resource(read=anyone)
@backend.resource(read=anyone)
class Book(Resource):  # HERE
    title: Mapped[str] = field(max_length=10)
""",
        "declared twice",
        "keep one of its decorators",
    ),
    "two resources of one table": (
        """
@backend.resource(read=anyone)
class AudioBook(Resource):
    title: Mapped[str] = field(max_length=10)
@backend.resource(read=anyone, plural="more")
class AUDIOBook(Resource):  # HERE
    title: Mapped[str] = field(max_length=10)
""",
        "its table audio_book is also that of AudioBook at",
        "rename one of them",
    ),
    "two resources of one path": (
        """
@backend.resource(read=anyone)
class Book(Resource):
    title: Mapped[str] = field(max_length=10)
@backend.resource(read=anyone, plural="books")
class Magazine(Resource):  # HERE
    title: Mapped[str] = field(max_length=10)
""",
        "its path /books is also that of Book at",
        'plural="..."',
    ),
    "a path of the runtime": (
        """
@backend.resource(read=anyone, plural="inbox")
class Message(Resource):  # HERE
    title: Mapped[str] = field(max_length=10)
""",
        "the path /inbox belongs to the runtime",
        'plural="inbox-list"',
    ),
    "a path in another case": (
        """
@backend.resource(read=anyone, plural="Old_Books")
class Book(Resource):  # HERE
    title: Mapped[str] = field(max_length=10)
""",
        "'Old_Books' is not in kebab-case",
        'plural="credit-packs"',
    ),
    "a class that is not in CamelCase": (
        """
@backend.resource(read=anyone)
class old_book(Resource):  # HERE
    title: Mapped[str] = field(max_length=10)
""",
        "'old_book' is not in CamelCase",
        "'OldBook'",
    ),
    "a class with a digit, which no TypeID can carry": (
        """
@backend.resource(read=anyone)
class Level2Support(Resource):  # HERE
    title: Mapped[str] = field(max_length=10)
""",
        "every id begins with it",
        "'LevelSupport'",
    ),
    "a table of the runtime": (
        """
@backend.resource(read=anyone)
class TechleadSession(Resource):  # HERE
    title: Mapped[str] = field(max_length=10)
""",
        "belong to the runtime's own tables",
        "another name",
    ),
    "an account declared as a resource": (
        """
@backend.resource(read=anyone)
class Robot(Account):  # HERE
    pass
""",
        "declared as an ordinary resource",
        "@backend.account",
    ),
    "a field called as a part of every resource": (
        """
@backend.resource(read=anyone)
class Book(Resource):
    title: Mapped[str] = field(max_length=10)
    declaration: Mapped[str] = field(max_length=10)  # HERE
""",
        "the runtime uses the name 'declaration' itself",
        "another name",
    ),
    "a field called as a column of the runtime": (
        """
@backend.resource(read=anyone)
class Book(Resource):
    title: Mapped[str] = field(max_length=10)
    revision: Mapped[int]  # HERE
""",
        "the name 'revision' is not free",
        "another name",
    ),
    "a field that begins with an underscore": (
        """
@backend.resource(read=anyone)
class Book(Resource):
    title: Mapped[str] = field(max_length=10)
    _hidden: Mapped[str] = field(max_length=10)  # HERE
""",
        "cannot begin with an underscore",
        "'hidden'",
    ),
    "a field in another case": (
        """
@backend.resource(read=anyone)
class Book(Resource):
    titleOfBook: Mapped[str] = field(max_length=10)  # HERE
""",
        "not in snake_case",
        "another name",
    ),
}


@pytest.mark.parametrize(("page", "reason", "mend"), NAMES.values(), ids=NAMES.keys())
def test_a_name_is_refused(tmp_path: Path, page: str, reason: str, mend: str) -> None:
    assert_refused(tmp_path, PEOPLE + page, reason, mend)


BACKENDS = {
    "several kinds of account": (
        """
backend = Backend("shop")  # HERE
@backend.account
class Person(Account):
    pass
@backend.account
class Robot(Account):
    pass
""",
        "several kinds of account: Person and Robot",
        "role(...)",
    ),
    "a class that is no Account": (
        """
backend = Backend("shop")
@backend.account
class Person(Resource):  # HERE
    name: Mapped[str] = field(max_length=10)
""",
        "declared as the account, but is none",
        "class Person(Account):",
    ),
    "an account's field of the runtime": (
        """
backend = Backend("shop")
@backend.account
class Person(Account):
    password_hash: Mapped[str] = field(max_length=10, default="")  # HERE
""",
        "the runtime uses the name 'password_hash' itself",
        "another name",
    ),
    "a role in another case": (
        """
backend = Backend("shop", roles=["Stock Keeper"])  # HERE
""",
        "the role 'Stock Keeper' is not in snake_case",
        "'stock_keeper'",
    ),
    "a role named twice": (
        """
backend = Backend("shop", roles=["admin", "admin"])  # HERE
""",
        "'admin' is named twice",
        "once",
    ),
    "more roles than an account's column holds": (
        """
backend = Backend("shop", roles=[f"role_{'x' * 30}_{chr(97 + n)}" for n in range(26)] + ["y" * 40])  # HERE
""",
        "more than 1000 characters",
        "fewer roles",
    ),
}


@pytest.mark.parametrize(("page", "reason", "mend"), BACKENDS.values(), ids=BACKENDS.keys())
def test_a_backend_is_refused(tmp_path: Path, page: str, reason: str, mend: str) -> None:
    assert_refused(tmp_path, page, reason, mend)


def test_what_subclasses_share_is_checked_where_it_stands(tmp_path: Path) -> None:
    page = """
class Shared(Resource):
    _hidden: Mapped[str] = field(max_length=10)  # HERE
@backend.resource(read=anyone)
class Book(Shared):
    title: Mapped[str] = field(max_length=10)
"""
    assert_refused(tmp_path, PEOPLE + page, "cannot begin with an underscore", "'hidden'")


def test_everything_is_refused_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    page = """
@backend.resource(read=anyone, plural="docs")
class Book(Resource):
    text: Mapped[str]
    weight: Mapped[float]
    author: Mapped[Ref["Author"]]
class Author(Resource):
    name: Mapped[str] = field(max_length=10)
"""
    module = load(tmp_path, PEOPLE + page)
    with pytest.raises(Exception, match="4 declarations refused") as refused:
        derive(module.backend)
    lines = [refusal.line for refusal in refused.value.refusals]  # type: ignore[attr-defined]
    assert lines == sorted(lines)
    assert len(set(lines)) == len(lines)


def test_good_names_stand(tmp_path: Path) -> None:
    plan = plan_of(
        tmp_path,
        PEOPLE
        + """
@backend.resource(read=anyone)
class CreditPack(Resource):
    title: Mapped[str] = field(max_length=10)
""",
    )
    pack = plan.resources["CreditPack"]
    assert (pack.table, pack.prefix, pack.path) == ("credit_pack", "credit_pack", "credit-packs")
