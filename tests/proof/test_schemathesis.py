"""Claim: what the OpenAPI document promises is what a backend does; Schemathesis, with all its checks, finds no other thing.

What a schema cannot say is told to it: a made-up revision is 412, a made-up cursor, reference or reused key 422, a long
address 414; and it neither locks itself out nor follows an endless stream.
"""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from backends import PASSWORD, example, free_port
from served import Server

from techlead.cli.grant import change_role

pytestmark = [pytest.mark.proof, pytest.mark.volume]
EXAMPLES_EACH = "100" if os.environ.get("TECHLEAD_PROOF") == "long" else "6"
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 304, 401, 403, 404, 409, 412, 414, 422, 429]
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 409, 412, 413, 414, 415, 422, 429, 431]
"""


@pytest.mark.parametrize("name", ["marketplace", "teamboard", "gymbook"])
async def test_the_document_and_the_backend_agree(name, tmp_path):
    url = f"sqlite:///{tmp_path}/data.db"
    server = Server(tmp_path, url, free_port(), name)
    await server.start()
    try:
        token = await manager(server.address, name, url)
        found = await asyncio.to_thread(run, server.address, token, tmp_path)
    finally:
        server.end(15)
    assert found.returncode == 0, found.stdout[-6_000:] + found.stderr[-2_000:]
    counted = re.search(r"(\d+) generated, (\d+) passed", found.stdout)
    assert counted is not None
    assert counted[1] == counted[2]
    assert int(counted[1]) > 200


async def manager(address: str, name: str, url: str) -> str:
    """Register somebody with every role, and give their token."""
    plan = example(name)
    own = {"name": "Ada"} if any(field.name == "name" for field in plan.accounts.fields) else {}
    async with httpx.AsyncClient(base_url=address) as client:
        sent = {"email": "ada@example.com", "password": PASSWORD}
        assert (await client.post("/auth/register", json={**sent, **own})).status_code == 201
        for role in plan.roles:
            await change_role(plan, url, "ada@example.com", role, revoke=False)
        return str((await client.post("/auth/login", json=sent)).json()["token"])


def run(address: str, token: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Schemathesis from its own command line."""
    (folder / "schemathesis.toml").write_text(CONFIG)
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(folder / "schemathesis.toml")]
    command += ["run", f"{address}/openapi.json", "--checks", "all", "--max-examples", EXAMPLES_EACH, "--no-color"]
    command += ["--header", f"Authorization: Bearer {token}", "--continue-on-failure"]
    for excluded in ("/auth/logout", "/inbox/events", "/people/{id}/ban"):
        command += ["--exclude-path", excluded]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=900, check=False)
