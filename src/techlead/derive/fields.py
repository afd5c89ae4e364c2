"""Annotations become fields: each `Mapped[...]` is read once, and what is unbounded or unknown is refused with its mend."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from techlead.declare.access import Anyone, nobody, owner
from techlead.declare.account import Account
from techlead.declare.field import MISSING, FieldSpec, Now
from techlead.declare.origin import Origin
from techlead.declare.resource import Fields
from techlead.declare.types import Sensitivity
from techlead.derive.amounts import decimal_codec, money_codec
from techlead.derive.annotations import Shape, Unfit, hints, read_annotation
from techlead.derive.codecs import (
    Codec,
    Limits,
    boolean_codec,
    date_codec,
    enum_codec,
    integer_codec,
    reference_codec,
    text_codec,
    timestamp_codec,
)
from techlead.derive.json_codec import json_codec
from techlead.derive.limits import limit_problems
from techlead.derive.plan import FieldPlan
from techlead.derive.refusals import Refusals, field_origin
from techlead.primitives import text
from techlead.primitives.guard import check_url
from techlead.primitives.money import Money

TEXT_MAX: Final = 100_000
JSON_BYTES_MAX: Final = 65_536
EMAIL_MAX: Final = 254
URL_MAX: Final = 2048
RESERVED: Final = frozenset({"id", "limit", "after", "sort", "password", "roles", "revision", "deleted_at"})


def resolve_fields(
    declared: type[Fields], names: Mapping[str, Any], prefix_of: Callable[[str], str], refusals: Refusals
) -> tuple[FieldPlan, ...]:
    """Make a field of each annotation of a resource or a body; what cannot stand is noted in `refusals`."""
    said = declared.declaration
    try:
        annotations = hints(declared, names)
    except (NameError, TypeError, AttributeError, SyntaxError) as error:
        refusals.add(said.origin, declared.__name__, f"a type is not known: {error}", "import it, or correct its name")
        return ()
    fields = []
    for name, spec in said.fields.items():
        try:
            shape = read_annotation(annotations[name])
            if spec.source.kind == "copied":
                spec = copied_spec(declared, name, spec, names)  # noqa: PLW2901 - the same field, now with its limits
            fields.append(_field(declared, name, spec, shape, prefix_of))
        except Unfit as unfit:
            origin: Origin = field_origin(declared, name, said.origin)
            refusals.add(origin, f"{declared.__name__}.{name}", str(unfit.args[0]), str(unfit.args[1]))
        except NameError:
            pass  # a class that it copies from names an unknown type, and is itself refused for that
    return tuple(fields)


def _field(
    declared: type[Fields], name: str, spec: FieldSpec, shape: Shape, prefix_of: Callable[[str], str]
) -> FieldPlan:
    if name in RESERVED or re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) is None:
        reason = f"the name {name!r} is not free or not in snake_case of at most 40 characters"
        raise Unfit(reason, "choose another name")
    _check_sensitivity(spec, shape)
    if shape.sensitivity is not Sensitivity.PUBLIC and spec.read is None:
        own = issubclass(declared, Account) and shape.sensitivity is Sensitivity.PERSONAL
        spec = replace(spec, read=owner if own else nobody)
    if shape.nullable and spec.default is MISSING and spec.source.kind in ("caller", "action"):
        spec = replace(spec, default=None)
    for reason, mend in limit_problems(shape.kind, shape.python, spec):
        raise Unfit(reason, mend)
    codec = codec_of(shape, spec, prefix_of)
    _check_default(spec, shape, codec)
    currency = _currency(spec) if shape.kind == "money" else None
    return FieldPlan(
        name,
        shape.kind,
        f"{name}_{currency.lower()}" if currency else name,
        shape.nullable,
        shape.sensitivity,
        spec,
        codec,
        shape.target,
        spec.read,
        spec.write,
    )


def copied_spec(declared: type[Fields], name: str, spec: FieldSpec, names: Mapping[str, Any]) -> FieldSpec:
    """Give a copied field the limits of its source; Unfit when the two do not fit or the copy would tell more."""
    holder, source_name, source = _copied_from(declared, name, spec, names)
    own = read_annotation(hints(declared, names)[name])
    shape = read_annotation(hints(holder, names)[source_name])
    where = f"{holder.__name__}.{source_name}"
    if (shape.kind, shape.target, shape.python) != (own.kind, own.target, own.python):
        raise Unfit(f"it is not of the type of {where}", "give both the same type")
    if shape.nullable and not own.nullable:
        raise Unfit(f"{where} may be empty", "write the type as `... | None`")
    if own.sensitivity is not shape.sensitivity:
        mark = shape.sensitivity.value
        mend = "leave out its mark, too" if mark == "public" else f"mark it {mark.capitalize()}, too, or leave it out"
        raise Unfit(f"{where} is marked {mark}, its copy is not", mend)
    return replace(source, default=MISSING, source=spec.source, unique=False, indexed=spec.indexed,
                   read=spec.read or source.read, write=None)  # fmt: skip


def _copied_from(
    declared: type[Fields], name: str, spec: FieldSpec, names: Mapping[str, Any]
) -> tuple[type[Fields], str, FieldSpec]:
    """Follow copies of copies to the field where the value begins."""
    holder, source, seen = declared, spec, {(declared.__name__, name)}
    while source.source.kind == "copied":
        *steps, name = source.source.path
        for step in steps:
            shape = read_annotation(hints(holder, names)[step]) if step in holder.declaration.fields else None
            if shape is None or shape.target is None or shape.target not in names:
                raise Unfit(f"{holder.__name__}.{step} does not lead to a resource", _COPIED)
            holder = names[shape.target]
        if name not in holder.declaration.fields or not steps:
            raise Unfit(f"{holder.__name__} has no field {name!r} to copy", _COPIED)
        if (holder.__name__, name) in seen:
            raise Unfit("the field is copied from itself", "copy it from where it comes from")
        seen.add((holder.__name__, name))
        source = holder.declaration.fields[name]
    return holder, name, source


_COPIED: Final = 'write copied("reference.field")'


def codec_of(shape: Shape, spec: FieldSpec, prefix_of: Callable[[str], str]) -> Codec:
    """Choose the codec of a field; Unfit when a limit that its kind needs is not given."""
    return CODECS[shape.kind](shape, spec, prefix_of)


def _text(_shape: Shape, spec: FieldSpec, _prefix_of: Callable[[str], str]) -> Codec:
    if spec.max_length is None:
        raise Unfit("the text is not bounded", "say field(max_length=...), in characters")
    if not 0 <= spec.min_length <= spec.max_length <= TEXT_MAX:
        raise Unfit(f"the length must be between 0 and {TEXT_MAX}", "correct min_length and max_length")
    shortest = spec.min_length
    if shortest == 0 and spec.default is MISSING and spec.source.kind == "caller":
        shortest = 1
    return text_codec(replace(_limits(spec), min_length=shortest))


def _email(_shape: Shape, spec: FieldSpec, _prefix_of: Callable[[str], str]) -> Codec:
    limits = replace(_limits(spec), min_length=3, max_length=EMAIL_MAX)
    return text_codec(limits, text.email_address, "email")


def _url(_shape: Shape, spec: FieldSpec, _prefix_of: Callable[[str], str]) -> Codec:
    limits = replace(_limits(spec), min_length=8, max_length=min(spec.max_length or URL_MAX, URL_MAX))
    return text_codec(limits, text.url, "uri")


def _webhook_url(_shape: Shape, spec: FieldSpec, _prefix_of: Callable[[str], str]) -> Codec:
    limits = replace(_limits(spec), min_length=9, max_length=min(spec.max_length or URL_MAX, URL_MAX))
    return text_codec(limits, lambda given: check_url(text.url(given, schemes=("https",))), "uri")


def _integer(_shape: Shape, spec: FieldSpec, _prefix_of: Callable[[str], str]) -> Codec:
    return integer_codec(_limits(spec))


def _decimal(_shape: Shape, spec: FieldSpec, _prefix_of: Callable[[str], str]) -> Codec:
    if spec.places is None or not 0 <= spec.places <= 12:  # noqa: PLR2004 - 18 digits in all, 6 before the point
        raise Unfit("a Decimal needs its places", "say field(places=2), 0 to 12 digits after the point")
    return decimal_codec(_limits(spec))


def _money(_shape: Shape, spec: FieldSpec, _prefix_of: Callable[[str], str]) -> Codec:
    currency = _currency(spec)
    low = spec.ge if spec.ge is not None else Money.of_minor(0, currency)
    return money_codec(replace(_limits(spec), ge=low, currency=currency))


def _currency(spec: FieldSpec) -> str:
    said = {limit.currency for limit in (spec.ge, spec.le, spec.default) if isinstance(limit, Money)}
    said |= {spec.currency} if spec.currency else set()
    if len(said) != 1:
        raise Unfit("money needs one currency", 'say field(currency="EUR"), or give a bound: ge=Money("1.00", "EUR")')
    try:
        return Money.of_minor(0, next(iter(said))).currency
    except ValueError as error:
        raise Unfit(str(error), "use an ISO 4217 code such as EUR") from None


def _json(_shape: Shape, spec: FieldSpec, _prefix_of: Callable[[str], str]) -> Codec:
    if spec.max_bytes is None or not 2 <= spec.max_bytes <= JSON_BYTES_MAX:  # noqa: PLR2004 - the bytes of {}
        raise Unfit("the JSON is not bounded", f"say field(max_bytes=...), at most {JSON_BYTES_MAX}")
    return json_codec(spec.max_bytes)


CODECS: Final[Mapping[str, Callable[[Shape, FieldSpec, Callable[[str], str]], Codec]]] = {
    "text": _text,
    "email": _email,
    "url": _url,
    "webhook_url": _webhook_url,
    "integer": _integer,
    "decimal": _decimal,
    "money": _money,
    "json": _json,
    "boolean": lambda _shape, _spec, _prefix_of: boolean_codec(),
    "timestamp": lambda _shape, _spec, _prefix_of: timestamp_codec(),
    "date": lambda _shape, _spec, _prefix_of: date_codec(),
    "enum": lambda shape, _spec, _prefix_of: enum_codec(shape.python),
    "reference": lambda shape, _spec, prefix_of: reference_codec(prefix_of(shape.target or "")),
}


def _limits(spec: FieldSpec) -> Limits:
    return Limits(
        spec.min_length, spec.max_length, spec.multiline, spec.pattern, spec.ge, spec.le, spec.places or 0,
        spec.currency or "",
    )  # fmt: skip


def _check_default(spec: FieldSpec, shape: Shape, codec: Codec) -> None:
    if isinstance(spec.default, Now):
        if shape.kind != "timestamp":
            raise Unfit("only a datetime can start as now", "give another default")
    elif spec.default is not MISSING and spec.default is not None:
        try:
            codec.dump(spec.default)
        except ValueError as error:
            raise Unfit(
                f"the default does not fit the field: it {error}", "correct the default or the limits"
            ) from None
    elif spec.default is None and not shape.nullable:
        raise Unfit("the default is None, but the type does not take it", "write the type as `... | None`")


def _check_sensitivity(spec: FieldSpec, shape: Shape) -> None:
    if shape.sensitivity is Sensitivity.PERSONAL and isinstance(spec.read, Anyone):
        raise Unfit(
            "a Personal field that anyone may read", "name who needs it: read=owner, read=the(...), read=role(...)"
        )
    if shape.sensitivity in (Sensitivity.SECRET, Sensitivity.INTERNAL) and spec.read is not None:
        raise Unfit(f"a field marked {shape.sensitivity.value} is never read", "leave out `read`, or mark it Personal")
    if shape.sensitivity is Sensitivity.SECRET and (spec.indexed or spec.unique):
        raise Unfit("a Secret cannot be searched for", "leave out indexed and unique")
