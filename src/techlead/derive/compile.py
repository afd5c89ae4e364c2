"""Declarations become a Plan: names are resolved, everything is checked, and all that cannot stand is refused at once."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from techlead.declare.account import Account
from techlead.declare.action import Action
from techlead.declare.backend import Declarations
from techlead.declare.notification import Notification, Way
from techlead.declare.outside import Event, System
from techlead.declare.resource import Resource
from techlead.derive import checks
from techlead.derive.annotations import Unfit
from techlead.derive.fields import resolve_fields
from techlead.derive.operations import operations
from techlead.derive.parameters import Parameters
from techlead.derive.plan import (
    Access,
    ActionPlan,
    BodyPlan,
    FieldPlan,
    NotificationPlan,
    Plan,
    ResourcePlan,
)
from techlead.derive.refusals import Refusals
from techlead.derive.templates import FILE_NAME, Template
from techlead.primitives import text

FieldsOf = dict[str, tuple[FieldPlan, ...]]


def derive(declarations: Declarations, templates: Mapping[str, str] | None = None) -> Plan:
    """Derive everything from a backend's declarations; DeclarationsRefused names all that cannot stand.

    `templates` holds the sources of its messages by file name: `order_placed.md`, `order_placed.de.md`.
    """
    refusals = Refusals()
    checks.declared(declarations, refusals)
    names = {declared.__name__: declared for declared in declarations.resources}
    fields: FieldsOf = {name: resolve_fields(declared, names, text.snake, refusals) for name, declared in names.items()}
    checks.led_to(names, fields, refusals)
    refusals.end()
    account = declarations.accounts[0].__name__ if declarations.accounts else None
    resources = {
        name: _resource(declared, names, fields, account, refusals) for name, declared in sorted(names.items())
    }
    notifications = tuple(
        _notification(one, templates or {}) for declared in names.values() for one in declared.declaration.notifications
    )
    plan = Plan(
        declarations.name,
        declarations.roles,
        account,
        resources,
        tuple(sorted(notifications, key=lambda one: one.name)),
        (),
        tuple(sorted(declarations.outside.systems, key=lambda one: one.name)),
        tuple(sorted(declarations.outside.incoming, key=lambda one: one.name)),
        declarations.outside.channels,
    )
    plan = replace(plan, operations=operations(plan))
    checks.templated(plan, declarations.origin, templates or {}, refusals)
    checks.planned(plan, refusals)
    refusals.end()
    return plan


def _resource(
    declared: type[Resource],
    names: Mapping[str, type[Resource]],
    fields: FieldsOf,
    account: str | None,
    refusals: Refusals,
) -> ResourcePlan:
    said = declared.declaration
    own = fields[declared.__name__]
    actions = [_action(one, names, fields, account, refusals) for one in said.actions]
    planned = sorted((one for one in actions if one is not None), key=lambda one: one.name)
    return ResourcePlan(
        name=declared.__name__,
        declared=declared,
        table=text.snake(declared.__name__),
        prefix=text.snake(declared.__name__),
        path=said.plural or text.kebab(text.plural(declared.__name__)),
        description=_description(declared),
        fields=own,
        access=Access(said.read, said.create, said.update, said.delete, said.history),
        soft_delete=said.soft_delete,
        unique=said.unique,
        indexed=said.indexed,
        owner=next((field.name for field in own if field.spec.source.kind == "owner"), None),
        is_account=issubclass(declared, Account),
        actions=tuple(one for one in planned if not one.on_create),
        on_create=tuple(one for one in planned if one.on_create),
        origin=said.origin,
    )


def _action(
    action: Action[...],
    names: Mapping[str, type[Resource]],
    fields: FieldsOf,
    account: str | None,
    refusals: Refusals,
) -> ActionPlan | None:
    parameters = Parameters(action.resource, fields, account)
    found = _arguments(action, parameters, names, refusals)
    if len(found) <= len(action.when):
        return None
    arguments, *of_rules = found
    body = None
    if parameters.body is not None:
        body = BodyPlan(parameters.body, resolve_fields(parameters.body, names, text.snake, refusals))
    return ActionPlan(
        name=action.name,
        resource=action.resource.__name__,
        function=action.function,
        arguments=arguments,
        by=action.by,
        rules=tuple(zip(action.when, of_rules, strict=True)),
        parameters=tuple(parameters.found.values()),
        body=body,
        on_create=action.on_create,
        origin=action.origin,
        description=inspect.getdoc(action.function) or "",
        outside=action.on if isinstance(action.on, System | Event) else None,
        examples=action.examples,
    )


def _arguments(
    action: Action[...], parameters: Parameters, names: Mapping[str, type[Resource]], refusals: Refusals
) -> list[tuple[str, ...]]:
    """Resolve the parameters of an action and of its rules, in order; one that cannot be resolved is left out."""
    functions = [("", action.function), *((f"its rule {rule.name}: ", rule.function) for rule in action.when)]
    found = []
    for who, function in functions:
        try:
            found.append(parameters.of(function, names))
        except Unfit as unfit:
            reason, mend = unfit.args
            refusals.add(action.origin, f"{action.resource.__name__}.{action.name}", f"{who}{reason}", mend)
    return found


def _notification(declared: Notification[Any], templates: Mapping[str, str]) -> NotificationPlan:
    ways = [one for one in declared.via if isinstance(one, Way)]
    return NotificationPlan(
        declared.name,
        declared.resource.__name__,
        declared.to,
        tuple(one.channel if isinstance(one, Way) else one for one in declared.via),
        declared.subject or declared.name.replace("_", " ").capitalize(),
        declared.text,
        declared.origin,
        declared,
        declared.code,
        {way.channel: way.path for way in ways},
        _templates(declared.name, templates),
    )


def _templates(name: str, sources: Mapping[str, str]) -> Mapping[str, Template]:
    found = {}
    for file, source in sorted(sources.items()):
        match = FILE_NAME.fullmatch(file)
        if match is not None and match[1] == name:
            found[match[2] or ""] = Template(name, match[2] or "", file, source)
    return found


def _description(declared: type[Resource]) -> str:
    return inspect.cleandoc(declared.__doc__) if declared.__doc__ else ""
