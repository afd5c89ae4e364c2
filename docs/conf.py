"""The documentation as a site: `make docs`. The pages are the Markdown files beside this one, readable on a forge as they are."""

from __future__ import annotations

import re
from importlib.metadata import version as installed
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "techlead"
author = "The techlead authors"
version = release = installed("techlead")
extensions = ["myst_parser"]
root_doc = "site"
source_suffix = {".md": "markdown"}
exclude_patterns = ["tutorial"]
html_theme = "furo"
html_title = "techlead"
myst_heading_anchors = 3
suppress_warnings = ["misc.highlighting_failure"]  # a transcript in a terminal is no language

SOURCES = "https://github.com/techlead-dev/techlead/blob/main/"
OUTSIDE = re.compile(r"\]\(\.\./([^)#]+)")


def setup(app: Sphinx) -> None:
    """Let what lies outside this folder be found where the sources are."""
    app.connect("source-read", lead_out)


def lead_out(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Turn links out of the documentation into links to the repository."""
    source[0] = OUTSIDE.sub(rf"]({SOURCES}\1", source[0])
