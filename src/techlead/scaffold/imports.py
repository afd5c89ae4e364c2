"""The imports of a page: a name is put into the import that has its neighbours, or gets a line of its own."""

from __future__ import annotations

import ast
from typing import Final

LINE_CHARACTERS_MAX: Final = 120
OURS: Final = "techlead"


def imported(source: str, module: str, name: str) -> str:
    """Give the source with `from module import name`; as it is when it has that already."""
    tree = ast.parse(source)
    found = [one for one in tree.body if isinstance(one, ast.ImportFrom) and one.module == module and not one.level]
    if any(alias.name == name and alias.asname is None for one in found for alias in one.names):
        return source
    lines = source.splitlines(keepends=True)
    if found:
        _extend(lines, found[0], name)
    else:
        _begin(lines, tree, module, name)
    return "".join(lines)


def _extend(lines: list[str], node: ast.ImportFrom, name: str) -> None:
    """Put a name before the first that sorts after it; what would be too long is written one name a line."""
    later = next((one for one in node.names if _order(one.name) > _order(name)), None)
    place = later or node.names[-1]
    row = (place.lineno if later else place.end_lineno or place.lineno) - 1
    offset = place.col_offset if later else place.end_col_offset or place.col_offset
    column = len(lines[row].encode()[:offset].decode())
    before, after = lines[row][:column], lines[row][column:]
    written = f"{before}{name}, {after}" if later else f"{before}, {name}{after}"
    each = node.lineno != node.end_lineno and len({one.lineno for one in node.names}) == len(node.names)
    if each and node.names[0].lineno != node.lineno:  # one name a line already
        _on_its_line(lines, row, name, last=later is None)
    elif len(written.rstrip("\n")) <= LINE_CHARACTERS_MAX:
        lines[row] = written
    elif node.lineno != node.end_lineno:
        lines[row] = f"{before}{name},\n    {after}" if later else f"{before},\n    {name}{after}"
    else:
        names = sorted((name, *(_written(one) for one in node.names)), key=_order)
        tail = lines[row][len(lines[row].rstrip("\r\n")) :]
        lines[row] = f"from {node.module} import (\n" + "".join(f"    {one},\n" for one in names) + f"){tail}"


def _on_its_line(lines: list[str], row: int, name: str, *, last: bool) -> None:
    indent = lines[row][: len(lines[row]) - len(lines[row].lstrip())]
    ending = lines[row][len(lines[row].rstrip("\r\n")) :]
    if last:
        comma = "" if lines[row].partition("#")[0].rstrip().endswith(",") else ","
        lines[row] = f"{lines[row].rstrip()}{comma}{ending}{indent}{name},{ending}"
    else:
        lines[row] = f"{indent}{name},{ending}{lines[row]}"


def _begin(lines: list[str], tree: ast.Module, module: str, name: str) -> None:
    """Write a new import: the standard library's before ours, in the order of their names."""
    said = f"from {module} import {name}\n"
    stands = [one for one in tree.body if isinstance(one, ast.Import | ast.ImportFrom) and _module(one) != "__future__"]
    ours = [one for one in stands if _module(one).partition(".")[0] == OURS]
    if module.partition(".")[0] == OURS or not ours:
        lines.insert((stands[-1].end_lineno or 0) if stands else _opening(tree), said if stands else f"\n{said}")
        return
    before = [one for one in stands if one.lineno < ours[0].lineno]
    later = next((one for one in before if _module(one) > module and isinstance(one, ast.ImportFrom)), None)
    if later is not None:
        lines.insert(later.lineno - 1, said)
    elif before:
        lines.insert(before[-1].end_lineno or before[-1].lineno, said)
    else:
        lines.insert(ours[0].lineno - 1, f"{said}\n")


def _opening(tree: ast.Module) -> int:
    """Give the line after the page's sentence and its `__future__` imports."""
    opening = [
        one
        for one in tree.body
        if (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) and one is tree.body[0])
        or (isinstance(one, ast.ImportFrom) and one.module == "__future__")
    ]
    return max((one.end_lineno or one.lineno for one in opening), default=0)


def _module(node: ast.Import | ast.ImportFrom) -> str:
    return node.names[0].name if isinstance(node, ast.Import) else node.module or ""


def _written(alias: ast.alias) -> str:
    return f"{alias.name} as {alias.asname}" if alias.asname else alias.name


def _order(name: str) -> tuple[bool, bool, str]:
    """Sort as the linters do: constants, then classes, then the rest."""
    return (not name.isupper(), not name[:1].isupper(), name)
