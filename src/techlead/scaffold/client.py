"""Typed clients from the OpenAPI document, by generators that exist: openapi-python-client, openapi-typescript.

Each runs as a process of its own, on a file with the document; nothing of ours writes a client.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from techlead.derive.openapi.document import openapi
from techlead.scaffold.refused import ScaffoldRefused
from techlead.serve.backend import Backend

GENERATION_SECONDS_MAX: Final = 300
TYPESCRIPT: Final = "openapi-typescript@7"
FETCHING: Final = """\
// Generated beside schema.d.ts: `npm install openapi-fetch`, then `createClient({{ baseUrl, headers }})`.
import create from "openapi-fetch";
import type {{ ClientOptions }} from "openapi-fetch";
import type {{ paths }} from "./schema";

/** A typed client of {name}. */
export const createClient = (options: ClientOptions) => create<paths>(options);
"""


def python_client(backend: Backend, folder: Path) -> Path:
    """Write a Python client into a new folder; ScaffoldRefused without the extra `client`, or when one lies there."""
    if not _is_installed():
        raise ScaffoldRefused('There is no openapi-python-client: pip install "techlead[client]".')
    _new(folder)
    with tempfile.TemporaryDirectory(prefix="techlead-") as place:
        document = _document(backend, Path(place))
        _run(
            [
                sys.executable, "-m", "openapi_python_client", "generate", "--path", str(document), "--meta", "none",
                "--output-path", str(folder),
            ]
        )  # fmt: skip
    return folder


def typescript_client(backend: Backend, folder: Path) -> Path:
    """Write the types of a TypeScript client and the few lines that use them; ScaffoldRefused without Node.js."""
    npx = shutil.which("npx")
    if npx is None:
        raise ScaffoldRefused("There is no npx: install Node.js 20 or later, which brings it.")
    _new(folder)
    with tempfile.TemporaryDirectory(prefix="techlead-") as place:
        document = _document(backend, Path(place))
        made = Path(place) / "schema.d.ts"
        _run([npx, "--yes", TYPESCRIPT, str(document), "--output", str(made)])
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(made, folder / made.name)
    (folder / "client.ts").write_text(FETCHING.format(name=backend.name), "utf-8")
    return folder


def _is_installed() -> bool:
    try:
        import openapi_python_client  # noqa: F401, PLC0415 - an extra, which runs as a process of its own
    except ImportError:
        return False
    return True


def _new(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ScaffoldRefused(f"{folder} is not empty: name a new folder, or delete that client first.")


def _document(backend: Backend, place: Path) -> Path:
    file = place / "openapi.json"
    file.write_text(json.dumps(openapi(backend.plan())), "utf-8")
    return file


def _run(words: Sequence[str]) -> None:
    """Run a generator; ScaffoldRefused holds the end of what it said."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=GENERATION_SECONDS_MAX)  # noqa: S603 - our own words
    except subprocess.TimeoutExpired as error:
        raise ScaffoldRefused(
            f"The generator took more than {GENERATION_SECONDS_MAX} seconds: is there a network?"
        ) from error
    if done.returncode:
        raise ScaffoldRefused(f"The generator failed:\n{(done.stderr or done.stdout).strip()[-1_000:]}")
