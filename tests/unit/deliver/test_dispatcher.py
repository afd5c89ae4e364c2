"""The dispatcher's looks at the outbox: few while a backlog drains, and never so few that somebody waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from dispatching import until
from engines import HOOK, opened

from techlead.deliver import dispatcher
from techlead.deliver.memory_outbox import MemoryOutbox
from techlead.deliver.outbox import LaneDue

OTHER = "https://other.example/in"
BACKLOG = 800


async def looks(monkeypatch: pytest.MonkeyPatch, folder: Path) -> int:
    """Count how often the lanes are read while a backlog drains, some tries at a time."""
    seen = []
    lanes = MemoryOutbox.lanes

    async def counted(self: MemoryOutbox) -> Sequence[LaneDue]:
        seen.append(1)
        return await lanes(self)

    monkeypatch.setattr(MemoryOutbox, "lanes", counted)
    async with opened("memory", folder) as engine:
        engine.receiver.seconds = 0.001
        await engine.put(BACKLOG)
        async with engine.running():
            await until(engine.ended)
    return len(seen)


async def test_the_lanes_are_not_looked_for_at_every_turn_of_a_backlog(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    few = await looks(monkeypatch, tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(dispatcher, "LANES_KNOWN_US", 0)  # without the guard
    assert few < 0.75 * await looks(monkeypatch, tmp_path)


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_a_new_destination_is_served_while_a_backlog_drains(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as engine:
        engine.receiver.seconds = 0.02
        await engine.put(BACKLOG, HOOK)
        async with engine.running():
            await until(lambda: asyncio.sleep(0, len(engine.receiver.sent) > 50))
            [late] = await engine.put(1, OTHER)
            await until(lambda: asyncio.sleep(0, late in {one.id for one in engine.receiver.sent}))
        assert len(engine.receiver.sent) < BACKLOG
