"""The Plan as it was signed: what runs in production when the working copy is not what a person signed.

Signed code is bound to the Enums, resources and messages that run. When those are no longer what it was signed with,
it cannot be served, and the start is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from techlead.declare.rule import Rule
from techlead.derive.operations import operations
from techlead.derive.plan import Access, ActionPlan, FieldPlan, Plan, ResourcePlan
from techlead.intent.code import Part
from techlead.intent.items import ACCESS, FIXED, Item, policy_of
from techlead.intent.ledger import Entry
from techlead.intent.record import Live, Record, subject_of
from techlead.intent.subject import Subject
from techlead.intent.values import NoData


class CannotServe(ValueError):
    """A signed version cannot run among what is there now; the sentence says what changed under it."""


@dataclass(frozen=True, slots=True)
class Served:
    """A Plan in which what was changed without a signature is as it was signed."""

    plan: Plan
    replaced: tuple[str, ...]


def served(plan: Plan, items: Mapping[str, Item], entries: Mapping[str, Entry]) -> Served:
    """Put the signed version of each changed thing in place; CannotServe when one cannot run."""
    replaced = tuple(title for title in sorted(items) if title in entries and items[title].hash != entries[title].hash)
    signing = _Signing(plan, items, entries)
    for title in replaced:
        if items[title].record["kind"] in FIXED:
            raise CannotServe(
                f"{title} changed, and what rows, messages and other systems are cannot be swapped: sign it, or take it back"
            )
    resources = {name: signing.resource(resource) for name, resource in plan.resources.items()}
    made = replace(plan, resources=resources)
    return Served(replace(made, operations=operations(made)), replaced)


class _Signing:
    """Puts signed parts into resources."""

    def __init__(self, plan: Plan, items: Mapping[str, Item], entries: Mapping[str, Entry]) -> None:
        self._plan = plan
        self._items = items
        self._entries = entries
        self._live = live_of(plan, items)
        self._rules: dict[str, Rule[...]] = {}

    def resource(self, resource: ResourcePlan) -> ResourcePlan:
        policies = self._changed(f"policy {resource.name}")
        actions = tuple(self._action(one, policies) for one in resource.actions)
        on_create = tuple(self._action(one, policies) for one in resource.on_create)
        if policies is None:
            return replace(resource, actions=actions, on_create=on_create)
        access = Access(**{name: self._policy(policies["guards"][name]) for name in ACCESS})
        fields = tuple(self._field(one, policies["fields"].get(one.name)) for one in resource.fields)
        return replace(resource, access=access, fields=fields, actions=actions, on_create=on_create)

    def _changed(self, title: str) -> Record | None:
        """Give the signed record of something that is no longer what was signed."""
        entry, item = self._entries.get(title), self._items.get(title)
        return None if entry is None or item is None or entry.hash == item.hash else entry.record

    def _field(self, field: FieldPlan, said: Any) -> FieldPlan:
        read, write = said or (None, None)
        return replace(field, read=read and self._policy(read), write=write and self._policy(write))

    def _policy(self, data: Any) -> Any:
        try:
            return policy_of(data, self._lookup)
        except NoData as error:
            raise CannotServe(f"a signed policy names what is not there any more: {error}") from None

    def _lookup(self, kind: str, name: str) -> Any:
        if (kind, name) not in self._live.named:
            raise NoData(f"the backend has no {kind} {name}")
        return self._live.named[kind, name]

    def _action(self, action: ActionPlan, policies: Record | None) -> ActionPlan:
        title = f"action {action.resource}.{action.name}"
        record = self._changed(title)
        if policies is not None and action.name in policies["actions"]:
            action = replace(action, by=self._policy(policies["actions"][action.name]))
        if record is None:
            return replace(action, rules=tuple((self._rule(rule), names) for rule, names in action.rules))
        subject = self._subject(title, record, self._items[title].record)
        if any(record.get(name) != self._items[title].record[name] for name in ("on_create", "outside")):
            raise CannotServe(f"{title} is started by something else than when it was signed: sign it, or take it back")
        known = {rule.name: (self._rule(rule), names) for rule, names in action.rules}
        missing = [name for name in record["when"] if name not in known]
        if missing:
            raise CannotServe(
                f"the rule {missing[0]} stood before {title} when it was signed, and is gone: put it back, or sign it"
            )
        rules = tuple(known[name] for name in record["when"])
        return replace(action, function=subject.function, rules=rules)

    def _rule(self, rule: Rule[...]) -> Rule[...]:
        title = f"rule {rule.name}"
        record = self._changed(title)
        if record is None:
            return rule
        if title not in self._rules:
            subject = self._subject(title, record, self._items[title].record)
            examples = (rule.allows, rule.refuses)
            self._rules[title] = Rule(subject.function, record["because"], examples, record["message"], rule.origin)
            self._rules[title].name = rule.name
        return self._rules[title]

    def _subject(self, title: str, record: Record, now: Record) -> Subject:
        for name in ("parameters", "enums", "rows"):
            common = _common(record[name], now[name])
            if common:
                raise CannotServe(f"{title} was signed with another {common}: sign it, or take the change back")
        try:
            return subject_of(record, self._live)
        except NoData as error:
            raise CannotServe(f"{title} as it was signed cannot run: {error}") from None


def _common(signed: Any, now: Any) -> str:
    """Name what both versions have and do not have alike."""
    if isinstance(signed, list):
        return "list of parameters" if signed != now else ""
    return next((name for name in signed if name in now and signed[name] != now[name]), "")


def live_of(plan: Plan, items: Mapping[str, Item]) -> Live:
    """Give what signed and drafted code is bound to when it runs."""
    return Live(dict(_named(plan, items)))


def _named(plan: Plan, items: Mapping[str, Item]) -> Iterator[tuple[tuple[str, str], Any]]:
    for resource in plan.resources.values():
        yield ("resource", resource.name), resource.declared
        for field in resource.fields:
            if field.kind == "enum":
                kind = type(field.codec.load(field.codec.schema["enum"][0]))
                yield ("enum", kind.__qualname__), kind
    for one in plan.notifications:
        yield ("notification", one.name), one.declared
    for item in items.values():
        if item.subject is not None:
            for part in item.subject.code.parts.values():
                yield from _of_part(part)


def _of_part(part: Part) -> Iterator[tuple[tuple[str, str], Any]]:
    for value in part.outer.values():
        if isinstance(value, type) and hasattr(value, "__members__"):
            yield ("enum", value.__qualname__), value
        elif type(value).__module__.startswith("techlead.declare.") and isinstance(getattr(value, "name", None), str):
            yield ("declared", value.name), value
