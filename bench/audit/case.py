"""One target: its folder, its truth, and how it is started."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
TRUTH: Final = "TRUTH.json"


@dataclass(frozen=True)
class Case:
    """What the audit is given; the truth never lies in the folder that it sees."""

    name: str
    folder: Path
    truth: Mapping[str, Any]
    target: str | None = None
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    prepare: tuple[str, ...] = ()
    """Commands that make its database, run once before the first start."""
    python: str | None = None

    @property
    def settings(self) -> str:
        """Give the techlead-audit.toml that says what the command line cannot."""
        tables = {"target": {"prepare": list(self.prepare)}, "environment": dict(self.environment)}
        lines = [
            f"[{table}]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in rows.items())
            for table, rows in tables.items()
        ]
        return "\n".join(lines)


def case(argument: str, venvs: Path | None) -> Case:
    """Read `FOLDER` or `FOLDER=TRUTH`: without a truth, TRUTH.json in the folder, or the file of that name here."""
    place, _, named = argument.partition("=")
    folder = Path(place).resolve()
    truth_file = next((file for file in _candidates(folder, named) if file.is_file()), None)
    if truth_file is None or not folder.is_dir():
        raise SystemExit(f"{argument}: there is no such folder, or no truth for it: name one as FOLDER=TRUTH.json")
    truth = json.loads(truth_file.read_text(encoding="utf-8"))
    name = truth_file.stem if truth_file.name != TRUTH else folder.name
    start = truth.get("start") or json.loads((HERE / "starts.json").read_text()).get(name, {})
    python = venvs / folder.name / "bin" / "python" if venvs else folder / ".venv" / "bin" / "python"
    return Case(
        name=name,
        folder=folder,
        truth=truth,
        target=start.get("target"),
        arguments=tuple(start.get("arguments", ())),
        environment=start.get("environment", {}),
        prepare=tuple(start.get("prepare", ())),
        python=str(python) if python.is_file() else None,
    )


def _candidates(folder: Path, named: str) -> tuple[Path, ...]:
    if named:
        return (Path(named), HERE / "truth" / f"{named}.json")
    return (folder / TRUTH, HERE / "truth" / f"{folder.name.lower()}.json")
