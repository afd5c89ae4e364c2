"""What contradicts itself or is unsafe is refused at start, all at once, each with its reason and its mend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from techlead.declare.backend import Declarations
from techlead.derive.plan import FieldPlan, Plan
from techlead.derive.refusals import Refusals


def names(declarations: Declarations, refusals: Refusals) -> None:
    """Refuse names that clash or that the API cannot carry."""


def references(names: Mapping[str, Any], fields: Mapping[str, tuple[FieldPlan, ...]], refusals: Refusals) -> None:
    """Refuse references to what is not a resource of the backend."""


def plan(plan: Plan, declarations: Declarations, refusals: Refusals) -> None:
    """Refuse policies, rules, actions and notifications that cannot stand."""
