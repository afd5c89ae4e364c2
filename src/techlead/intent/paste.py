"""Putting an example into the source: into its list, or as a new list of the decorator, and nothing else is changed."""

from __future__ import annotations

import ast
from typing import Final

LINE_CHARACTERS_MAX: Final = 120


class NoPlace(ValueError):
    """The decorator that an example belongs to is not where it was said to be."""


def pasted(source: str, line: int, listed: str, example: str) -> str:
    """Give the source with one more example in the list `listed` of the decorator at a line; NoPlace otherwise."""
    call = _decorator(source, line)
    keyword = next((one for one in call.keywords if one.arg == listed), None)
    lines = source.splitlines(keepends=True)
    if keyword is None:
        return _new_list(lines, call, f"{listed}=[{example}]")
    if not isinstance(keyword.value, ast.List):
        raise NoPlace(f"{listed} at line {keyword.value.lineno} is not written as a list")
    return _into(lines, keyword.value, example)


def _decorator(source: str, line: int) -> ast.Call:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            for one in node.decorator_list:
                if isinstance(one, ast.Call) and one.lineno <= line <= (one.end_lineno or one.lineno):
                    return one
    raise NoPlace(f"no decorator stands at line {line}")


def _into(lines: list[str], found: ast.List, example: str) -> str:
    assert found.end_lineno is not None  # noqa: S101 - a node that was parsed has an end
    assert found.end_col_offset is not None  # noqa: S101 - as above
    row, column = found.end_lineno - 1, _column(lines[found.end_lineno - 1], found.end_col_offset) - 1
    before, after = lines[row][:column], lines[row][column:]
    if not before.strip() and found.elts:
        indent = " " * found.elts[-1].col_offset
        lines[row] = f"{indent}{example},\n{lines[row]}"
        return "".join(lines)
    written = f"{before}{', ' if found.elts else ''}{example}{after}"
    if len(written.rstrip("\n")) <= LINE_CHARACTERS_MAX or found.lineno != found.end_lineno:
        lines[row] = written
        return "".join(lines)
    outer = " " * (len(lines[row]) - len(lines[row].lstrip()))
    start = _column(lines[row], found.col_offset) + 1
    items = [ast.get_source_segment("".join(lines), one) or "" for one in found.elts] + [example]
    inside = "".join(f"{outer}    {one},\n" for one in items)
    lines[row] = f"{lines[row][:start]}\n{inside}{outer}{after}"
    return "".join(lines)


def _new_list(lines: list[str], call: ast.Call, said: str) -> str:
    assert call.end_lineno is not None  # noqa: S101 - a node that was parsed has an end
    assert call.end_col_offset is not None  # noqa: S101 - as above
    row, column = call.end_lineno - 1, _column(lines[call.end_lineno - 1], call.end_col_offset) - 1
    before, after = lines[row][:column], lines[row][column:]
    if not before.strip():
        lines[row] = f"{before}    {said},\n{lines[row]}"
        return "".join(lines)
    comma = "" if before.rstrip().endswith((",", "(")) else ","
    if len(inline := f"{before}{comma} {said}{after}") <= LINE_CHARACTERS_MAX:
        lines[row] = inline
        return "".join(lines)
    lines[row] = f"{before}{comma}\n    {said},\n{after}"
    return "".join(lines)


def _column(line: str, offset: int) -> int:
    """Turn the tree's offset in bytes into one in characters."""
    return len(line.encode()[:offset].decode())
