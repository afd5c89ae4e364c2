"""`techlead import`: read an existing FastAPI app without running it, and propose declarations for its models."""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from pathlib import Path

from techlead.cli.project import load
from techlead.errors import ProgramError
from techlead.scaffold.adopt.declare import Proposed, propose
from techlead.scaffold.adopt.reading import understand
from techlead.scaffold.refused import ScaffoldRefused


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("app", help="the file of the app or of its models, as in app.py")
    parser.add_argument("--into", metavar="FILE", help="write the page there (a new file); without it, it is printed")
    parser.add_argument("--json", action="store_true", help="the same as data")


def run(given: argparse.Namespace) -> int:
    """Propose, say what was not understood, and give 1 when there is something of it."""
    file = Path(given.app)
    name = re.sub(r"[^a-z0-9_]+", "_", file.resolve().parent.name.lower()).strip("_") or "backend"
    proposed = propose(understand(file), name if name[0].isalpha() else f"a_{name}")
    problem = _problem(proposed)
    if given.into:
        if Path(given.into).exists():
            raise ScaffoldRefused(f"{given.into} exists already: name a new file.")
        Path(given.into).write_text(proposed.source, "utf-8")
    unclear = [str(one) for one in proposed.unclear]
    if given.json:
        told = {"source": proposed.source, "resources": proposed.resources, "unclear": unclear, "refused": problem}
        print(json.dumps(told, indent=2))  # noqa: T201 - the answer
    else:
        parts = [f"wrote {given.into}" if given.into else proposed.source, "to decide, or not understood:"]
        said = [*parts, *(f"  {one}" for one in unclear), *([problem] if problem else [])]
        print("\n".join(said))  # noqa: T201 - the answer
    return 1 if unclear or problem else 0


def _problem(proposed: Proposed) -> str:
    """Load what is proposed, and say what is refused of it; empty when it stands."""
    with tempfile.TemporaryDirectory(prefix="techlead-") as place:
        (Path(place) / "backend.py").write_text(proposed.source, "utf-8")
        try:
            load(place).plan()
        except ProgramError as error:
            return f"what is proposed does not stand yet:\n{str(error).replace(str(Path(place).resolve()) + '/', '')}"
    return ""
