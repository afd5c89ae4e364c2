"""`techlead check`: run every example, mutate every condition, and print the examples that are missing, ready to paste."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from techlead.cli.project import load
from techlead.cli.terminal import Ask, terminal
from techlead.errors import SettingsRefused
from techlead.intent.difference import Prover
from techlead.intent.paste import pasted
from techlead.intent.pinned import Pinned, Survivor, check_plan
from techlead.intent.provers import installed_prover


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("folder", nargs="?", default=".", help="the folder that holds backend.py (default: here)")
    parser.add_argument("--fix", action="store_true", help="offer each missing example, and write those you confirm")
    parser.add_argument("--prove", action="store_true", help="ask z3 about what no facts near the examples tell apart")
    parser.add_argument("--json", action="store_true", help="the same as data")


def run(given: argparse.Namespace) -> int:
    """Check, print what is missing, and give 1 when something is."""
    ask = terminal() if given.fix else None
    checked = check_plan(load(given.folder).plan(), asked_prover() if given.prove else None)
    if ask is not None:
        return fix(checked, ask)
    print(json.dumps([data(one) for one in checked], indent=2) if given.json else "\n".join(lines(checked)))  # noqa: T201 - the answer
    return 0 if all(one.holds for one in checked) else 1


def asked_prover() -> Prover:
    """Give the prover that was asked for; SettingsRefused when it is not installed."""
    found = installed_prover()
    if found is None:
        raise SettingsRefused('There is no z3: pip install "techlead[prove]".')
    return found


def lines(checked: Sequence[Pinned]) -> Iterator[str]:
    """Print each rule and action as a line, what is wrong below it, and the sum."""
    for one in checked:
        mark = "ok " if one.holds else "NOT"
        told = f"{one.mutants - len(one.survivors) - len(one.dead) - one.unseen} of {one.mutants} mutants told apart"
        yield f"{mark} {one.title}: {one.examples} examples, {told}, {one.milliseconds:.1f} ms"
        yield from (f"    {one.file}:{one.line}: {failure.example}: {failure.reason}" for failure in one.failures)
        yield from _survivors(one)
        yield from (f"    dead condition, {words}: no facts near the examples need it" for words in one.dead)
        if one.unseen:
            yield f"    {one.unseen} mutants that no facts near the examples tell apart"
    failed = sum(len(one.failures) for one in checked)
    survived = sum(len(one.survivors) for one in checked)
    spent = sum(one.milliseconds for one in checked)
    mutants = sum(one.mutants for one in checked)
    yield (
        f"{sum(one.examples for one in checked)} examples, {failed} failed; {mutants} mutants, {survived} survived; "
        f"{len(checked)} rules and actions in {spent:.0f} ms"
    )


def _survivors(one: Pinned) -> Iterator[str]:
    for example, (listed, survivors) in missing(one).items():
        for survivor in survivors:
            yield f"    {one.file}:{survivor.line}: survives: {survivor.words}"
        yield f"        missing in {listed}: {example}"


def missing(one: Pinned) -> dict[str, tuple[str, list[Survivor]]]:
    """Give each missing example once, with its list and the mutants that it tells apart."""
    found: dict[str, tuple[str, list[Survivor]]] = {}
    for survivor in one.survivors:
        found.setdefault(survivor.example, (survivor.listed, []))[1].append(survivor)
    return found


def data(one: Pinned) -> dict[str, object]:
    """Give the same as data."""
    return {**asdict(one), "holds": one.holds}


def fix(checked: Sequence[Pinned], ask: Ask) -> int:
    """Write each missing example that a person confirms; 1 when something is still missing."""
    left = sum(len(one.failures) for one in checked)
    for one in reversed(checked_by_place(checked)):  # the last first, so that lines above stay where they are
        for example, (listed, survivors) in missing(one).items():
            words = "; ".join(survivor.words for survivor in survivors)
            said = ask(
                f"{one.title}, {listed}: {example}\n    tells apart: {words}\n  Is this what must happen? [y/N] "
            )
            if said.lower() in ("y", "yes"):
                file = Path(one.file)
                file.write_text(pasted(file.read_text("utf-8"), one.line, listed, example), "utf-8")
            else:
                left += 1
    return 1 if left else 0


def checked_by_place(checked: Sequence[Pinned]) -> list[Pinned]:
    """Order by file and line."""
    return sorted(checked, key=lambda one: (one.file, one.line))
