"""Shadows of a running backend: drafts beside signed rules, and facts recorded to replay. Neither ever decides.

What is heard is gathered in memory and written every few seconds; a crash loses at most that.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from techlead.declare.rule import Rule
from techlead.declare.types import Sensitivity
from techlead.derive.plan import ActionPlan, Plan, ResourcePlan
from techlead.intent.door.files import read_drafts
from techlead.intent.drafts import Draft
from techlead.intent.items import Item, items_of
from techlead.intent.record import subject_of
from techlead.intent.serving import live_of
from techlead.intent.shadow import Divergence, Shadow, listens, point_of, redacted
from techlead.intent.subject import Subject
from techlead.intent.values import NoData, encoded
from techlead.primitives import ids
from techlead.primitives.clock import Clock, to_datetime
from techlead.serve.runtime import Runtime
from techlead.serve.tasks import Periodic
from techlead.store import shadows

KEEP_SECONDS: Final = 5
WAITING_MAX: Final = 1_000
"""Facts that wait to be written; further ones are not recorded."""
DAY_US: Final = 86_400_000_000


@dataclass(slots=True, eq=False)
class Recorder:
    """Keeps the facts of the first calls of each round and then one in 64, without what is sensitive."""

    draft: Draft
    subject: Subject
    hidden: frozenset[tuple[str, str]]
    waiting: deque[str]
    calls: int = 0

    def beside(self, decides: Callable[..., Any]) -> Callable[..., Any]:
        """Give the function that is served."""

        def both(**facts: Any) -> Any:
            self.calls += 1
            if listens(self.calls) and len(self.waiting) < WAITING_MAX:
                self.waiting.append(facts_text(redacted(point_of(facts), self.subject, self.hidden)))
            return decides(**facts)

        return both


def facts_text(point: Mapping[tuple[str, str], Any]) -> str:
    """Write facts as they are recorded; what has no form as data is left out."""
    found = []
    for (name, field), value in point.items():
        try:
            found.append([name, field, encoded(value)])
        except NoData:
            continue
    return json.dumps(found)


@dataclass(frozen=True, slots=True, eq=False)
class Shadows:
    """All shadows of a backend."""

    plan: Plan
    running: tuple[tuple[Draft, Shadow], ...]
    recording: tuple[Recorder, ...]
    notes: tuple[str, ...]

    def periodic(self, runtime: Runtime) -> Sequence[Periodic]:
        """Give the work that writes down what was heard."""
        if not self.running and not self.recording:
            return ()
        return (Periodic("shadow", KEEP_SECONDS, lambda: self.keep(runtime)),)

    async def keep(self, runtime: Runtime) -> None:
        """Write down what was heard since the last time."""
        now = runtime.clock()
        for draft, shadow in self.running:
            if not draft.runs(to_datetime(now)):
                shadow.off = f"its time was over on {draft.until[:10]}"
        found = [line for draft, shadow in self.running for line in _heard(draft, shadow, now)]
        await shadows.add(runtime.store, found)
        for one in self.recording:
            lines, one.calls = [one.waiting.popleft() for _ in range(len(one.waiting))], 0
            rows = [(ids.uuid7(now // 1_000, os.urandom), now, line) for line in lines]
            oldest = now - one.draft.days_max * DAY_US
            if rows:
                await shadows.record(runtime.store, one.draft.title, rows, one.draft.rows_max, oldest)


def _heard(draft: Draft, shadow: Shadow, now: int) -> list[shadows.Heard]:
    """Take what a shadow heard, and let it begin anew."""
    classes, shadow.classes = shadow.classes, {}
    calls, shadow.calls = shadow.calls, 0
    uncounted, shadow.uncounted = shadow.uncounted, 0
    conditions = shadow.conditions()
    shadow.answered.clear()
    found = [Divergence("calls", "", calls, now, now, "")] if calls else []
    found += [Divergence("uncounted", "", uncounted, now, now, "")] if uncounted else []
    found += [Divergence("off", "", 1, now, now, shadow.off)] if shadow.off else []
    for source, yes, no in conditions:
        found += [Divergence(word, source, count, now, now, "") for word, count in (("yes", yes), ("no", no))]
    found += classes.values()
    return [
        shadows.Heard(
            draft.title, draft.hash, one.direction, one.condition, one.count, one.first_us, one.last_us, one.sample
        )
        for one in found
    ]


def shadowed(plan: Plan, folder: Path, clock: Clock, declared: Plan | None = None) -> Shadows:
    """Put each shadow that still runs beside its rule; one that cannot run is said and left out.

    `plan` is what is served; `declared` is what stands in the files, when that is not the same.
    """
    drafts, notes = read_drafts(folder)
    now = datetime.now(UTC)
    running = [one for one in drafts if one.runs(now)]
    notes += [f"{one.title}: its shadow ended on {one.until[:10]}" for one in drafts if not one.runs(now)]
    if not running:
        return Shadows(plan, (), (), tuple(notes))
    beside = _Beside(plan, items_of(declared or plan), clock)
    for one in running:
        beside.add(one)
    resources = {name: beside.resource(resource) for name, resource in plan.resources.items()}
    made = replace(plan, resources=resources)
    return Shadows(made, tuple(beside.shadows), tuple(beside.recorders), (*notes, *beside.notes))


class _Beside:
    """Puts functions beside those of rules."""

    def __init__(self, plan: Plan, items: Mapping[str, Item], clock: Clock) -> None:
        self._plan = plan
        self._items = items
        self._clock = clock
        self._beside: dict[str, list[Callable[[Callable[..., Any]], Callable[..., Any]]]] = {}
        self.shadows: list[tuple[Draft, Shadow]] = []
        self.recorders: list[Recorder] = []
        self.notes: list[str] = []

    def add(self, draft: Draft) -> None:
        item = self._items.get(draft.title)
        if item is None or item.subject is None or item.subject.kind != "rule":
            self.notes.append(f"{draft.title}: there is no such rule to listen to")
            return
        hidden, wrapped = self._hidden(item.subject), self._beside.setdefault(draft.title, [])
        if draft.rows_max:
            recorder = Recorder(draft, item.subject, hidden, deque())
            self.recorders.append(recorder)
            wrapped.append(recorder.beside)
        if draft.record is not None:
            try:
                subject = subject_of(draft.record, live_of(self._plan, self._items))
                shadow = Shadow(item.subject, subject, hidden, self._clock)
                wrapped.append(shadow.beside)
                self.shadows.append((draft, shadow))
            except NoData as error:
                self.notes.append(f"{draft.title}: its draft cannot run: {error}")

    def _hidden(self, subject: Subject) -> frozenset[tuple[str, str]]:
        """List the facts that are never kept."""
        found = set()
        for shape in subject.shapes:
            resource = next((one for one in self._plan.resources.values() if one.declared is shape.row), None)
            for field in resource.fields if resource is not None else ():
                if field.sensitivity is not Sensitivity.PUBLIC:
                    found.add((shape.name, field.name))
        return frozenset(found)

    def resource(self, resource: ResourcePlan) -> ResourcePlan:
        actions = tuple(map(self._action, resource.actions))
        return replace(resource, actions=actions, on_create=tuple(map(self._action, resource.on_create)))

    def _action(self, action: ActionPlan) -> ActionPlan:
        return replace(action, rules=tuple((self._rule(rule), names) for rule, names in action.rules))

    def _rule(self, rule: Rule[...]) -> Rule[...]:
        wrapped = self._beside.get(f"rule {rule.name}")
        if not wrapped:
            return rule
        function: Callable[..., Any] = rule.function
        for beside in wrapped:
            function = beside(function)
        made = Rule(rule.function, rule.because, (rule.allows, rule.refuses), rule.message, rule.origin)
        made.function = function
        return made
