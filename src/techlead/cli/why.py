"""`techlead why ROW ACTION --as ACTOR`: each condition on this row, which one decided, its reason, and what would flip it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from dataclasses import asdict, dataclass
from typing import Final

from techlead.cli.project import load
from techlead.cli.serve import database_of
from techlead.derive.plan import ActionPlan, Plan, ResourcePlan
from techlead.derive.statements import Statements
from techlead.derive.views import stored_values
from techlead.derive.words import policy_words
from techlead.errors import NotFound, SettingsRefused
from techlead.intent.conditions import Explanation, explain, lines
from techlead.intent.shadow import point_of
from techlead.intent.subjects import rule_subject
from techlead.primitives import ids
from techlead.primitives.clock import system_clock
from techlead.serve.change.load import hold
from techlead.serve.change.load import load as load_facts
from techlead.serve.change.unit import Unit
from techlead.serve.people import account_named
from techlead.store.open import open_store
from techlead.store.port import Transaction

NO_BODY: Final = "it reads what the caller sends, which is not known here"


@dataclass(frozen=True, slots=True)
class Why:
    """Why an actor may or may not do something to a row."""

    row: str
    action: str
    actor: str
    policy: str
    may: bool
    rules: tuple[Explanation, ...]
    unknown: tuple[str, ...]

    @property
    def allowed(self) -> bool:
        """Whether the policy and every rule allow it."""
        return self.may and not self.unknown and all(one.allowed for one in self.rules)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("row", help="the row's id, such as order_01h2xcejqtf2nbrexx3vqjhp41")
    parser.add_argument("action", help="the name of the action")
    parser.add_argument("--as", dest="actor", required=True, help="an account's address, or its part before the @")
    parser.add_argument("--folder", default=".", help="the folder that holds backend.py (default: here)")
    parser.add_argument("--database", default=None, help="sqlite:///FILE or postgresql://... (or TECHLEAD_DATABASE)")
    parser.add_argument("--json", action="store_true", help="the same as data")


def run(given: argparse.Namespace) -> int:
    """Explain, and give 1 when it is refused."""
    plan = load(given.folder).plan()
    found = asyncio.run(why(plan, database_of(given), given.row, given.action, given.actor))
    print(json.dumps({**asdict(found), "allowed": found.allowed}, indent=2) if given.json else "\n".join(_lines(found)))  # noqa: T201 - the answer
    return 0 if found.allowed else 1


def _lines(found: Why) -> list[str]:
    verdict = "may" if found.allowed else "may not"
    told = [f"{found.actor} {verdict} {found.action} {found.row}"]
    told.append(f"policy: {found.policy}: {'yes' if found.may else 'no'}")
    told += [line for one in found.rules for line in lines(one)]
    return told + [f"{one}: {NO_BODY}" for one in found.unknown]


async def why(plan: Plan, database: str, row: str, action: str, actor: str) -> Why:
    """Load what the action would know, as the server does, and explain each rule; nothing is written."""
    resource, row_id = _row_of(plan, row)
    planned = next((one for one in resource.actions if one.name == action), None)
    if planned is None:
        names = ", ".join(one.name for one in resource.actions) or "none"
        raise SettingsRefused(f"{resource.name} has no action {action!r}: choose one of {names}.")
    store = open_store(database)
    statements = Statements(plan, store.dialect)

    async def work(tx: Transaction) -> Why:
        who = await account_named(tx, statements, actor)
        unit = Unit(tx, statements, who, system_clock(), os.urandom, "why", "why")
        return await _explained(unit, resource, planned, row, row_id, actor)

    await store.open()
    try:
        return await store.write(work)
    finally:
        await store.close()


async def _explained(
    unit: Unit, resource: ResourcePlan, action: ActionPlan, row: str, row_id: bytes, actor: str
) -> Why:
    try:
        found = await unit.row(resource, row_id, resource.access.read | action.by)
    except NotFound:
        raise SettingsRefused(
            f"{actor} sees no {row}: to them it does not exist (read: {policy_words(resource.access.read, resource)})."
        ) from None
    values = stored_values(resource, found)
    may = await unit.allowed(action.by, resource, values)
    facts = await load_facts(unit, action, hold(resource, values), None)
    rules, unknown = [], []
    for rule, names in action.rules:
        if any(facts.facts[name] is None and _is_body(action, name) for name in names):
            unknown.append(f"rule {rule.name}")
            continue
        subject = rule_subject(unit.statements.plan, rule, action)
        rules.append(explain(subject, point_of({name: facts.facts[name] for name in names})))
    return Why(row, action.name, actor, policy_words(action.by, resource), may, tuple(rules), tuple(unknown))


def _is_body(action: ActionPlan, name: str) -> bool:
    return any(one.name == name and one.kind == "body" for one in action.parameters)


def _row_of(plan: Plan, row: str) -> tuple[ResourcePlan, bytes]:
    prefix = row.rpartition("_")[0]
    resource = next((one for one in plan.resources.values() if one.prefix == prefix), None)
    if resource is None:
        raise SettingsRefused(
            f"{row!r} is no id of this backend: ids begin with {', '.join(sorted(one.prefix for one in plan.resources.values()))}."
        )
    try:
        return resource, ids.decode(prefix, row)
    except ValueError as error:
        raise SettingsRefused(f"{row!r} is no id: {error}.") from None
