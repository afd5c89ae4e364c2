"""The whole document: information, operations by path, shapes and answers by name; the order is stable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

from techlead.derive.openapi.components import components
from techlead.derive.openapi.limits import ApiLimits
from techlead.derive.openapi.operations import HOUSE, group_of, operation_object
from techlead.derive.plan import Operation, Plan

Document = dict[str, Any]


def openapi(plan: Plan, limits: ApiLimits | None = None) -> Document:
    """Write a Plan as OpenAPI 3.1: every operation, its shapes, its answers, its problems, and who may.

    Source: https://spec.openapis.org/oas/v3.1.1; problems as in RFC 9457.
    """
    limits = limits or ApiLimits()
    every = (*plan.operations, *HOUSE)
    document: Document = {
        "openapi": "3.1.1",
        "info": {"title": plan.name, "version": "", "description": _information(plan, limits)},
        "tags": list(_tags(plan, every)),
        "paths": _paths(plan, every),
        "components": components(plan, every, limits),
    }
    written = json.dumps([document["paths"], document["components"]], sort_keys=True)
    document["info"]["version"] = hashlib.sha256(written.encode()).hexdigest()[:12]
    return document


def _information(plan: Plan, limits: ApiLimits) -> str:
    signing = " Sign in at `/auth/login` and send `Authorization: Bearer TOKEN`." if plan.account else ""
    return (
        f"The API of {plan.name}, derived from its declarations.{signing} Bodies are JSON of at most "
        f"{limits.body_bytes_max} bytes; names that are not declared are refused. Errors are RFC 9457 problems, each with a "
        "stable `type`. Every unsafe request takes `Idempotency-Key`. GET answers HEAD, too; every address answers OPTIONS, "
        "and a method that is not here gets 405 with `Allow`. Addresses, headers and bodies that are too large get 414, 431 "
        "and 413. The version names the content of this document: it changes when, and only when, the API does."
    )


def _tags(plan: Plan, every: Iterable[Operation]) -> Iterator[Document]:
    words = {
        "Accounts": "Sign up, sign in, and your own account.",
        "Inbox": "Messages to you.",
        "Preferences": "What you are told, how and when.",
        "Incoming": "Signed messages of other systems.",
        "Backend": "The backend itself.",
    }
    words |= {resource.path: resource.description for resource in plan.resources.values() if resource.description}
    for name in dict.fromkeys(group_of(plan, operation) for operation in every):
        yield {"name": name, **({"description": words[name]} if name in words else {})}


def _paths(plan: Plan, every: Iterable[Operation]) -> Document:
    paths: Document = {}
    for operation in every:
        paths.setdefault(operation.path, {})[operation.method.lower()] = operation_object(plan, operation)
    return paths
