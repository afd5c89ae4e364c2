"""What shows the inside is recognised, and what a careful backend says is not."""

from __future__ import annotations

import traceback

import pytest

from techlead.audit.detect.traces import CONFIGURATION, debugger, inside


def a_trace() -> str:
    try:
        {}["missing"]
    except KeyError:
        return traceback.format_exc()
    return ""


@pytest.mark.parametrize(
    "text",
    [
        a_trace(),
        "(sqlite3.IntegrityError) UNIQUE constraint failed: users.email",
        "sqlalchemy.exc.OperationalError: no such table",
        "[SQL: INSERT INTO users (id) VALUES (?)]",
        "{\"error\": \"'NoneType' object has no attribute 'lower'\"}",
        '{"error": "Python int too large to convert to SQLite INTEGER"}',
        "File not found: /usr/lib/python3.11/site-packages/x.py",
    ],
)
def test_the_inside_is_recognised(text: str) -> None:
    assert inside(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        '{"detail": "internal error", "request_id": "a1b2"}',
        '{"detail": [{"loc": ["body", "email"], "msg": "Field required", "type": "missing"}]}',
        "<h1>Server Error (500)</h1>",
        '{"error": "Select a course from the list, and update set prices"}',
        '{"error": "value is not a valid integer"}',
    ],
)
def test_what_a_careful_backend_says_is_passed_over(text: str) -> None:
    assert inside(text) is None
    assert debugger(text) is None


def test_debuggers_are_recognised() -> None:
    assert debugger("<title>ZeroDivisionError // Werkzeug Debugger</title>") == "Werkzeug's debugger"
    assert debugger("You're seeing this error because you have <code>DEBUG = True</code> in") == "Django's debug page"


def test_a_dump_of_the_environment_is_recognised() -> None:
    assert CONFIGURATION.search('{"PATH": "/usr/bin", "HOME": "/root"}')
    assert CONFIGURATION.search("SECRET_KEY=abc")
    assert not CONFIGURATION.search('{"status": "ok", "config": {"theme": "dark"}}')
