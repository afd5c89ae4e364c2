"""An example becomes the facts that its rule is called with: frozen rows and values, of the types the fields have."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final, Protocol

from techlead.declare.facts import Example
from techlead.declare.resource import Fields, frozen, values_of
from techlead.declare.rule import Rule
from techlead.declare.types import Ref, Sensitivity
from techlead.derive.codecs import timestamp_codec
from techlead.derive.plan import BodyPlan, FieldPlan, Parameter, Plan
from techlead.primitives.money import Money

NUMBERS: Final = {"integer": int, "decimal": Decimal, "money": Money}
_MOMENT: Final = timestamp_codec()


class Asked(Protocol):
    """What examples are given of: a rule, or a planned action."""

    @property
    def function(self) -> Callable[..., Any]:
        """The function whose parameters the examples fill."""


def facts_of(
    rule: Asked, parameters: Sequence[Parameter], plan: Plan, example: Example, body: BodyPlan | None = None
) -> dict[str, object]:
    """Give what a rule is called with in an example; ValueError names all that does not fit."""
    reader = _Reader(plan, body, whole=isinstance(rule, Rule))
    facts = reader.facts(parameters_of(rule, parameters), example)
    if reader.problems:
        raise ValueError("; ".join(reader.problems))
    return facts


def example_problems(
    rule: Asked, parameters: Sequence[Parameter], plan: Plan, example: Example, body: BodyPlan | None = None
) -> tuple[str, ...]:
    """List what does not fit in an example: names that are not there, values that the fields cannot hold."""
    reader = _Reader(plan, body, whole=isinstance(rule, Rule))
    reader.facts(parameters_of(rule, parameters), example)
    return tuple(reader.problems)


def row_of(parameter: Parameter, plan: Plan, example: Example, body: BodyPlan | None = None) -> dict[str, Any]:
    """Give the values of one row in an example; ValueError names all that does not fit."""
    reader = _Reader(plan, body)
    row = reader.row(parameter, dict(example.values))
    if reader.problems:
        raise ValueError("; ".join(reader.problems))
    return values_of(row)


def parameters_of(rule: Asked, parameters: Sequence[Parameter]) -> tuple[Parameter, ...]:
    """Choose a rule's own parameters from those of its action, in the order of its signature."""
    by_name = {one.name: one for one in parameters}
    return tuple(by_name[name] for name in inspect.signature(rule.function).parameters)


def fields_of(parameter: Parameter, plan: Plan, body: BodyPlan | None) -> tuple[FieldPlan, ...] | None:
    """Give the fields of a parameter that is a row or a body; None for a plain value."""
    if parameter.kind == "body":
        return body.fields if body else ()
    return plan.resources[parameter.resource].fields if parameter.resource else None


def word_reference(prefix: str, word: str) -> Ref[Any]:
    """Make a reference of a word: the same word always leads to the same row."""
    return Ref(prefix, hashlib.sha256(word.encode()).digest()[:16])


class _Reader:
    """Reads one example and notes what does not fit."""

    def __init__(self, plan: Plan, body: BodyPlan | None, *, whole: bool = True) -> None:
        self._plan = plan
        self._body = body
        self._whole = whole  # of an action, rows that it reads nothing of need not be given
        self.problems: list[str] = []

    def facts(self, parameters: tuple[Parameter, ...], example: Example) -> dict[str, object]:
        given = dict(example.values)
        if len(parameters) == 1 and not self._by_name(parameters[0], given):
            return {parameters[0].name: self.row(parameters[0], given)}
        if not self._whole:
            rows = {one.name: Example(()) for one in parameters if fields_of(one, self._plan, self._body) is not None}
            given = {**rows, **given}
        known = [one.name for one in parameters]
        self.problems += [f"the rule has no parameter {name!r}" for name in given if name not in known]
        self.problems += [f"it gives no {name!r}" for name in known if name not in given]
        return {one.name: self._parameter(one, given[one.name]) for one in parameters if one.name in given}

    def _by_name(self, parameter: Parameter, given: dict[str, Any]) -> bool:
        """Tell whether the only parameter is given by its name, and not its fields by theirs."""
        if fields_of(parameter, self._plan, self._body) is None:
            return True
        return set(given) == {parameter.name} and isinstance(given[parameter.name], Example | None)

    def _parameter(self, parameter: Parameter, value: Any) -> object:
        if fields_of(parameter, self._plan, self._body) is None:
            return self._plain(parameter, value)
        if isinstance(value, Example):
            return self.row(parameter, dict(value.values))
        if value is not None or not parameter.optional:
            self.problems.append(f"{parameter.name} is given as {value!r}: write {parameter.name}=facts(...)")
        return None

    def _plain(self, parameter: Parameter, value: Any) -> object:
        if parameter.kind == "now":
            return self._fitting(parameter.name, _MOMENT.dump, _MOMENT.load, value)
        if parameter.kind == "delivered":
            if type(value) is not bool:
                self.problems.append(f"{parameter.name} cannot be {value!r}: it is True or False")
            return value
        said = parameter.aggregate
        wanted: type = int
        if said is not None and said.field is not None:
            wanted = NUMBERS[self._plan.resources[said.resource].field(said.field).kind]
            fits = type(value) is wanted
        else:
            fits = type(value) is int and value >= 0
        if not fits:
            word = "a number of rows" if wanted is int else f"a {wanted.__name__}"
            self.problems.append(f"{parameter.name} cannot be {value!r}: it is {word}")
        return value

    def row(self, parameter: Parameter, given: dict[str, Any]) -> Fields:
        """Read the values of one row."""
        fields = {field.name: field for field in fields_of(parameter, self._plan, self._body) or ()}
        values: dict[str, Any] = {}
        for name, value in given.items():
            where = f"{parameter.name}.{name}"
            if name == "id" and parameter.resource:
                values[name] = self._reference(where, self._plan.resources[parameter.resource].prefix, value)
            elif name not in fields:
                self.problems.append(f"{parameter.name} has no field {name!r}")
            elif fields[name].sensitivity is Sensitivity.SECRET and parameter.resource:
                self.problems.append(f"{where} is Secret, and no rule sees it")
            else:
                values[name] = self._value(where, fields[name], value)
        made: Fields = frozen(self._declared(parameter), values)
        return made

    def _value(self, where: str, field: FieldPlan, value: Any) -> Any:
        if value is None:
            if not field.nullable:
                self.problems.append(f"{where} is never empty")
            return None
        if field.target is not None:
            return self._reference(where, self._plan.resources[field.target].prefix, value)
        return self._fitting(where, field.codec.dump, field.codec.load, value)

    def _reference(self, where: str, prefix: str, value: Any) -> Ref[Any] | None:
        if isinstance(value, str):
            return word_reference(prefix, value)
        if isinstance(value, Ref) and value.prefix == prefix:
            return value
        self.problems.append(f'{where} cannot be {value!r}: name it by a word, such as "alice"')
        return None

    def _fitting(self, where: str, dump: Any, load: Any, value: Any) -> Any:
        try:
            return load(dump(value))
        except ValueError as error:
            self.problems.append(f"{where} cannot be {value!r}: it {error}")
            return None

    def _declared(self, parameter: Parameter) -> type[Fields]:
        if parameter.resource:
            return self._plan.resources[parameter.resource].declared
        assert self._body is not None  # noqa: S101 - a parameter without a resource that has fields is the body
        return self._body.body
