"""SQL text, made once: each statement is compiled when first needed and kept for its class of actors.

Every row is read in one layout: `id`, `revision`, the stored fields that are not Secret, in order, then a flag for
each field whose reader depends on the row. So one codec table serves answers, facts and history.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from operator import itemgetter
from typing import Any, Final, TypeVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Executable,
    Select,
    Table,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import Dialect

from techlead.declare.access import Anyone, Nobody, Policy
from techlead.derive.access import ActorClass, SqlPolicies, residual
from techlead.derive.branches import branches
from techlead.derive.history import Changes
from techlead.derive.plan import FieldPlan, Parameter, Plan, ResourcePlan
from techlead.derive.tables import ID, column_type, tables

T = TypeVar("T")
DIALECTS: Final[Mapping[str, Callable[[], Dialect]]] = {
    "sqlite": lambda: sqlite.dialect(paramstyle="qmark"),
    "postgresql": postgresql.asyncpg.dialect,
}
FIRST_FIELD: Final = 2
"""Where the fields start in a row: after `id` and `revision`."""


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL text and the names of its values in order; constants of a policy are filled in already."""

    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, Any]
    _take: Callable[[Mapping[str, Any]], Sequence[Any]] | None = dataclass_field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Prepare the usual case: several values, none of them filled in."""
        usual = len(self.names) > 1 and not self.constants
        object.__setattr__(self, "_take", itemgetter(*self.names) if usual else None)

    def values(self, given: Mapping[str, Any]) -> Sequence[Any]:
        """Put the values in the order of the text; KeyError when one is missing."""
        if self._take is not None:
            return self._take(given)
        constants = self.constants
        return [constants[name] if name in constants else given[name] for name in self.names]


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition of a list: a field, an operator (eq, ne, gt, ge, lt, le, null), and `:filter_<index>`."""

    field: str
    operator: str
    index: int = 0


@dataclass(frozen=True, slots=True)
class PageShape:
    """What makes two lists the same statement: filters, order, and whether a page went before."""

    filters: tuple[Filter, ...] = ()
    sort: str = "id"
    descending: bool = True
    follows: bool = False


OPERATORS: Final[Mapping[str, Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[bool]]]] = {
    "eq": lambda column, value: column == value,
    "ne": lambda column, value: column != value,
    "gt": lambda column, value: column > value,
    "ge": lambda column, value: column >= value,
    "lt": lambda column, value: column < value,
    "le": lambda column, value: column <= value,
}


class Statements:
    """The statements of one Plan for one database, compiled on first use."""

    def __init__(self, plan: Plan, dialect: str) -> None:
        """Make the tables; nothing is compiled yet."""
        self.plan = plan
        self.dialect = dialect
        self.metadata = tables(plan)
        self._compiler = DIALECTS[dialect]()
        self._policies = SqlPolicies(plan, self.metadata)
        self._known: dict[tuple[Any, ...], Statement] = {}
        self._made: dict[str, Statement] = {}
        self._kept: dict[Any, Any] = {}
        self.anchors = _anchors(plan)
        self.changes = {name: Changes(resource) for name, resource in plan.resources.items()}

    def table(self, resource: ResourcePlan) -> Table:
        """Give a resource's table."""
        return self.metadata.tables[resource.table]

    def row(
        self,
        resource: ResourcePlan,
        actor: ActorClass,
        visible: Policy,
        *,
        lock: bool = False,
        session: ColumnElement[bool] | None = None,
    ) -> Statement:
        """Read one living row by `:id`, where `visible` allows `:actor`; locked until the end of the transaction.

        With the condition that a `session` lives (always the same one), only while it holds.
        """

        def build() -> Executable:
            table = self.table(resource)
            chosen = select(*self._layout(resource, actor)).where(
                table.c.id == bindparam("id", type_=ID), *self._living(resource), *self._where(resource, actor, visible)
            )
            if session is not None:
                chosen = chosen.where(session)
            return chosen.with_for_update(of=table) if lock else chosen

        return self._once(("row", resource.name, actor, visible, lock, session is not None), build)

    def row_or_deleted(self, resource: ResourcePlan, actor: ActorClass, visible: Policy) -> Statement:
        """Find the row `:id`, living or softly deleted, where `visible` allows `:actor`: for its history."""

        def build() -> Executable:
            table = self.table(resource)
            return select(literal(1)).where(
                table.c.id == bindparam("id", type_=ID), *self._where(resource, actor, visible)
            )

        return self._once(("row or deleted", resource.name, actor, visible), build)

    def whole(self, resource: ResourcePlan) -> Statement:
        """Read the row `:id` under lock, living or not, whoever asks: for actions and copies."""

        def build() -> Executable:
            table = self.table(resource)
            layout = [table.c.id, table.c.revision, *(table.c[field.column] for field in resource.laid_out)]
            return select(*layout).where(table.c.id == bindparam("id", type_=ID)).with_for_update(of=table)

        return self._once(("whole", resource.name), build)

    def page(self, resource: ResourcePlan, actor: ActorClass, shape: PageShape) -> Statement:
        """Read `:limit` rows in a stable order after (`:after`, `:after_id`), where the read policies allow `:actor`."""

        def build() -> Executable:
            parts = branches(residual(resource.access.read, actor))
            if len(parts) == 1:
                return self._part(resource, actor, shape, resource.access.read)
            found = [self._part(resource, actor, shape, part).subquery().select() for part in parts]
            together = union_all(*found).subquery()
            place = 0 if shape.sort == "id" else FIRST_FIELD + _names(resource).index(shape.sort)
            order = _ordered(together.c[place], together.c[0], shape)
            return select(together).order_by(*order).limit(_limit())

        return self._once(("page", resource.name, actor, shape), build)

    def _part(self, resource: ResourcePlan, actor: ActorClass, shape: PageShape, visible: Policy) -> Select[Any]:
        """Read a page of the rows that a policy allows."""
        table = self.table(resource)
        order = table.c.id if shape.sort == "id" else table.c[resource.field(shape.sort).column]
        chosen = select(*self._layout(resource, actor)).where(
            *self._living(resource), *self._where(resource, actor, visible)
        )
        for one in shape.filters:
            chosen = chosen.where(self._filter(resource, actor, one))
        if shape.sort != "id":
            chosen = chosen.where(*self._readable(resource, actor, resource.field(shape.sort)))
        if shape.follows:
            chosen = chosen.where(_after(table, order, descending=shape.descending))
        return chosen.order_by(*_ordered(order, table.c.id, shape)).limit(_limit())

    def allowed(self, resource: ResourcePlan, left: Policy) -> Statement:
        """Ask the database what a residual policy says of a row that is given by its values (`:row_<field>`)."""

        def build() -> Executable:
            row: dict[str, ColumnElement[Any]] = {"id": bindparam("row_id", type_=ID)}
            for field in resource.stored:
                row[field.name] = bindparam(f"row_{field.name}", type_=column_type(field))
            return select(self._policies.to_sql(left, resource, row))

        return self._once(("allowed", resource.name, left), build)

    def insert(self, resource: ResourcePlan, extra: tuple[str, ...] = ()) -> Statement:
        """Add a row: `:id`, `:revision`, the stored fields by their names, and columns that no field has."""

        def build() -> Executable:
            table = self.table(resource)
            columns = {name: name for name in ("id", "revision", *extra)}
            columns |= {field.column: field.name for field in resource.stored}
            values = {column: bindparam(name, type_=table.c[column].type) for column, name in columns.items()}
            return insert(table).values(values)

        return self._once(("insert", resource.name, extra), build)

    def update(self, resource: ResourcePlan, names: tuple[str, ...]) -> Statement:
        """Change these columns of the row `:row_id`."""
        table = self.table(resource)
        return self._once(
            ("update", resource.name, names),
            lambda: (
                update(table)
                .where(table.c.id == bindparam("row_id", type_=ID))
                .values({name: bindparam(name, type_=table.c[name].type) for name in names})
            ),
        )

    def delete(self, resource: ResourcePlan) -> Statement:
        """Remove the row `:row_id` for good."""
        table = self.table(resource)
        return self._once(
            ("delete", resource.name), lambda: delete(table).where(table.c.id == bindparam("row_id", type_=ID))
        )

    def lock(self, resource: ResourcePlan) -> Statement:
        """Lock the row `:id` until the end of the transaction."""
        table = self.table(resource)
        return self._once(
            ("lock", resource.name),
            lambda: select(literal(1)).where(table.c.id == bindparam("id", type_=ID)).with_for_update(of=table),
        )

    def aggregate(self, parameter: Parameter) -> Statement:
        """Count or sum the rows that hang on the anchors `:anchor_<field>`."""
        return self._once(("aggregate", parameter.aggregate), lambda: self._aggregate(parameter))

    def kept(self, key: Hashable, make: Callable[[], T]) -> T:
        """Keep what a layer above has worked out from the Plan once, for as long as the Plan runs."""
        found: T | None = self._kept.get(key)
        if found is None:
            found = self._kept[key] = make()
        return found

    def made(self, key: str, build: Callable[[Mapping[str, Table]], Executable]) -> Statement:
        """Keep a statement of the runtime's own, built from the tables by name."""
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = compile_statement(build(self.metadata.tables), self._compiler)
        return found

    def flagged(self, resource: ResourcePlan, actor: ActorClass) -> tuple[tuple[FieldPlan, Policy], ...]:
        """Name the fields whose reader depends on the row, with what is left of their policies."""
        left = [(field, residual(field.read, actor)) for field in resource.stored if field.readable and field.read]
        return tuple((field, policy) for field, policy in left if not isinstance(policy, Anyone | Nobody))

    def _layout(self, resource: ResourcePlan, actor: ActorClass) -> list[ColumnElement[Any]]:
        table = self.table(resource)
        shown = [table.c[field.column] for field in resource.laid_out]
        flags = [self._policies.to_sql(policy, resource) for _, policy in self.flagged(resource, actor)]
        return [table.c.id, table.c.revision, *shown, *(func.coalesce(flag, literal(value=False)) for flag in flags)]

    def _where(self, resource: ResourcePlan, actor: ActorClass, policy: Policy) -> list[ColumnElement[bool]]:
        left = residual(policy, actor)
        return [] if isinstance(left, Anyone) else [self._policies.to_sql(left, resource)]

    def _living(self, resource: ResourcePlan) -> list[ColumnElement[bool]]:
        return [self.table(resource).c.deleted_at.is_(None)] if resource.soft_delete else []

    def _readable(self, resource: ResourcePlan, actor: ActorClass, field: FieldPlan) -> list[ColumnElement[bool]]:
        return self._where(resource, actor, field.read) if field.read is not None else []

    def _filter(self, resource: ResourcePlan, actor: ActorClass, one: Filter) -> ColumnElement[bool]:
        field = resource.field(one.field)
        column = self.table(resource).c[field.column]
        readable = self._readable(resource, actor, field)
        if one.operator == "null":
            return and_(column.is_(None), *readable)
        value = bindparam(f"filter_{one.index}", type_=column_type(field))
        return and_(OPERATORS[one.operator](column, value), *readable)

    def _aggregate(self, parameter: Parameter) -> Executable:
        said = parameter.aggregate
        assert said is not None  # noqa: S101 - only aggregate parameters come here
        counted = self.plan.resources[said.resource]
        table = self.table(counted)
        value: ColumnElement[Any] = func.count()
        if said.field is not None:
            column = table.c[counted.field(said.field).column]
            value = cast(func.coalesce(func.sum(column), 0), BigInteger())
        conditions = [
            table.c[counted.field(of).column] == bindparam(f"anchor_{of}", type_=ID) for of, _ in parameter.anchors
        ]
        where = self._policies.conditions(counted, said.conditions)
        return select(value).select_from(table).where(*conditions, *where, *self._living(counted))

    def _once(self, key: tuple[Any, ...], build: Callable[[], Executable]) -> Statement:
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = compile_statement(build(), self._compiler)
        return found


def compile_statement(element: Executable, dialect: Dialect) -> Statement:
    """Compile a Core expression to text; its constants keep their values, the rest is named."""
    compiled = element.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})  # type: ignore[attr-defined]
    names: Sequence[str] = compiled.positiontup or ()
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    return Statement(str(compiled), tuple(names), constants)


def _names(resource: ResourcePlan) -> list[str]:
    return [field.name for field in resource.laid_out]


def _ordered(order: ColumnElement[Any], row_id: ColumnElement[Any], shape: PageShape) -> list[ColumnElement[Any]]:
    by = [row_id] if shape.sort == "id" else [order, row_id]
    return [one.desc() if shape.descending else one.asc() for one in by]


def _limit() -> ColumnElement[int]:
    return bindparam("limit", type_=BigInteger())


def _after(table: Table, order: ColumnElement[Any], *, descending: bool) -> ColumnElement[bool]:
    after_id = bindparam("after_id", type_=ID)
    if order is table.c.id:
        return table.c.id < after_id if descending else table.c.id > after_id
    place = tuple_(order, table.c.id)
    last = tuple_(bindparam("after", type_=order.type), after_id)
    return place < last if descending else place > last


def _anchors(plan: Plan) -> Mapping[str, tuple[str, ...]]:
    """Name, for each counted or summed resource, the references on whose rows somebody counts."""
    found: dict[str, set[str]] = {}
    for resource in plan.resources.values():
        for action in (*resource.actions, *resource.on_create):
            for parameter in action.parameters:
                if parameter.aggregate is not None:
                    found.setdefault(parameter.aggregate.resource, set()).update(of for of, _ in parameter.anchors)
    return {name: tuple(sorted(anchors)) for name, anchors in found.items()}
