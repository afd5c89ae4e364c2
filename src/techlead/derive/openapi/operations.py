"""One operation as the document tells it: what it takes, what it answers, who may, and which rules stand before it."""

from __future__ import annotations

from typing import Any, Final

from techlead.declare.access import Nobody, anyone
from techlead.derive.access import ANONYMOUS, residual
from techlead.derive.openapi.answers import answers_of
from techlead.derive.openapi.faults import UNKNOWN_ACTOR
from techlead.derive.openapi.parameters import parameters_of
from techlead.derive.openapi.shapes import body_name, named
from techlead.derive.openapi.steering import BODIES as STEERED
from techlead.derive.openapi.steering import KINDS as STEERING
from techlead.derive.plan import ActionPlan, Operation, Plan, ResourcePlan

Document = dict[str, Any]

HOUSE: Final = (
    Operation("alive", "GET", "/healthz", "alive", None, anyone, "Ask whether the process answers."),
    Operation("ready", "GET", "/readyz", "ready", None, anyone, "Ask whether the database answers, too."),
    Operation("openapi", "GET", "/openapi.json", "openapi", None, anyone, "Read this document."),
    Operation("docs", "GET", "/docs", "docs", None, anyone, "Read about this backend on a page."),
)
"""What every backend answers beside the operations of its Plan."""
REACH: Final = (
    "preferences", "webhook_keys", "set_preferences", "ask_unsubscribe", "unsubscribe", "browsers", "add_browser", "remove_browser",
)  # fmt: skip
GROUPS: Final = {
    **dict.fromkeys(("register", "login", "logout", "me", "change_me"), "Accounts"),
    **dict.fromkeys(("inbox", "inbox_events", "inbox_read"), "Inbox"),
    **dict.fromkeys(UNKNOWN_ACTOR, "Backend"),
    "incoming": "Incoming",
    **dict.fromkeys(REACH, "Preferences"),
    **dict.fromkeys(STEERING, "Outbox"),
}
"""Where operations that belong to no resource stand; with capitals, so that no resource's path is called the same."""


def operation_object(plan: Plan, operation: Operation) -> Document:
    """Write an operation as an OpenAPI operation object."""
    action = _action(plan, operation)
    found: Document = {
        "operationId": operation.name,
        "tags": [group_of(plan, operation)],
        "summary": operation.summary,
        **({"description": action.description} if action and "\n" in action.description else {}),
        "parameters": parameters_of(plan, operation),
        **_request_body(operation, action),
        "responses": _linked(plan, operation, answers_of(plan, operation)),
        **_security(plan, operation),
        "x-techlead-policy": str(operation.policy),
    }
    if not found["parameters"]:
        del found["parameters"]
    rules = _rules(plan, operation, action)
    return {**found, "x-techlead-rules": rules} if rules else found


def group_of(plan: Plan, operation: Operation) -> str:
    """Name the group that an operation stands in: its resource's path, Accounts, Inbox or Backend."""
    if operation.kind in GROUPS:
        return GROUPS[operation.kind]
    return plan.resources[operation.resource or ""].path


def _request_body(operation: Operation, action: ActionPlan | None) -> Document:
    names = {
        "create": f"{operation.resource}.create",
        "update": f"{operation.resource}.update",
        "register": "account.register",
        "login": "account.login",
        "change_me": "account.update",
        "set_preferences": "preferences.update",
        "add_browser": "browser.create",
        "incoming": "incoming.message",
        **STEERED,
    }
    if action is not None and action.body is not None:
        names["action"] = body_name(action)
    if operation.kind not in names:
        return {}
    content = {"application/json": {"schema": named(names[operation.kind])}}
    return {"requestBody": {"required": True, "content": content}}


def _linked(plan: Plan, operation: Operation, answers: Document) -> Document:
    """Say what can be done next with a row just made: its id leads to the operations on one row."""
    if operation.kind != "create":
        return answers
    links = {
        one.name: {"operationId": one.name, "parameters": {"id": "$response.body#/id"}}
        for one in plan.operations
        if one.resource == operation.resource and "{id}" in one.path
    }
    return {**answers, "201": {**answers["201"], "links": links}} if links else answers


def _security(plan: Plan, operation: Operation) -> Document:
    if plan.account is None or operation.kind in ("register", "login", *UNKNOWN_ACTOR):
        return {"security": []}
    closed = isinstance(residual(operation.policy, ANONYMOUS), Nobody)
    return {"security": [{"bearer": []}] if closed else [{}, {"bearer": []}]}


def _rules(plan: Plan, operation: Operation, action: ActionPlan | None) -> list[Document]:
    actions = [action] if action else []
    if operation.kind in ("create", "register"):
        resource = plan.resources[operation.resource or plan.account or ""]
        actions = list(resource.on_create)
    return [{"rule": rule.name, "message": rule.message} for one in actions for rule, _ in one.rules]


def _action(plan: Plan, operation: Operation) -> ActionPlan | None:
    if operation.action is None:
        return None
    resource: ResourcePlan = plan.resources[operation.resource or ""]
    return next(action for action in resource.actions if action.name == operation.action)
