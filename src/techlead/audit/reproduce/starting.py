"""How a program starts the target itself, for what only its log or its rows can tell: its commands, without anything of ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from techlead.audit.reproduce.source import literal
from techlead.audit.target.launch import CHILD, Launch
from techlead.audit.target.postgres import place_in

READS: Final = {
    "import base64\n": "import ast\nimport base64\n",
    "import hashlib\n": "import hashlib\nimport hmac\n",
    "import json\n": "import json\nimport os\n",
    "from threading import Barrier\n": "from pathlib import Path\nfrom threading import Barrier\n",
}
"""What reading the target's source imports besides: each line of the usual imports and what stands in its place."""
STARTS: Final = {
    "import json\n": "import json\nimport os\n",
    "import secrets\n": "import secrets\nimport shutil\nimport signal\nimport sqlite3\n",
    "import sys\n": "import subprocess\nimport tempfile\n",
    "import nullcontext\n": "import contextmanager, nullcontext, suppress\n",
    "from functools import reduce\n": "from email import message_from_bytes\nfrom functools import reduce\nfrom http.server import BaseHTTPRequestHandler\n",
    "from threading import Barrier\n": (
        "from pathlib import Path\nfrom socketserver import StreamRequestHandler, ThreadingTCPServer\n"
        "from threading import Barrier, Event, Thread\n"
    ),
    "import urlencode\n": "import quote, quote_plus, urlencode\n",
}
"""The same of starting it."""
FILE: Final = "techlead-audit.toml"
FUTURE: Final = "from __future__ import annotations\n"


@dataclass(frozen=True, slots=True)
class Start:
    """The commands of one target whose source is at hand, and the environment they run in."""

    folder: Path
    launch: Launch
    settings: Path | None = None
    """Where the user has told more: `techlead-audit.toml` in that folder, or another file."""
    told: frozenset[str] = frozenset()
    """Variables that the user has set there: their values, which may be secret, are read from there."""

    @property
    def alone(self) -> bool:
        """Whether a program can do it: not where the database is on a server."""
        return place_in(self.launch.environment) is None

    def names(self) -> str:
        """Give the source that says where the target's own source lies."""
        return f'FOLDER = Path(os.environ.get("TARGET_FOLDER", {str(self.folder)!a}))\n'

    def source(self) -> str:
        """Give the source that starts it."""
        launch = self.launch
        python = launch.web[0]
        said = {
            "SETTINGS": self._where_settings_are(),
            "PYTHON": f'os.environ.get("TARGET_PYTHON", {python!a})',
            "ENVIRONMENT": _pairs(
                {name: launch.environment[name] for name in launch.environment if name not in self.told}
            ),
            "PREPARE": _listed(_command(words, python) for words in launch.prepare),
            "WEB": _command(launch.web, python),
            "WORKERS": _listed(_command(words, python) for words in launch.workers),
        }
        named = "\n".join(f"{name} = {value}" for name, value in said.items())
        return f"{named}\n{_part('starting.txt')}"

    def _where_settings_are(self) -> str:
        """Give the place of the settings: beside the source where they lie there, as the source may be elsewhere."""
        if self.settings is None or self.settings.parent == self.folder:
            return f"FOLDER / {(self.settings.name if self.settings else FILE)!a}"
        return f"Path({str(self.settings)!a})"


def with_imports(prelude: str, *, starts: bool) -> str:
    """Give the common part of a program with what starting a target, or reading its source, imports besides."""
    for usual, wanted in (STARTS if starts else READS).items():
        prelude = prelude.replace(usual, wanted, 1)
    return prelude


def signing() -> str:
    """Give the source that finds out a key, and signs with it."""
    return _part("signing.txt")


def neighbours() -> str:
    """Give the source that is whoever the target writes to or calls."""
    return _part("neighbours.txt")


def looking_into_rows() -> str:
    """Give the source that recognises how a password is stored: the audit's own, and where to look."""
    recognise = files("techlead.audit.detect").joinpath("hashes.py").read_text(encoding="utf-8")
    return f"{recognise.replace(FUTURE, '')}{_part('stored.txt')}"


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _command(words: Sequence[str], python: str) -> str:
    """Give a command as source; a script of ours becomes a part of the program."""
    written = []
    for word in words:
        if word == python:
            written.append("PYTHON")
        elif word.startswith(f"{CHILD}/"):
            written += [literal("-c"), f"'''{Path(word).read_text(encoding='utf-8')}'''"]
        else:
            written.append(literal(word))
    return f"[{', '.join(written)}]"


def _listed(commands: Iterable[str]) -> str:
    return f"[{', '.join(commands)}]"


def _pairs(environment: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{literal(name)}: {literal(value)}" for name, value in environment.items()) + "}"
