"""The declarations that `techlead add` writes: each kind's questions as a table, and its text from the answers."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from techlead.primitives.words import snake
from techlead.scaffold.expressions import expression, policy, quoted, sentence
from techlead.scaffold.field_words import CAMEL, SNAKE, field_text
from techlead.scaffold.insert import Declaration
from techlead.scaffold.page import Page
from techlead.scaffold.refused import ScaffoldRefused

LINE_CHARACTERS_MAX: Final = 120


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that is asked for: the flag, the question, and the answer when none is given (None: there must be one)."""

    flag: str
    asks: str
    default: str | None = None
    many: bool = False
    """Whether there may be several; at a terminal an empty line ends them."""

    needed: bool = False
    """Of several, whether there must be one."""


Answers = Mapping[str, list[str]]
QUESTIONS: Final[Mapping[str, tuple[Question, ...]]] = {
    "resource": (
        Question("about", "What is it, in a sentence?"),
        Question(
            "field",
            "A field, as in title:text(120), price:money(EUR), seller:owner, listing:Listing",
            many=True,
            needed=True,
        ),
        Question("read", "Who may read it (owner, anyone, signed_in, role(...))?", "owner"),
        Question("create", "Who may create it (signed_in)? Empty for nobody", ""),
        Question("update", "Who may change it? Empty for nobody", ""),
        Question("delete", "Who may delete it? Empty for nobody", ""),
    ),
    "rule": (
        Question("on", "About which resource?"),
        Question("because", "Why does it exist? Name the ticket, the law, the incident or the person"),
        Question("holds", "When does it allow, as in order.status is OrderStatus.PLACED?"),
        Question("allows", "An example that it allows, as in facts(status=OrderStatus.PLACED)", many=True, needed=True),
        Question(
            "refuses", "An example that it refuses, as in facts(status=OrderStatus.SHIPPED)", many=True, needed=True
        ),
        Question("message", "What does a refused caller read? Empty for a plain sentence", ""),
    ),
    "action": (
        Question("on", "On which resource?"),
        Question("about", "What does it do, in a sentence?"),
        Question("by", "Who may do it?", "owner"),
        Question("rule", "A rule that must allow it", "", many=True),
        Question("set", "A field that it sets, as in status=OrderStatus.CANCELLED", many=True),
        Question("send", "A notification that it sends", "", many=True),
    ),
    "notification": (
        Question("on", "About which resource?"),
        Question("to", "To whom: a field that leads to an account, as in seller?"),
        Question("via", "By which ways: inbox, email, webhook, chat, push?", "inbox"),
        Question("text", "What does it say? Fields in braces, as in {title} was sold."),
    ),
}
WAYS: Final = ("inbox", "email", "webhook", "chat", "push")


def declaration(kind: str, name: str, answers: Answers, page: Page) -> Declaration:
    """Write a declaration from the answers; ScaffoldRefused says what cannot be, and how it is written."""
    check_name(kind, name, page)
    if kind != "resource":
        known("resource", answers["on"][0], page.of_kind("resource", "account"))
    return WRITERS[kind](name, answers, page)


def check_name(kind: str, name: str, page: Page) -> None:
    """Refuse a name that cannot be one of its kind, or that the page has: before anybody is asked about the rest."""
    shape, example = (CAMEL, "OrderLine") if kind == "resource" else (SNAKE, "not_handed_over")
    if shape.fullmatch(name) is None or keyword.iskeyword(name):
        raise ScaffoldRefused(f"{name!r} cannot be the name of a {kind}: write it as in {example}.")
    if name in page.names:
        raise ScaffoldRefused(f"The page has a {name} already: choose another name, or change that one.")


def _resource(name: str, answers: Answers, page: Page) -> Declaration:
    accounts = page.of_kind("account")
    if not accounts and any(one.rstrip().endswith(":owner") for one in answers["field"]):
        raise ScaffoldRefused("The page has no account to own it: declare one with @backend.account first.")
    fields = [field_text(one, name, accounts[0] if accounts else "") for one in answers["field"] if one.strip()]
    if not fields:
        raise ScaffoldRefused("A resource has at least one field: say --field title:text(120).")
    said = ", ".join(f"{verb}={policy(answers[verb][0], verb)}" for verb in VERBS if answers[verb][0].strip())
    choices = "".join(f"{one.choices}\n\n\n" for one in fields if one.choices)
    head = _call(f"@{page.backend}.resource", said.split(", ") if said else [], said)
    body = "\n".join(one.line for one in fields)
    about = sentence(answers["about"][0], "What it is")
    return Declaration("resource", name, f'{choices}{head}\nclass {name}(Resource):\n    """{about}"""\n\n{body}\n')


VERBS: Final = ("read", "create", "update", "delete")


def _rule(name: str, answers: Answers, page: Page) -> Declaration:  # noqa: ARG001 - one shape for all kinds
    resource = answers["on"][0]
    parameter = snake(resource)
    lines = [f"    because={quoted(sentence(answers['because'][0], 'because'))},"]
    if answers["message"][0].strip():
        lines.append(f"    message={quoted(sentence(answers['message'][0], 'message'))},")
    for listed in ("allows", "refuses"):
        given = [expression(one, listed, "facts(status=OrderStatus.PLACED)") for one in answers[listed] if one.strip()]
        if not given:
            raise ScaffoldRefused(f"A rule has an example that it {listed}: say --{listed} 'facts(...)'.")
        lines.append(f"    {listed}=[{', '.join(given)}],")
    holds = expression(answers["holds"][0], "holds", f"{parameter}.status is {resource}Status.OPEN")
    arguments = "\n".join(lines)
    text = f"@rule(\n{arguments}\n)\ndef {name}({parameter}: Facts[{resource}]) -> bool:\n    return {holds}\n"
    return Declaration("rule", name, text)


def _action(name: str, answers: Answers, page: Page) -> Declaration:
    resource = answers["on"][0]
    row = snake(resource)
    rules = _chosen("rule", answers["rule"], page.of_kind("rule"))
    sends = _chosen("notification", answers["send"], page.of_kind("notification"))
    sets = [assignment(one) for one in answers["set"] if one.strip()]
    if not sets and not sends:
        raise ScaffoldRefused(
            "An action does something: say --set status=OrderStatus.CANCELLED or --send a_notification."
        )
    when = [f"when=[{', '.join(rules)}]"] if rules else []
    changed = [f"{row}=facts({', '.join(f'{field}={value}' for field, value in sets)})"] if sets else []
    sent = [f"sends=[{', '.join(sends)}]"] if sends else []
    examples = f"examples=[facts().gives({', '.join([*changed, *sent])})]"
    arguments = [resource, f"by={policy(answers['by'][0], 'by')}", *when, examples]
    head = _call("@action", arguments, ", ".join(arguments))
    steps = [f"    {row}.{field} = {value}" for field, value in sets] + [
        f"    yield {one}.send({row})" for one in sends
    ]
    about = sentence(answers["about"][0], "What it does")
    gives = "Effects" if sends else "None"
    body = "\n".join(steps)
    return Declaration(
        "action", name, f'{head}\ndef {name}({row}: {resource}) -> {gives}:\n    """{about}"""\n{body}\n'
    )


def _notification(name: str, answers: Answers, page: Page) -> Declaration:  # noqa: ARG001 - as above
    to, text = receiver(answers["to"][0]), sentence(answers["text"][0], "What it says")
    arguments = [answers["on"][0], f'to="{to}"', f"via=[{', '.join(ways(answers['via'][0]))}]", f"text={quoted(text)}"]
    return Declaration(
        "notification", name, _call(f"{name} = notification", arguments, ", ".join(arguments)), loose=False
    )


WRITERS: Final[Mapping[str, Callable[[str, Answers, Page], Declaration]]] = {
    "resource": _resource,
    "rule": _rule,
    "action": _action,
    "notification": _notification,
}


def _call(head: str, arguments: Iterable[str], inline: str) -> str:
    """Write a call on one line, or one argument a line where that is too long."""
    if len(line := f"{head}({inline})") <= LINE_CHARACTERS_MAX:
        return line
    inside = "".join(f"    {one},\n" for one in arguments)
    return f"{head}(\n{inside})"


def ways(text: str) -> list[str]:
    """Read the ways of a message; ScaffoldRefused names those that there are."""
    found = [one.strip() for one in text.split(",") if one.strip()]
    unknown = [one for one in found if one not in WAYS]
    if unknown or not found:
        raise ScaffoldRefused(
            f"{', '.join(unknown) or 'Nothing'} is no way to reach somebody: choose of {', '.join(WAYS)}."
        )
    return found


def receiver(text: str) -> str:
    """Read the field that leads to who gets a message; ScaffoldRefused when it is no field's name."""
    if SNAKE.fullmatch(text.strip().replace(".", "_")) is None:
        raise ScaffoldRefused(f"{text!r} is no field: name the one that leads to the account, as in seller.")
    return text.strip()


def assignment(text: str) -> tuple[str, str]:
    """Read a field and what it becomes; ScaffoldRefused when it is none."""
    name, equals, value = text.partition("=")
    if not equals or SNAKE.fullmatch(name.strip()) is None:
        raise ScaffoldRefused(f"{text!r} sets no field: write it as in status=OrderStatus.CANCELLED.")
    return name.strip(), expression(value, name.strip(), "OrderStatus.CANCELLED")


def _chosen(kind: str, given: list[str], names: Iterable[str]) -> list[str]:
    return [known(kind, one.strip(), names) for one in given if one.strip()]


def known(kind: str, name: str, names: Iterable[str]) -> str:
    """Give a name that the page has; ScaffoldRefused names those that it has."""
    if name not in names:
        raise ScaffoldRefused(f"The page has no {kind} {name!r}: it has {', '.join(names) or 'none'}.")
    return name
