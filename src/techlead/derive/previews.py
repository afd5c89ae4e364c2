"""Previews: what a notification says, with sample values in the place of a row's, the same ones every time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from techlead.derive.plan import FieldPlan, NotificationPlan, Plan, ResourcePlan
from techlead.derive.rendering import render
from techlead.derive.templates import spoken

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
    """Preview a notification, or all of them, in every language that it has; KeyError when there is none of that name."""
    chosen = [one for one in plan.notifications if name in (None, one.name)]
    if not chosen and name is not None:
        raise KeyError(name)
    return tuple(
        _preview(plan.resources[one.resource], one, language)
        for one in chosen
        for language in sorted({"", *one.templates})
    )


def _preview(resource: ResourcePlan, one: NotificationPlan, language: str) -> Preview:
    values = {field.name: sample(resource, field) for field in resource.fields}
    channels = tuple(channel.value for channel in one.via)
    template = one.templates.get(language)
    if template is not None:
        words = render(template, values)
        return Preview(one.name, language, channels, words.subject, words.text, words.html)
    subject, text = (PLACEHOLDER.sub(lambda found: spoken(values[found[1]]), said) for said in (one.subject, one.text))
    return Preview(one.name, language, channels, subject, text, None)


def sample(resource: ResourcePlan, field: FieldPlan) -> Any:
    """Give a sample value of a field: a text is its field's name in words, all else is its kind's example."""
    if field.computed:
        return f"{resource.name} {field.name}"
    if field.kind == "text":
        return field.name.replace("_", " ").capitalize()[: field.spec.max_length]
    return field.codec.load(field.codec.parse(field.codec.example))
