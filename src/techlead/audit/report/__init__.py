"""The report: a page on the terminal, and files for programs and people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from techlead.audit.finding import Report
from techlead.audit.report.data import as_data, as_json
from techlead.audit.report.junit import as_junit
from techlead.audit.report.page import as_html
from techlead.audit.report.progress import Progress
from techlead.audit.report.sarif import as_sarif
from techlead.audit.report.terminal import Style, as_page

__all__ = ["FILES", "Progress", "Style", "as_data", "as_page"]

FILES: Final[dict[str, Callable[[Report], str]]] = {
    "json": as_json,
    "sarif": as_sarif,
    "junit": as_junit,
    "html": as_html,
}
"""The option of the command line that names the file, and what writes it."""
