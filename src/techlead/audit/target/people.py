"""Identities at one instance, by the ways that were found: sign up, log in, be given a role."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from techlead.audit.target.database import SqliteDatabase
from techlead.audit.target.exchange import ANONYMOUS, Actor, Answer, Request, Unavailable
from techlead.audit.target.login import carried
from techlead.audit.target.meaning import snake
from techlead.audit.target.operation import Meaning, Operation
from techlead.audit.target.postgres import PostgresDatabase
from techlead.audit.target.understanding import Promotion, Ways
from techlead.audit.target.values import Values

Send = Callable[[Request], Answer]
NAMES: Final = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy")
TOO_MANY: Final = 429
SERVER_ERROR: Final = 500
SENT_ON: Final = frozenset({302, 303})
"""How pages answer a form that was done: see the next page."""
WAIT_SECONDS: Final = 61.0
WAIT_SECONDS_MAX: Final = 3601.0
SESSION_LOST: Final = frozenset({0, 301, 302, 303, 401, 403})
TOLD_DEPTH_MAX: Final = 3
FORM: Final = "application/x-www-form-urlencoded"


def request_with(operation: Operation, body: Mapping[str, Any], actor: Actor, path: str | None = None) -> Request:
    """A request with the body in the operation's own media type."""
    where = path or operation.path
    if operation.media == FORM:
        raw = urlencode(dict(body)).encode()
        return Request(
            operation.method, where, actor, raw=raw, headers={"Content-Type": FORM}, operation=operation.name
        )
    if operation.media.startswith("multipart/"):
        return multipart(operation, body, actor, where)
    bodiless = not body and not operation.body
    return Request(operation.method, where, actor, body=None if bodiless else dict(body), operation=operation.name)


def multipart(operation: Operation, body: Mapping[str, Any], actor: Actor, where: str) -> Request:
    """Fields and small files as multipart/form-data."""
    boundary = "techlead-audit-boundary"
    parts = []
    files = {field.name for field in operation.body if field.type == "file"}
    for name, value in body.items():
        parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n')
    parts += [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="audit.txt"\r\n'
        f"Content-Type: text/plain\r\n\r\naudit\r\n"
        for name in sorted(files - set(body))
    ]
    raw = ("".join(parts) + f"--{boundary}--\r\n").encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return Request(operation.method, where, actor, raw=raw, headers=headers, operation=operation.name)


class Identities:
    """`People` of the attack contract for one instance."""

    def __init__(
        self,
        ways: Ways,
        send: Send,
        values: Values,
        database: Callable[[], SqliteDatabase | PostgresDatabase | None],
        settled: Mapping[str, Actor] | None = None,
        wait: Callable[[float], None] | None = None,
        heal: Callable[[], bool] | None = None,
    ) -> None:
        """Nobody is signed up yet but those who are `settled` in the instance's first state.

        `wait` lets the target's time pass; `heal` starts a target again that an attack has broken, and says whether it did.
        """
        self._heal = heal
        self._wait = wait
        self.anonymous = ANONYMOUS
        self.ways = ways
        self._send = send
        self._values = values
        self._database = database
        self._kept: dict[str, Actor] = {}
        self._lock = threading.RLock()
        self._arriving: dict[str, threading.RLock] = {}
        self._settled = dict(settled or {})
        self._count = len(self._settled)

    @property
    def roles(self) -> tuple[str, ...]:
        """Roles that can be had."""
        return self.ways.roles

    @property
    def first(self) -> Actor:
        """An ordinary user, the same one each time."""
        return self.of("user", 1)

    @property
    def second(self) -> Actor:
        """Another ordinary user."""
        return self.of("user", 2)

    @property
    def admin(self) -> Actor | None:
        """An administrator, where one can be had."""
        if "admin" not in self.ways.roles:
            return None
        return self.of("admin")

    def of(self, role: str, number: int = 1) -> Actor:
        """Somebody of a role, the same one each time."""
        key = f"{role} {number}"
        with self._lock:
            arriving = self._arriving.setdefault(key, threading.RLock())
        with arriving:  # others may come meanwhile: it is the target that takes its time, over their passwords
            if key not in self._kept:
                self._kept[key] = self._again(key) or self._first_time(role, number)
            return self._kept[key]

    def settle(self, wanted: Iterable[tuple[str, int]]) -> None:
        """Let people of these roles and numbers come at once; those who are refused in the crowd come after it, or not at all."""
        keys = tuple(wanted)
        with ThreadPoolExecutor(max(1, len(keys)), "audit-settle") as doors:
            for came in [doors.submit(self.of, role, number) for role, number in keys]:
                with suppress(Unavailable):
                    came.result()
        for role, number in keys:
            with suppress(Unavailable):
                self.of(role, number)

    def renew(self) -> None:
        """Look again, before they are used next, whether everybody's session still counts."""
        with self._lock:
            self._settled.update(self._kept)
            self._kept.clear()

    def kept(self) -> Mapping[str, Actor]:
        """Everybody who was asked for by role."""
        return dict(self._kept)

    def _again(self, key: str) -> Actor | None:
        """Somebody settled, with a session that counts in this process too."""
        known = self._settled.get(key)
        probe = self.ways.probe
        if known is None or probe is None:
            return known
        body: dict[str, Any] | None = {} if probe.unsafe else None
        answer = self._send(Request(probe.method, probe.path, known, body=body))
        return known if answer.status not in SESSION_LOST else self.log_in(known)

    def _first_time(self, role: str, number: int) -> Actor:
        return self._administrator() if role == "admin" and number == 1 else self.new(role)

    def other_than(self, actor: Actor) -> Actor:
        """An ordinary user who is somebody else; the first two are a pair, and what a higher role does is done to a third."""
        if actor.name == self.first.name:
            return self.second
        return self.first if actor.role == "user" else self.of("user", 3)

    def new(self, role: str = "user", **fields: Any) -> Actor:
        """Sign up and log in somebody new.

        Raises:
            Unavailable: The target refused.
        """
        request, known = self._sign_up(fields)
        answer = self._patiently(request)
        if answer.status >= SERVER_ERROR and self._heal is not None and self._heal():
            answer = self._patiently(request)
        if not answer.ok and answer.status not in SENT_ON:
            raise Unavailable(f"sign-up was refused: {answer.status} {answer.text[:200] or answer.error}")
        actor = self._actor(role, known, answer)
        self._activate(actor)
        if role != "user" and self.ways.promotion is None:
            self.give(actor, role)
        logged_in = self.log_in(actor) if self.ways.log_in else self._signed_in(actor, answer)
        if logged_in is not None and role != "user" and self.ways.promotion is not None:
            self.raised(logged_in, self.ways.promotion)
            logged_in = self.log_in(logged_in) if self.ways.log_in else logged_in  # a token may say what he was
        if logged_in is None:
            raise Unavailable("log-in was refused after a sign-up that succeeded")
        return logged_in

    def log_in(self, actor: Actor, password: str | None = None) -> Actor | None:
        """A new session of the same person, or None when the target refuses."""
        answer = self._patiently(self.log_in_request(actor, password))
        if not answer.ok and answer.status not in SENT_ON:
            return None
        headers = carried(self.ways.carries, answer, actor)
        if headers is None:
            return None
        shown = {**actor.shown, **dict(_told(answer.json))}
        found = replace(actor, headers=headers, password=password or actor.password, shown=shown)
        if found.id is None:
            found = replace(found, id=_id_in(answer) or self._own_id(found))
        return found

    def sign_up_request(self, **fields: Any) -> Request:
        """The request that signs somebody new up, not sent."""
        return self._sign_up(fields)[0]

    def log_in_request(self, actor: Actor, password: str | None = None) -> Request:
        """The request that logs in, not sent."""
        operation = self.ways.log_in
        if operation is None:
            raise Unavailable("no log-in was found")
        body = {
            **self.ways.log_in_fixed,
            self.ways.login_field: actor.login,
            self.ways.password_field: password if password is not None else actor.password,
        }
        return request_with(operation, body, ANONYMOUS)

    def give(self, actor: Actor, role: str) -> None:
        """Give a role by changing the row, which no operation of the target was found to do.

        Raises:
            Unavailable: There is no such column.
        """
        database = self._database()
        if database is None or not self.ways.user_table:
            raise Unavailable(f"no way to the role {role} was found")
        changes = _row_changes(self.ways.role_columns, role)
        if not changes:
            raise Unavailable(f"no column gives the role {role}")
        for column, value in changes.items():
            statement = (
                f'UPDATE "{self.ways.user_table}" SET "{column}" = ? WHERE lower("{self.ways.login_column}") = ?'  # noqa: S608 - names of its own
            )
            database.change(statement, value, actor.login.lower())

    def raised(self, actor: Actor, promotion: Promotion) -> Answer:
        """Let somebody raise himself, as the target lets everybody do."""
        operation = promotion.operation
        named = {
            field.name: actor.fields.get(field.name, actor.login)
            for field in operation.body
            if field.meaning in {Meaning.USERNAME, Meaning.EMAIL}
        }
        needed = [field for field in operation.body if field.required]
        body = {**self._values.body(needed, known=named), promotion.field: promotion.value}
        return self._send(request_with(operation, body, actor))

    def _patiently(self, request: Request) -> Answer:
        """Send; when the target says that this is too often, wait as long as it says and send again."""
        answer = self._send(request)
        if answer.status == TOO_MANY and self._wait is not None:
            said = answer.headers.get("retry-after", "")
            self._wait(min(float(said), WAIT_SECONDS_MAX) if said.isdigit() else WAIT_SECONDS)
            answer = self._send(request)
        return answer

    def _administrator(self) -> Actor:
        if self.ways.admin_login:
            known = Actor("admin", "admin", self.ways.admin_login, self.ways.admin_password)
            found = self.log_in(known)
            if found is not None:
                return found
        return replace(self.new("admin"), name="admin")

    def _sign_up(self, fields: Mapping[str, Any]) -> tuple[Request, dict[str, Any]]:
        operation = self.ways.sign_up
        if operation is None:
            raise Unavailable("no sign-up was found")
        shape = [field for field in operation.body if field.name not in self.ways.sign_up_left_out]
        body = self._values.body(shape, known={**self.ways.sign_up_fixed, **fields})
        first = next(
            (body[field.name] for field in shape if field.meaning is Meaning.PASSWORD and field.name in body), None
        )
        for field in shape:
            if field.meaning is Meaning.PASSWORD and field.name in body and field.name not in fields:
                body[field.name] = first
        return request_with(operation, body, ANONYMOUS), body

    def _actor(self, role: str, body: Mapping[str, Any], answer: Answer) -> Actor:
        with self._lock:
            name = NAMES[self._count] if self._count < len(NAMES) else f"user{self._count}"
            self._count += 1
        password = next((str(body[name]) for name in body if "pass" in name.lower()), "")
        login = str(body.get(self.ways.login_from) or body.get("email") or body.get("username") or "")
        return Actor(name, role, login, password, _id_in(answer), {}, body, dict(_told(answer.json)))

    def _signed_in(self, actor: Actor, answer: Answer) -> Actor | None:
        headers = carried(self.ways.carries, answer, actor)
        return replace(actor, headers=headers) if headers else None

    def _activate(self, actor: Actor) -> None:
        database = self._database() if self.ways.activation else None
        for column, value in self.ways.activation.items() if database is not None else ():
            statement = (
                f'UPDATE "{self.ways.user_table}" SET "{column}" = ? WHERE lower("{self.ways.login_column}") = ?'  # noqa: S608 - names of its own
            )
            if database is not None:
                database.change(statement, value, actor.login.lower())

    def _own_id(self, actor: Actor) -> Any:
        """Ask who we are, or look into the row."""
        if self.ways.probe is not None and not self.ways.probe.parameters:
            found = _id_in(self._send(Request(self.ways.probe.method, self.ways.probe.path, actor)))
            if found is not None and self.ways.probe.role.value == "me":
                return found
        database = self._database()
        if database is None or not self.ways.user_table:
            return None
        rows = database.rows(self.ways.user_table)
        mine = (row for row in rows if str(row.get(self.ways.login_column, "")).lower() == actor.login.lower())
        return next((row.get("id") or row.get("uuid") for row in mine), None)


def _row_changes(columns: Mapping[str, Any], role: str) -> dict[str, Any]:
    """The columns to set for a role, in the spelling that the table has."""
    changes: dict[str, Any] = {}
    for column, ordinary in columns.items():
        flag = column.lower().removeprefix("is_")
        if isinstance(ordinary, str) and not ordinary.isdigit():
            changes[column] = role.upper() if ordinary.isupper() else role
        elif (role == "admin" and flag in {"admin", "staff", "superuser"}) or flag == role:
            changes[column] = 1
    return changes


def _told(said: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every named text and number in an answer."""
    if isinstance(said, Mapping) and depth <= TOLD_DEPTH_MAX:
        for name, value in said.items():
            if isinstance(value, str | int) and not isinstance(value, bool):
                yield snake(str(name)), value
            else:
                yield from _told(value, depth + 1)


def _id_in(answer: Answer) -> Any:
    """The account's id in an answer to sign-up or log-in."""
    said = answer.json
    if not isinstance(said, Mapping):
        return None
    for place in (
        said,
        *(
            said[name]
            for name in ("user", "account", "data", "profile", "customer", "member")
            if isinstance(said.get(name), Mapping)
        ),
    ):
        for name in ("id", "user_id", "uuid", "public_id", "account_id", "userId", "_id"):
            if isinstance(place.get(name), int | str) and not isinstance(place.get(name), bool):
                return place[name]
    return None
