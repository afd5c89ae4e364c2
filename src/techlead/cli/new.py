"""`techlead new`: start a project: backend.py, techlead.toml, a first test, and what a coding agent must know."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from techlead.scaffold.project import begin


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("name", help="the folder to make; its last part is the backend's name")
    parser.add_argument("--json", action="store_true", help="the same as data")


def run(given: argparse.Namespace) -> int:
    """Write the project and say what comes next."""
    written = [str(file) for file in begin(Path(given.name))]
    if given.json:
        print(json.dumps({"written": written}, indent=2))  # noqa: T201 - the answer
        return 0
    next_steps = (
        f"techlead serve {given.name}",
        f"pytest {given.name}",
        f"techlead add --folder {given.name} resource",
    )
    print("\n".join([*(f"wrote {file}" for file in written), "next:", *(f"  {step}" for step in next_steps)]))  # noqa: T201 - the answer
    return 0
