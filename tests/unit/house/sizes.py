"""How large the files and functions of a folder are, and what is too large; answers findings, one sentence each."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from unit.house.limits import (
    FILE_LINES_MAX,
    FILE_LINES_MEDIAN_MAX,
    FUNCTION_LINES_MAX,
    FUNCTION_LINES_P95_MAX,
    SHAPELESS_NAMES,
)


@dataclass(frozen=True, slots=True)
class Size:
    """How many lines a file or a function has; a function's decorators do not count, its docstring does."""

    where: str
    lines: int


def findings(folder: Path) -> list[str]:
    """Tell every limit that the Python files of a folder break."""
    paths = sorted(folder.rglob("*.py"))
    files = [Size(str(path.relative_to(folder)), len(path.read_text(encoding="utf-8").splitlines())) for path in paths]
    functions = [size for path in paths for size in _functions(path, folder)]
    return [
        *_over(files, "file", FILE_LINES_MAX),
        *_over(functions, "function", FUNCTION_LINES_MAX),
        *_typically_over(median([size.lines for size in files] or [0]), "median of files", FILE_LINES_MEDIAN_MAX),
        *_typically_over(_p95(functions), "95th percentile of functions", FUNCTION_LINES_P95_MAX),
        *_shapeless(paths, folder),
    ]


def _functions(path: Path, folder: Path) -> Iterator[Size]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield Size(f"{path.relative_to(folder)}:{node.lineno} {node.name}", lines)


def _p95(sizes: Sequence[Size]) -> int:
    ordered = sorted(size.lines for size in sizes)
    return ordered[int(len(ordered) * 0.95)] if ordered else 0


def _over(sizes: Sequence[Size], what: str, limit: int) -> Iterator[str]:
    return (f"{size.where}: a {what} of {size.lines} lines, over {limit}" for size in sizes if size.lines > limit)


def _typically_over(lines: float, what: str, limit: int) -> Iterator[str]:
    if lines > limit:
        yield f"the {what} is {lines:g} lines, over {limit}"


def _shapeless(paths: Sequence[Path], folder: Path) -> Iterator[str]:
    for path in paths:
        named = path.relative_to(folder).with_suffix("").parts
        words = {word for part in named for word in part.strip("_").split("_")}
        if words & SHAPELESS_NAMES:
            yield f"{path.relative_to(folder)}: a name that says nothing of what is inside"
