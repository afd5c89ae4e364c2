"""Start of a backend with 200 resources of 6 fields: wall and CPU seconds from the command to the first answered request."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.environment import WORK
from bench.process import free_port, request, start
from bench.servers import OURS, SERVERS, SQLALCHEMY, Command, Server, Site, techlead, uvicorn

RESOURCES = 200
SOURCES = Path(__file__).resolve().parent / "many"


@dataclass(frozen=True, slots=True)
class Many:
    """How 200 resources are written for a server, and how they are started."""

    file: str
    head: str
    each: str
    command: Callable[[Path], Callable[[Site], Command]]


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds to the first answered request, for an empty database and for one that has its tables."""

    first_wall: float
    first_cpu: float
    again_wall: float
    again_cpu: float
    memory_megabytes: float

    @property
    def slower_wall(self) -> float:
        """Answer the slower of the two, which is the one to promise."""
        return max(self.first_wall, self.again_wall)


MANY = {
    OURS: Many("backend.py", "techlead_head.txt", "techlead_each.txt", lambda folder: techlead(str(folder))),
    SQLALCHEMY: Many("many.py", "fastapi_head.txt", "fastapi_each.txt", lambda _folder: uvicorn("many")),
}


def started(server: Server, repeats: int) -> Start:
    """Write the resources and start them several times; answers medians; raises NotAvailableError."""
    many = MANY[server.name]
    folder = WORK / "start" / server.slug
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    each = (SOURCES / many.each).read_text(encoding="utf-8")
    head = (SOURCES / many.head).read_text(encoding="utf-8")
    names = ["Listing", *(f"Listing{_letters(number)}" for number in range(1, RESOURCES))]
    (folder / many.file).write_text(head + "".join(each.replace("NAME", name) for name in names), encoding="utf-8")
    taken = []
    for _ in range(repeats):
        for file in folder.glob("bench.db*"):
            file.unlink()
        for _ in ("first", "again"):
            site = Site(free_port(), folder, server.programs(), secrets.token_hex(32))
            taken.append(_once(many.command(folder)(site), site))
    first, again = taken[0::2], taken[1::2]
    return Start(
        first_wall=median(one[0] for one in first),
        first_cpu=median(one[1] for one in first),
        again_wall=median(one[0] for one in again),
        again_cpu=median(one[1] for one in again),
        memory_megabytes=median(one[2] for one in again),
    )


def startable() -> list[Server]:
    """Answer the servers for which 200 resources can be written."""
    return [server for server in SERVERS if server.name in MANY]


def _letters(number: int) -> str:
    """Answer a number as a word, so that no server has to name a resource after a digit."""
    return "".join(chr(ord("a") + int(digit)) for digit in f"{number:03d}").capitalize()


def _once(command: Command, site: Site) -> tuple[float, float, float]:
    before = time.monotonic()
    running = start(
        command, port=site.port, folder=site.folder, variables=site.variables, log=site.folder / "server.log"
    )
    try:
        running.wait_answered(request("/listings"), statuses=b"2")
        return time.monotonic() - before, running.cpu_seconds(), running.memory_megabytes()
    finally:
        running.stop()
