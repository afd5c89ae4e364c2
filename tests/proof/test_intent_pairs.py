"""Every lost condition is reported with the intended witness; no true refactoring is; what translates is proved equal."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import pytest
from rule_pairs import LOSSES, PAIRS, SAME, Pair, subject

from techlead.intent.difference import Difference, Verdict, compare
from techlead.intent.proof.prove import prove

pytestmark = pytest.mark.proof


def compared(folder: Path, pair: Pair, prover=None) -> Difference:
    (folder / "old").mkdir(exist_ok=True)
    (folder / "new").mkdir(exist_ok=True)
    return compare(subject(folder / "old", pair, pair.old), subject(folder / "new", pair, pair.new), prover)


def test_there_are_as_many_refactorings_as_losses():
    assert len(PAIRS) >= 40
    assert len(LOSSES) == len(SAME)
    assert len({pair.name for pair in PAIRS}) == len(PAIRS)


@pytest.mark.parametrize("pair", LOSSES, ids=lambda pair: pair.name)
def test_a_loss_is_found_near_the_examples_with_the_intended_witness(tmp_path: Path, pair: Pair):
    found = compared(tmp_path, pair)
    assert found.verdict is Verdict.DIFFERS, found
    (witness,) = [one for one in found.witnesses if one.direction == pair.direction]
    assert [word for word in pair.witness if word not in witness.facts] == [], witness
    assert {witness.before, witness.after} <= {"allowed", "refused"}


@pytest.mark.parametrize("pair", SAME, ids=lambda pair: pair.name)
def test_a_refactoring_is_no_difference_and_proved_where_it_translates(tmp_path: Path, pair: Pair):
    assert compared(tmp_path, pair).verdict is not Verdict.DIFFERS
    found = compared(tmp_path, pair, prove)
    assert (found.verdict is Verdict.EQUAL) == pair.proved, found
    assert pair.proved or found.uncovered


def test_without_a_prover_what_is_not_shown_says_what_was_not_covered(tmp_path: Path):
    pair = next(one for one in SAME if one.name == "whole numbers shifted")
    found = compared(tmp_path, pair)
    assert found.verdict is Verdict.NOT_SHOWN
    assert found.uncovered == ("no prover: install techlead[prove]",)


def test_it_takes_milliseconds(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    spent = []
    for pair in PAIRS:
        (tmp_path / pair.name).mkdir()
        begun = time.process_time()  # what else runs on this machine does not count
        compared(tmp_path / pair.name, pair, prove)
        spent.append((time.process_time() - begun) * 1_000)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{len(PAIRS)} pairs: median {statistics.median(spent):.1f} ms, longest {max(spent):.0f} ms\n"
        )
    assert statistics.median(spent) < 200
