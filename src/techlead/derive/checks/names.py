"""Names: each resource, table, path and role has one, and none that the runtime uses itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any, Final

from techlead.declare.account import Account
from techlead.declare.backend import Declarations
from techlead.declare.resource import Fields, Resource
from techlead.derive.checks.problem import Problem
from techlead.derive.refusals import Refusals, field_origin
from techlead.primitives import text

RUNTIME_PATHS: Final = frozenset(
    {
        "auth",
        "me",
        "inbox",
        "outbox",
        "incoming",
        "preferences",
        "browsers",
        "unsubscribe",
        "docs",
        "healthz",
        "readyz",
        "openapi.json",
        "console",
    }
)
RUNTIME_COLUMNS: Final = frozenset({"password_hash", "email_key", "preferences"})
"""Columns that the runtime adds to the accounts, beside those that `fields.RESERVED` names for every table."""
ROLES_CHARACTERS_MAX: Final = 1000
"""All roles of an account are kept in one column of this length, a separator after each."""
_CLASS_NAME = re.compile(r"[A-Z][A-Za-z]{0,39}")
_SNAKE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PATH = re.compile(r"[a-z][a-z0-9-]{0,59}")
_OWN_NAMES: Final = frozenset(name for name in dir(Resource) if not name.startswith("_")) - {"id"}


def check(declarations: Declarations, refusals: Refusals) -> None:
    """Refuse names that clash or that tables, ids and addresses cannot carry."""
    for reason, mend in _backend(declarations):
        refusals.add(declarations.origin, f'Backend("{declarations.name}")', reason, mend)
    seen: dict[tuple[str, str], type[Resource]] = {}
    for declared in declarations.resources:
        for reason, mend in (*_resource(declared, declarations), *_clashes(declared, seen)):
            refusals.add(declared.declaration.origin, declared.__name__, reason, mend)
        for name, reason, mend in _fields(declared):
            origin = field_origin(declared, name, declared.declaration.origin)
            refusals.add(origin, f"{declared.__name__}.{name}", reason, mend)


def is_snake_case(name: str) -> bool:
    """Tell whether a name is in snake_case, of at most 40 characters."""
    return _SNAKE.fullmatch(name) is not None


def path_of(declared: type[Resource]) -> str:
    """Give the path of a resource, as it was said or as its plural."""
    return declared.declaration.plural or text.kebab(text.plural(declared.__name__))


def _backend(declarations: Declarations) -> Iterator[Problem]:
    for name in declarations.roles:
        if not is_snake_case(name):
            yield f"the role {name!r} is not in snake_case of at most 40 characters", "write it as in 'stock_keeper'"
    for name in sorted({name for name in declarations.roles if declarations.roles.count(name) > 1}):
        yield f"the role {name!r} is named twice", "name it once"
    if sum(len(name) + 1 for name in declarations.roles) > ROLES_CHARACTERS_MAX:
        yield f"the roles have more than {ROLES_CHARACTERS_MAX} characters", "use fewer roles, or a membership resource"
    if len(set(declarations.accounts)) > 1:
        kinds = " and ".join(sorted(account.__name__ for account in set(declarations.accounts)))
        yield f"it has several kinds of account: {kinds}", "keep one, and tell people apart by role(...) or by a field"


def _resource(declared: type[Resource], declarations: Declarations) -> Iterator[Problem]:
    name, path = declared.__name__, path_of(declared)
    if _CLASS_NAME.fullmatch(name) is None:
        yield (
            f"the name {name!r} is not in CamelCase letters of at most 40 characters, and every id begins with it",
            f"name it as in {_camel(name)!r}",
        )
    if name.startswith("Techlead"):
        yield "names that begin with Techlead belong to the runtime's own tables", "choose another name"
    if path in RUNTIME_PATHS:
        yield f"the path /{path} belongs to the runtime", f'choose another: plural="{path}-list"'
    elif _PATH.fullmatch(path) is None:
        yield f"the path {path!r} is not in kebab-case", 'write it as in plural="credit-packs"'
    if issubclass(declared, Account) and declared not in declarations.accounts:
        yield "an Account is declared as an ordinary resource", "decorate it with @backend.account"
    if declared in declarations.accounts and not issubclass(declared, Account):
        yield "it is declared as the account, but is none", f"write `class {name}(Account):`"


def _clashes(declared: type[Resource], seen: dict[tuple[str, str], type[Resource]]) -> Iterator[Problem]:
    name = declared.__name__
    for kind, word in (("name", name), ("table", text.snake(name)), ("path", f"/{path_of(declared)}")):
        other = seen.setdefault((kind, word), declared)
        if other is declared and kind == "name" and ("declared", name) in seen:
            yield "it is declared twice", "keep one of its decorators"
            return
        if other is not declared:
            origin = other.declaration.origin
            mend = 'say plural="..." on one of them' if kind == "path" else "rename one of them"
            yield f"its {kind} {word} is also that of {other.__name__} at {origin.file}:{origin.line}", mend
            return
    seen[("declared", name)] = declared


def _fields(declared: type[Fields]) -> Iterator[tuple[str, str, str]]:
    taken = RUNTIME_COLUMNS if issubclass(declared, Account) else frozenset()
    for name in annotated(declared):
        if name.startswith("_"):
            yield name, "a field's name cannot begin with an underscore", f"call it {name.strip('_') or 'value'!r}"
        elif name in _OWN_NAMES or name in taken:
            yield name, f"the runtime uses the name {name!r} itself", "choose another name"


def annotated(declared: type[Any]) -> Iterator[str]:
    """Name what the user's own classes annotate, in the order of declaration."""
    for cls in reversed(declared.__mro__):
        if issubclass(cls, Fields) and not cls.__module__.startswith(f"{__name__.partition('.')[0]}."):
            yield from inspect.get_annotations(cls)


def _camel(name: str) -> str:
    words = re.findall(r"[A-Za-z]+", name)
    return "".join(word[:1].upper() + word[1:] for word in words)[:40] or "Thing"
