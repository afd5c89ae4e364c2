"""Declarations for what was understood: closed to everybody but the owner, bounded, and with a list of what a person must decide."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from techlead.derive.checks.names import RUNTIME_COLUMNS
from techlead.derive.fields import RESERVED
from techlead.scaffold.adopt.model import Column, Model, Unclear, Understood
from techlead.scaffold.imports import imported
from techlead.scaffold.insert import KNOWN, MODULES, free_names, made_names
from techlead.scaffold.refused import ScaffoldRefused

ACCOUNT_NAMES: Final = re.compile(r"(user|account|member|person|customer)s?", re.IGNORECASE)
OWNER_NAMES: Final = ("owner", "author", "user", "buyer", "seller", "customer", "creator", "student", "instructor")
"""References to the account that most likely name the owner, the likeliest first."""
OF_THE_RUNTIME: Final[Mapping[str, str]] = {
    "password": "the runtime keeps passwords", "password_hash": "the runtime keeps passwords",
    "hashed_password": "the runtime keeps passwords", "email": "every Account has one", "token": "the runtime keeps sessions",
    "role": "roles are granted: `techlead grant`", "is_admin": "roles are granted: `techlead grant`",
    "is_superuser": "roles are granted: `techlead grant`", "is_active": "every Account has `disabled`",
    "is_banned": "every Account has `disabled`", "disabled": "every Account has one", "webhook_secret": "the runtime signs",
}  # fmt: skip
"""What the runtime owns of an account."""
PERSONAL: Final = re.compile(r"phone|iban|address|birth|ssn|passport|tax_id|first_name|last_name")
SECRET: Final = re.compile(r"secret|password|api_key|token")
TEXT_MAX: Final = 200
LONG_MAX: Final = 4_000
TEXT_CHARACTERS_MAX: Final = 100_000
"""The most that a field may hold; `derive` refuses more."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A page of declarations, and what is not in it or must be decided."""

    source: str
    unclear: tuple[Unclear, ...]
    resources: tuple[str, ...]


def propose(understood: Understood, name: str) -> Proposed:
    """Write the page; ScaffoldRefused when nothing was understood."""
    if not understood.models:
        said = "".join(f"\n{one}" for one in understood.unclear)
        raise ScaffoldRefused(f"No SQLAlchemy or SQLModel models were found: name the file that holds them.{said}")
    page = _Page(understood)
    account = next((one for one in understood.models if ACCOUNT_NAMES.fullmatch(one.name)), None)
    body = "".join(page.model(one, account) for one in _ordered(understood.models, account))
    source = f'"""{name.capitalize()}: proposed from its models; read each line, and open what others may do."""\n\n'
    source += f'backend = Backend("{name}", roles=["admin"])\n' + body
    for one in sorted((used_names(source) & (KNOWN | {"Backend"})) - made_names_of(source)):
        source = imported(source, MODULES.get(one, "techlead"), one)
    return Proposed(source, (*understood.unclear, *page.unclear), tuple(page.written))


def used_names(source: str) -> frozenset[str]:
    """Name what a page reads."""
    return free_names(ast.parse(source))


def made_names_of(source: str) -> frozenset[str]:
    """Name the classes of a page."""
    return made_names(ast.parse(source))


def _class_name(name: str) -> str:
    """Give the name of a model's class: another one where it is a word of ours."""
    return f"Own{name}" if name in KNOWN or name == "Backend" else name


class _Page:
    """Writes models one by one, and gathers what a person must look at."""

    def __init__(self, understood: Understood) -> None:
        self.unclear: list[Unclear] = []
        self.written: list[str] = []
        self._by_table = {key: _class_name(one.name) for one in understood.models for key in (one.table, one.name)}
        self._limits = _limits(understood)

    def model(self, model: Model, account: Model | None) -> str:
        is_account = model is account
        owner = "" if is_account else _owner(model, account, self._by_table)
        lines, choices = [], []
        for column in model.columns:
            if why := self._skipped(column, is_account=is_account):
                self._say(model, column, f"left out: {why}")
                continue
            line, made = self._column(model, column, account, owner)
            lines += [line] if line else []
            choices += [made] if made else []
        self.written.append(_class_name(model.name))
        if _class_name(model.name) != model.name:
            self.unclear.append(
                Unclear(model.file, model.line, model.name, f"a word of techlead: renamed {_class_name(model.name)}")
            )
        return (
            "".join(choices) + self._head(model, is_account=is_account, owner=owner) + "".join(lines or ["    pass\n"])
        )

    def _head(self, model: Model, *, is_account: bool, owner: str) -> str:
        about = re.sub(r'["\\]', "'", model.about) or f"Was the table {model.table}."
        base, decorator = ("Account", "@backend.account") if is_account else ("Resource", self._decorator(model, owner))
        return f'\n\n{decorator}\nclass {_class_name(model.name)}({base}):\n    """{about}"""\n\n'

    def _decorator(self, model: Model, owner: str) -> str:
        names = {one.name for one in model.columns} - set(RESERVED)
        kept = [tuple(map(_plain, them)) for them in model.unique if set(them) <= names]
        unique = (
            f", unique=[{', '.join('(' + ', '.join(repr(one) for one in them) + ',)' for them in kept)}]"
            if kept
            else ""
        )
        self.unclear.append(
            Unclear(
                model.file, model.line, model.name, "who may read, create, change and delete it: proposed is the least"
            )
        )
        said = 'read=owner | role("admin"), create=signed_in' if owner else 'read=role("admin"), create=role("admin")'
        return f"@backend.resource({said}{unique})".replace("'", '"')

    def _skipped(self, column: Column, *, is_account: bool) -> str:
        if column.name in RESERVED or column.name in RUNTIME_COLUMNS:
            return "the runtime keeps it"
        return OF_THE_RUNTIME.get(column.name, "") if is_account else ""

    def _column(self, model: Model, column: Column, account: Model | None, owner: str) -> tuple[str, str]:
        name = _plain(column.name) if column.kind == "reference" else column.name
        if column.kind == "reference":
            return self._reference(model, column, name, account, owner), ""
        type_, given, choices = self._typed(model, column)
        if SECRET.search(name):
            type_ = f"Secret[{type_}]"
        elif PERSONAL.search(name):
            type_ = f"Personal[{type_}]"
        if column.optional:
            type_ += " | None"
        given += [
            f"{word}=True"
            for word, on in (("unique", column.unique), ("indexed", column.indexed))
            if on and column.kind != "json" and "Secret" not in type_
        ]
        given += self._default(column, choices, model)
        call = f" = field({', '.join(given)})" if given else ""
        return f"    {name}: Mapped[{type_}]{call}\n", choices

    def _typed(self, model: Model, column: Column) -> tuple[str, list[str], str]:
        limits = self._limits.get(column.name, {})
        if column.kind in ("text", "long"):
            longest = column.length or limits.get("max_length")
            if longest is None:
                longest = LONG_MAX if column.kind == "long" else TEXT_MAX
                self._say(model, column, f"its text had no limit: proposed is {longest} characters")
            if longest > TEXT_CHARACTERS_MAX:
                self._say(model, column, f"{longest} characters are more than a field holds: proposed is the most")
            longest = min(longest, TEXT_CHARACTERS_MAX)
            shortest = min(limits.get("min_length", 0), longest)
            fits = not isinstance(column.default, str) or len(column.default) >= shortest
            said = [f"min_length={shortest}"] if shortest and fits else []
            return "str", [*said, f"max_length={longest}", *(["multiline=True"] if column.kind == "long" else [])], ""
        if column.kind == "choice":
            cls = f"{model.name}{''.join(word.capitalize() for word in column.name.split('_'))}"
            members = "".join(f'    {_member(one)} = "{one}"\n' for one in column.choices)
            return cls, ["set_by=action"], f"\n\nclass {cls}(Enum):\n{members}"
        if column.kind == "int":
            low = limits.get("ge", limits["gt"] + 1 if "gt" in limits else None)
            high = limits.get("le", limits["lt"] - 1 if "lt" in limits else None)
            if re.search(r"_cents$|price|amount|total|balance", column.name):
                self._say(model, column, "an amount as a number: Money is an amount with its currency")
            return "int", [f"{word}={bound}" for word, bound in (("ge", low), ("le", high)) if bound is not None], ""
        if column.kind == "decimal":
            self._say(model, column, "Money, if it is an amount; proposed is a number of two places")
            return "Decimal", ["places=2"], ""
        known = {"bool": "bool", "datetime": "datetime", "date": "date", "json": "Json", "email": "Email", "url": "Url"}
        if column.kind == "uuid":
            self._say(model, column, "a UUID that is no key: proposed is its text")
            return "str", ["max_length=36"], ""
        return known[column.kind], ["max_bytes=2_000"] if column.kind == "json" else [], ""

    def _default(self, column: Column, choices: str, model: Model) -> list[str]:
        default = column.default
        if choices:
            first = default if default in column.choices else column.choices[0]
            return [
                f"default={model.name}{''.join(word.capitalize() for word in column.name.split('_'))}.{_member(str(first))}"
            ]
        if default is ...:
            if column.kind == "datetime":
                return ["default=now"]
            self._say(model, column, "its default is worked out by code")
        plain = type(default) is {"text": str, "long": str, "int": int, "bool": bool}.get(column.kind)
        return [f"default={json.dumps(default) if isinstance(default, str) else default}"] if plain else []

    def _reference(self, model: Model, column: Column, name: str, account: Model | None, owner: str) -> str:
        target = self._by_table.get(column.target)
        if target is None:
            self._say(model, column, f"leads to {column.target}, which was not found")
            return ""
        optional = " | None" if column.optional and column.name != owner else ""
        if column.name == owner and account is not None:
            self._say(model, column, "proposed as the owner, because of its name")
            return f"    {name}: Mapped[Ref[{target}]] = owned_by()\n"
        return f"    {name}: Mapped[Ref[{target}]{optional}]\n"

    def _say(self, model: Model, column: Column, reason: str) -> None:
        self.unclear.append(Unclear(model.file, column.line, f"{model.name}.{column.name}", reason))


def _owner(model: Model, account: Model | None, tables: Mapping[str, str]) -> str:
    """Choose the column that most likely names the owner; empty when none leads to the account."""
    if account is None:
        return ""
    leading = [
        one for one in model.columns if one.kind == "reference" and tables.get(one.target) == _class_name(account.name)
    ]
    ranked = sorted(
        leading,
        key=lambda one: OWNER_NAMES.index(_plain(one.name)) if _plain(one.name) in OWNER_NAMES else len(OWNER_NAMES),
    )
    return next((one.name for one in ranked if not one.optional), "")


def _ordered(models: Iterable[Model], account: Model | None) -> Iterator[Model]:
    """Give the account first, then each model below those that it leads to; a circle is broken where it is met."""
    left = sorted(models, key=lambda one: one is not account)
    known = {key: one for one in left for key in (one.table, one.name)}
    done: set[str] = set()

    def visit(one: Model, above: frozenset[str]) -> Iterator[Model]:
        if one.name in done or one.name in above:
            return
        for column in one.columns:
            if column.target in known:
                yield from visit(known[column.target], above | {one.name})
        if one.name not in done:
            done.add(one.name)
            yield one

    for one in left:
        yield from visit(one, frozenset())


def _limits(understood: Understood) -> dict[str, dict[str, int]]:
    """Gather the limits of fields by name; of two schemas, the one that was read first."""
    found: dict[str, dict[str, int]] = {}
    for schema in understood.schemas:
        for name, limits in schema.limits.items():
            found.setdefault(name, {}).update({key: value for key, value in limits.items() if key not in found[name]})
    return found


def _plain(name: str) -> str:
    return name.removesuffix("_id") or name


def _member(value: str) -> str:
    word = re.sub(r"\W+", "_", value).strip("_").upper() or "EMPTY"
    return f"_{word}" if word[0].isdigit() else word
