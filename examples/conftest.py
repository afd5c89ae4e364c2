"""Runs an example for its tests: its own `backend` module, and a client of it on a fresh database."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from techlead.cli.project import load
from techlead.cli.serve import prepare
from techlead.serve.settings import Settings


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makemodule(module_path: Path) -> None:
    """Give each test file the backend that lies beside it: all three modules have the same name."""
    sys.modules["backend"] = sys.modules[load(str(module_path.parent)).origin.names["__name__"]]


@pytest.fixture
async def client(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of the example whose test asks."""
    monkeypatch.setenv("TECHLEAD_MAIL_FOLDER", str(tmp_path / "mail"))
    monkeypatch.setenv("PAYMENT_KEY", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    backend, url = load(str(request.path.parent)), f"sqlite:///{tmp_path}/data.db"
    await asyncio.to_thread(prepare, backend, url, Settings())
    application = backend.asgi(url)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=application), base_url="http://x") as calling:
        yield calling
    await application.stop()
