"""The judgement of one object that a pure function names: what kind it is, or why it is refused."""

from __future__ import annotations

import functools
import re
import sys
import sysconfig
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import Enum, EnumMeta, auto
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, Final

from techlead.declare.action import Action
from techlead.declare.field import Now
from techlead.declare.purity.tables import (
    BUILTINS_REFUSED,
    CONSTANTS,
    FREEZE,
    FUNCTIONS,
    MODULES,
    MUTABLE,
    OPEN_MODULES,
    TYPES,
    ZONES,
    Reach,
    Why,
)

Known = Callable[[object], bool]


class Kind(Enum):
    """What may be done with an object."""

    DATA = auto()
    TYPE = auto()
    FUNCTION = auto()
    ENUM = auto()
    KNOWN = auto()
    HELPER = auto()
    MODULE = auto()


_LIBRARIES: Final = tuple(
    Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")
)
_KNOW: Final = "parameters are all it can know: ask for `now: datetime`, the row, a count(...) as parameters"
_SPECIAL: Final[tuple[tuple[type | tuple[type, ...], Why], ...]] = (
    (Action, Why("is an action: its policy and its rules would be passed over", "share what both do in a function")),
    (Now, Reach.CLOCK.value),
    ((float, complex), Why("is a float, and money never is one", Reach.FLOAT.value.mend)),
    (MUTABLE, Why("is mutable, so the same facts could get another answer", FREEZE)),
    (re.Pattern, Reach.PATTERN.value),
    (datetime, Why("is a datetime without a time zone", "give it one: datetime(2026, 5, 1, tzinfo=UTC)")),
    ((tuple, frozenset), Why("holds something that is no constant", "let it hold text, whole numbers, dates, Money")),
    (Enum, Why("is of an Enum that holds what is no constant", "give each member a text or a whole number")),
    (type(functools.lru_cache(len)), Why("keeps a cache between calls", "take the decorator away")),
    (functools.partial, Why("is a functools.partial: what runs cannot be read", "write a function with `def`")),
    (MethodType, Why("is a method bound to an object", "write a function with `def`, in the module")),
)


def judge(thing: object, known: Known, own_package: str) -> Kind | Why:
    """Say what kind of thing it is, or why a pure function may not name it; what nothing allows is refused."""
    for kind, holds in _BY_ITSELF:
        if holds(thing):
            return kind
    if isinstance(thing, type) and issubclass(thing, Enum):
        return _enum(thing)
    if isinstance(thing, ModuleType):
        return Kind.MODULE if thing.__name__ in OPEN_MODULES else reach_of(thing.__name__) or _module()
    if not isinstance(thing, Action) and known(thing):
        return Kind.KNOWN
    return Kind.HELPER if isinstance(thing, FunctionType) and is_own(thing, own_package) else _refused(thing)


def is_constant(thing: object) -> bool:
    """Tell whether a value can never change: by its exact type, since a subclass may do anything."""
    if isinstance(thing, tuple | frozenset):
        return type(thing) in {tuple, frozenset} and all(is_constant(one) for one in thing)
    if isinstance(thing, Enum):
        return _enum(type(thing)) is Kind.ENUM
    if type(thing) is datetime:
        return type(thing.tzinfo) in ZONES
    return type(thing) in CONSTANTS


_BY_ITSELF: Final[tuple[tuple[Kind, Callable[[object], bool]], ...]] = (
    (Kind.DATA, is_constant),
    (Kind.TYPE, lambda thing: any(thing is one for one in TYPES)),
    (Kind.FUNCTION, lambda thing: any(thing is one for one in FUNCTIONS)),
)


def functions_of(owner: type) -> Iterator[FunctionType]:
    """Give the functions in a class and in those it inherits from, but for Python's and our own."""
    for cls in owner.__mro__:
        if cls.__module__.split(".", maxsplit=1)[0] in {"techlead", *sys.stdlib_module_names}:
            continue
        for value in vars(cls).values():
            function = getattr(value, "fget", None) or getattr(value, "__func__", None) or value
            function = getattr(function, "func", None) or function
            if isinstance(function, FunctionType) and function.__globals__.get("__name__") != "enum":
                yield function


def is_own(function: FunctionType, own_package: str) -> bool:
    """Tell whether a function is the user's: of the same package, or outside Python's libraries."""
    package = str(function.__globals__.get("__name__", "")).split(".", maxsplit=1)[0]
    if package == own_package:
        return True
    if package == "techlead" or package in sys.stdlib_module_names:
        return False
    file = Path(function.__code__.co_filename).resolve()
    return not any(file.is_relative_to(library) for library in _LIBRARIES)


def reach_of(module: str) -> Why | None:
    """Say what a module reaches, by its first name."""
    return MODULES.get(module.split(".", maxsplit=1)[0].lstrip("_"))


def _enum(enum: type[Enum]) -> Kind | Why:
    if type(enum) is not EnumMeta:
        return Why("is an Enum with a metaclass of its own", "write a plain Enum")
    if not enum.__members__:
        return Why("is an Enum without members, which makes new classes", "name a member of an Enum of your own")
    if not all(is_constant(member._value_) for member in enum):
        return Why("has a member whose value is no constant", "give each member a text or a whole number")
    return Kind.ENUM


def _refused(thing: Any) -> Why:
    for kinds, why in _SPECIAL:
        if isinstance(thing, kinds):
            return why
    if getattr(thing, "__module__", None) == "builtins":
        plain = Why("is not one of the built-in functions that a pure function may call", "write out what it decides")
        return BUILTINS_REFUSED.get(getattr(thing, "__name__", ""), plain)
    library = getattr(thing, "__module__", None) or type(thing).__module__
    reach = reach_of(library)
    if reach is not None:
        return reach
    if isinstance(thing, FunctionType | BuiltinFunctionType):
        return Why("comes from a library, which can reach anything", "write it out in a function of your own")
    if isinstance(thing, type):
        return Why("is a class that a pure function may not name", "use a declared resource, an Enum, or a tuple")
    return Why(f"is an object of {type(thing).__name__}, which can change", f"{FREEZE}, or ask for it: {_KNOW}")


def _module() -> Why:
    return Why("is a module, which can reach anything", f"import the name itself; {_KNOW}")
