"""Mutants of a function: each condition dropped, each comparison flipped or shifted, each member removed, each branch taken out.

A mutation is one replacement in a tree: it is put in, compiled and taken out again, so a mutant costs one `compile`.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import CodeType
from typing import Any, Final

from techlead.intent.code import Code, Part, compiled, part_of
from techlead.primitives.money import Money

MUTANTS_MAX: Final = 2_000
"""Of one function; a rule with more is not a rule."""
SHOWN_CHARACTERS_MAX: Final = 70


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: where it is, what it says, and the code of the changed part."""

    part: str
    number: int
    """Which of the part's mutations it is."""
    line: int
    words: str
    dropped: bool
    """Whether a condition was taken out: when nothing tells it apart, the condition is dead."""
    compiled: CodeType
    more: Mapping[str, Any] = field(default_factory=dict)
    """Names that the changed part reads beyond its own."""

    def function(self, code: Code) -> Callable[..., Any]:
        """Make the mutated function."""
        return code.function({self.part: self.compiled}, self.more)


@dataclass(frozen=True, slots=True)
class Change:
    """A replacement of one node, in words."""

    new: Any
    words: str
    dropped: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)


def mutants_of(code: Code) -> Iterator[Mutant]:
    """Give every mutant of a function and of its helpers, in the order of the source; at most MUTANTS_MAX."""
    made = 0
    for part in code.parts.values():
        for mutant in _of_part(part):
            yield mutant
            made += 1
            if made >= MUTANTS_MAX:
                return


def code_of(code: Code, mutant: Mutant) -> Code:
    """Give the code of a mutant, whose tree can be read by a prover."""
    part = code.parts[mutant.part]
    tree = copy.deepcopy(part.tree)
    for number, (parent, name, index, node, change) in enumerate(_mutations(replace(part, tree=tree))):
        if number == mutant.number:
            _put(parent, name, index, change.new, node)
            break
    made = part_of(part.key, tree, {**part.outer, **mutant.more}, part.calls)
    return Code(code.main, {**code.parts, part.key: made})


def _of_part(part: Part) -> Iterator[Mutant]:
    for number, (parent, name, index, node, change) in enumerate(_mutations(part)):
        _put(parent, name, index, change.new, node)
        try:
            code = compiled(part.tree)
        except (SyntaxError, ValueError):  # a tree that is no Python: nothing was mutated
            continue
        finally:
            _put(parent, name, index, node, node)
        line = getattr(node, "lineno", 0)
        yield Mutant(part.key, number, line, change.words, change.dropped, code, change.more)


def _mutations(part: Part) -> Iterator[tuple[ast.AST, str, int | None, ast.AST, Change]]:
    """List every change with the place it is made in, in a stable order."""
    for parent, name, index, node in list(_places(part.tree)):
        yield from ((parent, name, index, node, change) for change in _changes(node, part) if change.new is not node)


def _places(tree: ast.FunctionDef) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    """List every node with the place it stands in."""
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if isinstance(value, ast.AST) and not isinstance(value, ast.arguments):
                yield parent, name, None, value
            elif isinstance(value, list):
                yield from ((parent, name, index, one) for index, one in enumerate(value) if isinstance(one, ast.AST))


def _put(parent: ast.AST, name: str, index: int | None, new: ast.AST, old: ast.AST) -> None:
    if new is not old:
        ast.copy_location(new, old)
        ast.fix_missing_locations(new)
    if index is None:
        setattr(parent, name, new)
    else:
        getattr(parent, name)[index] = new


def _changes(node: ast.AST, part: Part) -> Iterator[Change]:
    for kind, changes in CHANGES:
        if isinstance(node, kind):
            yield from changes(node, part)


def _bool_op(node: ast.BoolOp, _part: Part) -> Iterator[Change]:
    for index, value in enumerate(node.values):
        rest = [one for place, one in enumerate(node.values) if place != index]
        new = rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
        yield Change(new, f"`{_shown(value)}` dropped", dropped=True)
    other, word = (ast.Or(), "or") if isinstance(node.op, ast.And) else (ast.And(), "and")
    yield Change(ast.BoolOp(other, node.values), f"joined by `{word}`: `{_shown(node)}`")


COMPARED: Final[Mapping[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
"""Each comparison with the one beside it and its opposite."""


def _compare(node: ast.Compare, part: Part) -> Iterator[Change]:
    for index, operator in enumerate(node.ops):
        for other in COMPARED[type(operator)]:
            operators = [*node.ops[:index], other(), *node.ops[index + 1 :]]
            new = ast.Compare(node.left, operators, node.comparators)
            yield Change(new, f"`{_shown(node)}` is now `{_shown(new)}`")
        if isinstance(operator, ast.In | ast.NotIn):
            yield from _members(node, index, part)
    if len(node.ops) > 1:
        first = ast.Compare(node.comparators[0], node.ops[1:], node.comparators[1:])
        yield Change(first, f"`{_shown(node)}` is only `{_shown(first)}`", dropped=True)
        last = ast.Compare(node.left, node.ops[:-1], node.comparators[:-1])
        yield Change(last, f"`{_shown(node)}` is only `{_shown(last)}`", dropped=True)


def _members(node: ast.Compare, index: int, part: Part) -> Iterator[Change]:
    """Take each member out of what is searched, whether it is written here or named by a constant."""
    searched = node.comparators[index]
    if isinstance(searched, ast.Set | ast.Tuple | ast.List) and len(searched.elts) > 1:
        for one in searched.elts:
            fewer = type(searched)([other for other in searched.elts if other is not one], *_context(searched))
            new = [*node.comparators[:index], fewer, *node.comparators[index + 1 :]]
            yield Change(ast.Compare(node.left, node.ops, new), f"`{_shown(one)}` taken out of `{_shown(searched)}`")
    elif isinstance(searched, ast.Name):
        value = part.outer.get(searched.id)
        if isinstance(value, tuple | frozenset):
            for one in sorted(value, key=str):
                fewer_values = type(value)(other for other in value if other != one)
                yield _named(searched, fewer_values, f"`{one}` taken out of `{searched.id}`", node, index)


def _named(old: ast.Name, value: Any, words: str, node: ast.Compare, index: int) -> Change:
    name = f"{old.id}__changed"
    new = [*node.comparators[:index], ast.Name(name, ast.Load()), *node.comparators[index + 1 :]]
    return Change(ast.Compare(node.left, node.ops, new), words, more={name: value})


def _context(node: ast.Set | ast.Tuple | ast.List) -> tuple[Any, ...]:
    return () if isinstance(node, ast.Set) else (ast.Load(),)


def _not(node: ast.UnaryOp, _part: Part) -> Iterator[Change]:
    if isinstance(node.op, ast.Not):
        yield Change(node.operand, f"`{_shown(node)}` is now `{_shown(node.operand)}`")


def _choice(node: ast.IfExp, _part: Part) -> Iterator[Change]:
    yield Change(node.body, f"`if {_shown(node.test)}` always taken", dropped=True)
    yield Change(node.orelse, f"`if {_shown(node.test)}` never taken", dropped=True)


def _if(node: ast.If, _part: Part) -> Iterator[Change]:
    always = ast.If(ast.Constant(value=True), node.body, node.orelse)
    yield Change(always, f"`if {_shown(node.test)}` always taken", dropped=True)
    never = ast.If(ast.Constant(value=False), node.body, node.orelse)
    yield Change(never, f"`if {_shown(node.test)}` never taken", dropped=True)


def _constant(node: ast.Constant, _part: Part) -> Iterator[Change]:
    for value in _beside(node.value):
        yield Change(ast.Constant(value), f"`{node.value!r}` is now `{value!r}`")


def _beside(value: Any) -> tuple[Any, ...]:
    """Give the values beside a constant."""
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return value + 1, value - 1
    if isinstance(value, str):
        return _texts_beside(value)
    step = STEPS.get(type(value))
    return () if step is None else step(value)


def _texts_beside(value: str) -> tuple[str, ...]:
    whole, point, part = value.partition(".")
    if whole.lstrip("-").isdecimal() and (not point or part.isdecimal()):
        number, one = Decimal(value), Decimal(1).scaleb(-len(part))
        return str(number + one), str(number - one)
    return (f"{value}x",) if value else ()


STEPS: Final[Mapping[type, Callable[[Any], tuple[Any, ...]]]] = {
    Money: lambda money: tuple(Money.of_minor(money.minor + step, money.currency) for step in (1, -1)),
    Decimal: lambda number: (number + Decimal("0.01"), number - Decimal("0.01")),
    timedelta: lambda span: (span + timedelta(seconds=1), span - timedelta(seconds=1)),
    datetime: lambda moment: (moment + timedelta(seconds=1), moment - timedelta(seconds=1)),
    date: lambda day: (day + timedelta(days=1), day - timedelta(days=1)),
}
"""What lies beside a constant of each type."""


def _name(node: ast.Name, part: Part) -> Iterator[Change]:
    """Shift a constant that is named: it may stand far away."""
    if not isinstance(node.ctx, ast.Load) or node.id not in part.outer or isinstance(part.outer[node.id], type):
        return
    value = part.outer[node.id]
    if isinstance(value, Enum):
        return
    for one in _beside(value):
        name = f"{node.id}__changed"
        yield Change(ast.Name(name, ast.Load()), f"`{node.id}` ({value}) is now {one}", more={name: one})


METHODS: Final = {
    "startswith": "endswith",
    "endswith": "startswith",
    "issubset": "issuperset",
    "issuperset": "issubset",
}
BARE: Final = frozenset({"lower", "upper", "casefold", "strip", "lstrip", "rstrip", "date"})
"""Methods that may be forgotten: without them a value is compared as it is."""
FUNCTIONS: Final = {"any": "all", "all": "any", "min": "max", "max": "min"}


def _call(node: ast.Call, _part: Part) -> Iterator[Change]:
    if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
        other = ast.Attribute(node.func.value, METHODS[node.func.attr], ast.Load())
        yield Change(ast.Call(other, node.args, node.keywords), f"`{node.func.attr}` is now `{other.attr}`")
    if isinstance(node.func, ast.Attribute) and node.func.attr in BARE and not node.args:
        yield Change(node.func.value, f"`.{node.func.attr}()` forgotten after `{_shown(node.func.value)}`")
    if isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
        name = FUNCTIONS[node.func.id]
        yield Change(
            ast.Call(ast.Name(name, ast.Load()), node.args, node.keywords), f"`{node.func.id}` is now `{name}`"
        )


ARITHMETIC: Final[Mapping[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv,
}  # fmt: skip


def _arithmetic(node: ast.BinOp, _part: Part) -> Iterator[Change]:
    other = ARITHMETIC.get(type(node.op))
    if other is not None:
        new = ast.BinOp(node.left, other(), node.right)
        yield Change(new, f"`{_shown(node)}` is now `{_shown(new)}`")


def _step(node: ast.AugAssign, _part: Part) -> Iterator[Change]:
    other = ARITHMETIC.get(type(node.op))
    if other is not None:
        new = ast.AugAssign(node.target, other(), node.value)
        yield Change(new, f"`{_shown(node)}` is now `{_shown(new)}`")
    yield from _left_out(node, _part)


def _left_out(node: ast.stmt, _part: Part) -> Iterator[Change]:
    """Leave a statement out; a generator stays one."""
    blank = ast.Assign([ast.Name("_", ast.Store())], ast.Constant(None))
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield | ast.YieldFrom):
        new: ast.stmt = ast.Expr(ast.YieldFrom(ast.Tuple([], ast.Load())))
    elif isinstance(node, ast.Assign | ast.AugAssign) and _is_attribute(node):
        new = blank
    else:
        return
    yield Change(new, f"`{_shown(node)}` left out")


def _is_attribute(node: ast.Assign | ast.AugAssign) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return all(isinstance(one, ast.Attribute) for one in targets)


def _member(node: ast.Attribute, part: Part) -> Iterator[Change]:
    """Take another member of an Enum, where one is assigned or compared: the one after it."""
    owner = part.outer.get(node.value.id) if isinstance(node.value, ast.Name) else None
    if isinstance(owner, type) and issubclass(owner, Enum) and node.attr in owner.__members__:
        names = list(owner.__members__)
        other = names[(names.index(node.attr) + 1) % len(names)]
        if other != node.attr:
            new = ast.Attribute(node.value, other, ast.Load())
            yield Change(new, f"`{_shown(node)}` is now `{_shown(new)}`")


def _match(node: ast.Match, _part: Part) -> Iterator[Change]:
    for case in node.cases:
        rest = [one for one in node.cases if one is not case]
        if rest:
            yield Change(ast.Match(node.subject, rest), f"`case {_shown(case.pattern)}` left out", dropped=True)
        if case.guard is not None:
            bare = ast.match_case(case.pattern, None, case.body)
            cases = [bare if one is case else one for one in node.cases]
            yield Change(ast.Match(node.subject, cases), f"guard `{_shown(case.guard)}` dropped", dropped=True)


def _either(node: ast.MatchOr, _part: Part) -> Iterator[Change]:
    for one in node.patterns:
        rest = [other for other in node.patterns if other is not one]
        yield Change(rest[0] if len(rest) == 1 else ast.MatchOr(rest), f"`{_shown(one)}` taken out", dropped=True)


CHANGES: Final[tuple[tuple[type[ast.AST], Callable[[Any, Part], Iterator[Change]]], ...]] = (
    (ast.BoolOp, _bool_op),
    (ast.Compare, _compare),
    (ast.UnaryOp, _not),
    (ast.IfExp, _choice),
    (ast.If, _if),
    (ast.Constant, _constant),
    (ast.Name, _name),
    (ast.Call, _call),
    (ast.BinOp, _arithmetic),
    (ast.AugAssign, _step),
    (ast.Expr, _left_out),
    (ast.Assign, _left_out),
    (ast.Attribute, _member),
    (ast.Match, _match),
    (ast.MatchOr, _either),
)
"""Every mutation, by what it is applied to."""


def _shown(node: ast.AST) -> str:
    line = ast.unparse(node).split("\n", maxsplit=1)[0]
    return line if len(line) <= SHOWN_CHARACTERS_MAX else f"{line[:SHOWN_CHARACTERS_MAX]}..."
