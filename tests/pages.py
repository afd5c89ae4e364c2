"""Pages of declarations for tests: written to a file, imported as a user's module is, and derived or refused.

A page marks the line that a refusal must point at with `# HERE`.
"""

from __future__ import annotations

import importlib.util
import itertools
import sys
from pathlib import Path
from types import ModuleType

import pytest

from techlead.derive.compile import derive
from techlead.derive.plan import Plan
from techlead.errors import DeclarationsRefused, Refusal

IMPORTS = """\
from datetime import date, datetime, UTC
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Annotated, Any
from techlead.declare.access import anyone, between, member, nobody, owner, role, signed_in, the, where
from techlead.declare.account import Account
from techlead.declare.action import action
from techlead.declare.aggregate import count, total
from techlead.declare.backend import Declarations as Backend
from techlead.declare.effect import Effects, create, delete, refuse
from techlead.declare.facts import facts
from techlead.declare.field import Mapped, computed, copied, field, now, owned_by
from techlead.declare.notification import chat, email, inbox, notification, push, webhook
from techlead.declare.resource import Body, Facts, Resource
from techlead.declare.rule import rule
from techlead.declare.types import Email, Internal, Json, Personal, Ref, Secret, Url, WebhookUrl
from techlead.primitives.money import Money
"""
PEOPLE = """
backend = Backend("shop", roles=["admin"])

@backend.account
class Person(Account):
    phone: Mapped[Personal[str] | None] = field(max_length=32)
    nickname: Mapped[str | None] = field(max_length=20)
"""
SHOP = f"""{PEOPLE}
class Status(Enum):
    OPEN = "open"
    SOLD = "sold"

class Other(Enum):
    OPEN = "open"

@backend.resource(read=anyone, create=signed_in, update=owner)
class Listing(Resource):
    seller: Mapped[Ref[Person]] = owned_by()
    title: Mapped[str] = field(max_length=120)
    price: Mapped[Money] = field(ge=Money("1.00", "EUR"))
    stock: Mapped[int] = field(default=1, ge=0, le=100)
    status: Mapped[Status] = field(default=Status.OPEN, set_by=action)

@backend.resource(read=owner | the("seller"), create=signed_in)
class Order(Resource):
    buyer: Mapped[Ref[Person]] = owned_by()
    listing: Mapped[Ref[Listing]]
    seller: Mapped[Ref[Person]] = copied("listing.seller")
    note: Mapped[str | None] = field(max_length=200)
    pin: Mapped[Secret[str] | None] = field(max_length=8)
    score: Mapped[Internal[int]] = field(default=0)
    placed_at: Mapped[datetime] = field(default=now)
"""
"""A small shop to which a page adds what is to be refused."""
_numbers = itertools.count()


def load(folder: Path, source: str) -> ModuleType:
    """Import a page as a module of its own; `backend` is what it declares."""
    name = f"page_{next(_numbers)}"
    path = folder / f"{name}.py"
    path.write_text(IMPORTS + source)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def plan_of(folder: Path, source: str) -> Plan:
    """Derive a page that must stand."""
    return derive(load(folder, source).backend)


def refusals_of(folder: Path, source: str) -> tuple[Refusal, ...]:
    """Give what is refused of a page that must not stand."""
    module = load(folder, source)
    with pytest.raises(DeclarationsRefused) as refused:
        derive(module.backend)
    return refused.value.refusals


def assert_refused(folder: Path, source: str, reason: str, mend: str) -> None:
    """Show that a page is refused once, at the line marked HERE, for this reason and with this mend."""
    lines = [number for number, line in enumerate((IMPORTS + source).splitlines(), start=1) if "# HERE" in line]
    found = refusals_of(folder, source)
    shown = "\n".join(map(str, found))
    assert [reason in refusal.reason for refusal in found] == [True], shown
    assert mend in found[0].mend, shown
    assert [found[0].line] == lines, shown
    assert found[0].file.startswith(str(folder)), shown
