"""A rule's tree becomes one formula: what it answers, and when it raises. Helpers are inlined; what is unknown is named."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

import z3

from techlead.intent.code import Code, Part
from techlead.intent.nearby import worked_out
from techlead.intent.proof.operations import arithmetic, chosen, contained, equal, ordered, truth
from techlead.intent.proof.symbols import DAY_MICROSECONDS, FALSE, NOTHING, TRUE, Enums, Symbol, Untranslated, lifted
from techlead.intent.subject import Shape, SlotName

Names = dict[str, Symbol]
SPANS: Final = {"weeks": 7 * DAY_MICROSECONDS, "days": DAY_MICROSECONDS, "hours": 3_600_000_000, "minutes": 60_000_000,
                "seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1}  # fmt: skip
ORDINAL_OF_EPOCH: Final = 719_163


@dataclass(slots=True)
class Running:
    """One call: its names, what it returned under which condition, and whether it still runs."""

    part: Part
    names: Names
    returned: list[tuple[Any, Symbol]] = field(default_factory=list)
    alive: Any = TRUE


class Translation:
    """Translates one version of a rule."""

    def __init__(self, code: Code, shapes: tuple[Shape, ...], facts: Mapping[SlotName, Symbol], enums: Enums) -> None:
        """Hold the code and the symbols of the facts."""
        self._code = code
        self._facts = facts
        self._enums = enums
        self._path: list[Any] = []
        self.raises: list[Any] = []
        parameters = {one.name: self._parameter(one) for one in shapes}
        self.answer = self._run(code.parts[code.main], parameters)
        if self.answer.kind != "bool":
            raise Untranslated(f"an answer that is {self.answer.kind} and no bool")
        self._raise(self.answer.none)

    def _parameter(self, shape: Shape) -> Symbol:
        if shape.row is None:
            return self._facts[shape.name, ""]
        absent = self._facts[shape.name, ""].none if shape.optional else FALSE
        return Symbol("row", shape.name, absent, shape.name)

    def _raise(self, condition: Any) -> None:
        self.raises.append(z3.And(*self._path, condition))

    @contextmanager
    def _under(self, condition: Any) -> Iterator[None]:
        self._path.append(condition)
        yield
        self._path.pop()

    def _run(self, part: Part, names: Names) -> Symbol:
        running = Running(part, dict(names))
        self._block(part.tree.body, running)
        answer = NOTHING
        first = True
        for condition, value in reversed([*running.returned, (running.alive, NOTHING)]):
            if z3.is_false(z3.simplify(condition)):
                continue
            answer = value if first else chosen(condition, value, answer)
            first = False
        return answer

    def _block(self, body: list[ast.stmt], running: Running) -> None:
        for statement in body:
            with self._under(running.alive):
                self._statement(statement, running)

    def _statement(self, node: ast.stmt, running: Running) -> None:
        translate = STATEMENTS.get(type(node))
        if translate is None:
            raise Untranslated(f"`{type(node).__name__}` at line {node.lineno}")
        translate(self, node, running)

    def _return(self, node: ast.Return, running: Running) -> None:
        value = NOTHING if node.value is None else self.value(node.value, running)
        running.returned.append((running.alive, value))
        running.alive = FALSE

    def _assign(self, node: ast.Assign | ast.AnnAssign, running: Running) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if node.value is None or not all(isinstance(one, ast.Name) for one in targets):
            raise Untranslated(f"the assignment at line {node.lineno}")
        value = self.value(node.value, running)
        running.names |= {one.id: value for one in targets if isinstance(one, ast.Name)}

    def _step(self, node: ast.AugAssign, running: Running) -> None:
        if not isinstance(node.target, ast.Name):
            raise Untranslated(f"the assignment at line {node.lineno}")
        left, right = running.names[node.target.id], self.value(node.value, running)
        running.names[node.target.id] = arithmetic(node.op, left, right, self._raise)

    def _expression(self, node: ast.Expr, running: Running) -> None:
        self.value(node.value, running)

    def _if(self, node: ast.If, running: Running) -> None:
        test = truth(self.value(node.test, running))
        self._branches([(test, node.body), (z3.Not(test), node.orelse)], running)

    def _branches(self, branches: list[tuple[Any, list[ast.stmt]]], running: Running) -> None:
        """Run branches that exclude each other, and join what they leave."""
        before, alive, left = dict(running.names), running.alive, []
        for condition, body in branches:
            running.names, running.alive = dict(before), z3.And(alive, condition)
            self._block(body, running)
            left.append((condition, running.names, running.alive))
        joined: Names | None = None
        for condition, names, still in reversed(left):
            if z3.is_false(z3.simplify(still)):
                continue
            joined = dict(names) if joined is None else _joined(condition, names, joined)
        running.names = before if joined is None else joined
        running.alive = z3.Or(*(still for _, _, still in left))

    def _match(self, node: ast.Match, running: Running) -> None:
        subject = self.value(node.subject, running)
        branches, before = [], FALSE
        for case in node.cases:
            matches = self._pattern(case.pattern, subject, running)
            if case.guard is not None:
                with self._under(z3.And(z3.Not(before), matches)):
                    matches = z3.And(matches, truth(self.value(case.guard, running)))
            branches.append((z3.And(z3.Not(before), matches), case.body))
            before = z3.Or(before, matches)
        self._branches([*branches, (z3.Not(before), [])], running)

    def _pattern(self, pattern: ast.pattern, subject: Symbol, running: Running) -> Any:
        if isinstance(pattern, ast.MatchValue):
            return equal(subject, self.value(pattern.value, running))
        if isinstance(pattern, ast.MatchSingleton):
            return equal(subject, lifted(pattern.value, self._enums))
        if isinstance(pattern, ast.MatchOr):
            return z3.Or(*(self._pattern(one, subject, running) for one in pattern.patterns))
        if isinstance(pattern, ast.MatchAs) and pattern.pattern is None and pattern.name is None:
            return TRUE
        raise Untranslated(f"the pattern `{ast.unparse(pattern)}`")

    def value(self, node: ast.expr, running: Running) -> Symbol:
        """Translate an expression."""
        translate = EXPRESSIONS.get(type(node))
        if translate is None:
            raise Untranslated(f"`{ast.unparse(node)}` at line {node.lineno}")
        found: Symbol = translate(self, node, running)
        return found

    def _constant(self, node: ast.Constant, _running: Running) -> Symbol:
        return lifted(node.value, self._enums)

    def _name(self, node: ast.Name, running: Running) -> Symbol:
        if node.id in running.names:
            return running.names[node.id]
        if node.id in running.part.outer:
            return lifted(running.part.outer[node.id], self._enums)
        raise Untranslated(f"the name `{node.id}`")

    def _attribute(self, node: ast.Attribute, running: Running) -> Symbol:
        folded = self._folded(node, running)
        if folded is not None:
            return folded
        owner = self.value(node.value, running)
        if owner.kind == "row":
            self._raise(owner.none)
            if (owner.of, node.attr) in self._facts:
                return self._facts[owner.of, node.attr]
        if owner.kind == "enum" and node.attr in ("value", "name"):
            raise Untranslated(f"`.{node.attr}` of a member")
        raise Untranslated(f"`{ast.unparse(node)}`")

    def _folded(self, node: ast.expr, running: Running) -> Symbol | None:
        """Give what is constant as a constant: an Enum's member, `timedelta(hours=12)`."""
        names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
        if names & running.names.keys():
            return None
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = running.part.outer.get(node.value.id)
            if isinstance(owner, type) and issubclass(owner, Enum):
                return lifted(owner.__members__[node.attr], self._enums)
        found = worked_out(node, running.part.outer)
        return None if found is None else lifted(found, self._enums)

    def _both(self, node: ast.BoolOp, running: Running) -> Symbol:
        """Translate `and` and `or`: an operand is only asked when those before it did not decide."""
        asked: list[Any] = []
        plain = True
        with self._nested():
            for one in node.values:
                value = self.value(one, running)
                plain = plain and value.kind == "bool" and z3.is_false(value.none)
                asked.append(truth(value))
                self._path.append(asked[-1] if isinstance(node.op, ast.And) else z3.Not(asked[-1]))
        joined = z3.And(*asked) if isinstance(node.op, ast.And) else z3.Or(*asked)
        return Symbol("bool" if plain else "truth", joined)

    @contextmanager
    def _nested(self) -> Iterator[None]:
        depth = len(self._path)
        yield
        del self._path[depth:]

    def _unary(self, node: ast.UnaryOp, running: Running) -> Symbol:
        value = self.value(node.operand, running)
        if isinstance(node.op, ast.Not):
            return Symbol("bool", z3.Not(truth(value)))
        if isinstance(node.op, ast.USub) and value.kind in ("int", "decimal", "money", "span"):
            self._raise(value.none)
            return Symbol(value.kind, -value.term, of=value.of)
        raise Untranslated(f"`{ast.unparse(node)}`")

    def _binary(self, node: ast.BinOp, running: Running) -> Symbol:
        folded = self._folded(node, running)
        if folded is not None:
            return folded
        left, right = self.value(node.left, running), self.value(node.right, running)
        return arithmetic(node.op, left, right, self._raise)

    def _compare(self, node: ast.Compare, running: Running) -> Symbol:
        left = self.value(node.left, running)
        held: list[Any] = []
        with self._nested():
            for operator, one in zip(node.ops, node.comparators, strict=True):
                right = self.value(one, running)
                held.append(self._compared(operator, left, right))
                self._path.append(held[-1])
                left = right
        return Symbol("bool", z3.And(*held))

    def _compared(self, operator: ast.cmpop, left: Symbol, right: Symbol) -> Any:
        if isinstance(operator, ast.Is | ast.IsNot) and not {"none", "enum", "bool"} & {left.kind, right.kind}:
            raise Untranslated("`is` of what is no member, bool or None")
        if isinstance(operator, ast.Eq | ast.Is):
            return equal(left, right)
        if isinstance(operator, ast.NotEq | ast.IsNot):
            return z3.Not(equal(left, right))
        if isinstance(operator, ast.In | ast.NotIn):
            found = contained(left, right, self._raise)
            return found if isinstance(operator, ast.In) else z3.Not(found)
        return ordered(operator, left, right, self._raise)

    def _choice(self, node: ast.IfExp, running: Running) -> Symbol:
        test = truth(self.value(node.test, running))
        with self._under(test):
            left = self.value(node.body, running)
        with self._under(z3.Not(test)):
            right = self.value(node.orelse, running)
        return chosen(test, left, right)

    def _many(self, node: ast.Tuple | ast.List | ast.Set, running: Running) -> Symbol:
        return Symbol("many", [self.value(one, running) for one in node.elts])

    def _call(self, node: ast.Call, running: Running) -> Symbol:
        folded = self._folded(node, running)
        if folded is not None:
            return folded
        if isinstance(node.func, ast.Name) and node.func.id in running.part.calls:
            return self._helper(running.part.calls[node.func.id], node, running)
        if isinstance(node.func, ast.Attribute):
            return self._method(node, node.func, running)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in ("any", "all") and len(node.args) == 1 and name not in running.part.outer:
            return self._every(node, name, running)
        if name in BUILTINS and name not in running.part.outer and not node.keywords:
            return BUILTINS[name](self, [self.value(one, running) for one in node.args])
        if getattr(running.part.outer.get(name), "__name__", "") == "timedelta":
            return self._span(node, running)
        raise Untranslated(f"the call `{ast.unparse(node)}`")

    def _helper(self, key: str, node: ast.Call, running: Running) -> Symbol:
        part = self._code.parts[key]
        wanted = [one.arg for one in part.tree.args.args]
        given = dict(zip(wanted, (self.value(one, running) for one in node.args), strict=False))
        given |= {one.arg: self.value(one.value, running) for one in node.keywords if one.arg}
        if given.keys() != set(wanted):
            raise Untranslated(f"the arguments of `{ast.unparse(node)}`")
        return self._run(part, given)

    def _method(self, node: ast.Call, called: ast.Attribute, running: Running) -> Symbol:
        owner = self.value(called.value, running)
        self._raise(owner.none)
        if owner.kind == "moment" and called.attr == "date" and not node.args:
            return Symbol("day", owner.term / DAY_MICROSECONDS + ORDINAL_OF_EPOCH)
        if owner.kind == "text" and called.attr in TEXT_METHODS and len(node.args) == 1:
            argument = self.value(node.args[0], running)
            options = argument.term if argument.kind == "many" else [argument]
            if all(one.kind == "text" for one in options):
                return Symbol("bool", z3.Or(*(TEXT_METHODS[called.attr](owner.term, one.term) for one in options)))
        raise Untranslated(f"`.{called.attr}()` of {owner.kind}")

    def _every(self, node: ast.Call, name: str, running: Running) -> Symbol:
        """Translate any and all over what is written out: a tuple, or a generator over one."""
        (argument,) = node.args
        held: list[Any] = []
        with self._nested():
            for value in self._turns(argument, running):
                held.append(truth(value))
                self._path.append(z3.Not(held[-1]) if name == "any" else held[-1])
        joined = z3.Or if name == "any" else z3.And
        return Symbol("bool", joined(*held))

    def _turns(self, node: ast.expr, running: Running) -> Iterator[Symbol]:
        if not isinstance(node, ast.GeneratorExp | ast.ListComp):
            yield from self._listed(self.value(node, running))
            return
        if len(node.generators) != 1 or not isinstance(node.generators[0].target, ast.Name):
            raise Untranslated(f"`{ast.unparse(node)}`")
        (generator,) = node.generators
        name = generator.target.id if isinstance(generator.target, ast.Name) else ""
        if generator.ifs:
            raise Untranslated(f"`{ast.unparse(node)}`")
        for one in self._listed(self.value(generator.iter, running)):
            inner = Running(running.part, {**running.names, name: one})
            yield self.value(node.elt, inner)

    def _listed(self, found: Symbol) -> list[Symbol]:
        if found.kind != "many":
            raise Untranslated(f"a loop over {found.kind}")
        listed: list[Symbol] = found.term
        return listed

    def _span(self, node: ast.Call, running: Running) -> Symbol:
        if node.args:
            raise Untranslated(f"`{ast.unparse(node)}`")
        total: Any = z3.IntVal(0)
        for keyword in node.keywords:
            value = self.value(keyword.value, running)
            if value.kind != "int" or keyword.arg not in SPANS:
                raise Untranslated(f"`{ast.unparse(node)}`")
            self._raise(value.none)
            total = total + value.term * SPANS[keyword.arg]
        return Symbol("span", total)

    def longest(self, values: list[Symbol], *, least: bool) -> Symbol:
        """Translate min and max of what is written out."""
        if len(values) < 2:  # noqa: PLR2004 - of one argument, min goes through it
            raise Untranslated("min or max of a collection")
        found = values[0]
        for one in values[1:]:
            less = ordered(ast.Lt(), one, found, self._raise)
            more = ordered(ast.Gt(), one, found, self._raise)
            found = chosen(less if least else more, one, found)
        return found

    def length(self, values: list[Symbol]) -> Symbol:
        """Translate len of a text or of what is written out."""
        (value,) = values
        self._raise(value.none)
        if value.kind == "text":
            return Symbol("int", z3.Length(value.term))
        raise Untranslated(f"len of {value.kind}")

    def size(self, values: list[Symbol]) -> Symbol:
        """Translate abs."""
        (value,) = values
        if value.kind not in ("int", "money", "span"):
            raise Untranslated(f"abs of {value.kind}")
        self._raise(value.none)
        return Symbol(value.kind, z3.If(value.term < 0, -value.term, value.term), of=value.of)

    def asked(self, values: list[Symbol]) -> Symbol:
        """Translate bool(...)."""
        (value,) = values
        return Symbol("bool", truth(value))


def _joined(condition: Any, names: Names, others: Names) -> Names:
    """Join what two branches leave in the names that both bound."""
    return {
        name: names[name] if names[name] is others[name] else chosen(condition, names[name], others[name])
        for name in names
        if name in others
    }


TEXT_METHODS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "startswith": lambda text, part: z3.PrefixOf(part, text),
    "endswith": lambda text, part: z3.SuffixOf(part, text),
}
BUILTINS: Final[Mapping[str, Callable[[Translation, list[Symbol]], Symbol]]] = {
    "min": lambda translation, values: translation.longest(values, least=True),
    "max": lambda translation, values: translation.longest(values, least=False),
    "len": Translation.length,
    "abs": Translation.size,
    "bool": Translation.asked,
}
STATEMENTS: Final[Mapping[type[ast.stmt], Callable[[Translation, Any, Running], None]]] = {
    ast.Return: Translation._return,  # noqa: SLF001 - the class's own table
    ast.Assign: Translation._assign,  # noqa: SLF001
    ast.AnnAssign: Translation._assign,  # noqa: SLF001
    ast.AugAssign: Translation._step,  # noqa: SLF001
    ast.If: Translation._if,  # noqa: SLF001
    ast.Match: Translation._match,  # noqa: SLF001
    ast.Expr: Translation._expression,  # noqa: SLF001
    ast.Pass: lambda _translation, _node, _running: None,
}
EXPRESSIONS: Final[Mapping[type[ast.expr], Callable[[Translation, Any, Running], Symbol]]] = {
    ast.Constant: Translation._constant,  # noqa: SLF001
    ast.Name: Translation._name,  # noqa: SLF001
    ast.Attribute: Translation._attribute,  # noqa: SLF001
    ast.BoolOp: Translation._both,  # noqa: SLF001
    ast.UnaryOp: Translation._unary,  # noqa: SLF001
    ast.BinOp: Translation._binary,  # noqa: SLF001
    ast.Compare: Translation._compare,  # noqa: SLF001
    ast.IfExp: Translation._choice,  # noqa: SLF001
    ast.Tuple: Translation._many,  # noqa: SLF001
    ast.List: Translation._many,  # noqa: SLF001
    ast.Set: Translation._many,  # noqa: SLF001
    ast.Call: Translation._call,  # noqa: SLF001
}
"""Every statement and expression that has a translation; any other is named and leaves the verdict NOT SHOWN."""
