"""Looks at a webhook address when it is set: one that redirects, leads nowhere or lies about TLS is refused at once.

Asked is one HEAD, through the same door as everything that is sent there later. A receiver that is down just now is
taken, for that will pass. In development nothing is asked; the address alone is checked, as everywhere.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from techlead.deliver.asking import Asking, Limits, Unreached
from techlead.deliver.port import Fault
from techlead.derive.plan import ResourcePlan
from techlead.errors import FieldError, InvalidFields
from techlead.serve.runtime import Runtime

Probe = Callable[[Mapping[str, Any]], Awaitable[None]]
LIMITS: Final = Limits(connect_seconds_max=3.0, total_seconds_max=5.0, body_bytes_max=0)
REDIRECTS: Final = range(300, 400)
REFUSED: Final[Mapping[Fault, str]] = {
    Fault.GUARDED: "must not lead into a private network.",
    Fault.DNS: "must have a host that exists.",
    Fault.TLS: "must have a certificate that is valid for its host.",
}
"""What no later try will mend."""


def probe_of(runtime: Runtime, resource: ResourcePlan) -> Probe | None:
    """Give what looks at the addresses among values that were sent; None when there is nothing to look at."""
    names = tuple(field.name for field in resource.fields if field.kind == "webhook_url" and field.writable)
    if not names or not (runtime.settings.production and runtime.settings.webhook_probe):
        return None

    async def probe(given: Mapping[str, Any]) -> None:
        errors = []
        for name in names:
            said = await _said(runtime, given[name]) if given.get(name) else None
            if said is not None:
                errors.append(FieldError(f"/{name}", said))
        if errors:
            raise InvalidFields(errors=tuple(errors))

    return probe


async def _said(runtime: Runtime, address: str) -> str | None:
    try:
        answer = await runtime.doors.people.send(Asking("HEAD", address), LIMITS)
    except Unreached as unreached:
        return REFUSED.get(unreached.fault)
    return "must not redirect." if answer.status in REDIRECTS else None
