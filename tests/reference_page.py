"""The reference, printed from the code it is about: `python tests/reference_page.py > docs/reference.md`."""

from __future__ import annotations

import argparse
import ast
import dataclasses
import inspect
import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import techlead
from techlead import errors, outside
from techlead.cli.main import MODULES, VERBS
from techlead.serve.settings import PREFIX, Settings

HEAD = """# Reference

Printed by `python tests/reference_page.py` from the code; a test holds it to that. How a thing is used stands in its docstring."""


def page() -> str:
    """Write the page."""
    return "\n".join([HEAD, *_verbs(), *_names(), *_settings(), *_problems(), ""])


def _verbs() -> Iterator[str]:
    yield from ("", "## Verbs", "", "Every verb ends with 0 (fine), 1 (found something) or 2 (could not run).", "")
    yield from ("| verb | does | takes |", "|---|---|---|")
    for name, words in VERBS.items():
        parser = argparse.ArgumentParser(prog=name)
        import_module(f"techlead.cli.{MODULES.get(name, name)}").arguments(parser)
        yield f"| `{name}` | {_cell(words)} | {_cell(' '.join(_takes(parser)))} |"


def _takes(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield f"`{'`, `'.join(action.choices)}`"
        elif action.option_strings and action.dest != "help":
            yield f"`{action.option_strings[-1]}`"
        elif not action.option_strings:
            yield f"`{(action.metavar if isinstance(action.metavar, str) else action.dest).upper()}`"


def _names() -> Iterator[str]:
    for module in (techlead, outside):
        yield from ("", f"## `from {module.__name__} import ...`", "", "| name | is |", "|---|---|")
        for name in module.__all__:
            yield f"| `{name}` | {_cell(_first(getattr(module, name), name))} |"


def _first(thing: object, name: str) -> str:
    """Give the first sentence of what a thing says of itself."""
    own = inspect.getdoc(thing) if inspect.isroutine(thing) or inspect.isclass(thing) else None
    if (
        own is None
        and (inspect.getdoc(type(thing)) or "") != (inspect.getdoc(object) or "")
        and type(thing).__module__.startswith("techlead")
    ):
        own = inspect.getdoc(type(thing))
    return (own or _beside(name)).split("\n\n")[0].replace("\n", " ")


def _beside(name: str) -> str:
    """Give the words that stand below a name's assignment in the source."""
    for file in sorted(Path(techlead.__file__).parent.glob("declare/*.py")):
        body = ast.parse(file.read_text("utf-8")).body
        for node, after in pairwise(body):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            named = any(isinstance(one, ast.Name) and one.id == name for one in targets)
            if named and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                return inspect.cleandoc(str(after.value.value))
    raise LookupError(name)


def _settings() -> Iterator[str]:
    yield from ("", "## Settings of the server", "", "Environment variables; a name ends in its unit.", "")
    yield from ("| variable | unless it is set |", "|---|---|")
    for one in dataclasses.fields(Settings):
        default = getattr(Settings(), one.name)
        shown = ", ".join(map(str, default)) if isinstance(default, tuple) else str(default)
        yield f"| `{PREFIX}{one.name.upper()}` | {f'`{shown}`' if shown else 'nothing'} |"


def _problems() -> Iterator[str]:
    yield from ("", "## Problems", "", "What a caller reads as `application/problem+json` (RFC 9457).", "")
    yield from ("| type | status | means |", "|---|---|---|")
    for kind in (errors.CallersError, errors.WorldError):
        for one in _all(kind):
            yield f"| `{one.__name__}` | {one.status} | {_cell((inspect.getdoc(one) or '').replace(chr(10), ' '))} |"


def _all(kind: type[errors.TechleadError]) -> Iterator[type[errors.TechleadError]]:
    for one in kind.__subclasses__():
        if one.__module__ == errors.__name__:
            yield one
            yield from _all(one)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
