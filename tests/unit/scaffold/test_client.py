"""Clients are written by generators that exist, from the document; the Python one is used against the running backend."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from backends import EXAMPLES, example, running
from databases import sqlite_url

from techlead.cli.main import main
from techlead.cli.project import load
from techlead.scaffold import client as clients
from techlead.scaffold.refused import ScaffoldRefused

MARKETPLACE = str(EXAMPLES / "marketplace")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("clients")
    assert main(["scaffold", "client", MARKETPLACE, "--python", str(folder / "shop_client")]) == 0
    sys.path.insert(0, str(folder))
    yield importlib.import_module("shop_client")
    sys.path.remove(str(folder))


async def test_a_generated_python_client_reads_and_writes_what_the_backend_serves(package: Any, tmp_path: Path):
    async with running(example("marketplace"), sqlite_url(tmp_path)) as call:
        await call.sign_up("seller")
        transport = httpx.ASGITransport(app=call.application)  # type: ignore[arg-type]
        signed = package.AuthenticatedClient(base_url="http://backend.test", token=call.tokens["seller"])
        signed.set_async_httpx_client(
            httpx.AsyncClient(
                transport=transport,
                base_url="http://backend.test",
                headers={"authorization": f"Bearer {call.tokens['seller']}"},
            )
        )
        made = await call.made(
            "/listings", {"title": "A chair", "price": {"amount": "20.00", "currency": "EUR"}}, "seller"
        )
        listing = importlib.import_module("shop_client.api.listings.read_listing")
        read = await listing.asyncio(made, client=signed)
        assert (read.title, read.price.amount) == ("A chair", "20.00")
        await signed.get_async_httpx_client().aclose()


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path, capsys):
    (tmp_path / "mine.py").write_text("x = 1\n")
    assert main(["scaffold", "client", MARKETPLACE, "--python", str(tmp_path)]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert main(["scaffold", "client", MARKETPLACE]) == 2
    assert "Say which" in capsys.readouterr().err


def test_what_is_missing_is_named_with_its_mend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    backend = load(MARKETPLACE)
    monkeypatch.setitem(sys.modules, "openapi_python_client", None)
    with pytest.raises(ScaffoldRefused, match=r"techlead\[client\]"):
        clients.python_client(backend, tmp_path / "a")
    monkeypatch.setattr(clients.shutil, "which", lambda _name: None)
    with pytest.raises(ScaffoldRefused, match=r"Node\.js"):
        clients.typescript_client(backend, tmp_path / "b")


def test_a_generator_that_fails_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    npx = tmp_path / "npx"
    npx.write_text("#!/bin/sh\necho 'no such package' >&2; exit 3\n")
    npx.chmod(0o755)
    monkeypatch.setattr(clients.shutil, "which", lambda _name: str(npx))
    with pytest.raises(ScaffoldRefused, match="no such package"):
        clients.typescript_client(load(MARKETPLACE), tmp_path / "ts")
