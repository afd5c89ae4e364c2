"""A Plan as data: what `techlead plan --json` prints; names and order are stable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from techlead.declare.access import Policy
from techlead.declare.notification import Channel, Own
from techlead.declare.rule import Rule
from techlead.derive.access_summary import access_summary
from techlead.derive.matrix import Cell, access_matrix, may_ever, verdict
from techlead.derive.plan import ActionPlan, FieldPlan, NotificationPlan, Operation, Parameter, Plan, ResourcePlan
from techlead.derive.suggestion import written
from techlead.derive.words import source_words, traits, type_words

Data = dict[str, Any]


def plan_json(plan: Plan) -> Data:
    """Give everything derived as values that JSON can hold."""
    cells = access_matrix(plan)
    return {
        "backend": plan.name,
        "roles": list(plan.roles),
        "accounts": plan.account,
        "resources": [_resource(plan, one, cells) for one in plan.resources.values()],
        "operations": [_operation(one) for one in plan.operations if one.resource is None or one.kind in _ACCOUNT],
        "rules": list(_rules(plan)),
        "notifications": [_notification(one) for one in plan.notifications],
    }


_ACCOUNT = ("register", "login", "logout", "me", "change_me")


def _resource(plan: Plan, resource: ResourcePlan, cells: tuple[Cell, ...]) -> Data:
    own = [one for one in plan.operations if one.resource == resource.name and one.kind not in _ACCOUNT]
    access = resource.access
    return {
        "name": resource.name,
        "path": f"/{resource.path}",
        "description": resource.description,
        "policies": {name: str(getattr(access, name)) for name in ("read", "create", "update", "delete", "history")},
        "soft_delete": resource.soft_delete,
        "unique": [list(names) for names in resource.unique],
        "indexed": [list(names) for names in resource.indexed],
        "fields": [_field(one) for one in resource.fields],
        "operations": [{**_operation(one), **_action(resource, one)} for one in own],
        "on_create": [_does(one) for one in resource.on_create],
        **_access([cell for cell in cells if cell.resource == resource.name]),
    }


def _field(field: FieldPlan) -> Data:
    return {
        "name": field.name,
        "type": type_words(field),
        "source": source_words(field),
        "traits": list(traits(field)),
        "read": _said(field.read),
        "write": _said(field.write),
    }


def _said(policy: Policy | None) -> str | None:
    return None if policy is None else str(policy)


def _operation(operation: Operation) -> Data:
    return {
        "name": operation.name,
        "method": operation.method,
        "path": operation.path,
        "policy": str(operation.policy),
    }


def _action(resource: ResourcePlan, operation: Operation) -> Data:
    return next((_does(one) for one in resource.actions if one.name == operation.action), {})


def _does(action: ActionPlan) -> Data:
    return {
        "action": action.name,
        "description": action.description,
        "rules": [rule.name for rule, _ in action.rules],
        "knows": [_parameter(one) for one in action.parameters],
        "body": [_field(one) for one in action.body.fields] if action.body else [],
    }


def _parameter(parameter: Parameter) -> str:
    if parameter.kind == "aggregate":
        return f"{parameter.name}: {parameter.aggregate}"
    if parameter.kind == "reference" and parameter.via is not None:
        return f"{parameter.name}: {parameter.resource} behind {'.'.join(filter(None, parameter.via))}"
    return f"{parameter.name}: {parameter.resource or parameter.kind}"


def _access(cells: list[Cell]) -> Data:
    summed = access_summary(cells)
    said = {"may": dict(summed.may), "sees": dict(summed.sees), "sets": dict(summed.sets)}
    return {**said, "access": [_cell(cell) for cell in cells]}


def _cell(cell: Cell) -> Data:
    return {
        "operation": cell.operation,
        "actor": cell.actor.name,
        "may": verdict(cell.may),
        "reads": {one.field: verdict(one.read) for one in cell.fields if may_ever(one.read)},
        "writes": {one.field: verdict(one.write) for one in cell.fields if may_ever(one.write)},
    }


def _rules(plan: Plan) -> Iterator[Data]:
    guarded: dict[str, tuple[Rule[...], list[str]]] = {}
    for resource in plan.resources.values():
        for action in (*resource.on_create, *resource.actions):
            for rule, _ in action.rules:
                guarded.setdefault(rule.name, (rule, []))[1].append(f"{resource.name}.{action.name}")
    for name, (rule, actions) in sorted(guarded.items()):
        yield {
            "name": name,
            "because": rule.because,
            "message": rule.message,
            "guards": actions,
            "allows": [written(one) for one in rule.allows],
            "refuses": [written(one) for one in rule.refuses],
        }


def _way(notification: NotificationPlan, channel: Channel | Own) -> str:
    path = notification.at.get(channel)
    return channel.value if path is None else f"{channel.value} at {'.'.join(path)}"


def _notification(notification: NotificationPlan) -> Data:
    return {
        "name": notification.name,
        "about": notification.resource,
        "to": str(notification.to),
        "via": [_way(notification, channel) for channel in notification.via],
        "subject": notification.subject,
        "text": notification.text,
    }
