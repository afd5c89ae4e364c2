"""What the user said about the target: on the command line and in `techlead-audit.toml`. Nothing here is guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

READY_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Given:
    """One target: `app` (module:app), or `starts`, or `url` alone."""

    app: str | None = None
    starts: tuple[str, ...] = ()
    """Shell words of each process: the web server first, then workers."""
    url: str | None = None
    folder: Path | None = None
    """The target's source; it is copied, never written to."""
    python: str | None = None
    """The Python of the target's own virtual environment; ours when it names none."""
    environment: Mapping[str, str] = field(default_factory=dict)
    settings: Path | None = None
    """The file that said some of this; None for nothing but the command line."""
    prepare: tuple[str, ...] = ()
    """Commands to run once before the first start, such as migrations."""
    people: Mapping[str, Any] = field(default_factory=dict)
    """How to sign up and log in, and accounts that exist: the table [people] of the file."""
    answers: Mapping[str, Any] = field(default_factory=dict)
    """Kept answers to questions, by the question's id."""
    leave_alone: tuple[str, ...] = ()
    """Operations that the audit must not call."""
    ready_seconds: float = READY_SECONDS
    anonymous: bool = False
    """Go on when nobody can be signed up or logged in."""
    owned_host: str | None = None
    """A host that is not this machine and may be attacked all the same."""

    @property
    def name(self) -> str:
        """How reports call the target."""
        return self.app or (self.starts[0] if self.starts else self.url or "?")

    @property
    def runs(self) -> bool:
        """Whether the audit starts the target itself."""
        return bool(self.app or self.starts)
