"""The page's style and the policy that allows just it: no script, nothing from anywhere else (CSP level 3)."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import Final

STYLE: Final = files(__package__ or "").joinpath("style.css").read_text(encoding="utf-8")
_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
).encode()
