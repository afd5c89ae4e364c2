"""Signatures become parameters: what a rule or an action may know, each traced to where it comes from."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from techlead.declare.aggregate import Aggregate
from techlead.declare.resource import Body, Fields, Resource
from techlead.derive.annotations import Unfit
from techlead.derive.plan import FieldPlan, Parameter
from techlead.primitives.money import Money

FieldsOf = Mapping[str, tuple[FieldPlan, ...]]


class Parameters:
    """Resolves the parameters of one action and its rules, each name once, in the order of loading."""

    def __init__(self, resource: type[Resource], fields: FieldsOf, account: str | None) -> None:
        """Start with nothing known but the resource of the action."""
        self._resource = resource
        self._fields = fields
        self._account = account
        self.found: dict[str, Parameter] = {}
        self.body: type[Fields] | None = None

    def of(self, function: Callable[..., Any], names: Mapping[str, Any]) -> tuple[str, ...]:
        """Resolve a function's parameters and give their names; Unfit when one cannot be known."""
        try:
            annotations = typing.get_type_hints(function, localns=dict(names), include_extras=True)
        except (NameError, TypeError, AttributeError, SyntaxError) as error:
            raise Unfit(f"a type is not known: {error}", "import it, or correct its name") from None
        wanted = list(inspect.signature(function).parameters)
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind not in _BY_NAME or parameter.default is not parameter.empty:
                raise Unfit(
                    f"the parameter {name!r} is not a plain one", "parameters are given by name, without defaults"
                )
            if name not in annotations:
                raise Unfit(f"the parameter {name!r} has no type", "annotate it, as in `order: Order`")
        counted = [name for name in wanted if _aggregate_of(annotations[name])]
        for waiting in ([name for name in wanted if name not in counted], counted):
            self._resolve_all(waiting, annotations)
        return tuple(wanted)

    def _resolve_all(self, waiting: list[str], annotations: Mapping[str, Any]) -> None:
        while waiting:
            left = [name for name in waiting if not self._resolve(name, annotations[name])]
            if left == waiting:
                raise Unfit(f"the parameter {left[0]!r} leads to nothing that this action can know", _MEND)
            waiting = left

    def _resolve(self, name: str, annotation: Any) -> bool:
        base, _ = _stripped(annotation)
        aggregate = _aggregate_of(annotation)
        found = self._aggregate(name, base, aggregate) if aggregate else self._plain(name, *_optional(base))
        if found is None:
            return False
        before = self.found.setdefault(name, found)
        if before != found:
            raise Unfit(f"the parameter {name!r} means two things here", "give one of them another name")
        return True

    def _plain(self, name: str, base: Any, optional: bool) -> Parameter | None:  # noqa: FBT001 - one call, named there
        if (name, base) in _PLAIN:
            return Parameter(name, _PLAIN[name, base])
        if not isinstance(base, type):
            return None
        if issubclass(base, Body):
            return self._body(name, base)
        if name == "actor" and base.__name__ == self._account:
            return Parameter(name, "actor", self._account, optional=optional)
        reference = self._reference(name, base, optional)
        if reference is None and base is self._resource:
            return Parameter(name, "row", base.__name__)
        return reference

    def _body(self, name: str, body: type[Fields]) -> Parameter:
        if name != "body":
            raise Unfit(f"the parameter {name!r} is a body", "call it `body`: a request has one")
        if self.body not in (None, body):
            raise Unfit(f"it and its rules take two bodies, {self.body.__name__} and {body.__name__}", "make them one")
        self.body = body
        return Parameter(name, "body")

    def _reference(self, name: str, base: type, optional: bool) -> Parameter | None:  # noqa: FBT001 - as above
        known = [("", self._resource.__name__)]
        known += [
            (held.name, held.resource) for held in self.found.values() if held.resource and held.kind == "reference"
        ]
        for holder, resource in known:
            for field in self._fields.get(resource, ()):
                if field.name == name and field.target == base.__name__:
                    if field.nullable and not optional:
                        raise Unfit(f"{name} may be empty", f"write it as `{name}: {base.__name__} | None`")
                    return Parameter(name, "reference", base.__name__, (holder, name), optional)
        return None

    def _aggregate(self, name: str, base: Any, aggregate: Aggregate) -> Parameter | None:
        fields = {field.name: field for field in self._fields.get(aggregate.resource, ())}
        if not fields:
            raise Unfit(f"{aggregate.resource!r} is not a resource", "name a resource of this backend")
        anchors = []
        for of in aggregate.of:
            if of not in fields or fields[of].target is None:
                raise Unfit(f"{aggregate.resource}.{of} is not a reference", "name the field that leads to the row")
            anchor = self._anchor(of, fields[of].target or "")
            if anchor is None:
                return None
            anchors.append((of, anchor))
        for condition in aggregate.conditions:
            if condition.field not in fields:
                raise Unfit(f"{aggregate.resource} has no field {condition.field!r}", "correct the name")
        if aggregate.field is not None and fields.get(aggregate.field, _NO_FIELD).kind not in (
            "integer",
            "decimal",
            "money",
        ):
            raise Unfit(f"{aggregate.resource}.{aggregate.field} cannot be summed", "sum an int, Decimal or Money")
        wanted = _NUMBERS[fields[aggregate.field].kind] if aggregate.field else int
        if base is not wanted:
            raise Unfit(f"{aggregate} gives {wanted.__name__}", f"write `{name}: Annotated[{wanted.__name__}, ...]`")
        return Parameter(name, "aggregate", aggregate=aggregate, anchors=tuple(anchors))

    def _anchor(self, of: str, target: str) -> str | None:
        """Find the parameter whose row an aggregate hangs on; what the row leads to and the actor need not be asked for."""
        found = [one.name for one in self.found.values() if one.resource == target and one.kind == "reference"]
        if of in found:
            return of
        found = [*([""] if target == self._resource.__name__ else []), *found]
        if len(found) > 1:
            words = " or ".join(name or "the row itself" for name in found)
            raise Unfit(f"it is not clear whether {of!r} means {words}", f"name the right one {of!r}, in the row, too")
        if not found and self._leads(of, target):
            self.found[of] = Parameter(of, "reference", target, ("", of))
            return of
        return found[0] if found else "actor" if target == self._account else None

    def _leads(self, of: str, target: str) -> bool:
        """Tell whether the action's row has a reference of this name, which need not be asked for to be counted on."""
        for field in self._fields.get(self._resource.__name__, ()):
            if field.name == of and field.target == target:
                if field.nullable:
                    raise Unfit(
                        f"{of} may be empty, and then nothing is counted", f"ask for `{of}: {target} | None`, too"
                    )
                return True
        return False


_PLAIN: Mapping[tuple[str, Any], Literal["now", "delivered"]] = {
    ("now", datetime): "now",
    ("delivered", bool): "delivered",
}
_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_NUMBERS: Mapping[str, type] = {"integer": int, "decimal": Decimal, "money": Money}


class _NoField:
    kind = ""


_NO_FIELD = _NoField()
_MEND = (
    "ask for the row, a row behind one of its references by the reference's name, `actor`, `now: datetime`, "
    "`body: YourBody`, or Annotated[int, count(...)]"
)


def _aggregate_of(annotation: Any) -> Aggregate | None:
    return next((mark for mark in _stripped(annotation)[1] if isinstance(mark, Aggregate)), None)


def _stripped(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    if typing.get_origin(annotation) is typing.Annotated:
        return annotation.__origin__, annotation.__metadata__
    return annotation, ()


def _optional(annotation: Any) -> tuple[Any, bool]:
    arguments = typing.get_args(annotation)
    if type(None) in arguments:
        (inner,) = [argument for argument in arguments if argument is not type(None)]
        return _stripped(inner)[0], True
    return annotation, False
