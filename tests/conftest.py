"""What every test may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from databases import drop_the_free, postgres_url, sqlite_url
from untraced import uncounted


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Count no line where the same runs again and again, which counting makes 2.5 times as dear, nor where source is only read."""
    beside = item.get_closest_marker("volume") or "unit/house/" in item.nodeid
    with uncounted() if beside else nullcontext():
        return (yield)


@pytest.fixture(scope="session", autouse=True)
def _nothing_left_on_the_server() -> Iterator[None]:
    yield
    drop_the_free()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a fresh, empty database; the test runs once on each kind."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path)
    else:
        with postgres_url() as url:
            yield url


@pytest.fixture
def postgres_only() -> Iterator[str]:
    """Give the URL of a fresh PostgreSQL database, for what only several writers at once can show."""
    with postgres_url() as url:
        yield url
