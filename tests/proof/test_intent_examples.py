"""The three examples are pinned and signed, with a key made for them; its private half is kept by who keeps the examples."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import pytest
from backends import EXAMPLES

from techlead.cli.forgetting import show_forgetting
from techlead.cli.standing import stand
from techlead.intent.ledger import State
from techlead.intent.pinned import check_plan

pytestmark = pytest.mark.proof


@pytest.mark.parametrize("name", ["marketplace", "teamboard", "gymbook"])
def test_an_example_is_pinned_and_signed(tmp_path: Path, name: str):
    signers = tmp_path / "allowed_signers"
    shutil.copy(EXAMPLES / "allowed_signers", signers)
    given = argparse.Namespace(signers=str(signers), base="", team=False)
    found = stand(EXAMPLES / name, given)
    assert [(one.title, one.sentence) for one in found.standings if one.state is not State.SIGNED] == []
    assert [one.title for one in check_plan(found.plan) if not one.holds] == []
    assert len(found.standings) > 10


def test_a_draft_that_forgets_the_incident_of_2021_is_caught_and_not_served(capsys: pytest.CaptureFixture[str]):
    assert show_forgetting(EXAMPLES / "marketplace")
    told = capsys.readouterr().out
    assert "WIDENED: facts(status=OrderStatus.SHIPPED): was refused, is now allowed" in told
    assert "rule not_handed_over was changed and not signed: the signed version is served" in told
    assert "Cancelling a shipped order is refused, as it was signed" in told


def test_a_draft_that_changes_nothing_is_not_said_to_be_caught(tmp_path: Path):
    shutil.copytree(EXAMPLES / "marketplace", tmp_path / "marketplace")
    shutil.copy(EXAMPLES / "allowed_signers", tmp_path)
    page = tmp_path / "marketplace" / "backend.py"
    page.write_text(page.read_text().replace("    return order.status is OrderStatus.PLACED\n", "    return order.status == OrderStatus.PLACED\n"))  # fmt: skip
    assert not show_forgetting(tmp_path / "marketplace")
