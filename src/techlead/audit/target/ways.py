"""Finds out by trying how somebody becomes a user of the target: sign up, log in, carry the proof, be given a role."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from techlead.audit.target.database import SqliteDatabase
from techlead.audit.target.environment import ADMIN_LOGIN, ADMIN_PASSWORD
from techlead.audit.target.exchange import ANONYMOUS, Actor, Answer, Request
from techlead.audit.target.given import Given
from techlead.audit.target.login import proofs
from techlead.audit.target.operation import Field, Meaning, Operation, Role
from techlead.audit.target.people import Identities, Send, request_with
from techlead.audit.target.postgres import PostgresDatabase
from techlead.audit.target.promotion import found_promotion
from techlead.audit.target.repair import mended
from techlead.audit.target.understanding import Ways
from techlead.audit.target.values import POWERFUL, Values

REPAIRS_MAX: Final = 4
TOO_MANY: Final = 429
REFUSED: Final = frozenset({401, 403})
ACTIVATING: Final = ("verified", "confirmed", "activated", "is_active", "approved", "email_verified")
POWER_COLUMNS: Final = (
    "role",
    "user_type",
    "user_role",
    "account_type",
    "type",
    "is_admin",
    "is_staff",
    "is_superuser",
    "admin",
)

Found = Callable[[], SqliteDatabase | PostgresDatabase | None]


def find_ways(operations: Sequence[Operation], send: Send, values: Values, database: Found, given: Given) -> Ways:
    """Try; what cannot be found is left empty."""
    ways = Ways(admin_login=ADMIN_LOGIN, admin_password=ADMIN_PASSWORD)
    for sign_up in _candidates(operations, Role.SIGN_UP, given.people.get("sign_up")):
        signed = _sign_up(sign_up, send, values)
        if signed is None:
            continue
        ways, body, answer = _with_sign_up(ways, sign_up, signed)
        found = _find_log_in(ways, operations, body, answer, send, database, given)
        if found is not None:
            return _with_roles(found, operations, send, values, database, given)
    return ways


def _candidates(operations: Sequence[Operation], role: Role, named: Any) -> list[Operation]:
    if isinstance(named, str):
        return [operation for operation in operations if operation.name == named]
    return sorted(
        (operation for operation in operations if operation.role is role),
        key=lambda one: ("admin" in one.path, len(one.path)),
    )


Signed = tuple[Mapping[str, Any], Sequence[str], Mapping[str, Any], Answer]


def _sign_up(operation: Operation, send: Send, values: Values) -> Signed | None:
    """(values insisted on, fields left out, the body, the answer) of a sign-up that succeeded."""
    for optional in (True, False):
        fields = {field.name: field for field in operation.body}
        body = values.body(operation.body, optional=optional)
        insisted: dict[str, Any] = {}
        for _ in range(REPAIRS_MAX):
            _same_passwords(body)
            answer = send(request_with(operation, body, ANONYMOUS))
            if answer.ok or answer.status in {302, 303}:
                left = tuple(field.name for field in operation.body if field.name not in body)
                return insisted, left, body, answer
            better = mended(body, fields, answer, values)
            if better is None:
                break
            insisted.update(
                {
                    name: value
                    for name, value in better.items()
                    if body.get(name) != value and not _is_unique(fields.get(name))
                }
            )
            body = better
    return None


def _is_unique(field: Field | None) -> bool:
    return field is None or field.meaning in {
        Meaning.EMAIL,
        Meaning.USERNAME,
        Meaning.PASSWORD,
        Meaning.PHONE,
        Meaning.NAME,
    }


def _same_passwords(body: dict[str, Any]) -> None:
    """A password and its confirmation are the same."""
    names = [name for name in body if "pass" in name.lower()]
    for name in names[1:]:
        body[name] = body[names[0]]


def _with_sign_up(ways: Ways, operation: Operation, signed: Signed) -> tuple[Ways, Mapping[str, Any], Answer]:
    insisted, left, body, answer = signed
    extra = tuple(
        Field(
            name,
            "string",
            Meaning.EMAIL
            if "mail" in name
            else Meaning.PASSWORD
            if "pass" in name
            else Meaning.USERNAME
            if name in {"username", "login"}
            else Meaning.TEXT,
            required=True,
        )
        for name in body
        if name not in {field.name for field in operation.body}
    )
    whole = replace(operation, body=(*operation.body, *extra))
    return replace(ways, sign_up=whole, sign_up_fixed=insisted, sign_up_left_out=tuple(left)), body, answer


def _find_log_in(
    ways: Ways,
    operations: Sequence[Operation],
    body: Mapping[str, Any],
    answer: Answer,
    send: Send,
    database: Found,
    given: Given,
) -> Ways | None:
    ways = _with_table(ways, body, database)
    probes = _probes(operations, send)
    for activation in ({}, _activation(ways, body, database)):
        if activation is None:
            continue
        if activation:
            _set_columns(ways, body, activation, database)
        for log_in in _candidates(operations, Role.LOG_IN, given.people.get("log_in")):
            for wanted, source, fixed in _forms(log_in, body):
                password = _password_of(body)
                field = next((one.name for one in log_in.body if one.meaning is Meaning.PASSWORD), "password")
                tried = send(request_with(log_in, {**fixed, wanted: body[source], field: password}, ANONYMOUS))
                if tried.status == TOO_MANY:
                    break
                if not (tried.ok or tried.status in {302, 303}):
                    continue
                actor = Actor("first", login=str(body[source]), password=password)
                carrying = _carrying(tried, actor, probes, send)
                if carrying is not None:
                    headers, probe = carrying
                    return replace(
                        ways,
                        log_in=log_in,
                        login_field=wanted,
                        login_from=source,
                        password_field=field,
                        log_in_fixed=fixed,
                        carries=headers,
                        probe=probe,
                        activation=activation,
                    )
    source = "email" if "email" in body else next(iter(body), "email")
    actor = Actor("first", login=str(body.get(source, "")), password=_password_of(body))
    carrying = _carrying(answer, actor, probes, send)
    return replace(ways, login_from=source, carries=carrying[0], probe=carrying[1]) if carrying else None


def _password_of(body: Mapping[str, Any]) -> str:
    return next((str(value) for name, value in body.items() if "pass" in name.lower()), "")


def _forms(log_in: Operation, body: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(field of the log-in, field of the sign-up it takes, other required fields) to try."""
    names = [
        field.name
        for field in log_in.body
        if field.meaning in {Meaning.EMAIL, Meaning.USERNAME} or field.name in {"identifier", "login", "account"}
    ]
    identifying = [name for name in body if "mail" in name.lower()] + [
        name for name in body if "user" in name.lower() or name in {"login", "handle", "nickname"}
    ]
    fixed = {
        field.name: (field.choices[0] if field.choices else "password")
        for field in log_in.body
        if field.name == "grant_type"
    }
    for name in names or ["email", "username"]:
        same = [source for source in identifying if source == name]
        for source in [*same, *[one for one in identifying if one not in same]]:
            yield name, source, fixed


def _probes(operations: Sequence[Operation], send: Send) -> list[Operation]:
    """Operations that refuse strangers: ME first."""
    safe = [
        operation
        for operation in operations
        if operation.method == "GET" and not operation.parameters and operation.role is not Role.DOCUMENTS
    ]
    safe.sort(key=lambda operation: (operation.role is not Role.ME, "admin" in operation.path, len(operation.path)))
    refused = [
        operation for operation in safe if send(Request("GET", operation.path)).status in {401, 403, 302, 422, 400}
    ]
    if refused:
        return refused
    return [
        operation
        for operation in operations
        if operation.unsafe
        and not operation.parameters
        and operation.role in {Role.CREATE, Role.LOG_OUT, Role.CHANGE_ME}
    ]


def _carrying(
    answer: Answer, actor: Actor, probes: Sequence[Operation], send: Send
) -> tuple[Mapping[str, str], Operation | None] | None:
    for headers in proofs(answer, actor):
        if not probes:
            return headers, None
        for probe in probes[:4]:
            said = send(
                Request(probe.method, probe.path, replace(actor, headers=headers), body={} if probe.unsafe else None)
            )
            if said.status not in {0, 301, 302, 303} | REFUSED and (said.ok or probe.unsafe):
                return headers, probe
    return None


def _with_table(ways: Ways, body: Mapping[str, Any], database: Found) -> Ways:
    """Find the table of accounts: the one that has a row with what was signed up."""
    found = database()
    logins = {str(value).lower() for name, value in body.items() if "mail" in name.lower() or "user" in name.lower()}
    for table in found.tables() if found is not None else ():
        for row in found.rows(table) if found is not None else ():
            for column, value in row.items():
                if (
                    isinstance(value, str)
                    and value.lower() in logins
                    and "mail" in column.lower() + "mail" * ("user" in column.lower())
                ):
                    powers = {name: value for name, value in row.items() if name.lower() in POWER_COLUMNS}
                    return replace(ways, user_table=table, login_column=column, role_columns=powers)
    return ways


def _activation(ways: Ways, body: Mapping[str, Any], database: Found) -> Mapping[str, Any] | None:
    found = database()
    if found is None or not ways.user_table:
        return None
    mine = [row for row in found.rows(ways.user_table) if row.get(ways.login_column) in body.values()]
    return {
        name: 1
        for row in mine[:1]
        for name, value in row.items()
        if not value and any(word in name.lower() for word in ACTIVATING)
    } or None


def _set_columns(ways: Ways, body: Mapping[str, Any], columns: Mapping[str, Any], database: Found) -> None:
    found = database()
    for column, value in columns.items() if found is not None else ():
        for login in body.values():
            if isinstance(login, str) and "@" in login and found is not None:
                statement = f'UPDATE "{ways.user_table}" SET "{column}" = ? WHERE "{ways.login_column}" = ?'  # noqa: S608 - names of its own
                found.change(statement, value, login)


def _with_roles(
    ways: Ways,
    operations: Sequence[Operation],
    send: Send,
    values: Values,
    database: Found,
    given: Given,
) -> Ways:
    """Which roles can be had, and how the administrator is."""
    told = []
    admin = given.people.get("admin")
    if isinstance(admin, Mapping):
        ways = replace(ways, admin_login=str(admin.get("login", "")), admin_password=str(admin.get("password", "")))
    people = Identities(ways, send, values, database)
    known = Actor("admin", "admin", ways.admin_login, ways.admin_password)
    can_log_in = people.log_in(known) is not None if ways.log_in else False
    ordinary = {str(value).lower() for value in ways.role_columns.values()}
    chosen = [
        str(choice)
        for operation in operations
        for field in operation.body
        if field.meaning is Meaning.ROLE
        for choice in field.choices
    ]
    others = [choice for choice in dict.fromkeys(chosen) if choice.lower() not in ordinary | POWERFUL]
    roles = ["user"]
    textual = any(isinstance(value, str) for value in ways.role_columns.values())
    if textual:
        roles += others
        told += [f"role {role}: given by changing the row in the audit's own copy" for role in others]
    if can_log_in:
        told.append(f"administrator: {ways.admin_login} logs in")
    if not can_log_in and not ways.role_columns:
        ways = replace(ways, promotion=found_promotion(operations, ways, people, send, given.folder))
    if ways.promotion is not None:
        told.append(
            f"administrator: {ways.promotion.operation.name} with {ways.promotion.field} = {ways.promotion.value!r}"
        )
    if can_log_in or ways.role_columns or ways.promotion is not None:
        roles.append("admin")
    if not can_log_in:
        ways = replace(ways, admin_login="", admin_password="")
        if ways.role_columns:
            told.append(f"administrator: {', '.join(ways.role_columns)} set in the row, in the audit's own copy")
    return replace(ways, roles=tuple(roles), told=tuple(told))
