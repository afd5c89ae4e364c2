"""The parts of a read policy that an index answers each in the order of the ids: `owner | the("seller")` is two.

A list of either's rows, asked for in one condition, is found whole and sorted at each page. Asked for one part after
the other, each gives the few rows that a page can need, and the page is made of those.
"""

from __future__ import annotations

from techlead.declare.access import AllOf, AnyOf, Not, Owner, Policy, The


def branches(policy: Policy) -> tuple[Policy, ...]:
    """Split a residual policy into parts of which no two hold the same row; itself alone where an index helps no part."""
    parts = policy.parts if isinstance(policy, AnyOf) else ()
    if not parts or not all(_has_an_index(part) for part in parts):
        return (policy,)
    return tuple(AllOf((part, *(Not(before) for before in parts[:place]))) for place, part in enumerate(parts))


def _has_an_index(part: Policy) -> bool:
    """Tell whether a part asks for one account in a reference of the row itself, beside whatever else it asks for."""
    if isinstance(part, AllOf):
        return any(_has_an_index(one) for one in part.parts)
    return isinstance(part, Owner) or (isinstance(part, The) and len(part.path) == 1)
