"""What is asked of the world outside and what comes back: the values that go through the one door to the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from techlead.deliver.port import Fault
from techlead.primitives.secret import SecretText

if TYPE_CHECKING:
    import ssl

Resolve = Callable[[str, int], Sequence[str]]
"""Gives the addresses of a name; OSError when it has none."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much one request may be."""

    connect_seconds_max: float = 5.0
    total_seconds_max: float = 15.0
    body_bytes_max: int = 16_384


class Unreached(Exception):
    """There was no answer; `fault` says why, and `detail` holds nothing of the address."""

    def __init__(self, fault: Fault, detail: str) -> None:
        """Hold what went wrong."""
        self.fault = fault
        self.detail = detail
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class Answered:
    """A receiver's answer: the status, its headers by lower-case name, and what was read of its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool
    """Whether the body was read to its end, as it is, within the limits."""


@dataclass(frozen=True, slots=True)
class Asking:
    """One request: the method, the absolute address, headers and the body."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class SubmissionRefused(Exception):
    """The mail server said no: its code (RFC 5321), and whether it is about this message or about us."""

    def __init__(self, code: int, *, about_message: bool) -> None:
        """Hold the code; the words of the server may hold the address, so they are left behind."""
        self.code = code
        self.about_message = about_message
        super().__init__(str(code))


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in (RFC 6409): TLS from the start, or STARTTLS before anything is said; never without."""

    host: str
    port: int
    tls: bool
    user: str = ""
    password: SecretText = field(default_factory=lambda: SecretText(""))
    trusted: ssl.SSLContext | None = None
    limits: Limits = field(default_factory=Limits)
