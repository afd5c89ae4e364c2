"""`techlead deliver`: a worker that delivers what waits in the outbox."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal

from techlead.cli.project import load
from techlead.cli.serve import database_of, letters_of, prepare, say
from techlead.serve.application import Application
from techlead.serve.metrics import expose
from techlead.serve.settings import settings_from
from techlead.serve.worker import deliver


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("folder", nargs="?", default=".", help="the folder that holds backend.py (default: here)")
    parser.add_argument("--database", default=None, help="sqlite:///FILE or postgresql://... (or TECHLEAD_DATABASE)")


def run(given: argparse.Namespace) -> int:
    """Deliver until told to stop."""
    os.environ["TECHLEAD_DELIVER"] = "false"  # the application beside which this worker stands serves nobody
    backend = load(given.folder)
    database = database_of(given)
    settings = settings_from(os.environ)
    prepare(backend, database, settings)
    expose(settings)
    told = f"{backend.name}: delivering (database: {database.partition('://')[0]}{letters_of(backend, settings)}); stop with Ctrl-C"
    asyncio.run(until_stopped(backend.asgi(database), told))
    return 0


async def until_stopped(application: Application, told: str) -> None:
    """Work until SIGTERM or Ctrl-C; what is under way ends and is noted."""
    task = asyncio.ensure_future(deliver(application))
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, task.cancel)
    say(told)
    try:
        await task
    except asyncio.CancelledError:
        return
