"""A kind of hole: what it is called, how bad it is, why it matters, and how to mend it where it was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from techlead.audit.finding import Severity

Framework = Literal["fastapi", "flask", "django"]
FRAMEWORKS: Final[tuple[Framework, ...]] = ("fastapi", "flask", "django")

LOW, MEDIUM, HIGH, CRITICAL = Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table; sources are OWASP API Top 10 2023, ASVS 5.0.0 (without the V) and Web Fuzzing Commons."""

    name: str
    """`family.kind`, such as `outbound.head-of-line`."""
    title: str
    severity: Severity
    """How bad its usual consequence is; a finding that saw worse or less says so itself."""
    why: str
    """What it costs, in words for somebody who has never heard of it."""
    mend: str
    """The principle, true in every framework."""
    fastapi: str
    flask: str
    django: str
    api: str = ""
    asvs: tuple[str, ...] = ()
    wfc: tuple[int, ...] = ()

    @property
    def family(self) -> str:
        """Give the part before the dot."""
        return self.name.partition(".")[0]

    def mend_in(self, framework: str) -> str:
        """Say how to mend it in that framework; the principle alone when the framework is not one we know."""
        known: dict[str, str] = {"fastapi": self.fastapi, "flask": self.flask, "django": self.django}
        return known.get(framework.lower(), "")

    @property
    def codes(self) -> tuple[str, ...]:
        """Give the codes of other catalogues, as `API1:2023`, `ASVS 8.2.2`, `WFC-206`."""
        api = (f"{self.api}:2023",) if self.api else ()
        return (*api, *(f"ASVS {code}" for code in self.asvs), *(f"WFC-{code}" for code in self.wfc))
