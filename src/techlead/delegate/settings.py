"""Which model is asked and what it may use: `[ai]` in techlead.toml, or the environment; the key stays in the environment."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from techlead.delegate.money import HIGHEST, Spending, spending_of
from techlead.errors import SettingsRefused

FILE: Final = "techlead.toml"
MODEL: Final = "TECHLEAD_AI_MODEL"
URL: Final = "TECHLEAD_AI_URL"
NAMED: Final = frozenset({"model", "url", "key_variable", "dollars_per_million_input", "dollars_per_million_output"})
NO_MODEL: Final = (
    'No model is named: put `model = "anthropic:claude-sonnet-4-6"` below [ai] in techlead.toml, or set TECHLEAD_AI_MODEL. '
    "Without one, `techlead brief` prints the same brief to paste into any assistant, and `techlead propose` takes its answer."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A model to ask."""

    model: str
    """`PROVIDER:NAME` as pydantic-ai knows it, or only the name where `url` is given."""
    url: str = ""
    """Of a server that speaks OpenAI's protocol; empty for the provider's own."""
    key_variable: str = ""
    """The environment variable that holds the key; empty for the provider's own."""
    input_price: Decimal | None = None
    """Dollars for a million tokens, where nobody publishes them."""
    output_price: Decimal | None = None
    spending: Spending = field(default_factory=Spending)


def asked_of(source: str, environment: Mapping[str, str]) -> Asked:
    """Read the settings; SettingsRefused says what is missing or cannot be."""
    try:
        data = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise SettingsRefused(f"{FILE} is no TOML: {error}") from None
    given = data.get("ai", {})
    if not isinstance(given, dict):
        raise SettingsRefused(f"[ai] in {FILE} is no table.")
    unknown = sorted(set(given) - NAMED - set(HIGHEST))
    if unknown:
        raise SettingsRefused(f"[ai] knows no {unknown[0]!r}: it takes {', '.join(sorted(NAMED | set(HIGHEST)))}.")
    model = environment.get(MODEL) or str(given.get("model", ""))
    if not model:
        raise SettingsRefused(NO_MODEL)
    return Asked(
        model,
        environment.get(URL) or str(given.get("url", "")),
        str(given.get("key_variable", "")),
        _price(given, "dollars_per_million_input"),
        _price(given, "dollars_per_million_output"),
        spending_of({name: value for name, value in given.items() if name in HIGHEST}),
    )


def _price(given: Mapping[str, Any], name: str) -> Decimal | None:
    if name not in given:
        return None
    try:
        price = Decimal(str(given[name]))
    except InvalidOperation:
        price = Decimal(-1)
    if not 0 <= price < 1_000_000:  # noqa: PLR2004 - a million dollars for a million tokens is a mistake
        raise SettingsRefused(f"[ai] {name} is {given[name]!r}: dollars for a million tokens.")
    return price
