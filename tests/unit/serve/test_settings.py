"""Settings are read from the environment, each with its unit; what is unsafe or misspelt stops the start in words."""

import pytest

from techlead.errors import SettingsRefused
from techlead.serve.settings import Settings, settings_from


def test_without_anything_said_the_defaults_hold():
    assert settings_from({"PATH": "/bin"}) == Settings()


def test_each_kind_of_setting_is_read():
    given = {
        "TECHLEAD_ENVIRONMENT": "production",
        "TECHLEAD_BODY_BYTES_MAX": "1024",
        "TECHLEAD_CORS_ORIGINS": "https://shop.example, https://admin.example",
        "TECHLEAD_DEBUG": "false",
        "TECHLEAD_LOG_FORMAT": "pretty",
        "TECHLEAD_DATABASE": "sqlite:///read-elsewhere.db",
    }
    settings = settings_from(given)
    assert settings.production
    assert settings.body_bytes_max == 1024
    assert settings.cors_origins == ("https://shop.example", "https://admin.example")
    assert (settings.debug, settings.log_format) == (False, "pretty")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("BODY_BYTES_MAX", "0", "at least 1"),
        ("BODY_BYTES_MAX", "-1", "whole number"),
        ("BODY_BYTES_MAX", "1e3", "whole number"),
        ("BODY_BYTES_MAX", "\u0661", "whole number"),
        ("PASSWORD_CHARACTERS_MIN", "7", "at least 8"),
        ("DEBUG", "maybe", "true or false"),
        ("ENVIRONMENT", "staging", "development or production"),
        ("LOG_FORMAT", "xml", "json or pretty"),
        ("CORS_ORIGINS", "*", "name each origin"),
        ("BODY_BYTE_MAX", "1", "is not a setting"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_write_instead(name, value, said):
    with pytest.raises(SettingsRefused, match=said):
        settings_from({f"TECHLEAD_{name}": value})


@pytest.mark.parametrize("name", ["AI_MODEL", "AI_URL", "SIGNING_KEY", "ALLOWED_SIGNERS"])
def test_what_other_verbs_read_from_the_environment_stands_in_no_ones_way(name):
    assert settings_from({f"TECHLEAD_{name}": "x"})


@pytest.mark.parametrize(("name", "value"), [("DEBUG", "1"), ("CORS_ORIGINS", "http://shop.example")])
def test_production_refuses_what_development_may_have(name, value):
    assert settings_from({f"TECHLEAD_{name}": value})
    with pytest.raises(SettingsRefused, match="in production"):
        settings_from({f"TECHLEAD_{name}": value, "TECHLEAD_ENVIRONMENT": "production"})


def test_everything_that_is_wrong_is_said_at_once():
    with pytest.raises(SettingsRefused) as refused:
        settings_from({"TECHLEAD_LOG_FORMAT": "xml", "TECHLEAD_ENVIRONMENT": "x", "TECHLEAD_TYPO": "1"})
    assert len(str(refused.value).splitlines()) == 3
