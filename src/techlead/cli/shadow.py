"""`techlead shadow`: let a draft run beside the signed rule, read what was heard of it, and promote or drop it."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from techlead.cli import approve, standing
from techlead.cli.project import load
from techlead.cli.serve import database_of
from techlead.cli.standing import stand
from techlead.cli.terminal import Ask, say, terminal
from techlead.cli.versions import version
from techlead.derive.plan import Plan
from techlead.errors import SettingsRefused
from techlead.intent.door.files import drop_draft, keep_draft, read_drafts
from techlead.intent.drafts import DAYS_MAX, Draft
from techlead.intent.items import Item, items_of
from techlead.intent.record import subject_of
from techlead.intent.serving import live_of
from techlead.intent.shadow import Replayed, replay
from techlead.intent.values import decoded
from techlead.store import shadows
from techlead.store.open import open_store
from techlead.store.port import Store
from techlead.store.shadows import Heard

T = TypeVar("T")
DAYS: Final = 14


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("step", choices=list(STEPS), help="what to do")
    parser.add_argument("rule", nargs="?", default="", help="the name of the rule")
    parser.add_argument("--folder", default=".", help="the folder that holds backend.py (default: here)")
    parser.add_argument(
        "--draft", default="", metavar="PROPOSAL", help="start, replay: the folder with the drafted rule"
    )
    parser.add_argument(
        "--days", type=int, default=DAYS, help=f"start: how long it runs (default: %(default)s, at most {DAYS_MAX})"
    )
    parser.add_argument(
        "--record-rows", type=int, default=0, help="start: how many facts may be recorded (default: none)"
    )
    parser.add_argument("--record-days", type=int, default=7, help="start: for how many days (default: %(default)s)")
    parser.add_argument("--database", default=None, help="sqlite:///FILE or postgresql://... (or TECHLEAD_DATABASE)")
    parser.add_argument("--key", default="", help="promote: the private key to sign with")
    parser.add_argument("--as", dest="signer", default="", help="promote: your name in allowed_signers")
    parser.add_argument("--json", action="store_true", help="the same as data")
    standing.arguments(parser)


def run(given: argparse.Namespace) -> int:
    """Do one step."""
    code: int = STEPS[given.step](given)
    return code


def _title(given: argparse.Namespace) -> str:
    if not given.rule:
        raise SettingsRefused(f"Name the rule: techlead shadow {given.step} RULE")
    return f"rule {given.rule.removeprefix('rule ')}"


def _start(given: argparse.Namespace) -> int:
    title, folder = _title(given), Path(given.folder)
    if not 1 <= given.days <= DAYS_MAX:
        raise SettingsRefused(f"A shadow runs 1 to {DAYS_MAX} days.")
    item = drafted_item(given, title) if given.draft else None
    if item is None and not given.record_rows:
        raise SettingsRefused("Name a draft (--draft PROPOSAL), or how many facts to record (--record-rows 1000).")
    until = (datetime.now(UTC) + timedelta(days=given.days)).isoformat(timespec="seconds")
    record, digest = (item.record, item.hash) if item is not None else (None, "")
    file = keep_draft(folder, Draft(title, until, record, digest, given.record_rows, given.record_days))
    say(f"{file}: runs beside {title} from the next start on, until {until[:10]}; it decides nothing")
    return 0


def drafted_item(given: argparse.Namespace, title: str) -> Item:
    """Read the drafted rule of a proposal; SettingsRefused when there is none."""
    with version(Path(given.draft)) as proposal:
        item = items_of(proposal.plan).get(title)
    if item is None:
        raise SettingsRefused(f"{given.draft} has no {title}.")
    return item


def _report(given: argparse.Namespace) -> int:
    heard = _with_store(given, shadows.read)
    drafts, notes = read_drafts(Path(given.folder))
    wanted = [one for one in heard if not given.rule or one.rule == _title(given)]
    if given.json:
        print(json.dumps([asdict(one) for one in wanted], indent=2))  # noqa: T201 - the answer
    else:
        say("\n".join([*report(wanted, drafts), *notes]) or "no shadows")
    return 1 if any(_diverges(one) for one in wanted) else 0


def report(heard: Sequence[Heard], drafts: Sequence[Draft]) -> Iterator[str]:
    """Say what was heard: by outcome, then by condition, then what traffic never exercised."""
    until = {(one.title, one.hash): one.until for one in drafts}
    for rule, draft in dict.fromkeys((one.rule, one.draft) for one in heard):
        own = [one for one in heard if (one.rule, one.draft) == (rule, draft)]
        calls = sum(one.count for one in own if one.direction == "calls")
        ends = f"runs until {until[rule, draft][:10]}" if (rule, draft) in until else "no longer runs"
        yield f"{rule}, draft {draft[:8]}: {calls} calls, {ends}"
        yield from (f"  turned off: {one.sample}" for one in own if one.direction == "off")
        for one in own:
            if _diverges(one):
                decided = f", decided by {one.condition}" if one.condition else ""
                yield f"  {one.direction} {one.count} times{decided}; for example {one.sample}"
        if not any(map(_diverges, own)):
            yield "  decided as the signed rule did, each time"
        yield from (f"  {one.count} more divergences were only counted" for one in own if one.direction == "uncounted")
        yield from _conditions(own)


def _conditions(own: Sequence[Heard]) -> Iterator[str]:
    for source in dict.fromkeys(one.condition for one in own if one.direction in ("yes", "no")):
        counts = {one.direction: one.count for one in own if one.condition == source and one.direction in ("yes", "no")}
        yes, no = counts.get("yes", 0), counts.get("no", 0)
        never = (
            "" if yes and no else f": traffic never exercised {'either' if not (yes or no) else 'no' if yes else 'yes'}"
        )
        yield f"  condition {source}: {yes} yes, {no} no{never}"


def _diverges(one: Heard) -> bool:
    return one.direction in ("widened", "narrowed") or one.direction.startswith("raises")


def _drop(given: argparse.Namespace) -> int:
    title = _title(given)
    there = drop_draft(Path(given.folder), title)
    _with_store(given, lambda store: shadows.drop(store, title))
    say(f"{title}: {'dropped' if there else 'no shadow ran'}; the signed rule decides as before")
    return 0


def _promote(given: argparse.Namespace) -> int:
    ask, title, folder = terminal(), _title(given), Path(given.folder)
    draft = next((one for one in read_drafts(folder)[0] if one.title == title and one.record is not None), None)
    if draft is None:
        raise SettingsRefused(f"No draft runs beside {title}.")
    found = stand(folder, given)
    if title not in found.items or found.items[title].hash != draft.hash:
        raise SettingsRefused(
            f"{folder / 'backend.py'} does not hold the draft yet: put the drafted {title} there, then promote it."
        )
    heard = [one for one in _with_store(given, shadows.read) if (one.rule, one.draft) == (title, draft.hash)]
    say("\n".join(report(heard, [draft])))
    if not heard:
        say("It has not been heard of: no traffic was decided twice. Nothing was signed.")
        return 1
    if not explained(heard, ask):
        say("A widening that nobody explains is not promoted. Nothing was signed.")
        return 1
    signing = approve.Signing(found, approve.signer_of(given, folder), approve.key_of(given), ask)
    if not signing.asked(next(one for one in found.standings if one.title == title)):
        return 1
    drop_draft(folder, title)
    return 0


def explained(heard: Sequence[Heard], ask: Ask) -> bool:
    """Ask what each widening is for; False when one has no reason."""
    for one in heard:
        if one.direction == "widened" or one.direction.startswith("raises"):
            reason = ask(f"{one.direction} {one.count} times, for example {one.sample}. Why is that right? ")
            if len(reason) < approve.REASON_CHARACTERS_MIN or approve.NO_REASON.match(reason):
                return False
    return True


def _replay(given: argparse.Namespace) -> int:
    title, plan = _title(given), load(given.folder).plan()
    items = items_of(plan)
    if title not in items:
        raise SettingsRefused(f"{given.folder} has no {title}.")
    texts = _with_store(given, lambda store: shadows.recorded(store, title))
    found = replayed(plan, items, drafted_item(given, title), title, texts)
    print(json.dumps(asdict(found), indent=2) if given.json else "\n".join(_replay_lines(found)))  # noqa: T201 - the answer
    return 1 if found.widened or found.narrowed else 0


def replayed(plan: Plan, items: dict[str, Item], draft: Item, title: str, texts: Sequence[str]) -> Replayed:
    """Run the rule that is there and a draft over recorded facts."""
    live = live_of(plan, items)
    signed = items[title].subject
    assert signed is not None  # noqa: S101 - a rule is run

    def lookup(kind: str, name: str) -> Any:
        return live.named[kind, name]

    points = [{(name, field): decoded(value, lookup) for name, field, value in json.loads(text)} for text in texts]
    return replay(signed, subject_of(draft.record, live), points)


def _replay_lines(found: Replayed) -> Iterator[str]:
    yield f"{found.facts} recorded facts: {found.agreed} decided alike, {found.unknown} that lack something"
    yield from (f"WIDENED {one}" for one in found.widened)
    yield from (f"NARROWED {one}" for one in found.narrowed)


def _with_store(given: argparse.Namespace, work: Callable[[Store], Awaitable[T]]) -> T:
    async def opened() -> T:
        store = open_store(database_of(given))
        await store.open()
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(opened())


STEPS: Final = {"start": _start, "report": _report, "replay": _replay, "promote": _promote, "drop": _drop}
