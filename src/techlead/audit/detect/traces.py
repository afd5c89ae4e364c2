"""What of the inside shows in an answer, and what shows that a debugger is on: tables of what to look for."""

from __future__ import annotations

import re
from typing import Final

INSIDE: Final = (
    ("a stack trace", re.compile(r"Traceback \(most recent call last\)|^\s*File \"[^\"]+\.py\", line \d+", re.MULTILINE)),
    ("a path of the server", re.compile(r"(?:/usr/(?:local/)?lib/python|/site-packages/|/home/\w+/|/app/\w+\.py|/tmp/[^\s\"']+\.py)")),
    ("an SQL statement", re.compile(r"\[SQL: |\b(?:SELECT\b.{1,200}\bFROM\b.{1,80}\b(?:WHERE|LIMIT|JOIN)\b|INSERT INTO \w+ ?\(|UPDATE \w+ SET )", re.DOTALL)),
    ("an error of the database", re.compile(r"(?:sqlite3|psycopg2?|asyncpg|pymysql|MySQLdb|sqlalchemy)\.(?:\w+\.)*\w*(?:Error|Exception|Violation)|\((?:sqlite3|psycopg2?)\.\w+\)|UNIQUE constraint failed: |(?:near \"[^\"]*\": syntax error|unrecognized token: )|django\.db\.utils\.|duplicate key value violates")),
    ("the name of an exception", re.compile(r"\b(?:KeyError|AttributeError|NameError|OverflowError|RecursionError|UnicodeEncodeError|IntegrityError|OperationalError|DataError)\b[:(]")),
    ("a message of Python", re.compile(r"'\w+' object (?:has no attribute|is not (?:subscriptable|iterable|callable))|unsupported operand type\(s\)|invalid literal for int\(\)|not supported between instances of|Python int too large to convert|argument of type '\w+' is not")),
)  # fmt: skip

DEBUGGER: Final = (
    ("Werkzeug's debugger", re.compile(r"Werkzeug Debugger|__debugger__=yes|EVALEX\s*=")),
    ("Django's debug page", re.compile(r"You're seeing this error because you have <code>DEBUG = True</code>|Using the URLconf defined in")),
    ("Starlette's debug page", re.compile(r"<title>Starlette Debugger</title>|class=\"traceback-container\"")),
)  # fmt: skip

DEBUG_PATHS: Final = (
    "/console", "/debug", "/_debug", "/debug/config", "/debug/vars", "/debug/env", "/env", "/.env", "/config", "/api/debug",
    "/__debug__/", "/_profiler", "/debug/pprof/", "/actuator/env", "/.git/config", "/api/_debug", "/api/config", "/phpinfo",
)  # fmt: skip
"""Where debugging help is wont to stand."""

CONFIGURATION: Final = re.compile(
    r"(?:\bSECRET_KEY\b|\bDATABASE_URL\b|\bJWT_SECRET\w*|\bDB_PASSWORD\b|\bSMTP_PASSWORD\b|\bAWS_SECRET\w+)\W{1,6}\w|"
    r"\"(?:PATH|PWD|PYTHONPATH)\"\s*:\s*\"|^\s*(?:SECRET|DATABASE|DB|API)_\w+=|\[core\]\s+repositoryformatversion",
    re.MULTILINE,
)
"""What a dump of the configuration or environment looks like."""


def inside(text: str) -> str | None:
    """Name what of the inside a text shows, or None."""
    return next((name for name, pattern in INSIDE if pattern.search(text)), None)


def debugger(text: str) -> str | None:
    """Name the debugger a text comes from, or None."""
    return next((name for name, pattern in DEBUGGER if pattern.search(text)), None)
