"""What a verifier of signed messages may use beside what a rule may: digests, their comparison, and what unpacks a message.

By default deny, as everywhere here: a function is allowed by its place in this table, a class by the package it is of.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Final

from techlead.declare.outside import Signed
from techlead.declare.purity.objects import Kind
from techlead.declare.purity.tables import SYNTAX, Why

FUNCTIONS_OF: Final[Mapping[str, str]] = {
    "hmac": "new digest compare_digest",
    "hashlib": "md5 sha1 sha256 sha384 sha512 sha3_256 sha3_512 blake2b new",
    "base64": "b64decode b64encode urlsafe_b64decode urlsafe_b64encode b32decode b16decode",
    "binascii": "hexlify unhexlify a2b_base64 b2a_base64 Error",
    "json": "loads JSONDecodeError",
    "secrets": "compare_digest",
    "urllib.parse": "parse_qs parse_qsl unquote",
}
"""By module, the names that only work out a value."""
PACKAGES: Final = ("cryptography.hazmat.primitives", "cryptography.exceptions")
"""Whose classes and functions only work out values."""
MODULES: Final = frozenset({*FUNCTIONS_OF, "urllib"})
METHODS: Final = frozenset({"digest", "hexdigest", "verify", "from_public_bytes", "public_key"})
"""What may be called on what those give."""
TRY: Final = SYNTAX[ast.Try].reason
"""May be said: several libraries tell of a wrong signature by an exception. What stands in it is judged all the same."""


def kind_of(thing: object) -> Kind | None:
    """Say what an object is to a verifier; None when this table does not know it."""
    if isinstance(thing, ModuleType):
        return Kind.MODULE if thing.__name__ in MODULES or _of_package(thing.__name__) else None
    if thing is Signed or (isinstance(thing, type) and thing.__module__ == "builtins" and issubclass(thing, Exception)):
        return Kind.FUNCTION
    if isinstance(thing, type | FunctionType) and _of_package(thing.__module__):
        return Kind.FUNCTION
    named = (type, FunctionType, BuiltinFunctionType)
    return Kind.FUNCTION if isinstance(thing, named) and any(thing is one for one in _listed()) else None


def is_allowed(shown: str, why: Why) -> bool:
    """Tell whether a verifier may say what a rule may not."""
    return why.reason == TRY or any(shown.endswith(f".{method}()`") for method in METHODS)


def _of_package(module: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in PACKAGES)


def _listed() -> list[object]:
    """Give the objects of the table; who has not imported a module cannot name anything of it."""
    return [
        vars(sys.modules[module])[name] for module, names in FUNCTIONS_OF.items() if module in sys.modules
        for name in names.split()
    ]  # fmt: skip
