"""Whether who creates or changes a row surely sees it: where not, the answer may hold its id alone."""

from __future__ import annotations

from techlead.declare.access import AllOf, AnyOf, Anyone, Nobody, Owner, Policy, SignedIn
from techlead.derive.access import ANONYMOUS, residual
from techlead.derive.plan import Operation, ResourcePlan


def always_sees(resource: ResourcePlan, operation: Operation) -> bool:
    """Tell whether everybody who may do the operation may read the row it answers with."""
    if operation.kind in ("read", "me", "change_me", "register"):
        return True
    read = resource.access.read
    creates = operation.kind == "create" and resource.owner is not None
    if creates and any(isinstance(part, Owner) for part in _ways(read)) and _closed(operation.policy):
        return True
    return covers(read, operation.policy)


def covers(wide: Policy, narrow: Policy) -> bool:
    """Tell whether one policy surely allows all that another allows; False when that cannot be told."""
    return all(any(_follows(way, part) for way in _ways(wide)) for part in _ways(narrow))


def _follows(way: Policy, part: Policy) -> bool:
    if isinstance(way, Anyone) or way == part:
        return True
    if isinstance(way, SignedIn):
        return _closed(part)
    if isinstance(part, AllOf):
        return any(covers(way, one) for one in part.parts)
    return False


def _closed(policy: Policy) -> bool:
    return isinstance(residual(policy, ANONYMOUS), Nobody)


def _ways(policy: Policy) -> tuple[Policy, ...]:
    return policy.parts if isinstance(policy, AnyOf) else (policy,)
