"""Templates: each is for a notification of this backend, in one language, and says no more than fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from techlead.declare.origin import Origin
from techlead.derive.checks.problem import nearest
from techlead.derive.plan import Plan
from techlead.derive.refusals import Refusals
from techlead.derive.templates import FILE_NAME, Template


def check(plan: Plan, origin: Origin, sources: Mapping[str, str], refusals: Refusals) -> None:
    """Refuse files that are no template of a notification, and templates that cannot stand."""
    known = {one.name: one for one in plan.notifications}
    for file in sorted(sources):
        match = FILE_NAME.fullmatch(file)
        if match is None:
            mend = "name it as its notification: order_placed.md, order_placed.de.md"
            refusals.add(origin, f"template {file}", "its name is none of a template", mend)
        elif match[1] not in known:
            reason = f"there is no notification {match[1]!r}"
            refusals.add(origin, f"template {file}", reason, nearest(match[1], known))
    for one in known.values():
        for template in one.templates.values():
            for reason, mend in _problems(template):
                refusals.add(one.origin, f"template {template.file}", reason, mend)


def _problems(template: Template) -> Iterator[tuple[str, str]]:
    from techlead.derive.rendering import problems  # noqa: PLC0415 - only who has templates pays for Jinja and Markdown

    return problems(template)
