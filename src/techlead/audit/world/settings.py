"""Which environment variables of the target say where its mail and messages go, so that they go to our neighbours.

A backend that is configured for nobody sends nothing, and nothing is seen. Its source is read for the names of its settings;
each that means a mail server, a log-in there or a receiver of messages gets a value. Those with a sound default keep it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

MAIL_HOST = "mail.example.com"
HOOK_HOST = "hooks.example.com"
MAIL_USER = "mailer"
MAIL_PASSWORD = "canary-of-the-mail-password"  # noqa: S105  to be seen in our own neighbour
HOOK_KEY = "canary-of-the-webhook-address"
"""Receivers such as Slack put the key into the address they give out: it must not be logged."""
HOOK_SECRET = "canary-of-the-webhook-secret"  # noqa: S105  as above
SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"

FILE_BYTES_MAX = 1_000_000
FILES_MAX = 2_000
PASSED_OVER = frozenset({"node_modules", "site-packages", "migrations", "tests", "test", "venv", "env", "__pycache__"})

LITERAL = re.compile(r"""["']([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)["']\s*(?:,\s*(["']?)([^"',)\n]*)\2)?""")
SETTING = re.compile(r"^[ \t]+([a-z][a-z0-9_]+)[ \t]*:[ \t]*[A-Za-z][\w\[\]| .]*(?:=[ \t]*(.+))?$", re.MULTILINE)
PREFIX = re.compile(r"""env_prefix["']?\s*[=:]\s*["'](\w*)["']""")


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable that the source names, with its default as written ('' for none)."""

    name: str
    default: str


MAIL = r"(?:SMTP|E?MAIL|MAILER)"
YES, NO, HOOK = "<yes>", "<no>", "<hook>"

GUESSES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), value)
    for pattern, value in (
        (r"(?:ALLOW|OVERRIDE|FROM|DATABASE|REDIS|BROKER|PUBLIC|FRONTEND|TEMPLATE|TIMEOUT)", ""),
        (rf"(?:^|_){MAIL}\w*_?(?:HOST|SERVER|HOSTNAME)$", MAIL_HOST),
        (rf"(?:^|_){MAIL}\w*_?(?:USER|USERNAME|LOGIN|HOST_USER)$", MAIL_USER),
        (rf"(?:^|_){MAIL}\w*_?(?:PASSWORD|PASS|PASSWD)$", MAIL_PASSWORD),
        (rf"(?:^|_){MAIL}\w*_?(?:STARTTLS|USE_TLS|TLS)$", YES),
        (rf"(?:^|_){MAIL}\w*_?(?:ENABLED?|ACTIVE)$", YES),
        (rf"(?:^|_){MAIL}\w*_?(?:SUPPRESS\w*|DISABLED?|DRY_RUN)$", NO),
        (r"^(?:DJANGO_)?EMAIL_BACKEND$", SMTP_BACKEND),
        (rf"(?:^|_){MAIL}\w*_?(?:BACKEND|TRANSPORT|MODE)$", "smtp"),
        (r"(?:WEB_?HOOK|CALLBACK|SLACK|DISCORD|NOTIF\w*)\w*_(?:URL|ENDPOINT)$", HOOK),
        (r"WEB_?HOOK\w*_(?:SECRET|KEY|TOKEN)$", HOOK_SECRET),
        (r"WEB_?HOOKS?_(?:ENABLED?|ACTIVE)$", YES),
    )
)
"""The first pattern that fits decides; an empty value leaves the setting alone."""


def guess(folder: Path) -> Mapping[str, str]:
    """Values for the settings that the source below `folder` names; empty where it sends nothing."""
    found: dict[str, str] = {}
    for setting in settings(folder):
        value = value_for(setting)
        if value:
            found.setdefault(setting.name, value)
    return found


def settings(folder: Path) -> Iterator[Setting]:
    """Every setting that the source names: `os.getenv("X", default)` and the fields of pydantic's settings classes."""
    for file in _sources(folder):
        text = file.read_text("utf-8", "replace")
        for name, _, default in LITERAL.findall(text):
            yield Setting(name, default.strip())
        if "BaseSettings" in text:
            prefix = next(iter(PREFIX.findall(text)), "")
            for name, default in SETTING.findall(text):
                yield Setting((prefix + name).upper(), default.strip().strip("\"'"))


def value_for(setting: Setting) -> str:
    """What to set it to, or the empty text."""
    for pattern, value in GUESSES:
        if pattern.search(setting.name):
            return _spelt(value, setting)
    return ""


def _spelt(value: str, setting: Setting) -> str:
    """Write yes and no as the setting's own default is written: some compare with "1", others with "true"."""
    words = setting.default.lower() in {"true", "false", "yes", "no"}
    if value in {YES, NO}:
        return {YES: ("1", "true"), NO: ("0", "false")}[value][words]
    return f"http://{HOOK_HOST}/{setting.name.lower()}?token={HOOK_KEY}" if value == HOOK else value


def _sources(folder: Path) -> Iterator[Path]:
    kept = (file for file in sorted(folder.rglob("*.py")) if not _passed_over(file.relative_to(folder).parts))
    yield from (file for file, _ in zip(kept, range(FILES_MAX), strict=False) if file.stat().st_size <= FILE_BYTES_MAX)


def _passed_over(parts: Iterable[str]) -> bool:
    return any(part in PASSED_OVER or part.startswith(".") for part in parts)
