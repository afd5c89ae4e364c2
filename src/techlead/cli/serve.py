"""`techlead serve`: run a backend on one port."""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gc
import os
import sys
from contextlib import suppress
from socket import socket
from typing import Any, Final
from urllib.parse import urlsplit

import uvicorn

from techlead.cli.listeners import turn_away
from techlead.cli.project import load
from techlead.declare.notification import Channel
from techlead.derive.tables import fingerprint, tables
from techlead.errors import SettingsRefused
from techlead.serve.application import Application
from techlead.serve.backend import Backend
from techlead.serve.channels import ON_THE_CONSOLE
from techlead.serve.keys import MAIL_URL
from techlead.serve.metrics import expose
from techlead.serve.settings import Settings, settings_from
from techlead.serve.wire import WholeRequests
from techlead.store.creation import create_where_empty
from techlead.store.open import dialect_of, sqlite_path
from techlead.store.schema_mark import is_marked, mark

DEFAULT_DATABASE: Final = "sqlite:///techlead.db"
KEEP_ALIVE_SECONDS: Final = 5
ACCEPT_SECONDS: Final = 0.1
"""Longer than a handshake that has begun takes to its end, and than the loop is kept from accepting."""
DRAIN_SECONDS: Final = 0.5
COLLECTED_AFTER: Final = 10_000
"""Living objects more than before at which the youngest are collected: the requests under way alone are thousands."""
MAPPED_FROM: Final = -3
MAPPED_BYTES_MIN: Final = 1_048_576


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("folder", nargs="?", default=".", help="the folder that holds backend.py (default: here)")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="the port to listen on (default: %(default)s)")
    parser.add_argument("--database", default=None, help="sqlite:///FILE or postgresql://... (or TECHLEAD_DATABASE)")
    parser.add_argument(
        "--no-deliver", action="store_true", help="leave the outbox to `techlead deliver` (or TECHLEAD_DELIVER=false)"
    )


def run(given: argparse.Namespace) -> int:
    """Serve until told to stop."""
    backend = load(given.folder)
    if given.no_deliver:
        os.environ["TECHLEAD_DELIVER"] = "false"
    address = address_of(given.host, given.port)
    os.environ.setdefault("TECHLEAD_PUBLIC_URL", address)  # where the links in letters lead
    settings = settings_from(os.environ)
    database = database_of(given)
    prepare(backend, database, settings)
    letters = letters_of(backend, settings) if settings.deliver else ""
    expose(settings)
    application = backend.asgi(database)  # production refuses here what nobody signed: no address is told then
    say(f"{backend.name}: {address}  (docs: /docs, database: {database.partition('://')[0]}{letters})")
    listen(application, given.host, given.port, settings)
    return 0


def address_of(host: str, port: int) -> str:
    """Write the address at which a browser on this machine finds the server."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def letters_of(backend: Backend, settings: Settings) -> str:
    """Say where e-mails become files, as in development without a mail server; empty elsewhere."""
    if settings.production or os.environ.get(MAIL_URL) or settings.mail_folder == ON_THE_CONSOLE:
        return ""
    tells = any(Channel.EMAIL in one.via for one in backend.plan().notifications)
    return f", e-mails: {settings.mail_folder}/" if tells else ""


def listen(application: Application, host: str, port: int, settings: Settings) -> None:
    """Run uvicorn with uvloop and httptools; SIGTERM lets the requests under way finish."""
    config = uvicorn.Config(application, host=host, port=port, **server_settings(settings))
    give_large_memory_back()
    gc.collect()
    gc.set_threshold(COLLECTED_AFTER)
    gc.freeze()  # what was derived lives as long as the process: collections need not walk it again and again
    with suppress(KeyboardInterrupt):  # uvicorn has stopped as it was told, and only passes on how
        Server(config, application).run()


def give_large_memory_back() -> None:
    """Keep glibc from holding on to the 19 MiB that each password's hash needs (`M_MMAP_THRESHOLD` of mallopt(3)).

    Left to itself it raises the size from which memory is mapped, and so given back, to the largest that was ever freed.
    """
    with suppress(OSError, AttributeError):  # another C library, which has no such habit
        ctypes.CDLL(None).mallopt(MAPPED_FROM, MAPPED_BYTES_MIN)


class Server(uvicorn.Server):
    """uvicorn's server, which lets what has been sent to it be read and answered before it closes connections."""

    def __init__(self, config: uvicorn.Config, application: Application) -> None:
        """Hold the application to tell."""
        super().__init__(config)
        self._application = application

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Take no new connection, answer on the open ones for DRAIN_SECONDS, then stop as uvicorn does."""
        self._application.drain()
        for server in self.servers:
            turn_away(server.sockets)
        await asyncio.sleep(ACCEPT_SECONDS)
        for server in self.servers:
            server.close()
        await asyncio.sleep(DRAIN_SECONDS)
        await super().shutdown(sockets)


def server_settings(settings: Settings) -> dict[str, Any]:
    """Give what uvicorn is told besides the address: its fast parts, no log of its own, a bounded stop."""
    return {
        "http": WholeRequests,
        "ws": "none",
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "lifespan": "on",
        "timeout_graceful_shutdown": settings.stop_seconds_max,
        "timeout_keep_alive": KEEP_ALIVE_SECONDS,
    }


def database_of(given: argparse.Namespace) -> str:
    """Choose the database: the argument, the environment, or a file in this folder.

    SettingsRefused in production for a password among the arguments: every user of the machine can read those.
    """
    if given.database and settings_from(os.environ).production and urlsplit(given.database).password:
        raise SettingsRefused(
            "--database holds a password, which other users of the machine see: set TECHLEAD_DATABASE."
        )
    return given.database or os.environ.get("TECHLEAD_DATABASE") or DEFAULT_DATABASE


def existing_database_of(given: argparse.Namespace) -> str:
    """Choose the database as `database_of` does; SettingsRefused for a file that is not there, which would be made empty."""
    database = database_of(given)
    path = sqlite_path(database) if dialect_of(database) == "sqlite" else None
    if path is not None and not path.exists():
        raise SettingsRefused(
            f"There is no database {path}: name it with --database; `techlead serve` makes a new one."
        )
    return database


def prepare(backend: Backend, database: str, settings: Settings) -> None:
    """Bring the schema up to date: in development by itself, in production only by `techlead migrate apply`."""
    metadata = tables(backend.plan())
    wanted = fingerprint(metadata)
    if asyncio.run(is_marked(database, wanted)):
        return
    if not settings.production and create_where_empty(database, metadata):
        asyncio.run(mark(database, wanted))
        return
    from techlead.store import migrate  # noqa: PLC0415 - Alembic costs 20 MB, and is needed only when something changes

    if settings.production:
        waiting = [step for step in migrate.pending(database, metadata) if step.needed]
        if waiting:
            message = (
                f"The database lacks {len(waiting)} change(s): run `techlead migrate apply` first"
                " (`techlead migrate make NAME` writes what is not yet in a migration)."
            )
            raise SettingsRefused(message)
        return
    migrate.ensure(database, metadata)
    asyncio.run(mark(database, wanted))


def say(line: str) -> None:
    """Tell the person at the terminal; standard output stays free for what was asked for."""
    print(line, file=sys.stderr)  # noqa: T201 - the command line's own words
