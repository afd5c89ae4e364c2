"""A version of a backend beside the working copy: a revision of git, or a proposal's folder, loaded apart from all others.

Loading runs the page, as `techlead serve` does: review what you would also run.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from techlead.cli.project import load
from techlead.derive.plan import Plan
from techlead.intent.door import repository


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """One version: what it is called, its folder, its Plan."""

    name: str
    folder: Path
    plan: Plan


@contextmanager
def version(folder: Path, revision: str = "") -> Iterator[Version]:
    """Load a folder as it is, or as it was at a revision; its files stay while the block runs."""
    if not revision:
        yield Version(str(folder), folder, plan_apart(folder))
        return
    with tempfile.TemporaryDirectory(prefix="techlead-version-") as made:
        there = repository.unpacked(folder, revision, Path(made))
        yield Version(revision, there, plan_apart(there))


def plan_apart(folder: Path) -> Plan:
    """Derive a folder's Plan with modules of its own: neither version sees the other's."""
    path, before = list(sys.path), dict(sys.modules)
    for name in [name for name, module in before.items() if _is_projects(module)]:
        del sys.modules[name]
    try:
        return load(str(folder)).plan()
    finally:
        for name in [name for name in sys.modules if name not in before or sys.modules[name] is not before[name]]:
            if _is_projects(sys.modules[name]):
                del sys.modules[name]
        sys.modules.update({name: module for name, module in before.items() if name not in sys.modules})
        sys.path[:] = path


def _is_projects(module: object) -> bool:
    """Tell whether a module is of a project: a file outside Python's libraries and outside techlead."""
    file = getattr(module, "__file__", None)
    if not file or getattr(module, "__name__", "").partition(".")[0] in {
        "techlead",
        "__main__",
        *sys.stdlib_module_names,
    }:
        return False
    return not any(Path(file).is_relative_to(place) for place in (sys.prefix, sys.base_prefix))
