"""What Python's operators mean on symbols: comparison, arithmetic and truth, and when they raise."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any, Final

import z3

from techlead.intent.proof.symbols import (
    DAY_MICROSECONDS,
    FALSE,
    MOMENT_MAX,
    MOMENT_MIN,
    NOTHING,
    TRUE,
    Symbol,
    Untranslated,
)
from techlead.primitives.money import MINOR_MAX, MINOR_MIN

Raises = Callable[[Any], None]
"""Notes a condition under which Python raises here."""
ORDERED: Final = frozenset({"int", "decimal", "money", "moment", "day", "span", "text"})
NUMBERS: Final = frozenset({"int", "decimal"})


def truth(symbol: Symbol) -> Any:
    """Tell when a value counts as true."""
    if symbol.kind in ("none", "many"):
        return z3.BoolVal(bool(symbol.term))
    plain = {"bool": lambda term: term, "truth": lambda term: term, "text": lambda term: z3.Length(term) > 0}
    numeric = symbol.kind in ("int", "decimal", "money", "span")
    holds = symbol.term != 0 if numeric else plain.get(symbol.kind, lambda _term: TRUE)(symbol.term)
    return z3.And(z3.Not(symbol.none), holds)


def equal(left: Symbol, right: Symbol) -> Any:
    """Tell when two values are equal; None is equal to None alone."""
    if "none" in (left.kind, right.kind):
        return z3.And(left.none, right.none)
    if "many" in (left.kind, right.kind) or "row" in (left.kind, right.kind):
        raise Untranslated("a comparison of collections or rows")
    both, neither = z3.And(left.none, right.none), z3.And(z3.Not(left.none), z3.Not(right.none))
    if not _alike(left, right):
        if {left.kind, right.kind} & {"bool", "enum"} and left.kind != right.kind:
            raise Untranslated(
                f"a comparison of {left.kind} with {right.kind}"
            )  # True is 1, and a StrEnum's member a text
        return both
    return z3.Or(both, z3.And(neither, left.term == right.term))


def _alike(left: Symbol, right: Symbol) -> bool:
    same = left.kind == right.kind or {left.kind, right.kind} == NUMBERS
    return same and (left.kind not in ("money", "enum", "ref") or left.of == right.of)


def ordered(operator: ast.cmpop, left: Symbol, right: Symbol, raises: Raises) -> Any:
    """Compare by order; None raises."""
    raises(z3.Or(left.none, right.none))
    if "none" in (left.kind, right.kind):
        return FALSE
    if not _alike(left, right) or left.kind not in ORDERED:
        raise Untranslated(f"an order of {left.kind} and {right.kind}")
    if left.kind == "text":
        raise Untranslated("an order of texts")
    return ORDERS[type(operator)](left.term, right.term)


ORDERS: Final[Mapping[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Lt: lambda left, right: left < right,
    ast.LtE: lambda left, right: left <= right,
    ast.Gt: lambda left, right: left > right,
    ast.GtE: lambda left, right: left >= right,
}


def contained(left: Symbol, right: Symbol, raises: Raises) -> Any:
    """Tell when a value is in a collection or a text in a text."""
    if right.kind == "many":
        return z3.Or(*(equal(left, one) for one in right.term)) if right.term else FALSE
    if left.kind == right.kind == "text":
        raises(z3.Or(left.none, right.none))
        return z3.Contains(right.term, left.term)
    raise Untranslated(f"`in` on {right.kind}")


def arithmetic(operator: ast.operator, left: Symbol, right: Symbol, raises: Raises) -> Symbol:
    """Work out `left operator right`; what has no row in the table has no translation."""
    raises(z3.Or(left.none, right.none))
    key = (left.kind, type(operator), right.kind)
    if key not in ARITHMETIC:
        raise Untranslated(f"{left.kind} {type(operator).__name__} {right.kind}")
    if left.kind == right.kind == "money" and left.of != right.of:
        raise Untranslated("money of two currencies")
    kind, work = ARITHMETIC[key]
    result = Symbol(kind, work(left.term, right.term), of=left.of if left.kind == "money" else right.of)
    low, high = LIMITS.get(kind, (None, None))
    if low is not None:
        raises(z3.Or(result.term < low, result.term > high))
    return result


LIMITS: Final = {"money": (MINOR_MIN, MINOR_MAX), "moment": (MOMENT_MIN, MOMENT_MAX), "day": (1, 3_652_059)}
"""Beyond these Python raises."""


def divided(left: Any, right: Any) -> Any:
    """Divide as Python does, by a positive constant."""
    if not z3.is_int_value(right) or right.as_long() <= 0:
        raise Untranslated("a division by what is no positive constant")
    return left / right


def _add(left: Any, right: Any) -> Any:
    return left + right


def _subtract(left: Any, right: Any) -> Any:
    return left - right


def _multiply(left: Any, right: Any) -> Any:
    return left * right


ARITHMETIC: Final[Mapping[tuple[str, type[ast.operator], str], tuple[str, Callable[[Any, Any], Any]]]] = {
    ("int", ast.Add, "int"): ("int", _add),
    ("int", ast.Sub, "int"): ("int", _subtract),
    ("int", ast.Mult, "int"): ("int", _multiply),
    ("int", ast.FloorDiv, "int"): ("int", divided),
    ("int", ast.Mod, "int"): ("int", lambda left, right: left - right * divided(left, right)),
    ("money", ast.Add, "money"): ("money", _add),
    ("money", ast.Sub, "money"): ("money", _subtract),
    ("money", ast.Mult, "int"): ("money", _multiply),
    ("int", ast.Mult, "money"): ("money", _multiply),
    ("moment", ast.Sub, "moment"): ("span", _subtract),
    ("moment", ast.Add, "span"): ("moment", _add),
    ("span", ast.Add, "moment"): ("moment", _add),
    ("moment", ast.Sub, "span"): ("moment", _subtract),
    ("span", ast.Add, "span"): ("span", _add),
    ("span", ast.Sub, "span"): ("span", _subtract),
    ("span", ast.Mult, "int"): ("span", _multiply),
    ("int", ast.Mult, "span"): ("span", _multiply),
    ("day", ast.Sub, "day"): ("span", lambda left, right: (left - right) * DAY_MICROSECONDS),
    ("day", ast.Add, "span"): ("day", lambda left, right: left + right / DAY_MICROSECONDS),
    ("day", ast.Sub, "span"): ("day", lambda left, right: left + (-right) / DAY_MICROSECONDS),
    ("text", ast.Add, "text"): ("text", z3.Concat),
}
"""What each operator makes of two kinds. Decimals are compared and not reckoned with: they round at 28 digits."""


def chosen(condition: Any, left: Symbol, right: Symbol) -> Symbol:
    """Give `left if condition else right`."""
    if left.kind == "none" and right.kind == "none":
        return NOTHING
    if left.kind == "none":
        return Symbol(right.kind, right.term, z3.Or(condition, right.none), right.of)
    if right.kind == "none":
        return Symbol(left.kind, left.term, z3.Or(z3.Not(condition), left.none), left.of)
    if not _alike(left, right) or left.kind in ("many", "row"):
        raise Untranslated(f"a choice between {left.kind} and {right.kind}")
    kind = "decimal" if "decimal" in (left.kind, right.kind) else left.kind
    none = z3.If(condition, left.none, right.none)
    return Symbol(kind, z3.If(condition, left.term, right.term), none, left.of)
