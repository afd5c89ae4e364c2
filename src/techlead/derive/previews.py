"""Previews: what a notification says, with sample values in the place of a row's, the same ones every time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from techlead.declare.notification import Channel
from techlead.derive.plan import FieldPlan, NotificationPlan, Plan, ResourcePlan
from techlead.derive.rendering import render
from techlead.derive.templates import spoken

UNWORDED: Final = frozenset({Channel.WEBHOOK})
"""Carries the row itself and no words."""
IN_PLAIN_WORDS: Final = frozenset({Channel.INBOX, *UNWORDED})
"""Never speaks by a template: what the inbox says was written with the change, in nobody's language."""
PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Preview:
    """What one notification says in one language; without a template there is no HTML."""

    name: str
    language: str
    channels: tuple[str, ...]
    subject: str
    text: str
    html: str | None


def previews(plan: Plan, name: str | None = None) -> tuple[Preview, ...]:
    """Preview a notification, or all of them, in every language that it has; KeyError when there is none of that name.

    Where there are templates, what they say comes first, then what the inbox says: the declaration's own words.
    """
    chosen = [one for one in plan.notifications if name in (None, one.name)]
    if not chosen and name is not None:
        raise KeyError(name)
    return tuple(preview for one in chosen for preview in _previews(plan.resources[one.resource], one))


def _previews(resource: ResourcePlan, one: NotificationPlan) -> Iterator[Preview]:
    values = {field.name: sample(resource, field) for field in resource.fields}
    without = IN_PLAIN_WORDS if one.templates else UNWORDED
    by = tuple(channel.value for channel in one.via if channel not in without)
    said = (PLACEHOLDER.sub(lambda found: spoken(values[found[1]]), said) for said in (one.subject, one.text))
    subject, text = said
    for language in sorted({"", *one.templates}):
        template = one.templates.get(language)
        if template is None:
            yield Preview(one.name, language, by, subject, text, None)
        else:
            words = render(template, values)
            yield Preview(one.name, language, by, words.subject, words.text, words.html)
    if one.templates and Channel.INBOX in one.via:
        yield Preview(one.name, "", (Channel.INBOX.value,), subject, text, None)


def sample(resource: ResourcePlan, field: FieldPlan) -> Any:
    """Give a sample value of a field: a text is its field's name in words, all else is its kind's example."""
    if field.computed:
        return f"{resource.name} {field.name}"
    if field.kind == "text":
        return field.name.replace("_", " ").capitalize()[: field.spec.max_length]
    return field.codec.load(field.codec.parse(field.codec.example))
