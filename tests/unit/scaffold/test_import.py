"""An existing app is read without running it; what is proposed loads, and what was not understood is listed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from techlead.cli.main import main
from techlead.cli.project import load

SQLALCHEMY = '''
import enum
from sqlalchemy import Column, Enum, ForeignKey, Integer, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship
raise SystemExit("this file was run")

class State(enum.Enum):
    OPEN = "open"
    SOLD = "sold"

def fk(target, **more):
    return mapped_column(ForeignKey(target), index=True, **more)

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str]
    phone: Mapped[str | None] = mapped_column(String(20))

class Ad(Base):
    """Something for sale."""
    __tablename__ = "ads"
    id = Column(Integer, primary_key=True)
    seller_id: Mapped[int] = fk("users.id")
    title = Column(String(120), nullable=False)
    state: Mapped[State] = mapped_column(Enum(State), default=State.OPEN)
    price = Column(Numeric(10, 2))
    note: Mapped[str] = mapped_column(default='say "hi" \\\\')
    shape: Mapped[Polygon] = mapped_column(Geometry("POLYGON"))
    owner: Mapped[User] = relationship()
    __table_args__ = (UniqueConstraint("seller_id", "title"),)

    def total(self):
        return self.price * 2
'''
SQLMODEL = """
from pydantic import BaseModel, Field as PField
from sqlmodel import Field, SQLModel

class Account(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=80)

class Task(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    owner_id: int = Field(foreign_key="account.id")
    title: str
    effort: int = 1
    tags: list[str] = Field(default_factory=list)

class TaskIn(BaseModel):
    title: str = PField(min_length=1, max_length=60)
    effort: int = PField(gt=0, le=8)
"""


def imported(folder: Path, capsys, **files: str):
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    code = main(["import", str(folder / "app.py"), "--json", "--into", str(folder / "backend.py")])
    return code, json.loads(capsys.readouterr().out)


def test_sqlalchemy_models_behind_an_import_are_proposed_and_load_and_the_app_is_not_run(tmp_path, capsys):
    code, told = imported(tmp_path, capsys, app="from models import Ad\nraise SystemExit('run')\n", models=SQLALCHEMY)
    assert (code, told["refused"]) == (1, "")
    ad = load(str(tmp_path)).plan().resources["Ad"]
    assert [one.name for one in ad.fields] == ["seller", "title", "state", "price", "note"]
    assert (ad.owner, ad.field("title").spec.max_length, ad.field("state").kind) == ("seller", 120, "enum")
    assert ad.field("note").spec.default == 'say "hi" \\'
    assert ad.unique == (("seller", "title"),)
    said = "\n".join(told["unclear"])
    for words in (
        "User.password_hash: left out",
        "Ad.shape: its type",
        "Ad.total: code is not carried over",
        "Money, if it is an amount",
    ):
        assert words in said


def test_sqlmodel_takes_its_limits_from_the_schemas(tmp_path, capsys):
    _, told = imported(tmp_path, capsys, app=SQLMODEL)
    assert told["refused"] == ""
    task = load(str(tmp_path)).plan().resources["Task"]
    assert (task.field("title").spec.min_length, task.field("title").spec.max_length) == (1, 60)
    assert (task.field("effort").spec.ge, task.field("effort").spec.le) == (1, 8)
    assert any("Task.tags" in one for one in told["unclear"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n", "No SQLAlchemy or SQLModel models"),
        ("def (", "cannot be read as Python"),
        ("from django.db import models\nclass Ticket(models.Model):\n    pass\n", "Ticket: a Django model"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(tmp_path, text, said, capsys):
    (tmp_path / "app.py").write_text(text)
    assert main(["import", str(tmp_path / "app.py")]) == 2
    assert said in (shown := capsys.readouterr().err)
    assert "Traceback" not in shown


def test_a_file_that_lies_there_is_not_written_over(tmp_path, capsys):
    (tmp_path / "backend.py").write_text("mine = 1\n")
    (tmp_path / "app.py").write_text(SQLMODEL)
    assert main(["import", str(tmp_path / "app.py"), "--into", str(tmp_path / "backend.py")]) == 2
    assert (tmp_path / "backend.py").read_text() == "mine = 1\n"
    assert main(["import", str(tmp_path / "nothing.py")]) == 2
