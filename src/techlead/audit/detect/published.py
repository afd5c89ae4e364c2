"""Keys and administrators that everybody knows: from tutorials, templates and what AI models write, and from a target's own source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from techlead.audit.detect.parsing import parsed

KEYS: Final = (
    "", "secret", "secretkey", "secret-key", "secret_key", "SECRET_KEY", "SECRET", "secret123", "secret1234", "s3cr3t", "s3cret", "topsecret",
    "top-secret", "supersecret", "supersecretkey", "super-secret", "super-secret-key", "super_secret_key", "super secret key",
    "super-secret-jwt-key", "supersecretjwtkey", "my-secret-key", "mysecretkey", "my_secret_key", "mysecret", "my-secret", "my_secret",
    "my-super-secret-key", "a-very-secret-key", "very-secret-key", "verysecretkey", "verysecret", "this-is-a-secret", "thisisasecret",
    "this-is-secret", "thisissecret", "your-secret-key", "your_secret_key", "your secret key", "yoursecretkey", "your-secret-key-here",
    "your_secret_key_here", "your-super-secret-key", "your-secret-key-change-in-production", "your-secret-key-change-this",
    "your-secret-key-change-this-in-production", "your-super-secret-key-change-in-production", "your-jwt-secret-key",
    "your-jwt-secret", "your-256-bit-secret", "your-512-bit-secret", "your-very-secret-key", "change-me", "changeme", "change_me",
    "changethis", "change-this", "change-this-secret", "change-this-in-production", "change-me-in-production", "changeme-in-production",
    "change-me-please", "change-me-to-a-random-string", "please-change-me", "replace-me", "replaceme", "dev", "dev-key", "devkey",
    "dev-secret", "dev_secret", "devsecret", "dev-secret-key", "dev_secret_key", "devsecretkey", "dev-secret-change-me",
    "dev-secret-key-change-me", "dev-secret-key-change-in-production", "dev-secret-change-in-production", "dev-secret-change-in-prod",
    "dev-secret-key-change-in-prod", "dev-only-secret", "dev-only-secret-change-me", "dev-only-insecure-secret", "dev-jwt-secret",
    "dev-insecure-secret", "insecure-dev-secret", "insecure-dev-key", "insecure", "insecure-secret-key", "development",
    "development-key", "development-secret", "development-secret-key", "development-secret-key-change-me", "development key",
    "default", "default-secret", "default-secret-key", "fallback-secret", "fallback-secret-key", "test", "testing", "test-secret",
    "test-key", "test-secret-key", "testsecret", "random", "randomsecret", "some-secret", "some-secret-key", "some-random-string",
    "somesecret", "somerandomkey", "hard-to-guess-string", "hard to guess string", "you-will-never-guess", "key", "jwt", "jwt-secret", "jwt_secret",
    "jwtsecret", "jwt-secret-key", "jwt_secret_key", "jwt-secret-string", "jwt-secret-key-change-in-production", "JWT_SECRET",
    "JWT_SECRET_KEY", "session-secret", "app-secret", "app-secret-key", "flask-secret-key", "flask-secret", "fastapi-secret",
    "django-insecure", "password", "passw0rd", "admin", "123456", "1234567890", "12345678", "qwerty", "letmein", "abc123", "hello",
    "keyboard cat", "shhhhh", "token-secret", "auth-secret", "api-secret", "bank-secret", "please-change-this-secret-key",
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
)  # fmt: skip
"""Signing keys; the last is that of FastAPI's tutorial."""

ADMINISTRATORS: Final = (
    ("admin", "admin"), ("admin", "password"), ("admin", "admin123"), ("admin", "changeme"), ("admin@example.com", "admin"),
    ("admin@example.com", "admin123"), ("admin@example.com", "password"), ("admin@example.com", "changeme"), ("admin@example.com", "change-me"),
    ("admin@example.com", "change-me-please"), ("admin@example.com", "admin1234"), ("admin@admin.com", "admin"), ("admin@localhost", "admin"),
    ("root", "root"), ("root", "toor"), ("administrator", "administrator"), ("test", "test"), ("user", "user"), ("guest", "guest"),
)  # fmt: skip
"""Log-ins with their passwords."""

FILES_MAX = 200
BYTES_MAX = 400_000
CHARACTERS_MIN, CHARACTERS_MAX = 1, 200
SETTING: Final = re.compile(r"^\s*(?:export\s+)?[\w.-]+\s*[=:]\s*['\"]?([^'\"\n#]{3,200}?)['\"]?\s*$", re.MULTILINE)
SETTING_FILES: Final = frozenset({".env", ".ini", ".cfg", ".toml", ".yaml", ".yml", ".conf"})
APART: Final = frozenset({".venv", "venv", "node_modules", "__pycache__", ".git", "site-packages"})


def source_files(folder: Path) -> Iterator[Path]:
    """Walk over a target's own source and settings, without what it installed."""
    found = (path for path in sorted(folder.rglob("*")) if not APART & set(path.relative_to(folder).parts))
    wanted = (
        path for path in found if path.suffix == ".py" or path.suffix in SETTING_FILES or path.name.startswith(".env")
    )
    for count, path in enumerate(wanted):
        if count >= FILES_MAX:
            return
        if path.is_file() and path.stat().st_size <= BYTES_MAX:
            yield path


def literals(folder: Path) -> tuple[str, ...]:
    """Give each text that stands in a target's source or settings once: what a key may be."""
    seen: dict[str, None] = {}
    for path in source_files(folder):
        for text in _texts(path):
            if CHARACTERS_MIN <= len(text) <= CHARACTERS_MAX:
                seen.setdefault(text)
    return tuple(seen)


def _texts(path: Path) -> Iterator[str]:
    """Give the texts of one file: the constants of Python, the values of settings."""
    source = path.read_text("utf-8", "replace")
    if path.suffix != ".py":
        yield from SETTING.findall(source)
        return
    tree = parsed(source)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            yield node.value if isinstance(node.value, str) else node.value.decode("utf-8", "replace")


def written_near(folder: Path, login: str) -> tuple[str, ...]:
    """Give the words that stand within a few lines of a log-in in a target's source: seeds write the password there."""
    near: dict[str, None] = {}
    for path in source_files(folder):
        if path.suffix == ".py":
            near.update(dict.fromkeys(_words_near(path, login)))
    return tuple(sorted(near, key=lambda word: -len(TELLING.findall(word))))[:PASSWORDS_MAX]


PASSWORDS_MAX = 8
LINES_NEAR = 3
WORD: Final = re.compile(r"(?![A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$)[^\s/]{4,40}")  # no names of settings
TELLING: Final = re.compile(r"\d|pass|change|secret|!|admin", re.IGNORECASE)


def _words_near(path: Path, login: str) -> Iterator[str]:
    """Give the words without blanks near each place where the log-in stands."""
    tree = parsed(path.read_text("utf-8", "replace"))
    if tree is None:
        return
    found = [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and WORD.fullmatch(node.value)
    ]
    lines = [line for line, text in found if text.lower() == login.lower()]
    for line, text in found:
        if text.lower() != login.lower() and any(abs(line - at) <= LINES_NEAR for at in lines):
            yield text
