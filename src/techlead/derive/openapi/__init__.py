"""The OpenAPI 3.1 document of a Plan: every operation with exact shapes, the answers it can give, and its policy."""

from techlead.derive.openapi.document import openapi
from techlead.derive.openapi.limits import ApiLimits

__all__ = ["ApiLimits", "openapi"]
