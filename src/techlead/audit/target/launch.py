"""How to start a target: which commands, with which environment. What was not given is guessed from the source, and printed."""

from __future__ import annotations

import ast
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from techlead.audit.target.environment import ADMIN_LOGIN, ADMIN_PASSWORD, wanted_environment
from techlead.audit.target.given import Given
from techlead.audit.world import settings
from techlead.errors import TargetRefused

SUPERUSER: Final = {"AUDITED_ADMIN": ADMIN_LOGIN, "AUDITED_ADMIN_PASSWORD": ADMIN_PASSWORD}
CHILD: Final = Path(__file__).parent.parent / "world" / "child"
SERVING_CALLS: Final = frozenset(
    {"run", "uvicorn.run", "app.run", "serve", "waitress.serve", "execute_from_command_line", "run_simple"}
)
"""What a `__main__` block calls to serve; a block that calls more must be run as the program it is."""


@dataclass(frozen=True, slots=True)
class Launch:
    """The commands of one instance; paths are relative to its own copy of the folder."""

    web: tuple[str, ...]
    workers: tuple[tuple[str, ...], ...] = ()
    prepare: tuple[tuple[str, ...], ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    guessed: tuple[str, ...] = ()
    """Sentences for the report: what was guessed, and from what."""


def launch_of(given: Given, folder: Path) -> Launch:
    """Work out the commands; `folder` is where the source lies."""
    python = given.python or sys.executable
    environment, told = wanted_environment(folder)
    messages = settings.guess(folder)
    guessed = [*told, *(f"environment: {name}={value}" for name, value in messages.items())]
    prepare = tuple(_command(line, python) for line in given.prepare)
    workers: tuple[tuple[str, ...], ...] = ()
    if given.starts:
        web, *rest = (_command(line, python) for line in given.starts)
        workers = tuple(rest)
    else:
        web = _app_command(given.app or "", folder, python)
        if web[1].endswith(".py") and not web[1].startswith("/"):
            guessed.append(f"start: `{web[1]}` is run as a program, because its __main__ block does more than serve")
    manage = folder / "manage.py"
    if manage.is_file():
        if not prepare:
            prepare = (
                (python, "manage.py", "migrate", "--noinput"),
                (python, str(CHILD / "techlead_child" / "superuser.py")),
            )
            guessed.append("prepare: `manage.py migrate`, then `manage.py createsuperuser`")
        if not given.starts:
            workers = tuple((python, "manage.py", name) for name in _endless_commands(folder))
            guessed += [f"worker: `manage.py {command[2]}`, because it runs for ever" for command in workers]
    return Launch(web, workers, prepare, {**environment, **messages, **SUPERUSER, **given.environment}, tuple(guessed))


def _command(line: str, python: str) -> tuple[str, ...]:
    words = shlex.split(line)
    if words and Path(words[0]).name in {"python", "python3"}:
        words[0] = python
    beside = Path(python).parent / words[0]
    if "/" not in words[0] and beside.is_file():  # uvicorn, gunicorn, flask of the target's own environment
        words[0] = str(beside)
    return tuple(words)


def _app_command(app: str, folder: Path, python: str) -> tuple[str, ...]:
    module, _, name = app.partition(":")
    if not module or not name:
        raise TargetRefused(
            f"{app!r} is not of the form module:app; say which variable of which module is the application"
        )
    file = folder / (module.replace(".", "/") + ".py")
    if file.is_file() and _main_does_more(file):
        return (python, str(file.relative_to(folder)))
    return (python, str(CHILD / "techlead_child" / "serve.py"), module, name)


def _main_does_more(file: Path) -> bool:
    """Whether `if __name__ == "__main__":` calls functions besides the one that serves."""
    for node in _parsed(file).body:
        if isinstance(node, ast.If) and "__name__" in ast.dump(node.test):
            calls = [_called(statement) for statement in node.body]
            named = [name for name in calls if name and not name.startswith(("log", "print", "app.logger"))]
            served = [
                name for name in named if name in SERVING_CALLS or name.endswith((".run", ".serve", "serve_forever"))
            ]
            return bool(served) and len(named) > len(served)
    return False


def _called(statement: ast.stmt) -> str:
    if isinstance(statement, ast.Expr | ast.Assign) and isinstance(statement.value, ast.Call):
        return ast.unparse(statement.value.func)
    if isinstance(statement, ast.With):
        return next((name for inner in statement.body if (name := _called(inner))), "")
    return ""


def _endless_commands(folder: Path) -> Iterator[str]:
    """Management commands that loop for ever: workers of their own."""
    for file in sorted(folder.glob("**/management/commands/*.py")):
        loops = [node for node in ast.walk(_parsed(file)) if isinstance(node, ast.While)]
        if any(isinstance(node.test, ast.Constant) and node.test.value for node in loops):
            yield file.stem


def _parsed(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError):
        return ast.Module([], [])
