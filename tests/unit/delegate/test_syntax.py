"""What a draft may say: a table of allowed syntax and names, and whatever is not in it is refused, however it is dressed."""

from __future__ import annotations

import ast

import pytest
from backends import EXAMPLES
from hypothesis import given, reject, settings
from hypothesis import strategies as some
from ledgers import PAGE

from techlead.delegate.allowed import NAMES
from techlead.delegate.syntax import faults

HELPER = "import os\n\n\ndef run(words):\n    return os.system(words)\n\n\nLIMIT = 3\n"


def found(new: str, page: str = PAGE, *, test: bool = False, **files: str) -> list[str]:
    """List the faults of a page with something new at its end."""
    before = {"backend.py": page, **{f"{name}.py": text for name, text in files.items()}}
    path = "test_new.py" if test else "backend.py"
    drafted = new if test else f"{page}\n\n{new}\n"
    return [words for _, words in faults(path, {**before, path: drafted}, before, test=test)]


@pytest.mark.parametrize("name", ["gymbook", "marketplace", "teamboard"])
def test_the_examples_are_made_of_nothing_else(name: str):
    page = (EXAMPLES / name / "backend.py").read_text()
    assert faults("backend.py", {"backend.py": page}, {}, test=False) == []


FINE = [
    "LIMIT: Final = 3\n",
    "SUMS = tuple(one * 2 for one in (1, 2))\n",
    "def few_more(book):\n    match book.loans:\n        case 1 | 2:\n            return True\n    return all(one > 0 for one in [book.loans])\n",
    "import decimal\n\n\ndef half(n):\n    return decimal.Decimal(n) / 2\n",
    "if TYPE_CHECKING:\n    from datetime import date\n",
    "from helper import LIMIT\n\nMOST = LIMIT + 1\n",
]


@pytest.mark.parametrize("new", FINE)
def test_declarations_and_pure_functions_pass(new: str):
    page = PAGE.replace("from enum import Enum", "from enum import Enum\nfrom typing import Final, TYPE_CHECKING")
    assert found(new, page, helper=HELPER) == []


HOSTILE = {
    "a module reached through another": 'import re\nX = re.enum.sys.modules["os"].system("true")',
    "a module taken from another": "from enum import sys",
    "a module by its attribute": 'import decimal\nX = decimal.sys.modules["os"]',
    "a module under another name": "import decimal as d\nX = d",
    "an import in a function": "def f():\n    import os\n    return os",
    "an import of a library": "import requests",
    "techlead's own inside": "from techlead.cli.main import os",
    "everything of a module": "from techlead import *",
    "Python's own names": "X = __builtins__",
    "its own loader": "X = __spec__.loader",
    "a built-in function": "X = open('/etc/passwd').read()",
    "a built-in that reads attributes": "X = getattr(Book, 'a')",
    "dunder attributes": "X = ().__class__.__bases__",
    "private attributes": "X = Book._private",
    "a format that reads attributes": "X = '{0.__class__}'.format(Book)",
    "a decorator that runs": "@print\ndef f():\n    return 1",
    "a default that runs": "def f(x=open('a')):\n    return x",
    "an annotation that runs": "def f(x: open('a')):\n    return x",
    "a base class that runs": "class A(open('a')):\n    pass",
    "a class body that runs": "class A:\n    x = open('a')",
    "a metaclass": "class A(metaclass=type):\n    pass",
    "a hook of classes": "class A:\n    def __init_subclass__(cls):\n        return 1",
    "a lambda": "X = (lambda: open('a'))()",
    "a comprehension": "X = [one for one in open('a')]",
    "a name that shadows only inside": "X = [open for open in [open('a')]]",
    "a name that is bound afterwards": "class A:\n    y = open('a')\n    open = 1",
    "a loop": "for one in ():\n    pass",
    "a while": "def f():\n    while True:\n        pass",
    "a with": "with Book:\n    pass",
    "a try": "def f():\n    try:\n        return 1\n    finally:\n        pass",
    "a global": "def f():\n    global few\n    few = 1",
    "an await": "async def f():\n    return 1",
    "a change of what is there": "Book.owner = 1",
    "a change of an item": "X = {}\nX['a'] = 1",
    "a delete": "del few",
    "a power": "X = 9 ** 9 ** 9",
    "a shift": "X = 1 << 10 ** 10",
    "its own application": 'X = backend.asgi("sqlite:///x.db")',
    "what a person wrote for another purpose": "from helper import run\nX = run('true')",
    "a pattern that reads dunders": "def f(x):\n    match x:\n        case object(__class__=y):\n            return y",
    "a function in a function": "def f():\n    def g():\n        return open('a')\n    return g",
    "what leans on the unfit": "def f():\n    return open('a')\n\n\ndef g():\n    return f()\n\n\nX = g()",
}


@pytest.mark.parametrize("new", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_reaches_beyond_is_refused(new: str):
    assert found(new, helper=HELPER) != []


def test_what_a_person_wrote_stays_and_nothing_new_leans_on_it():
    page = f"import os\n{PAGE}\n\ndef path():\n    return os.getcwd()\n"
    assert found("LIMIT = 3", page) == []
    assert "`path` is nothing" in found("X = path()", page)[0]
    assert "`os` is nothing" in found("def mine():\n    return os.getpid()", page)[0]


@pytest.mark.parametrize(
    ("new", "fine"),
    [
        ("import pytest\nfrom backend import lendable\n\n\ndef test_it():\n    with pytest.raises(ValueError):\n        lendable(1)\n", True),
        ("def test_it(tmp_path):\n    assert tmp_path\n", False),
        ("import pathlib\n\n\ndef test_it():\n    assert pathlib\n", False),
        ("import pytest\n\n\ndef test_it():\n    assert pytest.importorskip('os')\n", False),
        ("import httpx\n\n\ndef test_it():\n    assert httpx\n", False),
    ],
)  # fmt: skip
def test_tests_ask_the_backend_and_nothing_else(new: str, fine: bool):
    assert (found(new, test=True) == []) is fine


REACHING = some.sampled_from(
    ["open", "eval", "exec", "compile", "getattr", "globals", "vars", "type", "object", "__import__", "input"]
)
PLACES = some.sampled_from(
    [
        "X = {}", "X = [{}]", "X = (1, {{1: {}}})", "X = 1 if {} else 2", "X = f'{{{}}}'", "X = -({})", "X = ({}) + 1", "X = Book if 1 else {}",
        "X = few({})", "X = few(a={})", "X = few(*{})", "X = few(**{})", "X = few[{}]", "X = few[1:{}]", "X = lambda a={}: a", "X = lambda: {}",
        "X = [1 for a in few if {}]", "X = {{a: {} for a in few}}", "X: {} = 1", "@few({})\ndef f():\n    return 1",
        "def f():\n    return {}", "def f():\n    yield {}", "def f(a: {}):\n    return a", "def f(*, a={}):\n    return a", "def f() -> {}:\n    return 1",
        "class A({}):\n    pass", "class A(x={}):\n    pass", "class A:\n    x: {} = 1", "class A:\n    def f(self):\n        return {}",
        "def f(x):\n    match x:\n        case 1 if {}:\n            return 2",
    ]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(REACHING, PLACES, PLACES)
def test_a_name_that_reaches_beyond_is_found_wherever_it_stands(name: str, outer: str, inner: str):
    inside = inner.format(name).removeprefix("X = ") if inner.startswith("X = ") else name
    new = outer.format(f"({inside})")
    try:
        ast.parse(new)
    except SyntaxError:  # an f-string in an f-string, before Python 3.12
        reject()
    assert found(new) != []


WORDS = some.text(alphabet=some.sampled_from("abcxyz_.()[]{}=:,+*'\"\n 01@lambda"), max_size=60)


@settings(max_examples=200, deadline=None)
@given(WORDS)
def test_whatever_python_reads_is_judged_without_an_error(text: str):
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return
    faults("a.py", {"a.py": text}, {}, test=False)


def test_no_table_holds_a_module_or_what_leads_to_one():
    from importlib import import_module
    from types import ModuleType

    for module, names in NAMES.items():
        for name in names:
            assert not isinstance(getattr(import_module(module), name), ModuleType), (module, name)
