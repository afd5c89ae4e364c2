"""Claim: the three providers are asked as they want to be asked, once for each request, and a refusal says what to do and no key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from scripted_model import Says, Script, scripted

from techlead.delegate.models import Intern, NotAsked
from techlead.delegate.settings import asked_of
from techlead.errors import SettingsRefused

KEY = "sk-canary-of-the-key"
PROVIDERS = {
    "anthropic:claude-sonnet-4-6": ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", ""),
    "google:gemini-2.5-flash": ("GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL", ""),
    "openai:gpt-5": ("OPENAI_API_KEY", "OPENAI_BASE_URL", "/v1"),
}
"""The variables of the key and of the address of each, and what the address ends in."""


@contextmanager
def asked(
    monkeypatch: pytest.MonkeyPatch, model: str, *answers: Says, key_variable: str = ""
) -> Iterator[tuple[Intern, Script]]:
    """Ask a model whose provider is a script on loopback."""
    key, address, below = PROVIDERS[model]
    environment = {key_variable or key: KEY}
    with scripted(*answers) as script:
        for each, _, _ in PROVIDERS.values():
            monkeypatch.delenv(each, raising=False)
        monkeypatch.setenv(key_variable or key, KEY)
        monkeypatch.setenv(address, script.url.removesuffix("/v1") + below)
        settings = f'[ai]\nmodel = "{model}"\nkey_variable = "{key_variable}"\n'
        with closing(
            Intern(asked_of(settings, environment), "t", Decimal(0), environment, lambda: datetime.now(UTC))
        ) as intern:
            yield intern, script


@pytest.mark.parametrize("key_variable", ["", "TEAMS_KEY"])
@pytest.mark.parametrize("model", PROVIDERS)
def test_a_draft_comes_back_and_is_paid_for(model: str, key_variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = Says({"docs/lending.md": "# Lending\n"}, used=(1_000, 200))
    with asked(monkeypatch, model, draft, key_variable=key_variable) as (intern, script):
        assert "# Lending" in intern("Write about lending.")
    assert len(script.asked) == 1
    assert [(one.model, one.input_tokens, one.output_tokens) for one in intern.spent] == [(model, 1_000, 200)]
    assert Decimal(intern.spent[0].dollars) > 0


@pytest.mark.parametrize("status", [401, 404, 429, 500])
@pytest.mark.parametrize("model", PROVIDERS)
def test_a_refusal_is_told_without_the_key_and_nothing_is_asked_again(
    model: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = b'{"error": {"message": "Incorrect key sk-canary-of-the-key", "code": 401, "status": "X", "type": "x"}}'
    with asked(monkeypatch, model, Says(status=status, garbage=said)) as (intern, script):
        with pytest.raises(NotAsked, match=str(status)) as caught:
            intern("Write about lending.")
        assert len(script.asked) == 1
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("model", PROVIDERS)
def test_without_a_key_it_says_which_and_what_can_be_done_without(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key, _, _ = PROVIDERS[model]
    monkeypatch.delenv(key, raising=False)
    settings = asked_of(f'[ai]\nmodel = "{model}"\n', {})
    with pytest.raises(SettingsRefused, match=f"{key} is not set.*techlead brief"):
        Intern(settings, "t", Decimal(0), {}, lambda: datetime.now(UTC))
