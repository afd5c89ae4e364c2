"""`techlead outbox`: what waits, for whom and why; replay or drop messages, pause or resume destinations."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from techlead.cli.project import load
from techlead.cli.serve import existing_database_of, say
from techlead.deliver.desk import LAST_ID, Desk, Destination, Shown, delivery_id
from techlead.derive.statements import Statements
from techlead.errors import SettingsRefused
from techlead.primitives.clock import system_clock
from techlead.serve.change.outside import aftermath_of
from techlead.serve.delivery import limits_from
from techlead.serve.randomness import random_bytes
from techlead.serve.settings import settings_from
from techlead.store.open import open_store

FOUND: Final = 1
FAILED: Final = "aftermath_failed"
DELIVERY: Final = "delivery_"
"""How the id of a message begins; anything else names a destination."""
SHOWN_MAX: Final = 100
Answer = tuple[list[str], Any]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("step", nargs="?", default="list", choices=list(STEPS), help="what to do (default: list)")
    parser.add_argument(
        "what",
        nargs="*",
        help="show, replay, drop: ids of deliveries; replay, drop (what is dead), pause, resume: a destination; replay: `all`",
    )
    parser.add_argument("--folder", default=".", help="the folder that holds backend.py (default: here)")
    parser.add_argument("--database", default=None, help="sqlite:///FILE or postgresql://... (or TECHLEAD_DATABASE)")
    parser.add_argument("--json", action="store_true", help="the same as data")


def run(given: argparse.Namespace) -> int:
    """Do one step and print what was found or done."""
    lines, data = asyncio.run(_with_desk(given))
    print(json.dumps(data, indent=2) if given.json else "\n".join(lines))  # noqa: T201 - the answer
    found = given.step in ("list", "dead") and any(one.get("dead") or one.get("state") == "dead" for one in data)
    return FOUND if found else 0


async def _with_desk(given: argparse.Namespace) -> Answer:
    plan = load(given.folder).plan()
    store = open_store(existing_database_of(given))
    statements, limits = Statements(plan, store.dialect), limits_from(settings_from(os.environ), plan)
    called = aftermath_of(statements, system_clock, random_bytes, limits)
    desk = Desk(store, statements, system_clock, limits, _told, called)
    await store.open()
    try:
        return await STEPS[given.step](desk, given.what)
    finally:
        await store.close()


async def _list(desk: Desk, _what: Sequence[str]) -> Answer:
    found = await desk.destinations()
    lines = [line for one in found for line in _destination(one)]
    return lines or ["nothing was ever sent"], [asdict(one) for one in found]


async def _dead(desk: Desk, what: Sequence[str]) -> Answer:
    found = []
    for state in ("dead", "expired"):
        found += await desk.listed(state, what[0] if what else "", LAST_ID, SHOWN_MAX)
    return [line for one in found for line in _message(one)] or ["no dead letters"], [asdict(one) for one in found]


async def _show(desk: Desk, what: Sequence[str]) -> Answer:
    found = [shown for one in _ids(what) if (shown := await desk.message(one))]
    return [line for one in found for line in _message(one)] or ["no such delivery"], [asdict(one) for one in found]


async def _replay(desk: Desk, what: Sequence[str]) -> Answer:
    if not what:
        raise SettingsRefused("Say what to replay: ids of deliveries, a destination, or `all`.")
    if what[0].startswith(DELIVERY):
        done = await desk.replay_these(_ids(what))
    else:
        done = await desk.replay("" if what[0] == "all" else what[0], _progress)
    return [f"{done} begin anew"], {"replayed": done}


async def _drop(desk: Desk, what: Sequence[str]) -> Answer:
    if len(what) == 1 and not what[0].startswith(DELIVERY):
        done = await desk.drop_dead(what[0], _progress)
        return [f"{done} dropped that had ended undelivered; what waits for {what[0]} stays"], {"dropped": done}
    done = await desk.drop_these(_ids(what))
    return [f"{done} dropped; one that is being tried just now stays"], {"dropped": done}


async def _pause(desk: Desk, what: Sequence[str]) -> Answer:
    known = await desk.pause(_one(what))
    doubt = "" if known else "; nothing was sent there before: is it spelt as `techlead outbox` lists it?"
    return [f"nothing goes to {what[0]} until it is resumed{doubt}"], {"paused": what[0], "known": known}


async def _resume(desk: Desk, what: Sequence[str]) -> Answer:
    await desk.resume(_one(what))
    return [f"{what[0]} is open again; its rate comes back by and by"], {"resumed": what[0]}


STEPS: Final[dict[str, Callable[[Desk, Sequence[str]], Awaitable[Answer]]]] = {
    "list": _list,
    "dead": _dead,
    "show": _show,
    "replay": _replay,
    "drop": _drop,
    "pause": _pause,
    "resume": _resume,
}


def _told(what: str, values: Mapping[str, Any]) -> None:
    if what == FAILED:
        say(f"{values['delivery']}: the action that waits for its call failed ({values['error']}), and was not run")


def _progress(done: int) -> None:
    if sys.stderr.isatty() or done % 5_000 == 0:
        say(f"{done} ...")


def _one(what: Sequence[str]) -> str:
    if len(what) != 1:
        raise SettingsRefused("Name one destination, as `techlead outbox` lists it.")
    return what[0]


def _ids(what: Sequence[str]) -> list[bytes]:
    if not what:
        raise SettingsRefused("Name deliveries by their ids, as `techlead outbox dead` lists them.")
    try:
        return [delivery_id(one) for one in what]
    except ValueError as error:
        raise SettingsRefused(f"The id of a delivery {error}.") from None


def _destination(one: Destination) -> list[str]:
    state = f"breaker {one.phase}"
    state += f" ({one.why})" if one.why and one.why != state else ""
    ends = f", {one.dead} dead, {one.expired} expired" if one.dead or one.expired else ""
    seen = f"; last minute: {one.failed} of {one.calls} failed" if one.calls else ""
    following = f", next try {one.next_try}" if one.next_try else ""
    return [f"{one.destination}: {one.waiting} waiting{ends}{following}", f"    {state}{seen}"]


def _message(one: Shown) -> list[str]:
    head = (
        f"{one.delivery} {one.notification} to {one.destination}: {one.state}{f' ({one.reason})' if one.reason else ''}"
    )
    tries = [
        f"    {each.at} try {each.number}{' (probe)' if each.probe else ''}: {each.outcome}"
        f"{f' {each.fault}' if each.fault else ''}{f' {each.detail}' if each.detail else ''}"
        for each in one.history
    ]
    return [head, *tries]
