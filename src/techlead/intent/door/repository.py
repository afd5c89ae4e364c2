"""What intent asks of git: another revision of a folder, a file of the default branch, who wrote a change."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Final

from techlead.errors import ProgramError

GIT_SECONDS_MAX: Final = 60
DEFAULT_BRANCHES: Final = ("origin/main", "origin/master", "main", "master")


class RevisionRefused(ProgramError):
    """Git has no such revision, or the folder is in no repository."""


def root_of(folder: Path) -> Path | None:
    """Give the folder of the repository around a folder."""
    found = _git(folder, "rev-parse", "--show-toplevel")
    return None if found is None else Path(found.decode().strip())


def default_branch(folder: Path) -> str | None:
    """Name the default branch: what the remote says, or main or master; None when there is none."""
    said = _git(folder, "symbolic-ref", "--quiet", "refs/remotes/origin/HEAD")
    if said:
        return said.decode().strip().removeprefix("refs/remotes/")
    return next((name for name in DEFAULT_BRANCHES if _git(folder, "rev-parse", "--verify", "--quiet", name)), None)


def file_at(folder: Path, revision: str, name: str) -> str | None:
    """Give a file at a revision, by its path from the folder; None when it is not there."""
    found = _git(folder, "show", f"{revision}:./{name}")
    return None if found is None else found.decode()


def file_above(folder: Path, revision: str, name: str) -> str | None:
    """Give a file at a revision from a folder or the nearest one above it, up to the root of the repository."""
    root = root_of(folder)
    if root is None:
        return None
    above = len(folder.resolve().relative_to(root.resolve()).parts)
    found = (file_at(folder, revision, "../" * steps + name) for steps in range(above + 1))
    return next((text for text in found if text is not None), None)


def files_at(folder: Path, revision: str, name: str) -> dict[str, str]:
    """Give the files of a sub-folder at a revision."""
    listed = _git(folder, "ls-tree", "--name-only", revision, f"./{name}/")
    names = [] if listed is None else [Path(one).name for one in listed.decode().splitlines()]
    found = {one: file_at(folder, revision, f"{name}/{one}") for one in names}
    return {one: text for one, text in found.items() if text is not None}


def unpacked(folder: Path, revision: str, into: Path) -> Path:
    """Put a folder as it was at a revision into another folder; RevisionRefused when it was not there."""
    root = root_of(folder)
    if root is None:
        raise RevisionRefused(f"{folder} is in no git repository.")
    within = folder.resolve().relative_to(root.resolve())
    packed = _git(root, "archive", "--format=tar", revision, str(within))
    if packed is None:
        raise RevisionRefused(f"git knows no {within} at the revision {revision}.")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(into, filter="data")
    return into / within


def drafter_of(folder: Path) -> str:
    """Name who last changed the folder: the author of the last commit, or who is about to commit; empty when unknown."""
    dirty = _git(folder, "status", "--porcelain", "--", ".")
    if dirty:
        return user_of(folder)
    said = _git(folder, "log", "-1", "--format=%ae", "--", ".")
    return "" if said is None else said.decode().strip()


def user_of(folder: Path) -> str:
    """Name git's user in a folder; empty when it has none."""
    said = _git(folder, "config", "user.email")
    return "" if said is None else said.decode().strip()


def _git(folder: Path, *words: str) -> bytes | None:
    program = shutil.which("git")
    if program is None or not folder.is_dir():
        return None
    done = subprocess.run(  # noqa: S603 - the program is looked up, the words are ours
        [program, "-C", str(folder), *words], capture_output=True, check=False, timeout=GIT_SECONDS_MAX
    )
    return done.stdout if done.returncode == 0 else None
