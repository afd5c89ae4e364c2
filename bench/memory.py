"""Memory of the marketplace: resident MB of the served example after a load of reads and writes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from bench.client import Client
from bench.dialogue import Plain, fresh_key
from bench.environment import ROOT, WORK
from bench.load import Work, send
from bench.process import free_port, request, start
from bench.servers import OURS, SERVERS, Site, techlead

LISTINGS = 200


def marketplace_megabytes(seconds: float) -> float:
    """Serve the marketplace, load it for three times these seconds, answer its resident set; raises NotAvailableError."""
    server = next(server for server in SERVERS if server.name == OURS)
    folder = WORK / "run" / "marketplace"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    site = Site(free_port(), folder, server.programs(), "")
    command = techlead(str(ROOT / "examples" / "marketplace"))(site)
    running = start(command, port=site.port, folder=ROOT, variables={}, log=folder / "server.log")
    try:
        running.wait_answered(request("/listings"), statuses=b"2")
        for work in _works(Client(site.port), site):
            send(work, seconds)
        return running.memory_megabytes()
    finally:
        running.stop()


def _works(client: Client, site: Site) -> list[Work]:
    seller = Plain().sign_in(client, "seller@example.org").authorization
    listing = {"title": "City bike, three gears", "price": {"amount": "120.00", "currency": "EUR"}}
    rows = [
        client.ask("POST", "/listings", listing, authorization=seller, key=fresh_key()).json["id"]
        for _ in range(LISTINGS)
    ]
    body = site.folder / "body.json"
    body.write_text(json.dumps(listing), encoding="utf-8")
    asked: list[tuple[str, list[str], Path | None]] = [
        ("one", [f"/listings/{row}" for row in rows], None),
        ("list", ["/listings?limit=50"], None),
        ("create", ["/listings"], body),
    ]
    works = []
    for name, paths, sent in asked:
        file = site.folder / f"{name}.paths"
        file.write_text("\n".join(paths) + "\n", encoding="utf-8")
        works.append(Work(site.port, file, seller, sent))
    return works
