"""`techlead explain [WHAT]`: who may do what, which rule and why, what happens on an operation, where a secret flows."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from techlead.cli import standing
from techlead.cli.asking import intern_of
from techlead.cli.project import load
from techlead.cli.standing import stand
from techlead.cli.versions import Version, version
from techlead.delegate.redact import redacted, sensitive_names
from techlead.derive.checks.problem import nearest
from techlead.derive.plan import Plan
from techlead.errors import SettingsRefused
from techlead.explain.blocks import Diagram, Page
from techlead.explain.cards import Known
from techlead.explain.pages import GROUPS, pages, since_pages
from techlead.explain.sequence import mermaid
from techlead.explain.since import Side, since
from techlead.explain.site import site
from techlead.explain.terminal import contents, text
from techlead.explain.whole import Whole, explained
from techlead.intent.door.files import FOLDER, SignersRefused, read_drafts
from techlead.intent.items import items_of
from techlead.intent.ledger import Standing
from techlead.intent.pinned import check_plan
from techlead.intent.provers import installed_prover

PAGE: Final = "index.html"
PROSE: Final = (
    "Say this in plain prose for somebody who has never seen the backend. Add nothing that does not stand here."
)
PROSE_COLUMNS: Final = 120


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "what",
        nargs="*",
        help=f"one of {', '.join(GROUPS)}; or a rule, 'POST /orders/{{id}}/cancel', Order.address, ...",
    )
    parser.add_argument("--folder", default=".", help="the folder that holds backend.py (default: here)")
    parser.add_argument("--since", default="", metavar="REV", help="what changed since a revision of git instead")
    parser.add_argument("--html", type=Path, metavar="DIR", help=f"write everything as one page, DIR/{PAGE}")
    parser.add_argument("--mermaid", action="store_true", help="diagrams alone, as Mermaid")
    parser.add_argument(
        "--prose", action="store_true", help="in a model's words, marked as such (see `techlead delegate`)"
    )
    parser.add_argument("--json", action="store_true", help="the same as data")
    standing.arguments(parser)


def run(given: argparse.Namespace) -> int:
    """Explain; 1 when asked what changed and something did."""
    return _since(given) if given.since else _whole(given)


def _whole(given: argparse.Namespace) -> int:
    whole = whole_of(given)
    every = pages(whole)
    wanted = chosen(every, " ".join(given.what))
    if given.html:
        _write(given.html, wanted, whole.backend)
    elif given.prose:
        print(_prose(given, wanted))  # noqa: T201 - the answer
    elif given.json:
        data = asdict(whole) if not given.what else [_data(page) for page in wanted]
        print(json.dumps(data, indent=2))  # noqa: T201 - the answer
    elif given.mermaid:
        drawn = [block for page in wanted for block in page.blocks if isinstance(block, Diagram)]
        print("\n\n".join(map(mermaid, drawn)))  # noqa: T201 - the answer
    elif given.what:
        print(text(wanted, shutil.get_terminal_size().columns))  # noqa: T201 - the answer
    else:
        print(contents(every, whole.backend))  # noqa: T201 - the answer
    return 0


def whole_of(given: argparse.Namespace) -> Whole:
    """Explain a folder's backend, with what its ledger, its checks and its shadows say."""
    folder = Path(given.folder)
    plan = load(given.folder).plan()
    found = _standings(folder, given, plan)
    drafts, _ = read_drafts(folder)
    return explained(
        plan,
        Known(
            {one.title: one for one in check_plan(plan)},
            {one.title: one for one in found},
            {one.title: one for one in drafts if one.record is not None},
        ),
    )


def _standings(folder: Path, given: argparse.Namespace, plan: Plan) -> Sequence[Standing]:
    """Read what is signed; where that cannot be known nothing counts as signed, and the rest is explained all the same."""
    if not (folder / FOLDER).is_dir():
        return ()
    try:
        return stand(folder, given, plan).standings
    except SignersRefused as refused:
        print(f"Nothing counts as signed here. {refused}", file=sys.stderr)  # noqa: T201 - beside the answer
        return ()


def chosen(every: Sequence[Page], what: str) -> Sequence[Page]:
    """Choose a group or the pages of a name; SettingsRefused names the nearest when there is none."""
    words = what.strip().lower()
    if not words:
        return every
    found = [page for page in every if words in (page.group, page.name.lower(), f"{page.group} {page.name}".lower())]
    found = found or [page for page in every if page.name.lower().startswith((f"{words}.", f"{words} "))]
    if not found:
        names = [*GROUPS, *(page.name for page in every)]
        raise SettingsRefused(f"There is nothing called {what!r} to explain: {nearest(what, names)}.")
    return found


def _prose(given: argparse.Namespace, wanted: Sequence[Page]) -> str:
    """Let a model say the same in prose; what is shown says who wrote it, and that nobody checked it."""
    if not given.what:
        raise SettingsRefused("Say what is to be put into prose: techlead explain rules --prose")
    plan = load(given.folder).plan()
    with intern_of(Path(given.folder), f"explain {' '.join(given.what)}") as intern:
        said = intern(f"{PROSE}\n\n{redacted(text(wanted, PROSE_COLUMNS), sensitive_names(plan))}")
    return f"Written by {intern.model}, and checked by nobody; what is true says `techlead explain` without --prose.\n\n{said}"


def _since(given: argparse.Namespace) -> int:
    with ExitStack() as opened:
        before = _side(opened.enter_context(version(Path(given.folder), given.since)))
        after = _side(opened.enter_context(version(Path(given.folder))))
        found = since(before, after, installed_prover())
    shown = since_pages(found)
    if given.html:
        _write(given.html, shown, f"{found.before} to {found.after}")
    elif given.json:
        print(json.dumps(asdict(found), indent=2))  # noqa: T201 - the answer
    else:
        said = text(shown, shutil.get_terminal_size().columns)
        print(said or f"Nothing has changed since {given.since}.")  # noqa: T201 - the answer
    return 1 if shown else 0


def _side(one: Version) -> Side:
    return Side(one.name, one.plan, items_of(one.plan))


def _write(folder: Path, shown: Sequence[Page], title: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PAGE).write_text(site(shown, title), encoding="utf-8")
    print(f"{folder / PAGE}: {len(shown)} pages")  # noqa: T201 - the answer


def _data(page: Page) -> Mapping[str, Any]:
    blocks = [{"kind": type(block).__name__.lower(), **asdict(block)} for block in page.blocks]
    return {"group": page.group, "name": page.name, "blocks": blocks}
