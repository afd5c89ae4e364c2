"""What the lock files promise: every requirement pinned, hashed, and from nowhere in particular; findings, one sentence each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKED: Final = re.compile(r"^([a-z0-9-]+)==([^ ;]+)(?: ; [^\\]+)? \\$")
HASHED: Final = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")
SAID: Final = re.compile(r"^    #(?: via|   -c|  )(?: [\w.-]+(?: \(pyproject\.toml(?::\w+)?\))?)?$")


def pins(text: str) -> dict[str, str]:
    """Give the version of every locked package by its name."""
    return {found[1]: found[2] for line in text.splitlines() if (found := LOCKED.match(line))}


def findings(text: str, wanted: list[str]) -> list[str]:
    """Tell what a lock file lacks for the requirements wanted of it, and what it should not say."""
    return [*_strangers(text), *_unhashed(text), *_missing(pins(text), wanted)]


def _strangers(text: str) -> Iterator[str]:
    """A pin, a hash or a remark is all that a lock file holds: no registry, no link, no path."""
    for line in text.splitlines():
        if not any(form.match(line) for form in (LOCKED, HASHED, SAID)):
            yield f"neither a pin, a hash nor a remark: {line}"


def _unhashed(text: str) -> Iterator[str]:
    lines = text.splitlines()
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if LOCKED.match(line) and not HASHED.match(after):
            yield f"without a hash: {line}"


def _missing(pinned: dict[str, str], wanted: list[str]) -> Iterator[str]:
    for requirement in map(Requirement, wanted):
        version = pinned.get(canonicalize_name(requirement.name))
        if version is None or version not in requirement.specifier:
            yield f"{requirement} is wanted, {version or 'nothing'} is locked"
