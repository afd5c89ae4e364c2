"""Every limit of the server, with its name, its unit and its default; read from `TECHLEAD_<NAME>` in the environment."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from techlead.errors import SettingsRefused

PREFIX: Final = "TECHLEAD_"


@dataclass(frozen=True, slots=True)
class Settings:
    """What may be set; a name ends in its unit, and no value means "for ever" or "without end"."""

    environment: str = "development"
    debug: bool = False
    cors_origins: tuple[str, ...] = ()
    body_bytes_max: int = 65_536
    url_bytes_max: int = 4_096
    header_bytes_max: int = 16_384
    header_count_max: int = 64
    json_depth_max: int = 16
    page_rows_max: int = 100
    page_rows: int = 20
    request_seconds_max: int = 30
    stop_seconds_max: int = 20
    session_seconds_max: int = 604_800
    idempotency_seconds: int = 86_400
    password_characters_min: int = 15
    password_characters_max: int = 1_024
    password_threads: int = 2
    password_queue_max: int = 64
    login_tries_free: int = 5
    login_wait_seconds_max: int = 900
    sse_clients_max: int = 1_000
    sse_clients_of_account_max: int = 8
    sse_heartbeat_seconds: int = 15
    sse_poll_seconds: int = 2
    log_format: str = "json"
    mail_folder: str = ".techlead/mail"
    mail_from: str = "no-reply@localhost"
    public_url: str = "http://127.0.0.1:8000"
    systems_networks: tuple[str, ...] = ()
    webhook_probe: bool = True
    emails_of_account_per_hour_max: int = 30
    metrics_port: int = 0
    deliver: bool = True
    delivery: str = ""
    allowed_signers: str = ""
    team_signing: bool = False

    @property
    def production(self) -> bool:
        """Whether this is the environment that people rely on."""
        return self.environment == "production"


LOWEST: Final[Mapping[str, int]] = {"password_characters_min": 8, "page_rows": 1}
"""Limits that may not be set lower than this; all others, not lower than 1."""


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Read the settings; SettingsRefused names what cannot be, and what to write instead."""
    given: dict[str, Any] = {}
    for field in dataclasses.fields(Settings):
        text = environment.get(PREFIX + field.name.upper())
        if text is not None:
            given[field.name] = _read(field.name, getattr(Settings(), field.name), text)
    settings = Settings(**given)
    problems = [*_unknown(environment), *unsafe(settings)]
    if problems:
        raise SettingsRefused("\n".join(problems))
    return settings


def unsafe(settings: Settings) -> list[str]:
    """List what must not be so in production (ASVS 13.4.2), each with what to do."""
    found = []
    if settings.environment not in ("development", "production"):
        found.append(f"{PREFIX}ENVIRONMENT is {settings.environment!r}: set it to development or production")
    if settings.log_format not in ("json", "pretty"):
        found.append(f"{PREFIX}LOG_FORMAT is {settings.log_format!r}: set it to json or pretty")
    if settings.production and settings.debug:
        found.append(f"{PREFIX}DEBUG is on in production: unset it")
    if "*" in settings.cors_origins:
        found.append(f"{PREFIX}CORS_ORIGINS holds *: name each origin, such as https://shop.example")
    if settings.production and any(origin.startswith("http:") for origin in settings.cors_origins):
        found.append(f"{PREFIX}CORS_ORIGINS holds a plain-HTTP origin in production: use https")
    return found


def _read(name: str, default: Any, text: str) -> Any:
    variable = PREFIX + name.upper()
    if isinstance(default, bool):
        if text not in ("0", "1", "true", "false"):
            message = f"{variable} is {text!r}: set it to true or false"
            raise SettingsRefused(message)
        return text in ("1", "true")
    if isinstance(default, tuple):
        return tuple(filter(None, (part.strip() for part in text.split(","))))
    if isinstance(default, str):
        return text
    lowest = LOWEST.get(name, 1)
    if not text.isascii() or not text.isdigit() or int(text) < lowest:
        message = f"{variable} is {text!r}: set it to a whole number of at least {lowest}"
        raise SettingsRefused(message)
    return int(text)


def _unknown(environment: Mapping[str, str]) -> list[str]:
    known = {PREFIX + field.name.upper() for field in dataclasses.fields(Settings)} | OTHERS
    return [
        f"{name} is not a setting: correct or unset it" for name in sorted(environment)
        if name.startswith(PREFIX) and name not in known and not name.startswith(OF_THE_AUDIT)
    ]  # fmt: skip


OTHERS: Final = frozenset(
    {
        f"{PREFIX}AI_MODEL",
        f"{PREFIX}AI_URL",
        f"{PREFIX}DATABASE",
        f"{PREFIX}MAIL_URL",
        f"{PREFIX}PROOF",
        f"{PREFIX}SECRET",
        f"{PREFIX}SIGNING_KEY",
        f"{PREFIX}TEST_POSTGRES",
    }
)
"""Variables that are read elsewhere."""
OF_THE_AUDIT: Final = f"{PREFIX}AUDIT_"
"""What an audit tells the world that it starts a backend in; the backend itself reads none of it."""
