"""The record of a rule or an action: its code and all that it reads, as data that is hashed, signed, kept and run again."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, Final

from techlead.declare.effect import Send
from techlead.declare.facts import Example
from techlead.declare.field import FieldSpec, Source
from techlead.declare.purity.objects import functions_of
from techlead.declare.resource import Fields, Resource
from techlead.intent.code import Code, Part, part_of, read_code
from techlead.intent.effects import Asked, Done
from techlead.intent.subject import Case, Shape, Slot, Subject
from techlead.intent.subjects import attributes_read
from techlead.intent.values import Data, NoData, decoded, encoded
from techlead.intent.walk import digest, normal_source

Record = dict[str, Data]


def record_of(subject: Subject) -> Record:
    """Write down everything that a subject is and reads."""
    gathering = _Gathering()
    parts = gathering.code(subject.code)
    rows = {one.row.__name__: gathering.row(one.row, subject.code) for one in subject.shapes if one.row is not None}
    return {
        "kind": subject.kind,
        "name": subject.name,
        "because": subject.because,
        "message": subject.message,
        "main": subject.code.main,
        "parameters": [[one.name, one.kind, _row_name(one), one.prefix, one.optional] for one in subject.shapes],
        "facts": [_slot(one) for one in subject.slots],
        "rows": rows,
        "parts": {**parts, **gathering.parts},
        "enums": {name: gathering.enum(kind) for name, kind in sorted(gathering.enums(subject).items())},
        "resources": {name: sorted(kind.declaration.fields) for name, kind in sorted(gathering.resources.items())},
        "examples": sorted((_case(one) for one in subject.cases), key=str),
    }


def hash_of(record: Record) -> str:
    """Hash what a record says: of sources, the normal form."""
    parts = {key: {**part, "source": normal_source("\n".join(part["source"]))} for key, part in record["parts"].items()}
    return digest({**record, "parts": parts})


def _row_name(shape: Shape) -> str:
    return "" if shape.row is None else shape.row.__name__


SLOT_FIELDS: Final = tuple(one.name for one in fields(Slot) if one.name != "sample")
"""What is signed of a fact; a sample is only where a search begins."""


def _slot(slot: Slot) -> Data:
    said = {name: getattr(slot, name) for name in SLOT_FIELDS if name != "members"}
    return {**{name: encoded(value) for name, value in said.items() if value not in (None, "", 0)}, **_members(slot)}


def _members(slot: Slot) -> Data:
    return {"members": [encoded(one) for one in slot.members]} if slot.members else {}


def _case(case: Case) -> Data:
    expected = case.expected
    said = [[name, field, encoded(value)] for (name, field), value in case.point.items()]
    return {"facts": sorted(said, key=str), "expected": expected if isinstance(expected, bool) else _done(expected)}


def _done(done: Done) -> Data:
    return [
        [[name, [list(one) for one in values]] for name, values in done.rows],
        [[name, [list(one) for one in values]] for name, values in done.creates],
        list(done.deletes), list(done.sends), done.refuses, list(done.calls),
    ]  # fmt: skip


class _Gathering:
    """Collects the parts, Enums and resources that code names."""

    def __init__(self) -> None:
        self.parts: Record = {}
        self.resources: dict[str, type[Fields]] = {}
        self._enums: dict[str, type[Enum]] = {}

    def code(self, code: Code) -> Record:
        return {key: self._part(part) for key, part in sorted(code.parts.items())}

    def _part(self, part: Part) -> Data:
        names = {}
        for name, value in sorted(part.outer.items()):
            names[name] = encoded(value)
            self._note(value)
        return {"source": ast.unparse(part.tree).split("\n"), "names": names, "calls": dict(sorted(part.calls.items()))}

    def _note(self, value: Any) -> None:
        if isinstance(value, Enum):
            self._enums[type(value).__qualname__] = type(value)
        elif isinstance(value, tuple | frozenset):
            for one in value:
                self._note(one)
        elif isinstance(value, type) and issubclass(value, Enum):
            self._enums[value.__qualname__] = value
        elif isinstance(value, type) and issubclass(value, Fields):
            self.resources[value.__name__] = value

    def enums(self, subject: Subject) -> Mapping[str, type[Enum]]:
        for slot in subject.slots:
            self._note(tuple(slot.members))
        return self._enums

    def enum(self, kind: type[Enum]) -> Data:
        members = [[name, encoded(_plain(one.value))] for name, one in kind.__members__.items()]
        return {"members": members, "functions": self._functions(kind, frozenset(vars(kind)))}

    def row(self, row: type[Fields], code: Code) -> Data:
        read = attributes_read(code)
        found = self._functions(row, read)
        for name, spec in row.declaration.fields.items():
            if name in read and spec.source.function is not None:
                found[name] = ["computed", self._function(spec.source.function)]
        return dict(sorted(found.items()))

    def _functions(self, owner: type, read: frozenset[str]) -> Record:
        found: Record = {}
        for function in functions_of(owner):
            if function.__name__ in read:
                held = vars(owner).get(function.__name__)
                how = "property" if isinstance(held, property) else "function"
                found[function.__name__] = [how, self._function(function)]
        return found

    def _function(self, function: Callable[..., Any]) -> str:
        code = read_code(function)
        self.parts |= self.code(code)
        return code.main


def _plain(value: Any) -> Any:
    """Give an Enum member's value without the Enum: that of a `StrEnum` is a str of its own."""
    return (
        str(value)
        if isinstance(value, str)
        else int(value)
        if type(value) is not bool and isinstance(value, int)
        else value
    )


@dataclass(frozen=True, slots=True, eq=False)
class Live:
    """What a record is bound to when it is to serve: the Enums, resources and notifications of the running backend."""

    named: Mapping[tuple[str, str], Any]


def subject_of(record: Record, live: Live | None = None) -> Subject:
    """Make a subject of a record: alone, with Enums and rows made anew, or bound to what runs; NoData when it cannot be."""
    making = _Making(record, live)
    code = making.code(record["main"])
    shapes = tuple(
        Shape(name, kind, making.row(row) if row else None, prefix, optional)
        for name, kind, row, prefix, optional in record["parameters"]
    )
    slots = tuple(making.slot(one) for one in record["facts"])
    cases = tuple(making.case(one) for one in record["examples"])
    lonely = len(shapes) == 1 and shapes[0].row is not None
    said = record["because"], record["message"]
    return Subject(record["kind"], record["name"], code, code.function(), shapes, slots, cases, *said, None, lonely)


class _Making:
    """Makes the objects that a record names, each once."""

    def __init__(self, record: Record, live: Live | None) -> None:
        self._record = record
        self._live = live
        self._made: dict[tuple[str, str], Any] = {}

    def lookup(self, kind: str, name: str) -> Any:
        if self._live is not None:
            if (kind, name) not in self._live.named:
                raise NoData(f"the backend has no {kind} {name} any more")
            return self._live.named[kind, name]
        if (kind, name) not in self._made:
            self._made[kind, name] = MAKERS[kind](self, name)
        return self._made[kind, name]

    def code(self, main: str) -> Code:
        found: dict[str, Part] = {}
        waiting = [main]
        while waiting:
            key = waiting.pop()
            if key not in found:
                found[key] = self._part(key)
                waiting.extend(found[key].calls.values())
        return Code(main, found)

    def _part(self, key: str) -> Part:
        said = self._record["parts"].get(key)
        if said is None:
            raise NoData(f"the record lacks the function {key}")
        tree = ast.parse("\n".join(said["source"])).body[0]
        if not isinstance(tree, ast.FunctionDef):
            raise NoData(f"{key} is no function")
        return part_of(
            key, tree, {name: decoded(one, self.lookup) for name, one in said["names"].items()}, said["calls"]
        )

    def enum(self, name: str) -> Any:
        said = self._record["enums"].get(name)
        if said is None:
            raise NoData(f"the record lacks the Enum {name}")
        made = Enum(name.rpartition(".")[2], [(one, decoded(value, self.lookup)) for one, value in said["members"]])  # type: ignore[misc]
        made.__qualname__ = name
        self._made["enum", name] = made  # before its functions, which may name it
        self._methods(made, said["functions"])
        return made

    def resource(self, name: str) -> Any:
        return _declared(name, {one: FieldSpec() for one in self._record["resources"].get(name, ())})

    def row(self, name: str) -> type[Fields]:
        if self._live is not None:
            live: type[Fields] = self.lookup("resource", name)
            return live
        said = self._record["rows"].get(name, {})
        computed = {
            one: FieldSpec(source=Source("computed", function=self.code(key).function()))
            for one, (how, key) in said.items() if how == "computed"
        }  # fmt: skip
        known = {one: FieldSpec() for one in self._record["resources"].get(name, ())}
        stored = {slot["field"][1]: FieldSpec() for slot in self._record["facts"] if "field" in slot}
        made = _declared(name, {"id_": FieldSpec(), **known, **stored, **self._assigned(), **computed})
        self._methods(made, {one: value for one, value in said.items() if value[0] != "computed"})
        return made

    def _assigned(self) -> dict[str, FieldSpec]:
        found = {}
        for part in self._record["parts"].values():
            for node in ast.walk(ast.parse("\n".join(part["source"]))):
                if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                    found[node.attr] = FieldSpec()
        return found

    def _methods(self, owner: type, said: Record) -> None:
        for name, (how, key) in said.items():
            function = self.code(key).function()
            type.__setattr__(owner, name, property(function) if how == "property" else function)

    def slot(self, said: Data) -> Slot:
        given = {name: decoded(value, self.lookup) for name, value in said.items() if name != "members"}
        given.setdefault("field", "")
        return Slot(**given, members=tuple(decoded(one, self.lookup) for one in said.get("members", ())))

    def case(self, said: Data) -> Case:
        point = {(name, field): decoded(value, self.lookup) for name, field, value in said["facts"]}
        expected = said["expected"]
        return Case(point, expected if isinstance(expected, bool) else _done_of(expected), Example(()))


def _done_of(said: Data) -> Done:
    rows, creates, deletes, sends, refuses, calls = said
    return Done(_values(rows), _values(creates), tuple(deletes), tuple(sends), refuses, tuple(calls))


def _values(said: Data) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    return tuple((name, tuple((one, value) for one, value in values)) for name, values in said)


def _declared(name: str, specs: Mapping[str, FieldSpec]) -> type[Resource]:
    names = {one: spec for one, spec in specs.items() if one != "id"}
    return type(name, (Resource,), {**names, "__annotations__": dict.fromkeys(names, Any), "__module__": __name__})


class _StandIn:
    """Stands for a declaration of a version that does not run: it is named, and nothing is sent or called."""

    def __init__(self, name: str) -> None:
        self.name = name

    def send(self, row: Resource) -> Send:
        return Send(self, row)  # type: ignore[arg-type]

    def __getattr__(self, kind: str) -> Callable[..., Asked]:
        return lambda *given, **named: Asked(kind, (self, *given, *named.values()))


MAKERS: Final[Mapping[str, Callable[[_Making, str], Any]]] = {
    "enum": lambda making, name: making.enum(name),
    "resource": lambda making, name: making.resource(name),
    "notification": lambda _making, name: _StandIn(name),
    "declared": lambda _making, name: _StandIn(name),
}
"""How each kind of thing that a record names is made where nothing runs."""


def sources(record: Record) -> Iterator[str]:
    """Give the source of each function of a record, the main one first, for people."""
    main = record["main"]
    for key in (main, *(one for one in record["parts"] if one != main)):
        yield "\n".join(record["parts"][key]["source"])
