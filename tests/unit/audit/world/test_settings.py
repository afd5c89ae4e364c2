"""The settings that lead mail and messages to our neighbours are found in the source, and only those."""

from __future__ import annotations

import pytest

from techlead.audit.world.settings import (
    HOOK_SECRET,
    MAIL_HOST,
    MAIL_PASSWORD,
    MAIL_USER,
    SMTP_BACKEND,
    Setting,
    guess,
    value_for,
)


@pytest.mark.parametrize(
    "name, default, value",
    [
        ("SMTP_HOST", "", MAIL_HOST),
        ("MAIL_SERVER", "localhost", MAIL_HOST),
        ("EMAIL_HOST", "", MAIL_HOST),
        ("EMAIL_HOST_USER", "", MAIL_USER),
        ("EMAIL_HOST_PASSWORD", "", MAIL_PASSWORD),
        ("SMTP_STARTTLS", "0", "1"),
        ("SMTP_USE_TLS", "false", "true"),
        ("MAIL_SUPPRESS_SEND", "true", "false"),
        ("EMAIL_BACKEND", "", SMTP_BACKEND),
        ("MAIL_BACKEND", "console", "smtp"),
        ("AGENT_WEBHOOK_URL", "", "http://hooks.example.com/agent_webhook_url?token=canary-of-the-webhook-address"),
        ("SLACK_WEBHOOK_URL", "", "http://hooks.example.com/slack_webhook_url?token=canary-of-the-webhook-address"),
        ("WEBHOOK_SECRET", "", HOOK_SECRET),
        ("SMTP_PORT", "587", ""),
        ("SMTP_FROM", "shop@example.org", ""),
        ("WEBHOOK_OVERRIDE_URL", "", ""),
        ("WEBHOOK_ALLOW_PRIVATE", "0", ""),
        ("DATABASE_URL", "", ""),
        ("ADMIN_EMAIL", "", ""),
        ("JWT_SECRET", "", ""),
        ("WEBHOOK_TIMEOUT", "5", ""),
    ],
)
def test_a_setting_is_given_a_value_by_what_it_means(name, default, value):
    assert value_for(Setting(name, default)) == value


def test_names_are_read_from_calls_and_from_settings_classes(tmp_path):
    (tmp_path / "config.py").write_text(
        'import os\nHOST = os.getenv("SMTP_HOST", "")\nTLS = os.environ.get("SMTP_TLS", "true")\nU = os.environ["SMTP_USER"]\n'
    )
    (tmp_path / "settings.py").write_text(
        'class Settings(BaseSettings):\n    model_config = {"env_prefix": "shop_"}\n    webhook_url: str | None = None\n    debug: bool = False\n'
    )
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "other.py").write_text('os.getenv("MAIL_HOST")')
    assert guess(tmp_path) == {
        "SMTP_HOST": MAIL_HOST,
        "SMTP_TLS": "true",
        "SMTP_USER": MAIL_USER,
        "SHOP_WEBHOOK_URL": "http://hooks.example.com/shop_webhook_url?token=canary-of-the-webhook-address",
    }
