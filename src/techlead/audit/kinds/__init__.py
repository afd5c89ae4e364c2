"""Every kind of hole the audit knows, in the order of the families; the documentation is printed from here."""

from __future__ import annotations

from typing import Final

from techlead.audit.kinds.access import ACCESS
from techlead.audit.kinds.exposure import EXPOSURE
from techlead.audit.kinds.kind import FRAMEWORKS, Framework, Kind
from techlead.audit.kinds.outbound import OUTBOUND
from techlead.audit.kinds.session import SESSION
from techlead.audit.kinds.state import STATE

__all__ = ["FRAMEWORKS", "KINDS", "Framework", "Kind"]

KINDS: Final[dict[str, Kind]] = {kind.name: kind for kind in (*ACCESS, *SESSION, *EXPOSURE, *OUTBOUND, *STATE)}
