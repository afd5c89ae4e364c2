"""A field in a few words, as a person types it: `title:text(120)`, `price:money(EUR)`, `phone:personal text(32)?`.

The kinds are a table; the reference of the documentation is made from it.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from techlead.scaffold.refused import ScaffoldRefused

SNAKE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
CAMEL: Final = re.compile(r"[A-Z][A-Za-z]{0,39}")
WORDS: Final = re.compile(
    r"(?P<name>\w+)\s*:\s*(?:(?P<mark>personal|secret|internal)\s+)?(?P<kind>\w+)"
    r"(?:\((?P<given>[^)]*)\))?(?P<optional>\?)?(?:\s*=\s*(?P<default>\S.*))?"
)


@dataclass(frozen=True, slots=True)
class FieldKind:
    """A kind of field: its type, what its brackets hold, and how that is written as arguments."""

    type: str
    given: str
    """What stands in the brackets when nothing is said."""
    arguments: Callable[[str], list[str]]
    says: str
    """What it is, for people."""


def _range(given: str) -> list[str]:
    if not given:
        return []
    low, dots, high = given.partition("..")
    if not dots or not re.fullmatch(r"-?\d*", low) or not re.fullmatch(r"-?\d*", high):
        raise ScaffoldRefused(f"{given!r} is no range: write it as in 0..100.")
    return [f"{name}={int(bound)}" for name, bound in (("ge", low), ("le", high)) if bound]


def _number(name: str) -> Callable[[str], list[str]]:
    def written(given: str) -> list[str]:
        if not given.isdigit():
            raise ScaffoldRefused(f"{given!r} is no number: write it as in text(120).")
        return [f"{name}={int(given):_}" if int(given) >= 1_000 else f"{name}={given}"]  # noqa: PLR2004 - as people write

    return written


def _currency(given: str) -> list[str]:
    if not re.fullmatch("[A-Z]{3}", given):
        raise ScaffoldRefused(f"{given!r} is no currency: write its three letters, as in money(EUR).")
    return [f'currency="{given}"']


def _nothing(given: str) -> list[str]:
    if given:
        raise ScaffoldRefused(f"This kind of field takes nothing in brackets, and {given!r} stands there.")
    return []


KINDS: Final[Mapping[str, FieldKind]] = {
    "text": FieldKind("str", "200", _number("max_length"), "one line of at most so many characters"),
    "long": FieldKind("str", "4000", lambda given: [*_number("max_length")(given), "multiline=True"], "several lines"),
    "int": FieldKind("int", "", _range, "a whole number, within bounds"),
    "decimal": FieldKind("Decimal", "2", _number("places"), "a number with so many places after the point"),
    "money": FieldKind("Money", "EUR", _currency, "an amount of one currency"),
    "bool": FieldKind("bool", "", _nothing, "yes or no"),
    "date": FieldKind("date", "", _nothing, "a day"),
    "datetime": FieldKind("datetime", "", _nothing, "a moment, with its zone"),
    "email": FieldKind("Email", "", _nothing, "an e-mail address"),
    "url": FieldKind("Url", "", _nothing, "an address of the web"),
    "webhook": FieldKind("WebhookUrl", "", _nothing, "an address of a receiver"),
    "json": FieldKind("Json", "2000", _number("max_bytes"), "an object of at most so many bytes"),
}
"""What a field may be, besides `owner`, `choice(a|b)` and the name of a resource."""


@dataclass(frozen=True, slots=True)
class FieldText:
    """A field as it is written, and the class of its choices where it has some."""

    line: str
    choices: str = ""


def field_text(words: str, resource: str, account: str) -> FieldText:
    """Write a field of a resource from its words; ScaffoldRefused says what cannot be, and how it is written."""
    found = WORDS.fullmatch(words.strip())
    if found is None:
        raise ScaffoldRefused(f"{words!r} is no field: write it as in title:text(120), done:bool=False or due:date?")
    name, kind, given = found["name"], found["kind"], found["given"] or ""
    if SNAKE.fullmatch(name) is None or keyword.iskeyword(name):
        raise ScaffoldRefused(f"{name!r} cannot be a field's name: write small letters, digits and _, as in placed_at.")
    if kind == "owner":
        return FieldText(f"    {name}: Mapped[Ref[{account}]] = owned_by()")
    if kind == "choice":
        return _choice(name, given, resource, found["default"])
    type_, arguments = _typed(kind, given)
    if found["mark"]:
        type_ = f"{found['mark'].capitalize()}[{type_}]"
    if found["optional"]:
        type_ = f"{type_} | None"
    if found["default"]:
        arguments.append(f"default={_literal(found['default'])}")
    return FieldText(f"    {name}: Mapped[{type_}]" + (f" = field({', '.join(arguments)})" if arguments else ""))


def _typed(kind: str, given: str) -> tuple[str, list[str]]:
    if kind in KINDS:
        said = KINDS[kind]
        return said.type, said.arguments(given or said.given)
    if CAMEL.fullmatch(kind):
        return f"Ref[{kind}]", _nothing(given)
    raise ScaffoldRefused(
        f"{kind!r} is no kind of field: choose one of {', '.join(KINDS)}, owner, choice(a|b), or name a resource."
    )


def _choice(name: str, given: str, resource: str, default: str | None) -> FieldText:
    """Write a field of one of several words, and the class of them; the first is the default, and actions set it."""
    values = [one.strip() for one in given.split("|")]
    if len(values) != len(set(values)) or any(SNAKE.fullmatch(one) is None for one in values):
        raise ScaffoldRefused(
            f"{given!r} are no choices: write different words of small letters, as in choice(open|sold)."
        )
    if default is not None and default not in values:
        raise ScaffoldRefused(f"{default!r} is none of the choices {given}.")
    cls = f"{resource}{''.join(word.capitalize() for word in name.split('_'))}"
    members = "\n".join(f'    {one.upper()} = "{one}"' for one in values)
    first = f"{cls}.{(default or values[0]).upper()}"
    return FieldText(
        f"    {name}: Mapped[{cls}] = field(default={first}, set_by=action)", f"class {cls}(Enum):\n{members}"
    )


def _literal(text: str) -> str:
    """Write a default: true and false as Python has them, numbers and `now` as they are, all else as text."""
    said = {"true": "True", "false": "False", "True": "True", "False": "False", "now": "now"}.get(text)
    if said or re.fullmatch(r"-?\d+", text):
        return said or text
    return f'"{text}"' if '"' not in text and "\\" not in text else repr(text)
