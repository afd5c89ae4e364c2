"""Purity: a rule or an action that could reach the world is refused at the start, with its line and a mend.

Default deny: the syntax, the names and the methods that a pure function may use are tables (`tables`); a helper
of the user's is judged like what calls it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import FunctionType
from typing import Any, Final, Literal

from techlead.declare.purity import signatures
from techlead.declare.purity.names import Use
from techlead.declare.purity.objects import Kind, Known, functions_of, is_own, judge
from techlead.declare.purity.reading import Reading
from techlead.declare.purity.source import Defined, definition, place, runs_as_written
from techlead.declare.purity.tables import Why
from techlead.declare.rule import Rule

Role = Literal["rule", "action"]


@dataclass(frozen=True, slots=True, order=True)
class Impurity:
    """One thing that a rule or an action may not do: where, what, and what to write instead."""

    file: str
    line: int
    reason: str
    mend: str


def impurities(function: Callable[..., object], *, role: Role, known: Callable[[object], bool]) -> tuple[Impurity, ...]:
    """Judge a function and every helper it calls; `known` tells which global objects of ours it may name.

    Nothing is run. Empty when the function can reach nothing but its parameters and constants.
    """
    check = _Check(known, _package(function))
    check.function(function, role, ())
    return tuple(sorted(dict.fromkeys(check.found)))


def verifier_impurities(function: Callable[..., object], *, known: Callable[[object], bool]) -> tuple[Impurity, ...]:
    """Judge a verifier of signed messages as a rule is judged, but for the digests that it needs (`signatures`)."""
    check = _Check(known, _package(function), verifies=True)
    check.function(function, "rule", ())
    return tuple(sorted(replace(one, mend=VERIFIER_MEND) for one in dict.fromkeys(check.found)))


def class_impurities(owner: type, *, known: Callable[[object], bool]) -> tuple[Impurity, ...]:
    """Judge the methods and properties of a class whose objects pure functions are given, as rules are judged."""
    check = _Check(known, owner.__module__.split(".", maxsplit=1)[0])
    for function in functions_of(owner):
        check.function(function, "rule", ())
    return tuple(sorted(dict.fromkeys(check.found)))


def _package(function: object) -> str:
    module = getattr(function, "__globals__", {}).get("__name__", "")
    return str(module).split(".", maxsplit=1)[0]


VERIFIER_MEND: Final = (
    "compare the headers, the body and the secret that it is given, by hmac.compare_digest; the runtime checks the time"
)
_WRAPPED: Final = Why("is wrapped by a decorator, and the wrapper is what runs", "take the decorator away")
_STALE: Final = Why("does not run as it is written: its file has changed", "restart with the file that is on the disk")


@dataclass(slots=True)
class _Check:
    """One judgement: what was found, and which functions were read."""

    known: Known
    package: str
    verifies: bool = False
    """Whether what a verifier of signatures needs is allowed as well."""
    found: list[Impurity] = field(default_factory=list)
    done: set[FunctionType] = field(default_factory=set)

    def function(self, function: object, role: Role, path: tuple[FunctionType, ...]) -> None:
        """Judge one function, then those it uses; `path` leads from the first one to it."""
        if not isinstance(function, FunctionType):
            why = Why("is no plain function, so what runs cannot be read", "write it with `def`, in the module")
            self._refuse(*place(function), f"`{type(function).__name__}` object", why)
            return
        if function in self.done:
            return
        self.done.add(function)
        defined = self._definition(function)
        if isinstance(defined, Why):
            self._refuse(*place(function), f"`{function.__name__}`", defined)
            return
        self._defaults(function, defined)
        reading = Reading(function, defined, role, self._judged)
        for node, shown, why in reading.refused:
            self._refuse(place(function).file, node.lineno, shown, why)
        if not reading.refused and not runs_as_written(function, defined):
            self._refuse(*place(function), f"`{function.__name__}`", _STALE)
        for use in reading.uses:
            self._use(use, function, (*path, function))

    def _judged(self, thing: object) -> Kind | Why:
        own = signatures.kind_of(thing) if self.verifies else None
        return own or judge(thing, self.known, self.package)

    def _definition(self, function: FunctionType) -> Defined | Why:
        return _WRAPPED if hasattr(function, "__wrapped__") else definition(function)

    def _defaults(self, function: FunctionType, defined: Defined) -> None:
        """Judge the defaults as objects: a module given as one would be reached through a parameter."""
        for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            kind = self._judged(value)
            if kind is not Kind.DATA:
                why = kind if isinstance(kind, Why) else Why("is no constant", "leave the default out")
                self._refuse(place(function).file, defined.lineno, f"the default `{_shown(value)}`", why)

    def _use(self, use: Use, user: FunctionType, path: tuple[FunctionType, ...]) -> None:
        if self.verifies and signatures.kind_of(use.thing) is not None:
            return
        for function in _behind(use.thing, self.package):
            if function in path and not isinstance(use.thing, FunctionType | Rule):
                continue  # a property of an Enum may well name its own members
            if function in path:
                why = Why("leads back to itself: recursion has no bound", "loop over the rows themselves")
                self._refuse(place(user).file, use.node.lineno, f"`{ast.unparse(use.node)}`", why)
            else:
                self.function(function, "rule", path)

    def _refuse(self, file: str, line: int, shown: str, why: Why) -> None:
        if self.verifies and signatures.is_allowed(shown, why):
            return
        self.found.append(Impurity(file, line, f"{shown} {why.reason}", why.mend))


def _behind(thing: Any, package: str) -> tuple[object, ...]:
    """Give the user's functions that run when a thing is used."""
    if isinstance(thing, Rule):
        return (thing.function,)
    if isinstance(thing, FunctionType):
        return (thing,) if is_own(thing, package) else ()
    if isinstance(thing, tuple | frozenset):
        return tuple(function for one in thing for function in _behind(one, package))
    return tuple(functions_of(thing if isinstance(thing, type) else type(thing)))


def _shown(value: object) -> str:
    return getattr(value, "__name__", None) or type(value).__name__
