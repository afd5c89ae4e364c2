"""Read a body that is a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

FORM: Final = "application/x-www-form-urlencoded"


def form_fields(raw: bytes | None, headers: Mapping[str, str]) -> dict[str, str] | None:
    """Give the fields of a body that is a form, whose values come from somewhere as those of JSON do; None of any other."""
    if raw is None or headers.get("Content-Type") != FORM:
        return None
    return dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
