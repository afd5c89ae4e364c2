"""Tests of rules, actions and messages: each example as its page writes it, so that a test stands when the page's list is cut."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from techlead.declare.origin import Origin
from techlead.derive.checks.examples import rules_of
from techlead.intent.subjects import actions_of
from techlead.primitives.words import snake
from techlead.scaffold.cases.access import BACKEND, PYTEST
from techlead.scaffold.cases.block import Block, Import, TestFile
from techlead.scaffold.expressions import quoted
from techlead.scaffold.insert import free_names
from techlead.scaffold.verdicts import told
from techlead.serve.backend import Backend

VERDICTS: Final = "techlead.scaffold.verdicts"
FACTS: Final = "techlead.declare.facts"


def intent_tests(backend: Backend) -> TestFile:
    """Write a test of each rule and each action that has examples written as a list."""
    plan = backend.plan()
    blocks: list[Block] = []
    left_out: list[str] = []
    for rule, _ in rules_of(plan):
        given = _Written(rule.origin)
        rows = [(one, verdict) for listed, verdict in LISTS for one in given.items(listed)]
        if rows:
            blocks.append(_rule(rule.name, rule.because, rows, given))
        else:
            left_out.append(f"rule {rule.name}: its examples are not written as lists")
    names: list[str] = []
    for action in actions_of(plan):
        given = _Written(action.origin)
        if examples := given.items("examples"):
            name = action.name if action.name not in names else f"{action.name}_of_{snake(action.resource)}"
            names.append(action.name)
            blocks.append(_action(name, action.name, examples, given))
        else:
            left_out.append(f"action {action.resource}.{action.name}: it has no examples")
    return TestFile("test_intent.py", f"What {plan.name} decides and does.", tuple(blocks), tuple(left_out))


LISTS: Final = (("allows", True), ("refuses", False))


def message_tests(backend: Backend) -> TestFile:
    """Write a test of each notification: to whom, by which ways, and what it says."""
    plan = backend.plan()
    blocks = tuple(_message(backend, one.name) for one in plan.notifications)
    return TestFile("test_messages.py", f"What {plan.name} tells people.", blocks)


def _rule(name: str, because: str, rows: Iterable[tuple[str, bool]], written: _Written) -> Block:
    listed = [(example, f"({example}, {allowed})") for example, allowed in rows]
    test = f"test_the_rule_{name}"
    text = (
        f'@pytest.mark.parametrize(\n    ("given", "allowed"),\n    [\n{_lines(one for _, one in listed)}    ],\n)\n'
        f"def {test}(given: Example, allowed: bool) -> None:\n    {_docstring(because)}\n"
        f"    assert decides(backend, {name}, given) is allowed\n"
    )
    used = written.imports([one for one, _ in listed])
    return Block(test, text, (*used, PYTEST, BACKEND, (FACTS, "Example"), (VERDICTS, "decides"), written.own(name)))


def _action(test_name: str, name: str, examples: list[str], written: _Written) -> Block:
    test = f"test_the_action_{test_name}"
    text = (
        f'@pytest.mark.parametrize(\n    "example",\n    [\n{_lines(examples)}    ],\n)\n'
        f'def {test}(example: ActionExample) -> None:\n    assert breaks(backend, {name}, example) == ""\n'
    )
    used = written.imports(examples)
    return Block(
        test, text, (*used, PYTEST, BACKEND, (FACTS, "ActionExample"), (VERDICTS, "breaks"), written.own(name))
    )


def _message(backend: Backend, name: str) -> Block:
    said = told(backend, name)
    test = f"test_the_message_{name}"
    via = ", ".join(f'"{one}"' for one in said.via) + ("," if len(said.via) == 1 else "")
    text = (
        f'def {test}() -> None:\n    message = told(backend, "{name}")\n'
        f"    assert (message.about, message.to) == ({quoted(said.about)}, {quoted(said.to)})\n"
        f"    assert message.via == ({via})\n    assert message.text == {_text(said.text)}\n"
    )
    return Block(test, text, (BACKEND, (VERDICTS, "told")))


class _Written:
    """The decorator that stands at a place, and the names of its page."""

    def __init__(self, origin: Origin) -> None:
        self._source = Path(origin.file).read_text("utf-8")
        self._names: Mapping[str, Any] = origin.names
        self._tree = ast.parse(self._source)
        self._line = origin.line

    def items(self, listed: str) -> list[str]:
        """Give the items of one of its lists as they are written, on one line each."""
        found = [
            one
            for one in ast.walk(self._tree)
            if isinstance(one, ast.Call) and one.lineno <= self._line <= (one.end_lineno or 0)
        ]
        for call in found:
            for keyword in call.keywords:
                if keyword.arg == listed and isinstance(keyword.value, ast.List):
                    return [self._segment(item) for item in keyword.value.elts]
        return []

    def own(self, name: str) -> Import:
        """Give the import of something that the page itself declares."""
        return str(self._names.get("__name__", "backend")), name

    def imports(self, texts: Iterable[str]) -> Iterator[Import]:
        """Give where each name of some examples comes from: the page's own, or what the page imports it from."""
        modules = {
            alias.asname or alias.name: node.module or ""
            for node in self._tree.body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        used = {name for text in texts for name in free_names(ast.parse(text))}
        yield from (((modules[name], name) if name in modules else self.own(name)) for name in sorted(used))

    def _segment(self, node: ast.expr) -> str:
        text = ast.get_source_segment(self._source, node) or ""
        return text if "\n" not in text else ast.unparse(node)


def _lines(items: Iterable[str]) -> str:
    return "".join(f"        {one},\n" for one in items)


def _docstring(because: str) -> str:
    said = " ".join(because.split()).replace("\\", "/")
    return f'"""{said}"""' if '"' not in said else f"# {said}"


def _text(text: str) -> str:
    """Write a text: several lines as that many literals."""
    parts = text.splitlines(keepends=True)
    write: Callable[[str], str] = lambda part: quoted(part.replace("\\", "\\\\").replace("\n", "\\n"))  # noqa: E731
    if len(parts) <= 1:
        return write(text)
    return "(\n" + "".join(f"        {write(part)}\n" for part in parts) + "    )"
