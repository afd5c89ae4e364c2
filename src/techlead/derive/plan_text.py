"""A Plan as text: what `techlead plan` prints, one fact on each line and no columns, so that a diff shows just what changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from techlead.derive.plan import Plan
from techlead.derive.plan_json import plan_json

__all__ = ["plan_json", "plan_text"]

Data = dict[str, Any]


def plan_text(plan: Plan) -> str:
    """Write everything derived, in a stable order."""
    return "\n".join(_lines(plan_json(plan)))


def _lines(data: Data) -> Iterator[str]:
    yield f"backend {data['backend']}"
    yield f"roles: {', '.join(data['roles']) or 'none'}"
    yield f"accounts: {data['accounts'] or 'none'}"
    yield from (_operation(one) for one in data["operations"])
    for resource in data["resources"]:
        yield from ("", *_resource(resource))
    for rule in data["rules"]:
        yield from ("", *_rule(rule))
    for notification in data["notifications"]:
        yield from ("", *_notification(notification))


def _resource(data: Data) -> Iterator[str]:
    yield f"resource {data['name']} at {data['path']}"
    yield from (f"  {line}".rstrip() for line in data["description"].splitlines())
    yield from (f"  {verb}: {policy}" for verb, policy in data["policies"].items())
    if data["soft_delete"]:
        yield "  deleted rows are kept for their history"
    yield from (f"  unique together: {', '.join(names)}" for names in data["unique"])
    yield from (f"  indexed together: {', '.join(names)}" for names in data["indexed"])
    yield from (f"  field {line}" for field in data["fields"] for line in _field(field))
    for operation in data["operations"]:
        yield f"  {_operation(operation)}"
        yield from (f"    {line}" for line in _does(operation))
    for action in data["on_create"]:
        yield f"  on create: {action['action']}"
        yield from (f"    {line}" for line in _does(action))
    for verb in ("may", "sees", "sets"):
        yield from (f"  {verb} {name}: {who}" for name, who in data[verb].items())


def _field(data: Data) -> Iterator[str]:
    yield f"{data['name']}: {'; '.join([data['type'], data['source'], *data['traits']])}"
    for verb in ("read", "write"):
        if data[verb] is not None:
            yield f"{data['name']} {verb}: {data[verb]}"


def _operation(data: Data) -> str:
    return f"operation {data['name']}: {data['method']} {data['path']}: {data['policy']}"


def _does(data: Data) -> Iterator[str]:
    yield from (line.rstrip() for line in data.get("description", "").splitlines())
    yield from (f"when {rule}" for rule in data.get("rules", ()))
    yield from (f"knows {parameter}" for parameter in data.get("knows", ()))
    yield from (f"takes {line}" for field in data.get("body", ()) for line in _field(field))


def _rule(data: Data) -> Iterator[str]:
    yield f"rule {data['name']}"
    yield f"  because {data['because']}"
    yield f"  tells {data['message']}"
    yield from (f"  guards {action}" for action in data["guards"])
    yield from (f"  allows {example}" for example in data["allows"])
    yield from (f"  refuses {example}" for example in data["refuses"])


def _notification(data: Data) -> Iterator[str]:
    yield f"notification {data['name']} about {data['about']}"
    yield f"  to {data['to']}"
    yield f"  via {', '.join(data['via'])}"
    yield f"  subject {data['subject']}"
    yield f"  text {data['text']}"
