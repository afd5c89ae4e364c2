"""The database, the network and other modules are reached through their doors alone; each guard is shown to bark."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.house.doors import DOORS, findings
from unit.house.paths import ROOT

USES = {
    "from sqlalchemy import Connection": "sqlalchemy.Connection",
    "from sqlalchemy import Engine as Motor": "sqlalchemy.Engine",
    "from sqlalchemy import create_engine": "sqlalchemy.create_engine",
    "import sqlalchemy as sa\nsa.create_mock_engine": "sqlalchemy.create_mock_engine",
    "from sqlalchemy.ext.asyncio import create_async_engine": "sqlalchemy.ext",
    "import sqlalchemy.orm": "sqlalchemy.orm",
    "from sqlalchemy.pool import NullPool": "sqlalchemy.pool",
    "import asyncio\nasyncio.open_connection('a', 1)": "asyncio.open_connection",
    "from asyncio import open_unix_connection": "asyncio.open_unix_connection",
    "import asyncio\nasyncio.start_server(print)": "asyncio.start_server",
    "import asyncio\nasyncio.start_unix_server(print)": "asyncio.start_unix_server",
    "def f(loop): loop.create_connection()": "loop.create_connection",
    "def f(self): self.loop.create_datagram_endpoint()": "loop.create_datagram_endpoint",
    "def f(loop): loop.create_server()": "loop.create_server",
    "def f(loop): loop.sock_connect()": "loop.sock_connect",
    "from urllib.request import urlopen": "urllib.request",
    "from importlib import import_module": "importlib.import_module",
    "import importlib.util": "importlib.util",
    "import importlib.machinery": "importlib.machinery",
    "__import__('socket')": "__import__",
}


def test_every_door_is_used_by_its_keepers_alone():
    assert findings(ROOT / "src" / "techlead") == []


def test_every_guarded_name_is_tried_here():
    assert set(USES.values()) == {name for door in DOORS for name in door.names}


@pytest.mark.parametrize("source", USES)
def test_a_use_elsewhere_is_found(tmp_path: Path, source: str):
    (tmp_path / "serve").mkdir()
    (tmp_path / "serve" / "stray.py").write_text(source)
    found = findings(tmp_path)
    assert found
    assert all(finding.startswith("serve/stray.py:") for finding in found)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.what)
def test_a_keeper_may(tmp_path: Path, door):
    keeper = door.keepers[0]
    file = tmp_path / (f"{keeper}within.py" if keeper.endswith("/") else keeper)
    file.parent.mkdir()
    file.write_text("\n".join(source for source, name in USES.items() if name in door.names))
    assert findings(tmp_path) == []


def test_other_names_of_the_same_packages_are_fine(tmp_path: Path):
    (tmp_path / "plain.py").write_text(
        "from sqlalchemy import select\nfrom urllib.parse import urlsplit\nimport asyncio\nasyncio.sleep(1)\n"
    )
    assert findings(tmp_path) == []
