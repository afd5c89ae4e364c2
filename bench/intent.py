"""How much is found, and in what time: the catalogue of rule pairs against Hypothesis, and mutants against mutmut.

`python bench/intent.py` prints the tables of docs/intent.md. Hypothesis and mutmut get what they need: strategies that
know each field's domain, and the rules' own examples as tests.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests")]

from hypothesis import HealthCheck, Phase, find, settings  # noqa: E402 - after the path of the catalogue
from hypothesis import strategies as st  # noqa: E402
from hypothesis.errors import NoSuchExample  # noqa: E402
from rule_pairs import LOSSES, SAME, Pair, subject  # noqa: E402

from techlead.intent.difference import Verdict, compare, decide, union_of  # noqa: E402
from techlead.intent.pinned import check_subject  # noqa: E402
from techlead.intent.proof.prove import prove  # noqa: E402
from techlead.intent.subject import Slot, Subject  # noqa: E402
from techlead.primitives.money import Money  # noqa: E402

EXAMPLES = 1_000
STRATEGIES: dict[str, Callable[[Slot], Any]] = {
    "enum": lambda slot: st.sampled_from(slot.members),
    "boolean": lambda _slot: st.booleans(),
    "integer": lambda slot: st.integers(slot.low, slot.high),
    "money": lambda slot: st.integers(slot.low.minor, slot.high.minor).map(lambda minor: Money.of_minor(minor, "EUR")),
    "text": lambda slot: st.text(max_size=slot.length_max),
    "timestamp": lambda _slot: st.datetimes(datetime(1900, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    "date": lambda _slot: st.dates(),
    "reference": lambda slot: st.sampled_from(["alice", "bob"]).map(lambda word: (slot.target, word)),
}


def versions(folder: Path, pair: Pair) -> tuple[Subject, Subject]:
    """Derive both versions of a pair."""
    made = []
    for name, one in (("old", pair.old), ("new", pair.new)):
        (folder / pair.name / name).mkdir(parents=True)
        made.append(subject(folder / pair.name / name, pair, one))
    return made[0], made[1]


def hypothesis_finds(old: Subject, new: Subject) -> bool:
    """Let Hypothesis look for facts that the versions decide otherwise."""
    union = union_of(old, new)
    given = {
        slot.name: STRATEGIES[slot.kind](slot) | (st.none() if slot.nullable else st.nothing()) for slot in union.slots
    }
    how = settings(max_examples=EXAMPLES, database=None, deadline=None, phases=[Phase.generate],
                   suppress_health_check=list(HealthCheck))  # fmt: skip
    try:
        find(
            st.fixed_dictionaries(given),
            lambda point: decide(old, union.old, point) != decide(new, union.new, point),
            settings=how,
        )
    except NoSuchExample:
        return False
    return True


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    """Give what a call gives, and the milliseconds of processor time that it and its processes took."""
    begun = processor_seconds()
    found = run()
    return found, (processor_seconds() - begun) * 1_000


def processor_seconds() -> float:
    """Give the processor time of this process and of those it waited for: what else runs here does not count."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def row(name: str, found: int, of: int, alarms: int | None, proved: int | None, spent: Iterable[float]) -> None:
    """Print a row of the table."""
    times = list(spent)
    shown = ["-" if one is None else str(one) for one in (alarms, proved)]
    print(
        f"| {name} | {found} of {of} | {shown[0]} | {shown[1]} | {statistics.median(times):.1f} ms | {max(times):.0f} ms |"
    )


def differences(folder: Path) -> list[Subject]:
    """Compare what each finds of the losses, and says of the refactorings."""
    losses, same = [versions(folder, one) for one in LOSSES], [versions(folder, one) for one in SAME]
    print(
        f"| | losses found | false alarms of {len(SAME)} | proved equal | median | longest |\n|---|---|---|---|---|---|"
    )
    for name, prover in (("anchored search", None), ("with z3", prove)):
        lost = [timed(lambda pair=pair, prover=prover: compare(*pair, prover)) for pair in losses]
        kept = [timed(lambda pair=pair, prover=prover: compare(*pair, prover)) for pair in same]
        found = sum(one.verdict is Verdict.DIFFERS for one, _ in lost)
        alarms = sum(one.verdict is Verdict.DIFFERS for one, _ in kept)
        proved = sum(one.verdict is Verdict.EQUAL for one, _ in kept)
        row(name, found, len(losses), alarms, proved, [spent for _, spent in (*lost, *kept)])
    guessed = [timed(lambda pair=pair: hypothesis_finds(*pair)) for pair in losses]
    row(
        f"Hypothesis, {EXAMPLES:,} examples",
        sum(one for one, _ in guessed),
        len(losses),
        None,
        None,
        [spent for _, spent in guessed],
    )
    return [old for old, _ in losses]


MODULE = """
from datetime import UTC, date, datetime, timedelta

def loan_ok(score, months, frozen, verified, kind):
    if frozen:
        return False
    if kind == "student":
        return score >= 400
    return score >= 600 and months <= 60 and verified

def in_time(opened, now):
    return now - opened >= timedelta(days=2)

def settled(paid, amount):
    return paid + 500 <= amount
"""
TESTS = """
from datetime import UTC, datetime, timedelta
from rules_under_test import in_time, loan_ok, settled

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)

def test_loans():
    assert loan_ok(600, 60, False, True, "home")
    assert loan_ok(400, 12, False, False, "student")
    assert not loan_ok(399, 12, False, True, "student")
    assert not loan_ok(599, 12, False, True, "home")
    assert not loan_ok(600, 61, False, True, "home")
    assert not loan_ok(600, 12, False, False, "home")
    assert not loan_ok(900, 12, True, True, "student")

def test_times():
    assert in_time(NOON, NOON + timedelta(days=2))
    assert not in_time(NOON, NOON + timedelta(days=1, seconds=86399))

def test_money():
    assert settled(500, 1000)
    assert not settled(501, 1000)
"""


def mutants(subjects: list[Subject]) -> None:
    """Compare the time of mutants in process with that of mutmut on rules of the same kind."""
    checked, spent = timed(lambda: [check_subject(one) for one in subjects])
    count = sum(one.mutants for one in checked)
    print(
        f"\n| | mutants | time | per mutant |\n|---|---|---|---|\n| techlead check | {count} | {spent:.0f} ms | {spent / count:.2f} ms |"
    )
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "tests").mkdir()
        (place / "rules_under_test.py").write_text(MODULE)
        (place / "tests" / "test_rules.py").write_text(TESTS)
        (place / "setup.cfg").write_text("[mutmut]\npaths_to_mutate=rules_under_test.py\ntests_dir=tests\n")
        words = [sys.executable, "-m", "mutmut", "run"]
        done, spent = timed(lambda: subprocess.run(words, cwd=place, capture_output=True, text=True, check=False))
        told = subprocess.run(
            [*words[:3], "results", "--all", "true"], cwd=place, capture_output=True, text=True, check=False
        )
        count = sum("__mutmut_" in line for line in told.stdout.splitlines())
    if not count:
        print(f"mutmut did not run: {done.stdout[-500:]}{done.stderr[-500:]}")
        return
    print(f"| mutmut | {count} | {spent:.0f} ms | {spent / count:.2f} ms |")


def main() -> None:
    """Print the tables."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        mutants(differences(Path(folder)))


if __name__ == "__main__":
    main()
