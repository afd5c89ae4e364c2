"""Start a server in an empty folder, write 1,000 rows through its own API, and refuse to measure one that answers wrongly."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.client import Client
from bench.dialogue import Dialogue, SignedIn, fresh_key
from bench.environment import WORK, NotAvailableError
from bench.load import Work
from bench.process import Running, free_port, request, start
from bench.servers import Server, Site

ROWS = 1000
LISTED = 50
STEP_SECONDS_MAX = 120
ONE, LIST, CREATE, BARE = "GET one", "list of 50", "POST", "bare POST"
SCENARIOS = (ONE, LIST, CREATE, BARE)
"""A POST keeps its answer for its Idempotency-Key and writes an audit row; a bare one has no key, and what it writes is the server's own."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A running server with its rows, and the work of each scenario."""

    server: Server
    running: Running
    work: dict[str, Work]


def prepared(server: Server) -> Prepared:
    """Install, start, fill and check a server; raises NotAvailableError with the reason, and leaves nothing running then."""
    programs = server.programs()
    folder = WORK / "run" / server.slug
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    site = Site(free_port(), folder, programs, secrets.token_hex(32))
    for step in server.before(site):
        done = subprocess.run(
            step,
            cwd=server.folder,
            env=os.environ | site.variables,
            capture_output=True,
            text=True,
            timeout=STEP_SECONDS_MAX,
            check=False,
        )
        if done.returncode:
            raise NotAvailableError(f"{Path(step[0]).name} failed: {(done.stderr or done.stdout).strip()[-300:]}")
    running = start(
        server.command(site),
        port=site.port,
        folder=server.folder,
        variables=site.variables,
        log=folder / "server.log",
    )
    try:
        running.wait_answered(request("/"))
        return Prepared(server, running, _filled(server, Client(site.port), site))
    except BaseException:
        running.stop()
        raise


def _filled(server: Server, client: Client, site: Site) -> dict[str, Work]:
    dialogue = server.dialogue
    dialogue.arrange(client)
    owner = dialogue.sign_in(client, "owner@example.org")
    stranger = dialogue.sign_in(client, "stranger@example.org")
    rows = [_created(client, dialogue, owner)["id"] for _ in range(ROWS)]
    _check(server, client, rows[0], owner, stranger)
    paths = [f"{dialogue.collection}/{row}" for row in rows]
    body = site.folder / "body.json"
    body.write_text(json.dumps(dialogue.row(owner)), encoding="utf-8")

    def work(name: str, lines: list[str], sent: Path | None = None, *, keyed: bool = False) -> Work:
        file = site.folder / f"{name}.paths"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return Work(site.port, file, owner.authorization, sent, keyed)

    return {
        ONE: work("one", paths),
        LIST: work("list", [dialogue.fifty]),
        **({CREATE: work("create", [dialogue.collection], body, keyed=True)} if server.idempotent else {}),
        BARE: work("bare", [dialogue.collection], body),
    }


def _created(client: Client, dialogue: Dialogue, owner: SignedIn) -> dict[str, Any]:
    key = fresh_key()
    answer = client.ask("POST", dialogue.collection, dialogue.row(owner), authorization=owner.authorization, key=key)
    row: dict[str, Any] = answer.json
    return row


def _check(server: Server, client: Client, row: str, owner: SignedIn, stranger: SignedIn) -> None:
    dialogue = server.dialogue
    path = f"{dialogue.collection}/{row}"
    seen = client.ask("GET", path, authorization=owner.authorization).json
    sent = dialogue.row(owner)
    _expect(all(seen[name] == value for name, value in sent.items()), f"{path} does not answer what was sent")
    listed = client.ask("GET", dialogue.fifty, authorization=owner.authorization).json[dialogue.items]
    _expect(len(listed) == LISTED, f"{dialogue.fifty} answers {len(listed)} rows")
    for who in ("", stranger.authorization):
        status = client.ask("GET", path, authorization=who, tolerated=True).status
        _expect(status in {401, 403, 404}, f"{path} answers {status} to {'a stranger' if who else 'nobody'}")
    wrong = client.ask(
        "POST",
        dialogue.collection,
        sent | {"quantity": 0},
        authorization=owner.authorization,
        key=fresh_key(),
        tolerated=True,
    )
    _expect(wrong.status in {400, 422}, f"a quantity of 0 is answered {wrong.status}")
    if server.idempotent:
        key = fresh_key()
        twice = [
            client.ask("POST", dialogue.collection, sent, authorization=owner.authorization, key=key) for _ in "12"
        ]
        _expect(twice[0].json["id"] == twice[1].json["id"], "a repeated POST writes a second row")


def _expect(kept: bool, otherwise: str) -> None:  # noqa: FBT001 - an assertion reads best so
    if not kept:
        raise NotAvailableError(f"it answers wrongly: {otherwise}")
