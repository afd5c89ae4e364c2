"""Finding a user's backend: a folder with `backend.py`, in which one `Backend` was made."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import NoReturn

from techlead.errors import ProgramError
from techlead.serve.backend import Backend


class ProjectRefused(ProgramError):
    """The folder holds no backend that can be loaded."""


class _Page(SourceFileLoader):
    """Reads a page as it is now: bytecode is kept by second and size, and two versions of a page may share both."""

    def path_stats(self, path: str) -> NoReturn:  # noqa: ARG002 - as its base has it
        """Have no bytecode: neither read nor kept."""
        raise OSError


def load(folder: str) -> Backend:
    """Load the backend of a folder; ProjectRefused says what is missing and what to do."""
    file = Path(folder).resolve() / "backend.py"
    if not file.is_file():
        message = f"There is no {file}: name the folder that holds your backend.py."
        raise ProjectRefused(message)
    sys.path.insert(0, str(file.parent))
    spec = importlib.util.spec_from_file_location("backend", file, loader=_Page("backend", str(file)))
    assert spec is not None  # noqa: S101 - a file that ends in .py has a loader
    assert spec.loader is not None  # noqa: S101 - as above
    module = importlib.util.module_from_spec(spec)
    sys.modules["backend"] = module
    try:
        spec.loader.exec_module(module)
    except ProgramError:
        raise
    except Exception as error:
        raise ProjectRefused(_where(error, file)) from error
    found = [value for value in vars(module).values() if isinstance(value, Backend)]
    if len(found) != 1:
        message = f'{file} makes {len(found)} backends: write `backend = Backend("name")` once.'
        raise ProjectRefused(message)
    return found[0]


def _where(error: Exception, file: Path) -> str:
    """Say where a user's file failed: its own last line, not ours."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    place = f"{file}:{frames[-1].lineno}" if frames else str(file)
    if isinstance(error, SyntaxError):
        place = f"{error.filename}:{error.lineno}"
    return f"{place}: {type(error).__name__}: {error}"
