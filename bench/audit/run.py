"""`python bench/audit/run.py FOLDER[=TRUTH] ... [--venvs DIR] [--peers] [--keep DIR]`: measure the audit on known targets.

It fetches nothing. FOLDER holds a target; its truth is TRUTH.json inside, or a file of `bench/audit/truth`, or named after `=`.
Exit code 0 when every target could be audited, 2 when one could not.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)  # the package `bench` is not installed

from bench.audit.case import Case, case  # noqa: E402
from bench.audit.score import Score, score  # noqa: E402
from bench.audit.tools import Outcome, bandit, schemathesis, techlead  # noqa: E402
from techlead.audit.kinds import KINDS  # noqa: E402

ROW = "{:<16} {:<14} {:>9} {:>7} {:>7} {:>9} {:>8} {:>9}"
HEAD = ("target", "tool", "found", "recall", "false", "unjudged", "seconds", "requests")


def main() -> int:
    """Measure, print a row for each tool on each target, then what was missed."""
    asked = _parser().parse_args()
    rows: list[str] = []
    details: list[str] = []
    failed = False
    for one in (case(argument, asked.venvs) for argument in asked.folders):
        tools = {"techlead audit": techlead(one, asked.seconds, asked.keep)}
        if asked.peers:
            tools |= {"Schemathesis": schemathesis(one, asked.seconds), "Bandit": bandit(one)}
        for tool, outcome in tools.items():
            rows.append(_row(one, tool, outcome))
            print(rows[-1], flush=True)
        ours = tools["techlead audit"]
        failed = failed or bool(ours.why_not)
        details += _details(one, ours)
    print("\n".join([*details, "", ROW.format(*HEAD), *rows]))
    return 2 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", metavar="FOLDER[=TRUTH]")
    parser.add_argument(
        "--venvs", type=Path, help="DIR/FOLDER/bin/python is the target's Python (default: FOLDER/.venv)"
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="budget of each tool (default: %(default)s)")
    parser.add_argument("--peers", action="store_true", help="run Schemathesis and Bandit as well")
    parser.add_argument("--keep", type=Path, help="keep each report in this folder")
    return parser


def _row(one: Case, tool: str, outcome: Outcome) -> str:
    if outcome.why_not:
        return f"{one.name:<16} {tool:<14} {outcome.why_not}"
    got = score(outcome.seen, one.truth, KINDS)
    return ROW.format(
        one.name, tool, f"{len(got.found)} of {len(got.counted)}", f"{got.recall:.0%}", len(got.false_alarms),
        len(got.unjudged), f"{outcome.seconds:.1f}", outcome.requests,
    )  # fmt: skip


def _details(one: Case, outcome: Outcome) -> list[str]:
    got: Score = score(outcome.seen, one.truth, KINDS)
    lines = ["", f"== {one.name}"]
    lines += [f"  missed   {title}" for title in got.missed]
    lines += [f"  FALSE    {seen.kind}@{seen.places[0]}: {seen.claim}" for seen in got.false_alarms]
    lines += [f"  unjudged {seen.kind}@{seen.places[0]}: {seen.claim}" for seen in got.unjudged]
    return lines


if __name__ == "__main__":
    sys.exit(main())
