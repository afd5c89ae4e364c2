"""What a function reads, seen in its code without running it: the attributes it names, in helpers it calls, too."""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any, Final

HELPERS_MAX: Final = 200
"""Functions followed from one; more than a pure function of rows ever needs."""
_LOADS: Final = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
CONSTANT_MAX: Final = 200
"""Characters of a constant that can stand in an example."""


def names_read(function: Callable[..., Any]) -> frozenset[str]:
    """Name every attribute and global that a function, its inner functions or its helpers mention."""
    return frozenset(name for code in _codes(function) for name in code.co_names)


def names_loaded(function: Callable[..., Any]) -> frozenset[str]:
    """Name every attribute that a function, its inner functions or its helpers read; not what they only assign."""
    found = (one for code in _codes(function) for one in dis.get_instructions(code) if one.opname in _LOADS)
    return frozenset(str(one.argval) for one in found)


def constants_of(function: Callable[..., Any]) -> tuple[Any, ...]:
    """List the numbers and texts that a function, its inner functions or its helpers compare with."""
    found = [one for code in _codes(function) for constant in code.co_consts for one in _flat(constant)]
    return tuple(dict.fromkeys(one for one in found if not isinstance(one, bool) and len(str(one)) <= CONSTANT_MAX))


def _flat(constant: Any) -> Iterator[int | str]:
    if isinstance(constant, tuple | frozenset):
        for one in constant:
            yield from _flat(one)
    elif isinstance(constant, int | str):
        yield constant


def _codes(function: Callable[..., Any]) -> Iterator[CodeType]:
    seen: set[int] = set()
    waiting: list[Any] = [function]
    while waiting and len(seen) < HELPERS_MAX:
        one = waiting.pop()
        one = getattr(one, "function", one)
        if not isinstance(one, FunctionType) or id(one) in seen:
            continue
        seen.add(id(one))
        for code in _inner(one.__code__):
            yield code
            waiting.extend(one.__globals__.get(name) for name in code.co_names)
        waiting.extend(cell.cell_contents for cell in one.__closure__ or () if _is_full(cell))


def _inner(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _inner(constant)


def _is_full(cell: Any) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True
