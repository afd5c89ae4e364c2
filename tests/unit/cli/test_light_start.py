"""A server loads what its backend needs, and no more: its memory and the seconds of its start are the user's."""

import json
import subprocess
import sys

import pytest
from unit.cli.test_command_line import PAGE

HEAVY = {
    "aiosmtplib": "mail is handed in",
    "alembic": "the schema of a database with tables has changed",
    "asyncpg": "the database is PostgreSQL",
    "cryptography": "a push message or a public signature is made",
    "fastapi": "never",
    "httpcore": "something is sent to the outside world",
    "jinja2": "a message has a template",
    "markdown_it": "a message has a template",
    "opentelemetry": "metrics are asked for",
    "pgqueuer": "lanes are asked for",
    "pydantic_ai": "an AI is asked",
    "sqlalchemy.ext.asyncio": "the database is PostgreSQL",
    "sqlalchemy.orm": "never",
    "techlead.audit": "something is audited",
    "z3": "a proof is asked for",
}
"""What costs megabytes or a tenth of a second, and when it is loaded."""

SERVED = """
import asyncio, json, sys
from techlead.cli.project import load
from techlead.cli.serve import prepare
from techlead.serve.settings import Settings

backend, database = load(sys.argv[1]), sys.argv[2]
prepare(backend, database, Settings())
prepare(backend, database, Settings())

async def once():
    application = backend.asgi(database)
    await application.start()
    await application.stop()

asyncio.run(once())
print(json.dumps(sorted(sys.modules)))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("shelf")
    (folder / "backend.py").write_text(PAGE)
    command = [sys.executable, "-c", SERVED, str(folder), f"sqlite:///{folder}/data.db"]
    return set(json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout))


@pytest.mark.parametrize("module", HEAVY)
def test_a_served_page_loads_nothing_that_only_some_need(loaded: set[str], module: str):
    assert module not in loaded, f"is for when {HEAVY[module]}"


def test_what_is_served_is_loaded(loaded: set[str]):
    assert {"apsw", "techlead.serve.application"} <= loaded
