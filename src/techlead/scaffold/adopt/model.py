"""What was understood of an existing app's models, and what was not."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Column:
    """One column as its source says it; `limits` are those of a schema where it has some."""

    name: str
    kind: str
    """A word of `COLUMN_KINDS`, or "reference"."""
    line: int
    optional: bool = False
    length: int | None = None
    target: str = ""
    """The table or class that a reference leads to."""
    unique: bool = False
    indexed: bool = False
    default: object = None
    """A constant; `...` is a moment or something else that the program works out."""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """One class of rows."""

    name: str
    table: str
    about: str
    file: str
    line: int
    columns: tuple[Column, ...]
    unique: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Schema:
    """The limits that a Pydantic schema puts on fields, by name: bounds and lengths."""

    name: str
    limits: dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Unclear:
    """Something that was not understood, or that a person must decide."""

    file: str
    line: int
    what: str
    reason: str

    def __str__(self) -> str:
        """Print as compilers do."""
        return f"{self.file}:{self.line}: {self.what}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Understood:
    """Everything that was read of an app."""

    models: tuple[Model, ...] = ()
    schemas: tuple[Schema, ...] = ()
    unclear: tuple[Unclear, ...] = field(default=())
