"""Calls to others that wait for ever, trust anybody, or never stop trying."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from techlead.audit.finding import Note
from techlead.audit.source.module import Module, constant, keyword, spread

VERBS: Final = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request"})
LASTING: Final = frozenset({"requests.Session", "requests.session"})
TIMEOUT_AT: Final = {"urllib.request.urlopen": 2, "smtplib.SMTP": 3, "smtplib.SMTP_SSL": 5}
"""Calls whose default is to wait for ever, and where a time-out stands among their arguments."""
RETRIES: Final = frozenset({"tenacity.retry", "retrying.retry", "retry.retry"})
BOUNDS: Final = frozenset({"stop", "stop_max_attempt_number", "stop_max_delay", "stop_func", "tries"})
BACKOFFS: Final = frozenset({"backoff.on_exception", "backoff.on_predicate"})
UNVERIFIED: Final = frozenset({"ssl._create_unverified_context", "ssl._create_stdlib_context"})


def waits(module: Module) -> Iterator[Note]:
    """Find HTTP and SMTP calls without a time-out."""
    sessions = _sessions(module)
    for call in module.nodes(ast.Call):
        name = module.called(call)
        head, _, verb = name.rpartition(".")
        if spread(call):
            continue
        if (verb in VERBS and (head == "requests" or head in sessions) and _endless(keyword(call, "timeout"))) or (
            name in TIMEOUT_AT and len(call.args) <= TIMEOUT_AT[name] and _endless(keyword(call, "timeout"))
        ):
            yield Note("outbound.no-timeout", module.where(call), f"`{name}` without a time-out waits for ever")
        elif name.startswith(("httpx.", "aiohttp.ClientTimeout")) and any(
            constant(keyword(call, limit), value=None) for limit in ("timeout", "total")
        ):
            yield Note(
                "outbound.no-timeout", module.where(call), f"`{name}` with its time-out switched off waits for ever"
            )


def trusts(module: Module) -> Iterator[Note]:
    """Find TLS whose certificates nobody checks."""
    mail = "smtplib" in {name.partition(".")[0] for name in module.names.values()}
    for call in module.nodes(ast.Call):
        name = module.called(call)
        if mail and isinstance(call.func, ast.Attribute) and call.func.attr == "starttls":
            if not spread(call) and keyword(call, "context") is None:
                yield Note(
                    "outbound.tls-unverified",
                    module.where(call),
                    "`starttls()` without a context checks no certificate",
                )
        elif name == "smtplib.SMTP_SSL" and not spread(call) and keyword(call, "context") is None:
            yield Note(
                "outbound.tls-unverified", module.where(call), "`SMTP_SSL` without a context checks no certificate"
            )
        elif name.partition(".")[0] in {"requests", "httpx"} and constant(keyword(call, "verify"), value=False):
            yield Note(
                "outbound.tls-unverified", module.where(call), f"`{name}` with `verify=False` checks no certificate"
            )
        elif name in UNVERIFIED:
            yield Note(
                "outbound.tls-unverified", module.where(call), f"`{name}` makes a context that checks no certificate"
            )


def retries(module: Module) -> Iterator[Note]:
    """Find decorators that retry without end."""
    for decorator in (decorator for function in module.functions() for decorator in function.decorator_list):
        call = decorator if isinstance(decorator, ast.Call) else None
        name = module.called(call) if call else module.dotted(decorator)
        given = {argument.arg for argument in call.keywords} if call else set()
        if name in RETRIES and not given & BOUNDS and None not in given and not (call and call.args):
            yield Note("outbound.unbounded-retry", module.where(decorator), f"`@{name}` without a bound never stops")
        elif name in BACKOFFS and not given & {"max_tries", "max_time"} and None not in given:
            yield Note(
                "outbound.unbounded-retry", module.where(decorator), f"`@{name}` without `max_tries` never stops"
            )


def _sessions(module: Module) -> frozenset[str]:
    """Give the names that hold a `requests.Session`."""
    made = [(node.value, target) for node in module.nodes(ast.Assign) for target in node.targets]
    entered = [(node.context_expr, node.optional_vars) for node in module.nodes(ast.withitem) if node.optional_vars]
    held = (
        target for value, target in (*made, *entered) if isinstance(value, ast.Call) and module.called(value) in LASTING
    )
    return frozenset(module.dotted(target) for target in held) - {""}


def _endless(timeout: ast.expr | None) -> bool:
    return timeout is None or constant(timeout, value=None)
