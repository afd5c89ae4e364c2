"""What a start costs is measured at the starts themselves, and a ground that keeps nothing need not be copied."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from audited import TARGETS

from techlead.audit.stable import Pasture, Stable
from techlead.audit.target.given import Given
from techlead.audit.target.instance import Instance
from techlead.audit.target.launch import launch_of

SHOP = Path(__file__).with_name("small_shop.py")
BUSY = """
import time
began = time.process_time()
while time.process_time() < began + 0.6:
    pass
"""


def stable(folder: Path, app: str, **given: object) -> Stable:
    wanted = Given(app=app, folder=folder, python=sys.executable, **given)  # type: ignore[arg-type]
    return Stable(wanted, launch_of(wanted, folder), folder)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Stable]:
    (tmp_path / "shop.py").write_text(SHOP.read_text().replace("import secrets\n", f"import secrets\n{BUSY}"))
    one = stable(tmp_path, "shop:app")
    yield one
    one.close()


def test_a_start_costs_what_the_processor_worked_for_it(made: Stable):
    assert made.start_seconds() == 0.0
    made.fresh()
    assert 0.6 <= made.start_seconds() < 6.0


def test_who_asks_during_the_first_start_waits_for_its_end(made: Stable, monkeypatch: pytest.MonkeyPatch):
    began, real = threading.Event(), Instance.start

    def start(instance: Instance) -> None:
        began.set()
        real(instance)

    monkeypatch.setattr(Instance, "start", start)
    starting = threading.Thread(target=made.fresh)
    starting.start()
    assert began.wait(30)
    assert made.start_seconds() >= 0.6
    starting.join()


def test_what_is_not_started_costs_nothing():
    assert Pasture("http://127.0.0.1:9").start_seconds() == 0.0


def test_a_ground_without_a_database_is_spared_and_others_are_copied_from_what_was_given(made: Stable):
    ground = made.prepare()
    assert ground.folder is not None
    assert made.spared(ground)
    (ground.folder / "left behind").write_text("")
    fresh = made.fresh()
    assert fresh.folder is not None
    assert not (fresh.folder / "left behind").exists()


def test_a_ground_with_a_database_is_not_spared_and_is_what_others_are_copied_from():
    one = stable(TARGETS / "state", "money_float:app")
    try:
        ground = one.prepare()
        ground.start()
        assert ground.database is not None
        assert not one.spared(ground)
        ground.kill()
        assert ground.folder is not None
        (ground.folder / "left behind").write_text("")
        fresh = one.fresh()
        assert fresh.folder is not None
        assert (fresh.folder / "left behind").exists()
    finally:
        one.close()


def test_a_ground_that_was_prepared_is_not_spared(tmp_path: Path):
    (tmp_path / "shop.py").write_text(SHOP.read_text())
    one = stable(tmp_path, "shop:app", prepare=("python -c pass",))
    try:
        assert not one.spared(one.prepare())
    finally:
        one.close()
