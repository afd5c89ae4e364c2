"""`techlead-audit.toml`: what a person says about the target; `--init` writes it with what was found out, to be corrected."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from techlead.audit.finding import Question
from techlead.audit.target.given import Given
from techlead.audit.target.understanding import Understanding
from techlead.errors import SettingsRefused

FILE: Final = "techlead-audit.toml"
TABLES: Final = frozenset({"target", "environment", "people", "answers", "leave_alone"})


def inferred(known: Understanding) -> dict[str, Any]:
    """What was found out, as plain data for the report."""
    return {
        "framework": known.framework,
        "sign_up": known.ways.sign_up.name if known.ways.sign_up else None,
        "log_in": known.ways.log_in.name if known.ways.log_in else None,
        "session": {name: value.partition(" ")[0] + " ..." for name, value in known.ways.carries.items()},
        "roles": list(known.ways.roles),
        "guessed": list(known.guessed),
        "operations": {
            operation.name: {
                "does": operation.role.value,
                "resource": operation.resource,
                "for": operation.audience.value,
                "documented": operation.documented,
                "tried": operation.name in known.recipes or known.untried.get(operation.name) is None,
            }
            for operation in known.operations
        },
        "never_succeeded": dict(known.untried),
        "sources": {operation.name: _relative(operation.source) for operation in known.operations if operation.source},
    }


def _relative(source: str) -> str:
    """`main.py:12` of the place in the instance's copy."""
    return source.rpartition("/target/")[2] or source


def read(file: Path, given: Given) -> Given:
    """Add what the file says; the command line goes first.

    Raises:
        SettingsRefused: The file is no TOML, or says something unknown.
    """
    if not file.is_file():
        return given
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsRefused(f"{file.name} cannot be read: {error}") from None
    unknown = set(said) - TABLES
    if unknown:
        raise SettingsRefused(f"{file.name} has {', '.join(sorted(unknown))}; known are {', '.join(sorted(TABLES))}")
    target = said.get("target", {})
    return replace(
        given,
        settings=file.resolve(),
        app=given.app or (target.get("app") if not given.starts else None),
        starts=given.starts or (tuple(target.get("start", ())) if not given.app else ()),
        url=given.url or target.get("url"),
        python=given.python or target.get("python"),
        prepare=given.prepare or tuple(target.get("prepare", ())),
        ready_seconds=float(target.get("ready_seconds", given.ready_seconds)),
        environment={**{name: str(value) for name, value in said.get("environment", {}).items()}, **given.environment},
        people={**said.get("people", {}), **given.people},
        answers=said.get("answers", {}),
        leave_alone=tuple(said.get("leave_alone", ())),
    )


def first_file(given: Given, known: Mapping[str, Any], questions: tuple[Question, ...]) -> str:
    """The text of a first `techlead-audit.toml`: everything that was inferred, as comments or values to correct."""
    return "\n".join(_lines(given, known, questions)) + "\n"


def _lines(given: Given, known: Mapping[str, Any], questions: tuple[Question, ...]) -> Iterator[str]:
    yield "# What `techlead audit` found out about this target. Correct what is wrong, delete what is right: it is found again."
    yield '# leave_alone = ["POST /never/call/this"]'
    yield ""
    yield "[target]"
    yield f"app = {_text(given.app)}" if given.app else f"start = {json.dumps(list(given.starts))}"
    yield '# python = ".venv/bin/python"'
    yield '# prepare = ["python manage.py migrate"]'
    yield ""
    yield "[environment]"
    for sentence in known.get("guessed", ()):
        name, equals, value = str(sentence).removeprefix("environment: ").partition("=")
        yield f"# {name} = {_text(value)}" if equals and str(sentence).startswith("environment: ") else f"# {sentence}"
    yield ""
    yield "[people]"
    for word in ("sign_up", "log_in"):
        yield f"{'' if known.get(word) else '# '}{word} = {_text(known.get(word) or 'POST /path')}"
    yield f"# roles: {', '.join(known.get('roles', ())) or 'none'}"
    yield "# [people.admin]"
    yield '# login = "admin@example.com"'
    yield '# password = "..."'
    yield ""
    yield "# Operations: what each does, and for whom."
    for name, about in known.get("operations", {}).items():
        why = known.get("never_succeeded", {}).get(name)
        yield f"#   {name}: {about['does']}, {about['for']}" + (
            f"; never succeeded: {_one_line(why)}" if why is not None else ""
        )
    for question in questions:
        yield ""
        yield f"# {_one_line(question.question)}"
        yield f"# answers: {' / '.join(question.answers)}"
        yield f"# [answers.{_text(question.id)}]"
        yield "# meant = true"
        yield '# because = "..."'


def _one_line(text: str) -> str:
    return " ".join(str(text).split())


def _text(value: Any) -> str:
    return json.dumps(str(value), ensure_ascii=False)
