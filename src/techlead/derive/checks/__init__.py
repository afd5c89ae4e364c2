"""What contradicts itself or is unsafe is refused at start, all at once, each with its reason and its mend.

Three rounds, because each needs what the one before has made: what was declared, what its references lead to, and
the Plan. One file per noun; each check yields problems, a reason with its mend, and never raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from techlead.declare.backend import Declarations
from techlead.declare.origin import Origin
from techlead.derive.checks import (
    actions,
    audience,
    copies,
    examples,
    fields,
    names,
    notifications,
    outside,
    policies,
    purity,
    references,
    rules,
    strays,
    templates,
)
from techlead.derive.plan import FieldPlan, Plan
from techlead.derive.refusals import Refusals

__all__ = ["declared", "led_to", "planned", "templated"]


def declared(declarations: Declarations, refusals: Refusals) -> None:
    """Refuse what is wrong before any type is read: names, policies without accounts, rules without reasons."""
    for check in (names.check, strays.check, policies.check_declared, rules.check, actions.check_declared,
                  notifications.check_declared, outside.check_declared, purity.check):  # fmt: skip
        check(declarations, refusals)


def led_to(known: Mapping[str, Any], found: Mapping[str, tuple[FieldPlan, ...]], refusals: Refusals) -> None:
    """Refuse references to what is not a resource of the backend."""
    references.check(known, found, refusals)


def templated(plan: Plan, origin: Origin, sources: Mapping[str, str], refusals: Refusals) -> None:
    """Refuse templates that are for no notification, or that say more than they may."""
    templates.check(plan, origin, sources, refusals)


def planned(plan: Plan, refusals: Refusals) -> None:
    """Refuse fields, policies, actions, examples and notifications that cannot stand."""
    for check in (fields.check, copies.check, policies.check, audience.check, actions.check, examples.check,
                  notifications.check, outside.check):  # fmt: skip
        check(plan, refusals)
