"""The page."""

from __future__ import annotations

import html

from techlead.derive.openapi import ApiLimits
from techlead.derive.plan import Plan


def page(plan: Plan, _limits: ApiLimits) -> str:
    """Write the page."""
    return f"<!doctype html><title>{html.escape(plan.name)}</title>"
