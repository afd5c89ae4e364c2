"""The words of a template for one row: the subject, the text and the HTML.

A template can name fields and choose by them, and no more: what it may say is a table of Jinja's own syntax, so it
can neither loop nor call nor reach into anything. Values are escaped for where they stand: in the text they lose what
drives terminals, in the HTML every sign that Markdown or HTML would read. It is rendered in Jinja's sandbox all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from jinja2 import StrictUndefined, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markdown_it import MarkdownIt
from markupsafe import Markup

from techlead.derive.templates import Template, Unrenderable, Words, plain, spoken

SOURCE_CHARACTERS_MAX: Final = 20_000
TEXT_CHARACTERS_MAX: Final = 40_000
SUBJECT_CHARACTERS_MAX: Final = 200

ALLOWED: Final[tuple[type[nodes.Node], ...]] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.CondExpr, nodes.Compare,
    nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Filter,
)  # fmt: skip
FILTERS: Final = frozenset({"upper", "lower", "capitalize", "title", "trim", "default", "truncate"})
_PUNCTUATION: Final = re.compile(r"([!-/:-@\[-`{-~])")
_NOT_IN_TEXT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


def named_in(template: Template) -> frozenset[str]:
    """Name the fields that a template names; Unrenderable when it is not well formed."""
    return frozenset(node.name for node in _parsed(template.source).find_all(nodes.Name))


def problems(template: Template) -> Iterator[tuple[str, str]]:
    """Say why a template cannot stand by itself, and how to mend it; its fields are checked with the notification that it is for."""
    if len(template.source) > SOURCE_CHARACTERS_MAX:
        yield f"the template has more than {SOURCE_CHARACTERS_MAX} characters", "shorten it"
        return
    try:
        parsed = _parsed(template.source)
    except Unrenderable as error:
        yield str(error), "correct it; `techlead notify preview` shows what becomes of it"
        return
    if not template.source.startswith("# "):
        yield "its first line is no subject", "begin it with `# ` and the subject"
    for node in parsed.find_all(nodes.Node):
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            yield f"line {node.lineno} uses the filter {node.name!r}", f"use one of {', '.join(sorted(FILTERS))}"
        elif not isinstance(node, ALLOWED):
            yield f"line {node.lineno} says {type(node).__name__}", "name fields in {{ }}, and choose with {% if %}"


def render(template: Template, values: Mapping[str, Any]) -> Words:
    """Fill a template with the values of fields; Unrenderable when one that it names is not given."""
    given = {name: plain(value) for name, value in values.items()}
    subject, _, body = template.source.removeprefix("# ").partition("\n")
    try:
        words = Words(
            " ".join(_compiled(subject, markdown=False).render(given).split())[:SUBJECT_CHARACTERS_MAX],
            _compiled(body.strip("\n"), markdown=False).render(given)[:TEXT_CHARACTERS_MAX],
            _MARKDOWN.render(_compiled(body.strip("\n"), markdown=True).render(given)[:TEXT_CHARACTERS_MAX]),
        )
    except TemplateError as error:
        raise Unrenderable(_said(error)) from None
    except (TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise Unrenderable(f"{template.file} cannot be filled: {type(error).__name__}") from None
    return words


def _text(value: Any) -> Markup:
    return Markup(_NOT_IN_TEXT.sub(" ", spoken(value)))  # noqa: S704 - of a text that no browser reads


def _markdown(value: Any) -> Markup:
    """Escape every sign of Markdown, and keep lines from beginning anything."""
    lines = _NOT_IN_TEXT.sub(" ", spoken(value)).split("\n")
    return Markup("  \n".join(_PUNCTUATION.sub(r"\\\1", line.strip()) for line in lines if line.strip()))  # noqa: S704 - of Markdown


def _environment(*, markdown: bool) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_markdown if markdown else _text,
        cache_size=0,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


_ENVIRONMENTS: Final = {markdown: _environment(markdown=markdown) for markdown in (False, True)}
_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False, "linkify": False})


@lru_cache(maxsize=512)
def _compiled(source: str, *, markdown: bool) -> Any:
    return _ENVIRONMENTS[markdown].from_string(source)


def _parsed(source: str) -> nodes.Template:
    try:
        return _ENVIRONMENTS[False].parse(source)
    except TemplateError as error:
        raise Unrenderable(_said(error)) from None


def _said(error: TemplateError) -> str:
    line = getattr(error, "lineno", None)
    return f"line {line}: {error.message}" if line else str(error.message)
