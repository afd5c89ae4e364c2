"""What a pure function may say and call, and what it may not, as tables; what is in none of them is refused."""

from __future__ import annotations

import ast
import typing
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from techlead.primitives.money import Money

LOOP_TURNS_MAX: Final = 10_000
"""How often a loop over a constant range may turn."""
EXPONENT_MAX: Final = 64
"""The largest constant exponent: more makes numbers that fill the memory."""


class Why(NamedTuple):
    """Why something is refused, said after its name, and what to write instead."""

    reason: str
    mend: str


class Reach(Enum):
    """What a pure function cannot reach, and what to write instead."""

    CLOCK = Why("reads the clock", "parameters are all it can know: ask for `now: datetime`")
    NETWORK = Why("reaches the network", "yield a notification's `send(row)` from an action: the runtime delivers it")
    DATABASE = Why("reaches the database", "ask for the row, or a declared count(...) or total(...), as a parameter")
    FILES = Why("reaches files", "make what it holds a constant of this module, or a field of the resource")
    LOG = Why("writes a log", "leave it out: the runtime records each call and its outcome")
    RANDOM = Why("is random", "the same facts must give the same answer; ids and secrets are made by the runtime")
    PROCESS = Why("reaches the process", "make what it holds a constant of this module, or a field of the resource")
    CODE = Why("runs or inspects code", "write out what it decides, with plain names and attributes")
    WAIT = Why("waits", "leave it out: work that takes time belongs to the runtime")
    CHANGE = Why("changes a value in place", "build a new value: a comprehension, `[*old, new]`, or `x = x + ...`")
    FLOAT = Why("makes a float, and money never is one", 'use whole numbers, Decimal("0.2") or Money("0.20", "EUR")')
    LOCALE = Why("depends on the machine's settings", 'write `moment.isoformat()` or an f-string: f"{moment:%Y-%m-%d}"')
    TEMPLATE = Why("reads attributes that a string names", 'write an f-string: f"{order.title}"')
    PATTERN = Why("is a pattern, which can take for ever to match", "use str methods, or field(pattern=...)")
    SEEDED = Why("differs from process to process", "compare the values themselves")
    ENDLESS = Why("can run without end", "loop over the rows themselves, or over a constant range(...)")


def _by_word(table: Mapping[Reach, str]) -> dict[str, Why]:
    return {word: reach.value for reach, words in table.items() for word in words.split()}


MODULES: Final = _by_word(
    {
        Reach.CLOCK: "time calendar sched arrow pendulum freezegun dateutil",
        Reach.NETWORK: "requests httpx aiohttp urllib urllib3 http socket ssl smtplib ftplib imaplib poplib websockets "
        "boto3 botocore stripe twilio grpc paramiko socketserver xmlrpc webbrowser telnetlib",
        Reach.DATABASE: "sqlite3 sqlalchemy asyncpg psycopg psycopg2 apsw redis pymongo django peewee alembic dbm "
        "shelve",
        Reach.FILES: "pathlib io shutil tempfile glob fileinput zipfile tarfile csv configparser mmap aiofiles",
        Reach.LOG: "logging structlog loguru warnings sentry_sdk syslog",
        Reach.RANDOM: "random secrets uuid faker",
        Reach.PROCESS: "os sys subprocess signal multiprocessing threading concurrent resource platform getpass dotenv "
        "environ nt posix gc atexit",
        Reach.CODE: "importlib inspect ast types builtins operator functools ctypes pickle marshal copy code dis "
        "weakref contextvars runpy pkgutil",
        Reach.WAIT: "asyncio trio anyio select selectors queue",
        Reach.PATTERN: "re regex fnmatch",
        Reach.FLOAT: "math statistics cmath fractions numpy",
        Reach.LOCALE: "locale gettext",
        Reach.TEMPLATE: "string jinja2",
        Reach.ENDLESS: "itertools",
    }
)
"""Top-level modules by what they reach; a module that is not here is refused too, with a plainer reason."""

BUILTINS_REFUSED: Final = _by_word(
    {
        Reach.FILES: "open",
        Reach.LOG: "print",
        Reach.CODE: "eval exec compile getattr setattr hasattr delattr vars globals locals dir type object super "
        "callable classmethod staticmethod property memoryview __import__ help",
        Reach.PROCESS: "input exit quit breakpoint",
        Reach.FLOAT: "float complex",
        Reach.SEEDED: "hash id",
        Reach.ENDLESS: "iter next aiter anext pow",
        Reach.TEMPLATE: "format",
        Reach.CHANGE: "bytearray",
    }
)

METHODS_REFUSED: Final = _by_word(
    {
        Reach.CLOCK: "now today utcnow utcfromtimestamp localtime time_ns monotonic perf_counter fromtimestamp "
        "timestamp astimezone",
        Reach.NETWORK: "send post put patch request fetch urlopen connect sendall sendmail send_message recv publish",
        Reach.DATABASE: "execute executemany commit rollback query scalar scalars fetchone fetchall save filter_by",
        Reach.FILES: "open read write close readline readlines writelines read_text write_text read_bytes unlink "
        "exists",
        Reach.LOG: "debug info warning warn error exception critical log",
        Reach.RANDOM: "random randint randrange choice choices shuffle token_hex token_urlsafe uuid1 uuid4",
        Reach.PROCESS: "system run popen getenv exit kill",
        Reach.CODE: "mro throw assign_value read_value complete",
        Reach.WAIT: "sleep wait acquire result",
        Reach.CHANGE: "append extend insert add update pop popitem remove discard clear sort reverse setdefault "
        "difference_update intersection_update symmetric_difference_update",
        Reach.TEMPLATE: "format format_map",
        Reach.PATTERN: "match search fullmatch sub findall finditer",
        Reach.LOCALE: "strftime strptime ctime timetuple",
        Reach.FLOAT: "from_float as_integer_ratio",
    }
)
"""Methods with a reason of their own; any other that METHODS does not hold is refused with a plainer one."""


def _methods(*words: str) -> frozenset[str]:
    return frozenset(" ".join(words).split())


STR_METHODS: Final = _methods(
    "capitalize casefold center count encode endswith find index isalnum isalpha isascii isdecimal isdigit islower",
    "isnumeric isprintable isspace istitle isupper join ljust lower lstrip partition removeprefix removesuffix replace",
    "rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title upper zfill",
)
METHODS: Final = STR_METHODS | _methods(
    "astimezone date time timetz isoformat weekday isoweekday isocalendar toordinal utcoffset tzname total_seconds",
    "quantize normalize to_integral_value is_finite is_nan is_signed is_zero copy_abs as_tuple",
    "times allocate split",
    "get items keys values copy union intersection difference symmetric_difference issubset issuperset isdisjoint",
    "bit_length bit_count hex decode",
)
"""Methods of immutable values, and those that only read: all that may be called on data."""

ARGUMENTS_MIN: Final[Mapping[str, int]] = {"astimezone": 1, "fromtimestamp": 2}
"""Without their time zone, these read the machine's."""

TYPES: Final[Mapping[type, frozenset[str]]] = {
    bool: frozenset(),
    int: frozenset(),
    str: STR_METHODS,
    bytes: _methods("fromhex"),
    tuple: frozenset(),
    list: frozenset(),
    dict: _methods("fromkeys"),
    set: frozenset(),
    frozenset: frozenset(),
    NoneType: frozenset(),
    range: frozenset(),
    Decimal: frozenset(),
    Money: _methods("of_minor"),
    timedelta: _methods("min max resolution"),
    datetime: _methods("combine fromisoformat fromordinal fromtimestamp min max"),
    date: _methods("fromisoformat fromordinal fromisocalendar min max"),
    time: _methods("fromisoformat min max"),
    timezone: _methods("utc"),
    ZoneInfo: frozenset(),
    UUID: frozenset(),
}
"""Types that may be called, each with the attributes that may be read from the type itself."""

FUNCTIONS: Final[tuple[Callable[..., Any], ...]] = (
    len, min, max, sum, any, all, sorted, abs, round, enumerate, zip, isinstance, issubclass, divmod, reversed, map,
    filter, ord, chr, typing.cast, typing.assert_never, typing.assert_type,
)  # fmt: skip
FUNCTION_TAKERS: Final[Mapping[Callable[..., Any], int | str]] = {
    map: 0, filter: 0, sorted: "key", min: "key", max: "key",
}  # fmt: skip
"""Who calls an argument: which one."""
VALUE_MAKERS: Final = (int, bool, str, len, abs, round, Decimal, Money, timedelta, datetime, date)
"""Whose results never change in place."""
CLASS_TAKERS: Final[tuple[Callable[..., Any], ...]] = (isinstance, issubclass, typing.cast, typing.assert_type)

OPEN_MODULES: Final = frozenset({"datetime", "decimal", "zoneinfo", "uuid"})
"""Modules whose attributes are judged one by one; of all others only names imported from them are."""

CONSTANTS: Final[frozenset[type]] = frozenset(
    {int, str, bool, NoneType, bytes, Decimal, timedelta, date, time, UUID, Money, timezone, ZoneInfo}
)
ZONES: Final = (timezone, ZoneInfo)
assert type(UTC) in ZONES  # noqa: S101 - the constant everybody imports

MUTABLE: Final = (list, dict, set, bytearray)
FREEZE: Final = "make it a tuple, frozenset or Enum"

PRIVATE: Final = Why("is private or special", "use the names that the type offers to all")
INSIDE: Final = Why("leads into the runtime", "parameters are all it can know: read the row's own fields")
FRAME_PREFIXES: Final = ("gi_", "cr_", "ag_", "f_globals", "f_back", "f_locals", "f_builtins", "f_code", "tb_", "func_")
DECLARATION: Final = Why(
    "is a declaration, which can only be called here", "write Resource(...), rule(row), notification.send(row)"
)
RUNTIME_NAMES: Final = frozenset({"declaration"})

_FIXED: Final = "write it with if, for over rows, comprehensions and return"
SYNTAX: Final[Mapping[type[ast.AST], Why]] = {
    ast.Import: Why("imports while it runs", "import at the top of the module what it may use"),
    ast.ImportFrom: Why("imports while it runs", "import at the top of the module what it may use"),
    ast.Global: Why("reaches for a global name", "parameters are all it can know: ask for the value as a parameter"),
    ast.Nonlocal: Why("reaches for an outer name", "parameters are all it can know: ask for the value as a parameter"),
    ast.AsyncFunctionDef: Why("is async: it could wait for the world", "write `def`: the runtime does what waits"),
    ast.AsyncFor: Why("is async: it could wait for the world", "write `for`: the runtime does what waits"),
    ast.AsyncWith: Why("is async: it could wait for the world", "ask for what it opens as a parameter"),
    ast.Await: Why("is async: it could wait for the world", "ask for what it awaits as a parameter"),
    ast.With: Why("opens something with `with`", "ask for what it opens as a parameter"),
    ast.Try: Why("swallows errors with `try`", "test the condition with `if`; the runtime answers errors"),
    ast.TryStar: Why("swallows errors with `try`", "test the condition with `if`; the runtime answers errors"),
    ast.Raise: Why("raises", 'return False from a rule; `yield refuse("...")` from an action'),
    ast.Assert: Why("asserts, which `python -O` drops", 'return False from a rule; `yield refuse("...")` in an action'),
    ast.While: Why("loops without a bound: `while`", "loop over the rows themselves, or over a constant range(...)"),
    ast.Delete: Why("deletes with `del`", "build a new value; an action deletes a row with `yield delete(row)`"),
    ast.FunctionDef: Why("defines a function inside", "define it in the module, where it is checked too"),
    ast.ClassDef: Why("defines a class inside", "define it in the module"),
}
"""Statements and expressions that are refused, with what they do."""

NOT_ENTERED: Final = (
    ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Raise, ast.Assert,
)  # fmt: skip
"""Refused whole: what stands inside runs in another scope, or is to be written otherwise."""

OTHER_SYNTAX: Final = Why("is no part of what a pure function can say", _FIXED)


def _subclasses(*kinds: type[ast.AST]) -> Iterable[type[ast.AST]]:
    return (one for kind in kinds for one in kind.__subclasses__())


ALLOWED_SYNTAX: Final[frozenset[type[ast.AST]]] = frozenset(
    {
        ast.Return, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.For, ast.If, ast.Match, ast.match_case, ast.Expr,
        ast.Pass, ast.Break, ast.Continue, ast.BoolOp, ast.NamedExpr, ast.BinOp, ast.UnaryOp, ast.Lambda, ast.IfExp,
        ast.Dict, ast.Set, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.comprehension, ast.Yield,
        ast.YieldFrom, ast.Compare, ast.Call, ast.keyword, ast.FormattedValue, ast.JoinedStr, ast.Constant,
        ast.Attribute, ast.Subscript, ast.Slice, ast.Starred, ast.Name, ast.List, ast.Tuple,
        ast.MatchValue, ast.MatchSingleton, ast.MatchSequence, ast.MatchMapping, ast.MatchClass, ast.MatchStar,
        ast.MatchAs, ast.MatchOr,
        *_subclasses(ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context),
    }
)  # fmt: skip
STEPS: Final = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)
"""The operators of `x += ...` that make a new value of a number, a text or Money."""
