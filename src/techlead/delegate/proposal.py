"""A proposal: a drafted version of a project beside it, with its diff, its brief, what it cost, and the page to review it by.

It lies in a folder of its own that holds the whole project as drafted, so `techlead review` and `techlead shadow` take it
as it is. It is put together elsewhere and appears at once; the working files are never touched.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Final

from techlead.delegate.answer import Answer
from techlead.delegate.gate import Finding
from techlead.delegate.money import FILE as COSTS
from techlead.delegate.money import Used, line_of, total
from techlead.delegate.project import Project

FOLDER: Final = "proposals"
NAME: Final = re.compile(r"(\d{4})-[a-z0-9-]+")
SLUG_CHARACTERS_MAX: Final = 40


@dataclass(frozen=True, slots=True)
class Drafted:
    """What came of a task: the answer, the brief it answers, who drafted it, in how many rounds, for how much."""

    task: str
    kind: str
    brief: str
    answer: Answer
    drafter: str
    """The model's name, or where a pasted answer came from."""
    rounds: tuple[tuple[str, ...], ...]
    """Of each round before the last, what it was refused for."""
    spent: tuple[Used, ...] = ()


@contextmanager
def laid_out(project: Project, answer: Answer) -> Iterator[Path]:
    """Lay the drafted project out in a folder that is gone after the block: to be loaded, tested and reviewed."""
    with tempfile.TemporaryDirectory(prefix="techlead-draft-") as made:
        folder = Path(made) / "draft"
        for path, source in {**project.files, **answer.files}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(source, "utf-8")
        for held in ("templates", "techlead.lock"):
            if (project.folder / held).is_dir():
                shutil.copytree(project.folder / held, folder / held, dirs_exist_ok=True)
        yield folder


def keep(project: Project, drafted: Drafted, review: str) -> Path:
    """Put a proposal down under the next number and give its folder."""
    parent = project.folder / FOLDER
    parent.mkdir(exist_ok=True)
    with laid_out(project, drafted.answer) as folder:
        shutil.rmtree(folder / "techlead.lock", ignore_errors=True)
        (folder / "proposal.diff").write_text(diff(project, drafted.answer), "utf-8")
        (folder / "brief.md").write_text(drafted.brief + "\n", "utf-8")
        (folder / "review.md").write_text(review + "\n", "utf-8")
        (folder / "proposal.json").write_text(json.dumps(_about(drafted), indent=2, ensure_ascii=False) + "\n", "utf-8")
        near = Path(tempfile.mkdtemp(prefix=".drafting-", dir=parent))
        shutil.copytree(folder, near, dirs_exist_ok=True)
        while True:
            there = parent / f"{_next(parent):04d}-{slug(drafted.task)}"
            try:
                near.rename(there)
            except OSError:
                if not there.exists():
                    shutil.rmtree(near, ignore_errors=True)
                    raise
            else:
                return there


def note_costs(folder: Path, spent: Sequence[Used]) -> None:
    """Add lines to the ledger of cost; also of tasks that ended in a refusal."""
    if spent:
        (folder / FOLDER).mkdir(exist_ok=True)
        with (folder / FOLDER / COSTS).open("a", encoding="utf-8") as ledger:
            ledger.write("".join(map(line_of, spent)))


def costs(folder: Path) -> str:
    """Read the ledger of cost; empty when nothing was ever asked."""
    file = folder / FOLDER / COSTS
    return file.read_text("utf-8") if file.is_file() else ""


def diff(project: Project, answer: Answer) -> str:
    """Write what changes as a unified diff that `git apply` takes."""
    parts = []
    for path, source in sorted(answer.files.items()):
        before = project.files.get(path)
        old = before.splitlines(keepends=True) if before is not None else []
        head = f"a/{path}" if before is not None else "/dev/null"
        lines = list(unified_diff(old, source.splitlines(keepends=True), head, f"b/{path}"))
        parts += [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines]
    return "".join(parts)


def refusal(found: Sequence[Finding] | Sequence[str]) -> str:
    """Say why a draft is refused, one reason a line."""
    return "\n".join(f"  {one}" for one in found)


def slug(task: str) -> str:
    """Name a task in a folder's name."""
    words = re.sub(r"[^a-z0-9]+", "-", task.lower()).strip("-")
    return words[:SLUG_CHARACTERS_MAX].rstrip("-") or "task"


def _next(parent: Path) -> int:
    numbers = [int(match[1]) for entry in parent.iterdir() if (match := NAME.fullmatch(entry.name))]
    return max(numbers, default=0) + 1


def _about(drafted: Drafted) -> Mapping[str, object]:
    tokens, dollars = total(drafted.spent)
    return {
        "task": drafted.task,
        "kind": drafted.kind,
        "drafter": drafted.drafter,
        "files": sorted(drafted.answer.files),
        "summary": drafted.answer.summary,
        "rounds": [list(found) for found in drafted.rounds],
        "requests": len(drafted.spent),
        "tokens": tokens,
        "dollars": str(dollars),
    }
