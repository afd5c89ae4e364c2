"""One business transaction: rows read under lock, rows written, and what goes with every write.

Everything here awaits its transaction and nothing else, so the store may run it inside its one writer, and again after
a deadlock. Each written row gets a new revision and a history entry; messages wait in the outbox of the same
transaction, so they exist if and only if the change does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import bindparam, insert

from techlead.declare.access import Anyone, Nobody, Policy
from techlead.deliver.limits import DEFAULT_LIMITS, LimitsBook
from techlead.derive.access import decide, residual
from techlead.derive.plan import ResourcePlan
from techlead.derive.statements import Statements
from techlead.errors import AlreadyTaken, FieldError, NotFound, StillReferenced, UniqueViolated
from techlead.errors import ReferenceViolated as ReferenceBroken
from techlead.primitives import ids
from techlead.serve.actor import Actor
from techlead.store.port import Transaction

REVISION_BITS: Final = 63
HISTORY: Final = ("id", "resource", "row", "actor", "at", "operation", "changes", "request")


class Unit:
    """The transaction of one request, for one actor, at one moment."""

    __slots__ = ("_random", "_tx", "actor", "limits", "now", "operation", "request_id", "statements", "told")

    def __init__(
        self,
        tx: Transaction,
        statements: Statements,
        actor: Actor,
        now: int,
        random: Callable[[int], bytes],
        operation: str,
        request_id: str,
        limits: LimitsBook = DEFAULT_LIMITS,
    ) -> None:
        """Begin with nothing done."""
        self._tx = tx
        self._random = random
        self.statements = statements
        self.actor = actor
        self.now = now
        self.operation = operation
        self.request_id = request_id
        self.limits = limits
        self.told: set[bytes] = set()

    def new_id(self) -> bytes:
        """Make an id that nobody can guess or count (UUIDv7, RFC 9562)."""
        return ids.uuid7(self.now // 1000, self._random)

    def run(self, statement: Any, values: Mapping[str, Any]) -> Awaitable[list[tuple[Any, ...]]]:
        """Run a prepared statement in this transaction."""
        return self._tx.run(statement.sql, statement.values(values))

    def run_many(self, statement: Any, rows: Sequence[Sequence[Any]]) -> Awaitable[None]:
        """Run a prepared statement once for each row of values, already in its order."""
        return self._tx.run_many(statement.sql, rows)

    def try_lock(self, key: bytes) -> Awaitable[bool]:
        """Take a lock that ends with the transaction; False when another holds it."""
        return self._tx.try_lock(key)

    async def row(self, resource: ResourcePlan, row_id: bytes, visible: Policy) -> tuple[Any, ...]:
        """Read a row under lock; NotFound when it is not there or not visible, which look the same."""
        left = residual(visible, self.actor.kind)
        if isinstance(left, Nobody):
            raise NotFound
        statement = self.statements.row(resource, self.actor.kind, visible, lock=True)
        rows = await self.run(statement, {"id": row_id, "actor": self.actor.account})
        if not rows:
            raise NotFound
        return rows[0]

    async def lock_anchors(self, resource: ResourcePlan, values: Mapping[str, Any]) -> None:
        """Lock the rows on which counts and sums of this resource hang, so that nobody counts while it changes."""
        for name in self.statements.anchors.get(resource.name, ()):
            if values.get(name) is not None:
                target = self.statements.plan.resources[resource.field(name).target or ""]
                await self.run(self.statements.lock(target), {"id": values[name]})

    async def allowed(self, policy: Policy, resource: ResourcePlan, values: Mapping[str, Any]) -> bool:
        """Decide a policy for stored values; only what hangs on other rows asks the database."""
        left = residual(policy, self.actor.kind)
        if isinstance(left, Anyone):
            return True
        answer = decide(left, resource, values, self.actor.account)
        if answer is not None:
            return answer
        given = {f"row_{field.name}": values.get(field.name) for field in resource.stored}
        given |= {"row_id": values["id"], "actor": self.actor.account}
        rows = await self.run(self.statements.allowed(resource, left), given)
        return bool(rows[0][0])

    async def insert(self, resource: ResourcePlan, values: Mapping[str, Any], extra: Mapping[str, Any]) -> int:
        """Add a row of stored values (`id` included) and give its revision; AlreadyTaken names the fields."""
        await self.lock_anchors(resource, values)
        revision = self._revision()
        row = {**resource.empty, **values, **extra, "revision": revision}
        try:
            await self.run(self.statements.insert(resource, tuple(extra)), row)
        except UniqueViolated as error:
            raise _taken(resource, error) from None
        except ReferenceBroken:
            raise NotFound from None
        await self.note(resource, values["id"], {}, values)
        return revision

    async def update(
        self, resource: ResourcePlan, row_id: bytes, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> int:
        """Change a locked row from stored values to others and give its new revision."""
        revision = self._revision()
        columns = {resource.field(name).column: value for name, value in after.items()}
        columns["revision"] = revision
        try:
            await self.run(self.statements.update(resource, tuple(columns)), {**columns, "row_id": row_id})
        except UniqueViolated as error:
            raise _taken(resource, error) from None
        except ReferenceBroken:
            raise NotFound from None
        await self.note(resource, row_id, before, after)
        return revision

    async def remove(self, resource: ResourcePlan, row_id: bytes) -> None:
        """Delete a locked row, softly where the resource says so; StillReferenced when rows lead to it."""
        try:
            if resource.soft_delete:
                columns = ("deleted_at", "revision")
                values = {"deleted_at": self.now, "revision": self._revision(), "row_id": row_id}
                await self.run(self.statements.update(resource, columns), values)
            else:
                await self.run(self.statements.delete(resource), {"row_id": row_id})
        except ReferenceBroken:
            raise StillReferenced from None
        await self.note(resource, row_id, {}, {})

    async def note(
        self, resource: ResourcePlan, row_id: bytes, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> None:
        """Write the history entry of a change; of fields that are not public, only that they changed."""
        entry = {
            "id": self.new_id(),
            "resource": resource.name,
            "row": row_id,
            "actor": self.actor.account,
            "at": self.now,
            "operation": self.operation,
            "changes": self.statements.changes[resource.name].told(before, after).decode(),
            "request": self.request_id,
        }
        await self.run(self.statements.made("history", _history), entry)

    def _revision(self) -> int:
        return int.from_bytes(self._random(8)) >> (64 - REVISION_BITS)


def _history(tables: Any) -> Any:

    table = tables["techlead_history"]
    return insert(table).values({name: bindparam(name, type_=table.c[name].type) for name in HISTORY})


def _taken(resource: ResourcePlan, error: UniqueViolated) -> AlreadyTaken:
    by_column = {field.column: field.name for field in resource.stored} | {"email_key": "email"}
    names = [by_column[column] for column in error.columns if column in by_column]
    return AlreadyTaken(errors=tuple(FieldError(f"/{name}", "is taken.") for name in names))
