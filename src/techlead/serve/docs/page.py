"""The page: what a backend is, how to begin, then each group of operations, then what holds for all of them."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from techlead.derive.openapi import ApiLimits, openapi
from techlead.derive.openapi.operations import HOUSE, group_of
from techlead.derive.plan import Operation, Plan
from techlead.serve.docs.conventions import beginning, conventions, errors
from techlead.serve.docs.html import Html, element, joined, prose
from techlead.serve.docs.operation import operation_card
from techlead.serve.docs.resource import fields_table
from techlead.serve.docs.style import STYLE

Groups = dict[str, list[Operation]]


def page(plan: Plan, limits: ApiLimits) -> str:
    """Write the documentation of a Plan as one HTML page that needs nothing else."""
    document = openapi(plan, limits)
    groups = _groups(plan)
    main = element(
        "main",
        _header(plan, document),
        beginning(plan, document),
        *(_section(plan, document, name, operations) for name, operations in groups.items()),
        conventions(limits),
        errors(document),
        id="main",
    )
    skip = element("a", "Skip to the content", href="#main", class_="skip")
    body = element("body", skip, _navigation(plan, groups), main)
    return f"<!doctype html>\n{element('html', _head(plan), body, lang='en')}\n"


def _head(plan: Plan) -> Html:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{plan.name} API"),
        element("style", Html(STYLE)),
    )


def _groups(plan: Plan) -> Groups:
    every = (*plan.operations, *HOUSE)
    return {name: list(found) for name, found in groupby(every, key=lambda one: group_of(plan, one))}


def _header(plan: Plan, document: dict[str, Any]) -> Html:
    version = element("code", document["info"]["version"])
    return element(
        "header",
        element("h1", plan.name),
        element(
            "p", joined(["Version ", version, " · ", element("a", "openapi.json", href="openapi.json")]), class_="quiet"
        ),
    )


def _navigation(plan: Plan, groups: Groups) -> Html:
    links = [_link("begin", "Begin")]
    for name, operations in groups.items():
        inner = (element("li", element("a", _short(one), href=f"#{one.name}")) for one in operations)
        links.append(_link(f"group-{name}", _title(plan, name), element("ul", *inner)))
    links += [_link("rules", "Conventions"), _link("errors", "Errors")]
    return element(
        "nav", element("a", plan.name, href="#main", class_="name"), element("ul", *links), aria_label="Contents"
    )


def _link(target: str, words: str, *more: Html) -> Html:
    return element("li", element("a", words, href=f"#{target}"), *more)


def _short(operation: Operation) -> Html:
    return joined([element("b", operation.method, class_=f"method {operation.method.lower()}"), " ", operation.path])


def _title(plan: Plan, name: str) -> str:
    return next((one.name for one in plan.resources.values() if one.path == name), name)


def _section(plan: Plan, document: dict[str, Any], name: str, operations: list[Operation]) -> Html:
    resource = next((one for one in plan.resources.values() if one.path == name), None)
    if name == "Accounts":
        resource = plan.accounts
    words = next((tag.get("description", "") for tag in document["tags"] if tag["name"] == name), "")
    return element(
        "section",
        element("h2", _title(plan, name)),
        *(element("p", prose(paragraph)) for paragraph in words.split("\n\n") if paragraph),
        *([fields_table(resource)] if resource is not None and (name == "Accounts" or not resource.is_account) else []),
        *(operation_card(plan, document, operation) for operation in operations),
        id=f"group-{name}",
    )
