"""`techlead mcp`: the same for coding agents, over standard input and output: explain, plan, brief, check, review, propose."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from techlead.errors import SettingsRefused

if TYPE_CHECKING:
    from techlead.delegate.tools import Told

VERB: Final = "import sys; from techlead.cli.main import main; sys.exit(main(sys.argv[1:]))"
SECONDS_MAX: Final = 300
CHARACTERS_MAX: Final = 60_000
"""Of what one tool tells; an agent that needs more asks for less at once."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("folder", nargs="?", default=".", help="the folder that holds backend.py (default: here)")


def run(given: argparse.Namespace) -> int:
    """Serve one agent until it hangs up."""
    try:
        from techlead.delegate.tools import server  # noqa: PLC0415 - an extra
    except ImportError:
        raise SettingsRefused('There is no MCP SDK: pip install "techlead[mcp]".') from None
    if not (Path(given.folder) / "backend.py").is_file():
        raise SettingsRefused(f"There is no {Path(given.folder) / 'backend.py'}: name the folder of your backend.")
    server(lambda words, piped: told(given.folder, words, piped)).run("stdio")
    return 0


async def told(folder: str, words: Sequence[str], piped: str) -> Told:
    """Run one verb in a process of its own: the page is read anew, and nothing of it reaches the agent's channel."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", VERB, *words, cwd=folder, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT, env={**os.environ, "NO_COLOR": "1", "COLUMNS": "120"},
    )  # fmt: skip
    try:
        async with asyncio.timeout(SECONDS_MAX):
            said, _ = await process.communicate(piped.encode("utf-8", "replace"))
    except TimeoutError:
        process.kill()
        await process.wait()
        return {"code": 2, "text": f"It did not end within {SECONDS_MAX} s."}
    text = said.decode("utf-8", "replace").strip()
    if len(text) > CHARACTERS_MAX:
        text = f"{text[:CHARACTERS_MAX]}\n... cut after {CHARACTERS_MAX} characters: ask for less at once"
    return {"code": process.returncode or 0, "text": text}
