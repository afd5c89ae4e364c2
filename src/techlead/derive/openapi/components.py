"""What operations share, by name: shapes, answers, parameters, headers, and how to sign in."""

from __future__ import annotations

from typing import Any

from techlead.derive.openapi.answers import HEADERS, by_status, problem_answer, response_name
from techlead.derive.openapi.faults import errors_of
from techlead.derive.openapi.inbox import inbox_shapes
from techlead.derive.openapi.limits import ApiLimits
from techlead.derive.openapi.parameters import KEYED, shared_parameters
from techlead.derive.openapi.problems import problem_shape
from techlead.derive.openapi.reach import reach_shapes
from techlead.derive.openapi.shapes import id_shape, register_shape, resource_shapes, update_shape
from techlead.derive.openapi.sight import always_sees
from techlead.derive.openapi.steering import steering_shapes
from techlead.derive.openapi.values import Schema
from techlead.derive.plan import Operation, Plan
from techlead.errors import MethodNotAllowed

Document = dict[str, Any]


def components(plan: Plan, every: tuple[Operation, ...], limits: ApiLimits) -> Document:
    """Write everything that operations refer to by name."""
    groups = {group for operation in every for group in by_status(errors_of(plan, operation))}
    answers = {response_name(group): problem_answer(group) for group in groups}
    problems = {error for group in groups for error in group} | {MethodNotAllowed}
    kinds = frozenset(one.kind for one in every)
    schemas = {**_account_shapes(plan, limits), **reach_shapes(kinds), **steering_shapes(kinds)}
    for resource in plan.resources.values():
        own = [one for one in plan.operations if one.resource == resource.name]
        schemas |= resource_shapes(plan, resource, frozenset(one.kind for one in own), limits)
        if any(one.kind in ("create", "update") and not always_sees(resource, one) for one in own):
            schemas[f"{resource.name}.id"] = id_shape(resource)
    schemas |= {
        f"problem.{error.__name__}": problem_shape(error) for error in sorted(problems, key=lambda one: one.__name__)
    }
    shared = shared_parameters(limits)
    if not any(one.kind in KEYED for one in every):
        del shared["idempotency_key"]
    found: Document = {
        "schemas": schemas,
        "responses": dict(sorted(answers.items())),
        "parameters": shared,
        "headers": HEADERS,
    }
    if plan.account is not None:
        words = "A session's token, from `/auth/login`; it ends with `/auth/logout`."
        found["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "description": words}}
    return found


def _account_shapes(plan: Plan, limits: ApiLimits) -> dict[str, Schema]:
    if plan.account is None:
        return {}
    account = plan.accounts
    return {
        "account.register": register_shape(account, limits),
        "account.login": _login_shape(),
        "account.update": update_shape(field for field in account.fields if field.name != "email"),
        **inbox_shapes(limits),
    }


def _login_shape() -> Schema:
    email = {"type": "string", "format": "email", "examples": ["alice@example.com"]}
    password = {"type": "string", "writeOnly": True, "examples": ["some words that only you know"]}
    return {
        "type": "object",
        "properties": {"email": email, "password": password},
        "required": ["email", "password"],
        "additionalProperties": False,
    }
