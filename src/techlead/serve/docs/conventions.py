"""How to begin, and what holds for every operation: said once."""

from __future__ import annotations

from typing import Any

from techlead.derive.openapi import ApiLimits
from techlead.derive.plan import Plan
from techlead.serve.docs.curl import curl
from techlead.serve.docs.html import Html, element, joined, prose


def beginning(plan: Plan, document: dict[str, Any]) -> Html:
    """Write the first steps: the address, an account, a token."""
    address = "export API=http://127.0.0.1:8000   # where this backend answers"
    steps = [("Name the backend's address:", address)]
    if plan.account:
        login = curl(document, "POST", "/auth/login")
        steps += [
            ("Create an account:", curl(document, "POST", "/auth/register")),
            ("Sign in; the answer holds your token:", login),
            ("Keep it for what follows:", "export TOKEN=..."),
        ]
    else:
        steps.append(("Ask whether it answers:", curl(document, "GET", "/healthz")))
    items = [element("li", words, element("pre", element("code", command), tabindex="0")) for words, command in steps]
    return element("section", element("h2", "Begin"), element("ol", *items), id="begin")


def conventions(limits: ApiLimits) -> Html:
    """Write what holds for every operation."""
    said = {
        "Bodies": f"JSON objects of at most {limits.body_bytes_max:,} bytes. A name that is not declared is refused, and every "
        "fault is named at once.",
        "Pages": f"Lists answer `items` and `next`: send `next` as `after` to get the next page. `limit` is 1 to {limits.page_rows_max}, "
        f"{limits.page_rows} when you say nothing. `sort` names a field, with - the greatest first.",
        "Once": "Every POST, PATCH and DELETE but the log-in takes `Idempotency-Key`: the same key with the same request is done "
        "once and answered the same, for a day.",
        "Changes": "The answer with a row carries its `ETag`. Send it as `If-Match`, and the row is changed only if it is still the "
        "same; as `If-None-Match`, and you get 304 while nothing has changed.",
        "Who sees what": "A row that you may not see looks like one that is not there: 404. A field that you may not see is "
        "left out.",
        "Limits": "Too long an address gets 414, too large headers 431. A backend that is busy or stopping answers 503 with "
        "`Retry-After`: nothing was lost, try again then.",
    }
    cells = (joined([element("dt", name), element("dd", prose(words))]) for name, words in said.items())
    return element("section", element("h2", "Conventions"), element("dl", *cells, class_="wide"), id="rules")


def errors(document: dict[str, Any]) -> Html:
    """Write every error with its stable type."""
    found = [
        one["properties"] for name, one in document["components"]["schemas"].items() if name.startswith("problem.")
    ]
    ranked = sorted(found, key=lambda one: (one["status"]["const"], one["type"]["const"]))
    rows = [_error(one["status"]["const"], one["type"]["const"], one["title"]["const"]) for one in ranked]
    words = "Errors are RFC 9457 problems (application/problem+json). Their type never changes; decide by it, not by the text."
    table = element("table", element("tbody", *rows), class_="answers")
    return element("section", element("h2", "Errors"), element("p", words), table, id="errors")


def _error(status: int, problem_type: str, title: str) -> Html:
    name = problem_type.rpartition(":")[2]
    words = element("td", element("code", problem_type), element("br"), prose(title))
    return element("tr", element("th", str(status), scope="row"), words, id=f"problem-{name}")
