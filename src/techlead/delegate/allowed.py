"""What a drafted page may say at all, as tables; what is in none of them is refused, and so never loaded.

This is about loading. Whether a rule or an action is pure is judged once more by its objects, when the page is derived.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping
from typing import Final

import techlead
from techlead import outside
from techlead.declare.purity.tables import ALLOWED_SYNTAX, FUNCTIONS, METHODS_REFUSED, TYPES, Reach

NAMES: Final[Mapping[str, frozenset[str]]] = {
    "__future__": frozenset({"annotations"}),
    "techlead": frozenset(techlead.__all__),
    "techlead.outside": frozenset(outside.__all__),
    "collections.abc": frozenset({"Iterable", "Iterator", "Mapping", "Sequence"}),
    "dataclasses": frozenset({"dataclass"}),
    "datetime": frozenset({"UTC", "date", "datetime", "time", "timedelta", "timezone"}),
    "decimal": frozenset({"Decimal"}),
    "enum": frozenset({"Enum", "IntEnum", "StrEnum", "auto", "unique"}),
    "typing": frozenset({"TYPE_CHECKING", "Annotated", "Final", "Literal", "TypeAlias", "assert_never", "cast"}),
    "uuid": frozenset({"UUID"}),
    "zoneinfo": frozenset({"ZoneInfo"}),
}
"""The names that a draft may import, by module: of a module as a whole nothing is known, for it leads to all it imports."""
TEST_NAMES: Final[Mapping[str, frozenset[str]]] = {
    **NAMES,
    "techlead.scaffold.rehearsal": frozenset({"Rehearsal"}),
    "techlead.scaffold.verdicts": frozenset({"access_table", "breaks", "decides", "told"}),
    "techlead.declare.facts": frozenset({"ActionExample", "Example"}),
    "types": frozenset({"SimpleNamespace"}),
    "hypothesis": frozenset({"example", "given"}),
}
MODULES: Final[Mapping[str, frozenset[str]]] = {
    module: NAMES[module] for module in ("datetime", "decimal", "uuid", "zoneinfo")
}
"""Modules that may be imported whole, with the attributes that may be read of them."""
TEST_MODULES: Final[Mapping[str, frozenset[str]]] = {
    **MODULES,
    "pytest": frozenset({"approx", "fail", "fixture", "mark", "param", "raises"}),
}
TYPE_LIST: Final = tuple(TYPES)
BUILTINS: Final = frozenset(
    {name for name, thing in vars(builtins).items() if thing in FUNCTIONS or thing in TYPE_LIST}
    | {name for name, thing in vars(builtins).items() if isinstance(thing, type) and issubclass(thing, Exception)}
    | {"None", "True", "False", "NotImplemented", "property", "staticmethod"}
)
"""Python's own names that a draft may use."""
METHODS: Final = frozenset(
    {
        word
        for word, why in METHODS_REFUSED.items()
        if why in {one.value for one in (Reach.FILES, Reach.PROCESS, Reach.CODE, Reach.TEMPLATE, Reach.DATABASE)}
    }
    | {"asgi", "plan"}
) - {"system"}
"""Methods that no draft calls: they reach files, the process, code or the database; `asgi` and `plan` are for those who serve.

`system` declares another system, and no module that has one can be named."""
FIXTURES: Final = frozenset(
    {"cache", "monkeypatch", "pytestconfig", "pytester", "request", "testdir", "tmp_path", "tmp_path_factory", "tmpdir", "tmpdir_factory"}
)  # fmt: skip
"""pytest's own fixtures that lead to files or to the process."""
IN_FUNCTIONS: Final = ALLOWED_SYNTAX | {ast.arguments, ast.arg, ast.pattern}
"""What may stand in the body of a function: what a pure one can say."""
IN_TESTS: Final = IN_FUNCTIONS | {ast.Assert, ast.With, ast.withitem, ast.FunctionDef}
WHILE_LOADED: Final = IN_FUNCTIONS - {
    ast.AugAssign, ast.Break, ast.Continue, ast.For, ast.If, ast.Match, ast.match_case, ast.NamedExpr, ast.Pow, ast.LShift,
    ast.MatMult, ast.Return, ast.Yield, ast.YieldFrom,
}  # fmt: skip
"""What may stand elsewhere, and so runs while the page is loaded: expressions, and what gives them a name."""
