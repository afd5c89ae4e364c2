"""The access matrix of one resource: each operation and each field, for each kind of actor."""

from __future__ import annotations

from dataclasses import dataclass

from techlead.derive.matrix import Cell, access_matrix, may_ever, verdict
from techlead.derive.plan import Plan

UNGUARDED = "anyone, unguarded"
"""What a cell says that no policy guards: who is not signed in may do it too."""


@dataclass(frozen=True, slots=True)
class Row:
    """One operation or field: what each kind of actor may do, in the order of the matrix's kinds."""

    name: str
    verdicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Who may do what to one resource: `may` by operation, `reads` and `writes` by field."""

    resource: str
    kinds: tuple[str, ...]
    may: tuple[Row, ...]
    reads: tuple[Row, ...]
    writes: tuple[Row, ...]

    @property
    def unguarded(self) -> tuple[str, ...]:
        """The operations that nothing guards."""
        return tuple(row.name for row in self.may if UNGUARDED in row.verdicts)


def matrices(plan: Plan) -> tuple[Matrix, ...]:
    """Give the matrix of every resource, in the order of declaration."""
    cells = access_matrix(plan)
    return tuple(_matrix(name, [cell for cell in cells if cell.resource == name]) for name in plan.resources)


def _matrix(resource: str, cells: list[Cell]) -> Matrix:
    kinds = tuple(dict.fromkeys(cell.actor.name for cell in cells))
    operations = dict.fromkeys(cell.operation for cell in cells)
    by_place = {(cell.operation, cell.actor.name): cell for cell in cells}
    may = tuple(Row(name, tuple(_may(by_place[name, kind]) for kind in kinds)) for name in operations)
    fields = tuple(one.field for one in cells[0].fields) if cells else ()
    return Matrix(
        resource,
        kinds,
        may,
        tuple(Row(name, tuple(_anywhere(cells, kind, name, "read") for kind in kinds)) for name in fields),
        tuple(Row(name, tuple(_anywhere(cells, kind, name, "write") for kind in kinds)) for name in fields),
    )


def _may(cell: Cell) -> str:
    if verdict(cell.may) == "yes" and not cell.actor.known.signed_in:
        return UNGUARDED
    return verdict(cell.may)


def _anywhere(cells: list[Cell], kind: str, field: str, verb: str) -> str:
    """Say whether a kind of actor may read or write a field in any operation at all."""
    found = [
        getattr(one, verb) for cell in cells if cell.actor.name == kind for one in cell.fields if one.field == field
    ]
    allowed = [one for one in found if may_ever(one)]
    return verdict(allowed[0]) if allowed and all(one == allowed[0] for one in allowed) else "yes" if allowed else "no"
