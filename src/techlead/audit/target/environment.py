"""Which environment variables a source reads, and which the audit sets: the first administrator's, and those it cannot start without.

Where mail and webhooks go is `world.settings`. A variable with a default is left alone: the default is what is audited.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SKIPPED_FOLDERS: Final = frozenset(
    {".git", ".venv", "venv", "env", "node_modules", "__pycache__", "site-packages", "tests"}
)
SOURCE_FILES_MAX: Final = 400

ADMIN_LOGIN: Final = "audit-admin@admin.example.com"
ADMIN_PASSWORD: Final = "Audit-Admin-9f3K!-pass"  # noqa: S105 - of an account in a copy that is thrown away
SIGNING_SECRET: Final = "audit-only-3f9a2c71d58e4b06a1c7e2f49d80b635"  # noqa: S105 - as above; log-ins outlast a restart

WANTED: Final[tuple[tuple[str, str], ...]] = (
    (r"(ADMIN|SUPERUSER|ROOT)_?(USER_)?E?MAIL$|^DJANGO_SUPERUSER_EMAIL$", ADMIN_LOGIN),
    (r"(ADMIN|SUPERUSER|ROOT)_?(USER)?(NAME|LOGIN)$|^(ADMIN|SUPERUSER)_USER$", "auditadmin"),
    (r"(ADMIN|SUPERUSER|ROOT)_?(USER_)?PASS(WORD)?$", ADMIN_PASSWORD),
    (r"^(JWT|APP|SESSION|AUTH|TOKEN)?_?SECRET(_KEY)?$|^JWT_KEY$", SIGNING_SECRET),
)
"""Set when the source gives no default of its own (or an empty one)."""

REQUIRED: Final[tuple[tuple[str, str], ...]] = (
    (r"SECRET|_KEY$|SALT|PEPPER", SIGNING_SECRET),
    (r"DATABASE_URL$|DB_URL$|SQLALCHEMY_DATABASE_URI$", "sqlite:///./audit.db"),
    (r"(DB|DATABASE|SQLITE)_?(PATH|FILE|NAME)$", "audit.db"),
    (r"PORT$", "8000"),
    (r"HOST$", "127.0.0.1"),
    (r"URL$|URI$|ENDPOINT$", "https://service.audit.example.com"),
    (r"EMAIL$|_FROM$", "audit@mail.example.com"),
    (r"PASSWORD$|TOKEN$", "audit-only-7c41e9d2b8"),
    (r"(SECONDS|MINUTES|DAYS|HOURS|TIMEOUT|TTL)$", "60"),
)
"""Values for variables without which the source does not start: `os.environ["NAME"]`."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One variable that the source reads; `default` is None when there is none, and "required" then says whether it must exist."""

    name: str
    default: str | None
    required: bool


def source_files(folder: Path) -> Iterator[Path]:
    """The Python files of a project, without what it installed."""
    found = 0
    for file in sorted(folder.rglob("*.py")):
        if not SKIPPED_FOLDERS & set(file.relative_to(folder).parts[:-1]):
            yield file
            found += 1
            if found >= SOURCE_FILES_MAX:
                return


def readings(folder: Path) -> tuple[Reading, ...]:
    """Every variable that the source reads by a constant name."""
    found: dict[str, Reading] = {}
    for file in source_files(folder):
        try:
            tree = ast.parse(file.read_text(encoding="utf-8"))
        except (SyntaxError, ValueError, OSError):
            continue
        for node in ast.walk(tree):
            reading = _reading(node)
            if reading is not None:
                known = found.get(reading.name)
                found[reading.name] = reading if known is None or known.required else known
    return tuple(found.values())


def wanted_environment(folder: Path) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """The variables to set, and a sentence about each."""
    chosen: dict[str, str] = {}
    for reading in readings(folder):
        if not reading.default:
            value = _match(WANTED, reading.name)
            if value is None and reading.required:
                value = _match(REQUIRED, reading.name) or "audit"
            if value is not None:
                chosen[reading.name] = value
    return chosen, tuple(f"environment: {name}={value}" for name, value in chosen.items())


def _match(table: tuple[tuple[str, str], ...], name: str) -> str | None:
    return next((value for pattern, value in table if re.search(pattern, name)), None)


def _reading(node: ast.AST) -> Reading | None:
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) in {"os.environ", "environ"}:
        name = _text(node.slice)
        return Reading(name, None, required=True) if name and isinstance(node.ctx, ast.Load) else None
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        if not re.search(r"(getenv|environ\.get|^_?env(_\w+)?|^_bool|^config)$", called) or not node.args:
            return None
        name = _text(node.args[0])
        if not name or not re.fullmatch(r"[A-Z][A-Z0-9_]+", name):
            return None
        return Reading(name, _default(node.args[1] if len(node.args) > 1 else None), required=False)
    return None


def _default(node: ast.expr | None) -> str | None:
    if node is None:
        return None
    return str(node.value) if isinstance(node, ast.Constant) and node.value is not None else ast.unparse(node)


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
