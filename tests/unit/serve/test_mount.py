"""A backend and a FastAPI app, either inside the other: the guide's own code is what runs here."""

import re
import sys
import types
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from backends import EXAMPLES, PASSWORD
from databases import sqlite_url

from techlead.cli.project import load
from techlead.derive.tables import tables
from techlead.serve.mount import current_actor
from techlead.store import migrate

GUIDE = Path(__file__).parents[3] / "docs" / "mounting.md"
INSIDE, OUTSIDE = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)


@asynccontextmanager
async def guided(code, tmp_path, monkeypatch):
    """Run a block of the guide on the marketplace, and give a client for its `app`."""
    backend = load(str(EXAMPLES / "marketplace"))
    url = sqlite_url(tmp_path)
    migrate.create_all(url, tables(backend.plan()))
    monkeypatch.setenv("TECHLEAD_MAIL_FOLDER", str(tmp_path / "mail"))
    module = types.ModuleType("guide")
    module.__dict__["DATABASE"] = url
    monkeypatch.setitem(sys.modules, "guide", module)
    monkeypatch.setattr(sys.modules["backend"], "backend", backend)
    exec(compile(code, str(GUIDE), "exec"), module.__dict__)
    app = module.__dict__["app"]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x") as client:
        yield client
    inner = app if hasattr(app, "stop") else app.routes[-1].app
    await inner.stop()


async def token(client, prefix=""):
    sent = {"email": "ada@example.com", "password": PASSWORD}
    assert (await client.post(f"{prefix}/auth/register", json=sent)).status_code == 201
    return {"authorization": f"Bearer {(await client.post(f'{prefix}/auth/login', json=sent)).json()['token']}"}


async def test_an_app_inside_a_backend_knows_who_asks(tmp_path, monkeypatch):
    async with guided(INSIDE, tmp_path, monkeypatch) as client:
        headers = await token(client)
        mine = await client.get("/reports/mine", headers=headers)
        assert mine.json() == {"id": (await client.get("/me", headers=headers)).json()["id"], "roles": []}
        assert (await client.get("/reports/mine")).status_code == 401
        assert (await client.get("/reports/nothing", headers=headers)).json() == {"detail": "Not Found"}
        assert (await client.get("/listings")).json() == {"items": [], "next": None}


@pytest.mark.parametrize("authorization", ["Bearer " + "x" * 43, "Bearer x", "Basic eA=="])
async def test_a_wrong_token_never_reaches_the_app_inside(authorization, tmp_path, monkeypatch):
    async with guided(INSIDE, tmp_path, monkeypatch) as client:
        answer = await client.get("/reports/mine", headers={"authorization": authorization})
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


async def test_a_token_that_was_logged_out_never_reaches_the_app_inside(tmp_path, monkeypatch):
    async with guided(INSIDE, tmp_path, monkeypatch) as client:
        headers = await token(client)
        await client.post("/auth/logout", headers=headers)
        assert (await client.get("/reports/mine", headers=headers)).status_code == 401


async def test_a_backend_inside_an_app_opens_by_itself(tmp_path, monkeypatch):
    async with guided(OUTSIDE, tmp_path, monkeypatch) as client:
        assert (await client.get("/hello")).json() == {"hello": "world"}
        headers = await token(client, "/api")
        price = {"amount": "12.00", "currency": "EUR"}
        made = await client.post("/api/listings", json={"title": "Bike", "price": price}, headers=headers)
        assert made.status_code == 201
        assert (await client.get(made.headers["location"])).json() == made.json()
        assert len((await client.get("/api/listings")).json()["items"]) == 1


def test_a_scope_that_never_passed_a_backend_has_no_actor():
    assert current_actor({"type": "http"}) is None
