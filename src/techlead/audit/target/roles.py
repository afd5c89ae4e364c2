"""What each operation does and on which resource, by its method, path and fields; a table, the first row that fits."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from techlead.audit.target.meaning import PEOPLE, singular, snake
from techlead.audit.target.operation import Field, Meaning, Operation, Resource, Role

WRECKS: Final = r"(^|/)((create|init|reset|drop|clear|wipe|flush|seed|populate|truncate)[-_]?(db|database|data|all|tables)|(db|database)[-_/](create|init|reset|drop|clear|wipe|flush|seed|populate|truncate))/?$"
DOCUMENTS: Final = r"/(openapi|swagger|docs?|redoc|schema|apispec\w*)(\.json|\.yaml)?(/|$)|/(health|healthz|ready|readyz|live|livez|ping|metrics|status|version|favicon\.ico)/?$"
BY_PATH: Final[tuple[tuple[str, str, bool | None, Role], ...]] = (
    ("POST", r"(log|sign)[-_]?(out|off)$", None, Role.LOG_OUT),
    (
        "POST",
        r"(reset|recover)[-_/]?(password|confirm)?(/|$)|password/(reset|confirm)$|reset.password$",
        True,
        Role.RESET,
    ),
    (
        "POST",
        r"forgot|(reset|recover)[-_/]?(request|password)$|password[-_/](reset|forgot|recovery)(/request)?$",
        False,
        Role.FORGOT,
    ),
    (
        "POST",
        r"(change|update|set)[-_]?password$|(^|/)(me|account|profile|users?|auth)/password$|(^|/)password(/change)?$",
        None,
        Role.PASSWORD,
    ),
    ("PUT", r"(change[-_]?)?password$", None, Role.PASSWORD),
    ("PATCH", r"(change[-_]?)?password$", None, Role.PASSWORD),
    ("POST", r"register|sign[-_]?up|registration|(^|/)join$", None, Role.SIGN_UP),
    (
        "POST",
        r"(log|sign)[-_]?in$|(^|/)(token|sessions?|auth|authenticate|jwt/create)(/create|/obtain)?$",
        None,
        Role.LOG_IN,
    ),
    ("GET", r"(^|/)(me|whoami|profile|account|current[-_]?user|userinfo)$", None, Role.ME),
    ("PATCH", r"(^|/)(me|profile|account)(/\w+)?$", None, Role.CHANGE_ME),
    ("PUT", r"(^|/)(me|profile|account)(/\w+)?$", None, Role.CHANGE_ME),
    ("POST", r"(^|/)(users|accounts|customers|members)$", True, Role.SIGN_UP),
)
"""Method, the path without prefix, whether the body must have a password (None: either way), role."""


MAKES: Final = frozenset({"create", "new", "add"})
"""Last words of paths that make a row of the noun before: `POST /cards/create`."""
ON_ITEM: Final = {"GET": Role.READ, "DELETE": Role.DELETE, "PUT": Role.CHANGE, "PATCH": Role.CHANGE}
"""What a method does to the row whose id ends the path."""


def assign(operations: Sequence[Operation]) -> tuple[Operation, ...]:
    """Give each operation its role and resource, and each reference the resource that it leads to."""
    named = [_named(operation) for operation in operations]
    if any(operation.role is Role.SIGN_UP and not _is_collection(operation.path) for operation in named):
        named = [_demoted(operation) for operation in named]
    collections = {words[-1] for operation in named if (words := _words(operation.path)) and operation.method == "GET"}
    items = {_before_parameter(operation.path) for operation in named if operation.path.rstrip("/").endswith("}")}
    known = {word for word in collections | items if word and word != "me"}
    placed = _made_by_other_means([_placed(operation, known) for operation in named])
    nouns = {operation.resource for operation in placed if operation.resource}
    return tuple(_referred(operation, nouns) for operation in placed)


def wrecks(operation: Operation) -> bool:
    """Whether the name says that it empties or makes anew the whole database, under everybody's feet."""
    return bool(re.search(WRECKS, operation.path, re.IGNORECASE))


def resources_of(operations: Sequence[Operation]) -> tuple[Resource, ...]:
    """Group the operations by what they act on."""
    by_noun: dict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        if operation.resource and operation.role in _PLACES:
            by_noun[operation.resource].append(operation)
    found = []
    for noun, group in sorted(by_noun.items()):
        chosen = {
            role: min(same, key=_simplicity) for role in _PLACES if (same := [o for o in group if o.role is role])
        }
        item = chosen.get(Role.READ) or chosen.get(Role.CHANGE) or chosen.get(Role.DELETE) or chosen.get(Role.ACT)
        creating = chosen.get(Role.CREATE)
        found.append(
            Resource(
                name=noun,
                create=creating,
                read=chosen.get(Role.READ),
                list=chosen.get(Role.LIST),
                change=chosen.get(Role.CHANGE),
                delete=chosen.get(Role.DELETE),
                acts=tuple(operation for operation in group if operation.role is Role.ACT),
                parameter=item.parameters[-1].name if item and item.parameters else None,
                fields=creating.body if creating else (),
            )
        )
    return tuple(found)


_PLACES: Final = (Role.CREATE, Role.READ, Role.LIST, Role.CHANGE, Role.DELETE, Role.ACT)


def _simplicity(operation: Operation) -> tuple[bool, int, int]:
    return "admin" in operation.path, len(operation.parameters), len(operation.path)


def _words(path: str) -> list[str]:
    """The parts of a path; a version says nothing of what is acted on, wherever it stands: `/users/v1/{username}`."""
    return [part for part in path.strip("/").split("/") if part and not re.fullmatch(r"v\d+(\.\d+)?", part)]


def _plain(path: str) -> str:
    """The path without prefixes such as /api/v1."""
    words = _words(path)
    while words and re.fullmatch(r"api|v\d+|rest", words[0]):
        words.pop(0)
    return "/".join(words)


def _is_collection(path: str) -> bool:
    return bool(re.search(r"(^|/)(users|accounts|customers|members)$", _plain(path)))


def _named(operation: Operation) -> Operation:
    if operation.role is Role.DOCUMENTS or (operation.method == "GET" and re.search(DOCUMENTS, operation.path)):
        return replace(operation, role=Role.DOCUMENTS)
    if operation.parameters and not re.search("reset|password", operation.path):
        return operation
    passwords = any(field.meaning is Meaning.PASSWORD for field in operation.body)
    for method, pattern, password, role in BY_PATH:
        fits = method == operation.method and re.search(pattern, _plain(operation.path))
        if fits and (password is None or password == passwords or (password and not operation.body)):
            if role is Role.LOG_IN and not (passwords or _credentials(operation.body) or not operation.body):
                continue
            return replace(operation, role=role)
    return operation


def _credentials(fields: Sequence[Field]) -> bool:
    return any(field.meaning in {Meaning.PASSWORD, Meaning.SECRET} for field in fields)


def _demoted(operation: Operation) -> Operation:
    """`POST /users` is no sign-up where another operation is."""
    if operation.role is Role.SIGN_UP and _is_collection(operation.path):
        return replace(operation, role=Role.OTHER)
    return operation


def _before_parameter(path: str) -> str:
    words = _words(path)
    return next((words[at - 1] for at in range(len(words) - 1, 0, -1) if words[at].startswith("{")), "")


def _placed(operation: Operation, known: set[str]) -> Operation:
    words = _words(_plain(operation.path))
    nouns = [word for word in words if not word.startswith("{")]
    if operation.role is not Role.OTHER or not nouns:
        return operation
    if operation.method == "POST" and words[-1].lower() in MAKES and len(nouns) > 1 and not words[-2].startswith("{"):
        return replace(operation, role=Role.CREATE, resource=nouns[-2])
    if words[-1].startswith("{"):
        return replace(operation, role=ON_ITEM.get(operation.method, Role.ACT), resource=nouns[-1])
    plural = singular(nouns[-1]) != nouns[-1]
    below_item = len(nouns) < len(words)
    role, resource = _on_noun(operation.method, nouns, plural=plural and nouns[-1] in known, below_item=below_item)
    return replace(operation, role=role, resource=resource or _owner(words))


def _on_noun(method: str, nouns: Sequence[str], *, plural: bool, below_item: bool) -> tuple[Role, str | None]:
    """Role and resource of an operation whose path ends in a noun or a verb; no resource stands for the row above."""
    last = nouns[-1]
    if method == "GET":
        return (Role.LIST, last) if plural else (Role.READ if below_item else Role.OTHER, None)
    if method == "POST" and (plural or (not below_item and len(nouns) == 1)):
        return Role.CREATE, last
    if below_item:
        return Role.ACT, None
    if method == "POST":
        verb = singular(last) == last
        return (Role.ACT if verb else Role.CREATE), (nouns[-2] if verb else last)
    return (Role.DELETE if method == "DELETE" else Role.CHANGE), last


def _made_by_other_means(operations: list[Operation]) -> list[Operation]:
    """Where no POST on the collection makes a kind of row, `PUT /courses/{id}/reviews` or `POST /courses/{id}/certificate` does."""
    made = {operation.resource for operation in operations if operation.role is Role.CREATE}
    single = {operation.resource for operation in operations if operation.role in {Role.READ, Role.CHANGE, Role.DELETE}}
    found = []
    for operation in operations:
        last = _words(operation.path)[-1] if _words(operation.path) else ""
        noun = next((one for one in single - made if one and last in {one, singular(one)}), None)
        makes = noun and operation.role is Role.ACT and operation.method in {"POST", "PUT"}
        found.append(replace(operation, role=Role.CREATE, resource=noun) if makes else operation)
    return found


def _owner(words: Sequence[str]) -> str | None:
    """The noun before the last parameter: `orders` of `orders/{id}/cancel`."""
    for at in range(len(words) - 1, 0, -1):
        if words[at].startswith("{"):
            return words[at - 1]
    return words[-1] if words else None


def _referred(operation: Operation, nouns: set[str]) -> Operation:
    words = _words(operation.path)
    before = {word.strip("{}"): words[at - 1] for at, word in enumerate(words) if at and word.startswith("{")}
    parameters = tuple(
        replace(field, refers_to=_target(field, nouns, before.get(field.name))) for field in operation.parameters
    )
    others = nouns - {operation.resource or ""}
    body = tuple(
        replace(field, meaning=Meaning.REFERENCE, refers_to=_target(field, nouns, None))
        if field.meaning is Meaning.REFERENCE or _names_a_row(field, others)
        else field
        for field in operation.body
    )
    return replace(operation, parameters=parameters, body=body)


def _names_a_row(field: Field, nouns: set[str]) -> bool:
    """Whether a field called like another resource (`listing`) holds an id of it, and not a text about it."""
    is_id = field.type == "integer" or field.format == "uuid" or bool(field.pattern)
    return is_id and any(singular(snake(noun)) == snake(field.name) for noun in nouns)


def _target(field: Field, nouns: set[str], before: str | None) -> str | None:
    """The resource whose id this is; `people` for somebody with an account."""
    stem = re.sub(r"_?(ids?|uuid|pk)$", "", snake(field.name)) or singular(before or "")
    if field.refers_to:
        stem = field.refers_to
    for noun in sorted(nouns, key=len):
        if singular(noun) == stem or noun == stem or singular(snake(noun)) == singular(stem):
            return "people" if stem in PEOPLE and singular(stem) in {"user", "account", "person", "member"} else noun
    if singular(stem) in PEOPLE or stem in PEOPLE:
        return "people"
    if before and before in nouns:
        return before
    tail = stem.rpartition("_")[2]
    return next((noun for noun in nouns if singular(noun) == tail), "people" if tail in PEOPLE else before)
