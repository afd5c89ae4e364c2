"""A new project: its files by their paths, which serve, check clean and pass their tests as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

from techlead.scaffold.refused import ScaffoldRefused

NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")
AGENT_TEXTS: Final = ("delegate", "agent")
"""The folder of the package with the texts for coding agents; they are not ours, so they are read and not imported."""

BACKEND: Final = '''"""{title}: say here in a sentence what it is for."""

from techlead import Account, Backend, Mapped, Ref, Resource, field, owned_by, owner, signed_in

backend = Backend("{name}", roles=["admin"])


@backend.account
class Person(Account):
    """Somebody who signs in."""

    name: Mapped[str] = field(max_length=80)


@backend.resource(read=owner, create=signed_in, update=owner, delete=owner)
class Note(Resource):
    """Something that a person writes down for themself."""

    author: Mapped[Ref[Person]] = owned_by()
    text: Mapped[str] = field(max_length=2_000, multiline=True)
'''
TEST: Final = '''"""What {title} promises, tested as a user would."""

from collections.abc import Iterator

import pytest
from backend import backend
from techlead.scaffold.rehearsal import Rehearsal


@pytest.fixture
def stage() -> Iterator[Rehearsal]:
    """Give the backend on an empty database, in this process."""
    with Rehearsal(backend) as made:
        yield made


def test_a_note_is_read_by_its_author_and_by_nobody_else(stage: Rehearsal) -> None:
    ada, mallory = stage.person("ada"), stage.person("mallory")
    note = ada.post("/notes", {{"text": "Buy milk."}})
    assert note.status == 201
    assert ada.get(f"/notes/{{note.body['id']}}").body["text"] == "Buy milk."
    assert mallory.get(f"/notes/{{note.body['id']}}").status == 404
    assert stage.anonymous.get("/notes").status == 401
'''
SETTINGS: Final = """\
# What {name} tells the tools of techlead; the server's own limits are TECHLEAD_* variables (see its documentation).
"""
IGNORED: Final = """\
.venv/
__pycache__/
.pytest_cache/
.mypy_cache/
*.db
*.db-wal
*.db-shm
.techlead/
"""


def project(name: str) -> Mapping[str, str]:
    """Give the files of a project of that name; ScaffoldRefused when it cannot be a name."""
    if NAME.fullmatch(name) is None:
        raise ScaffoldRefused(
            f"{name!r} cannot be a project's name: write small letters, digits, - and _, as in second_hand_shop."
        )
    said = {"name": name, "title": name.replace("_", " ").replace("-", " ").capitalize()}
    return {
        "backend.py": BACKEND.format(**said),
        "test_backend.py": TEST.format(**said),
        "techlead.toml": SETTINGS.format(**said),
        ".gitignore": IGNORED,
        "AGENTS.md": agent_text("AGENTS.md"),
        ".agents/skills/techlead/SKILL.md": agent_text("SKILL.md"),
    }


def agent_text(name: str) -> str:
    """Read one of the texts for coding agents."""
    return files("techlead").joinpath(*AGENT_TEXTS, name).read_text("utf-8")


def begin(folder: Path) -> tuple[Path, ...]:
    """Write a project into a folder that is new or empty; ScaffoldRefused when something lies there."""
    written = project(folder.name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ScaffoldRefused(f"{folder} is not empty: name a folder that does not exist yet.")
    for name, text in written.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return tuple(folder / name for name in written)
