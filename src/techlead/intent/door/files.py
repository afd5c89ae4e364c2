"""The files of the ledger, and where the allowed signers come from: never from the branch under test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from techlead.errors import ProgramError
from techlead.intent import drafts as drafts_of
from techlead.intent.door import repository
from techlead.intent.drafts import Draft, DraftRefused
from techlead.intent.ledger import Entry, EntryRefused, Ledger, entry_of, file_of, written

FOLDER: Final = "techlead.lock"
SIGNERS: Final = "allowed_signers"


class SignersRefused(ProgramError):
    """Nobody can say who may sign, or the branch under test says it itself."""


@dataclass(frozen=True, slots=True)
class Signers:
    """Who may sign, and where that was read."""

    text: str
    where: str


def read_ledger(folder: Path, trusted: str | None = None) -> Ledger:
    """Read a backend's ledger; `trusted` is the revision whose entries nothing older may replace."""
    files = sorted((folder / FOLDER).glob("*.json"))
    entries, broken = _read({file.name: file.read_text("utf-8") for file in files})
    known = None if trusted is None else _read(repository.files_at(folder, trusted, FOLDER))[0]
    return Ledger(entries, broken, known)


def _read(files: Mapping[str, str]) -> tuple[dict[str, Entry], dict[str, str]]:
    entries: dict[str, Entry] = {}
    broken: dict[str, str] = {}
    for name, text in files.items():
        kind, _, rest = name.removesuffix(".json").partition(".")
        title = f"{kind} {rest}"
        try:
            entries[title] = entry_of(text)
        except EntryRefused as refused:
            broken[title] = str(refused)
    return entries, broken


def keep(folder: Path, entry: Entry) -> Path:
    """Write one entry."""
    file = folder / FOLDER / file_of(entry.title)
    file.parent.mkdir(exist_ok=True)
    file.write_text(written(entry), "utf-8")
    return file


def forget(folder: Path, title: str) -> None:
    """Take away the entry of something that is gone."""
    (folder / FOLDER / file_of(title)).unlink(missing_ok=True)


def read_drafts(folder: Path) -> tuple[list[Draft], list[str]]:
    """Read the shadows of a backend, and say which files are none."""
    drafts, notes = [], []
    for file in sorted((folder / drafts_of.FOLDER).glob("*.json")):
        try:
            drafts.append(drafts_of.draft_of(file.read_text("utf-8")))
        except DraftRefused as refused:
            notes.append(f"{file.name}: {refused}")
    return drafts, notes


def keep_draft(folder: Path, draft: Draft) -> Path:
    """Write the file of a shadow."""
    file = folder / drafts_of.FOLDER / drafts_of.file_of(draft.title)
    file.parent.mkdir(exist_ok=True)
    file.write_text(drafts_of.written(draft), "utf-8")
    return file


def drop_draft(folder: Path, title: str) -> bool:
    """Take the file of a shadow away; False when there was none."""
    file = folder / drafts_of.FOLDER / drafts_of.file_of(title)
    there = file.is_file()
    file.unlink(missing_ok=True)
    return there


def signers_of(folder: Path, given: str) -> Signers:
    """Find who may sign: in the file that is named (which the branch must not hold), or on the default branch."""
    if given:
        return _named(folder, Path(given))
    branch = repository.default_branch(folder)
    text = None if branch is None else repository.file_above(folder, branch, SIGNERS)
    if branch is None or text is None:
        raise SignersRefused(
            f"Nobody says who may sign: name a file in TECHLEAD_ALLOWED_SIGNERS, or commit {SIGNERS} to the default branch."
        )
    return Signers(text, f"{branch}:{SIGNERS}")


def _named(folder: Path, file: Path) -> Signers:
    root = repository.root_of(folder) or folder
    if file.resolve().is_relative_to(root.resolve()):
        raise SignersRefused(
            f"{file} lies in the repository that is under test, where a branch can change it: keep it outside, "
            f"or leave TECHLEAD_ALLOWED_SIGNERS out and commit {SIGNERS} to the default branch."
        )
    if not file.is_file():
        raise SignersRefused(f"There is no {file}: name the file that says who may sign.")
    return Signers(file.read_text("utf-8"), str(file))
