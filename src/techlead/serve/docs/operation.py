"""One operation as a card: its address, who may, what it takes, a command to paste, and every answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from techlead.derive.openapi.faults import ALWAYS, BODY, ONCE, WRITE, errors_of, status_of
from techlead.derive.plan import FieldPlan, Operation, Plan
from techlead.derive.words import policy_words, type_words
from techlead.errors import TechleadError, UnsupportedMediaType, slug, summary
from techlead.serve.docs.curl import curl
from techlead.serve.docs.html import Html, element, joined, prose

MOMENT: Final = frozenset({*ALWAYS, *WRITE})
"""Errors of the moment: any operation can answer them, and the conventions say so once."""
FORM: Final = frozenset({*BODY, *ONCE, UnsupportedMediaType})
"""Errors of a request's form, which do not come of what the operation does."""


def operation_card(plan: Plan, document: dict[str, Any], operation: Operation) -> Html:
    """Write an operation, folded to one line until it is asked for."""
    described = document["paths"][operation.path][operation.method.lower()]
    resource = plan.resources.get(operation.resource or "")
    head = element(
        "summary",
        element("b", operation.method, class_=f"method {operation.method.lower()}"),
        element("code", operation.path),
        element("span", operation.summary, class_="what"),
        element("span", policy_words(operation.policy, resource), class_="who"),
    )
    return element("details", head, *_body(plan, document, operation, described), class_="operation", id=operation.name)


def _body(plan: Plan, document: dict[str, Any], operation: Operation, described: dict[str, Any]) -> Iterator[Html]:
    resource = plan.resources.get(operation.resource or "")
    words, written = policy_words(operation.policy, resource), str(operation.policy)
    as_written = [" ", element("code", written)] if written != words else []
    yield element("p", element("strong", "Who may: "), words, *as_written, class_="may")
    if "\n" in described.get("description", ""):
        _, _, more = described["description"].partition("\n")
        yield from (element("p", prose(paragraph)) for paragraph in more.strip().split("\n\n") if paragraph)
    yield from _rules(described)
    yield from _takes(plan, operation)
    yield from _parameters(document, described)
    yield element("pre", element("code", curl(document, operation.method, operation.path)), tabindex="0")
    yield from _answers(plan, operation, described)


def _rules(described: dict[str, Any]) -> Iterator[Html]:
    rules = described.get("x-techlead-rules")
    if rules:
        items = [element("li", prose(one["message"]), " ", element("code", one["rule"])) for one in rules]
        yield element("p", element("strong", "Refused when:"))
        yield element("ul", *items)


def _takes(plan: Plan, operation: Operation) -> Iterator[Html]:
    resource = plan.resources.get(operation.resource or "")
    action = next((one for one in resource.actions if one.name == operation.action), None) if resource else None
    if action is not None and action.body is not None:
        yield _definitions((field.name, _words(field)) for field in action.body.fields)


def _words(field: FieldPlan) -> str:
    return f"{type_words(field)}; {'required' if field.required else 'optional'}"


def _parameters(document: dict[str, Any], described: dict[str, Any]) -> Iterator[Html]:
    shared = document["components"]["parameters"]
    given = [shared.get(one.get("$ref", "").rpartition("/")[2], one) for one in described.get("parameters", ())]
    query = [(one["name"], one["description"]) for one in given if one["in"] == "query"]
    if query:
        yield element("details", element("summary", f"{len(query)} query parameters"), _definitions(query))


def _definitions(rows: Iterable[tuple[str, str]]) -> Html:
    cells = (joined([element("dt", element("code", name)), element("dd", prose(words))]) for name, words in rows)
    return element("dl", *cells)


def _answers(plan: Plan, operation: Operation, described: dict[str, Any]) -> Iterator[Html]:
    good = [(status, one["description"]) for status, one in described["responses"].items() if status < "400"]
    rows = [element("tr", element("th", status, scope="row"), element("td", prose(words))) for status, words in good]
    found = errors_of(plan, operation)
    rows += [_error(error) for error in found if error not in MOMENT | FORM]
    yield element("table", element("tbody", *rows), class_="answers")
    links = [element("a", slug(error), href=f"#problem-{slug(error)}") for error in found if error in FORM]
    if links:
        yield element("p", "For a request's form: ", Html(", ".join(links)), ".", class_="quiet")


def _error(error: type[TechleadError]) -> Html:
    name = slug(error)
    link = element("a", name, href=f"#problem-{name}")
    words = element("td", link, ": ", prose(summary(error)))
    return element("tr", element("th", str(status_of(error)), scope="row"), words)
