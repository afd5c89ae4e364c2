"""A module of declarations, helpers and temptations, to which each test adds the function that is judged."""

from __future__ import annotations

import linecache
import warnings
from itertools import count
from textwrap import indent
from typing import Literal

from techlead.declare import effect
from techlead.declare.notification import Notification
from techlead.declare.purity import Impurity, impurities
from techlead.declare.resource import Fields
from techlead.declare.rule import Rule

_numbers = count()

PRELUDE = """
import asyncio, contextlib, datetime as dates, decimal, functools, itertools, logging, math, operator, os, pathlib
import random, re, socket, sqlite3, subprocess, sys, time, types, typing, uuid, urllib.request
from collections import namedtuple
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum, EnumType, IntEnum
from logging import getLogger
from pathlib import Path
from time import time as seconds
from typing import Annotated, Final, cast
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo
from techlead.declare.access import owner, role
from techlead.declare.action import action
from techlead.declare.effect import Effects, create, delete, refuse
from techlead.declare.facts import facts
from techlead.declare.field import Mapped, field, now
from techlead.declare.notification import notification
from techlead.declare.resource import Facts, Resource
from techlead.declare.rule import rule
from techlead.primitives.money import Money

class Status(Enum):
    PLACED = "placed"
    SHIPPED = "shipped"

class Shelf(Enum):
    A = ["a", "list"]

class Level(IntEnum):
    LOW = 1
    HIGH = 2
    @property
    def is_high(self):
        return self >= Level.HIGH

class Loud(Enum):
    A = "a"
    @property
    def shout(self):
        return open(self.value).read()

class Strange(EnumType):
    pass

class Odd(Enum, metaclass=Strange):
    A = "a"

class Told(Enum):
    A = "a"
    @classmethod
    def _missing_(cls, value):
        print(value)

class Plain:
    total = 0
    def __call__(self, order):
        return True

class Order(Resource):
    status: Mapped[Status] = field()
    price: Mapped[Money] = field()

placed = notification(Order, to="seller", text="placed")
logger = getLogger("shop")
START = datetime(2026, 1, 1, tzinfo=UTC)
NAIVE = datetime(2026, 1, 1)
BERLIN = ZoneInfo("Europe/Berlin")
GRACE = timedelta(hours=12)
FEE = Money("2.50", "EUR")
RATE = Decimal("0.19")
SHARE = 0.19
OPEN = frozenset({Status.PLACED})
TIERS = ((10, Decimal("0.05")), (100, Decimal("0.10")))
MONTHS = 12
SEEN = []
PRICES = {"a": 1}
NAMES = {"a", "b"}
MIXED = (1, [2])
WORDS = re.compile("a+")
PLAIN = Plain()
shorter = functools.partial(max, 1)
shout = "x".upper
fetch = urllib.request.urlopen
len = len
ord = open

def tier(quantity: int) -> Decimal:
    return max((rate for least, rate in TIERS if quantity >= least), default=Decimal(0))

@functools.cache
def cached(quantity):
    return quantity

def peek(order):
    SEEN.append(order)
    return True

def deep(order):
    return tier(order.quantity) > 0 and peek(order)

def again(order):
    return again(order)

def ping(order):
    return pong(order)

def pong(order):
    return ping(order)

def notify(order):
    yield placed.send(order)

def logged(function):
    @functools.wraps(function)
    def wrapper(*args):
        print(args)
        return function(*args)
    return wrapper

def sneaky(function):
    def wrapper(order, now):
        print(order)
        return function(order, now)
    return wrapper

def kept(function):
    return function

is_placed_now = lambda order: order.status is Status.PLACED

@rule(because="A ticket of 2021 says so.", allows=[facts(a=1)], refuses=[facts(a=2)])
def is_placed(order: Facts[Order]) -> bool:
    return order.status is Status.PLACED

@rule(because="A ticket of 2021 says so.", allows=[facts(a=1)], refuses=[facts(a=2)])
def is_watched(order: Facts[Order]) -> bool:
    return peek(order)

@rule(because="A ticket of 2021 says so.", allows=[facts(a=1)], refuses=[facts(a=2)])
def circular(order: Facts[Order]) -> bool:
    return circular(order)

@action(Order, by=owner, when=[is_placed])
def cancel(order: Order) -> Effects:
    order.status = Status.SHIPPED
    yield placed.send(order)

def outer():
    secret = open
    lines = [1]
    bound = 12
    def reads(order, now): return secret(order)
    def lists(order, now): return lines
    def limit(order, now): return order.quantity < bound
    return reads, lists, limit

reads_secret, reads_lines, reads_limit = outer()
"""
PRELUDE_LINES = PRELUDE.count("\n")
"""`def judged` stands on the line after these."""


def is_known(thing: object) -> bool:
    if isinstance(thing, type):
        return issubclass(thing, Fields)
    return isinstance(thing, Rule | Notification) or thing in (effect.create, effect.delete, effect.refuse)


def module_of(text: str, name: str, folder: str = "", **names: object) -> dict[str, object]:
    """Run a module's source, which can be read as long as the test runs; give its names."""
    file = f"{folder}{name}.py"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    made = {"__name__": name, **names}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # generated code may index a number
        exec(compile(text, file, "exec"), made)
    return made


def judged(
    source: str, name: str = "judged", role: Literal["rule", "action"] = "rule", **names: object
) -> tuple[Impurity, ...]:
    """Judge a function after the prelude; `names` are what its module has imported besides."""
    module = f"backend_{next(_numbers)}"
    try:
        return impurities(module_of(PRELUDE + source, module, **names)[name], role=role, known=is_known)
    finally:
        del linecache.cache[f"{module}.py"]


def compiles(source: str) -> bool:
    """Tell whether generated code is Python: the same quotes inside an f-string are only since Python 3.12."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            compile(source, "generated.py", "exec")
    except SyntaxError:
        return False
    return True


def in_rule(body: str) -> tuple[Impurity, ...]:
    return judged(f"def judged(order, now):\n{indent(body, '    ')}\n")


def in_action(body: str) -> tuple[Impurity, ...]:
    return judged(f"def judged(order, listing, now):\n{indent(body, '    ')}\n", role="action")
