"""`make bench` starts here: `python bench/run.py [--quick] [--strict] [--only WORD]`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # the package `bench` is not installed

from bench.command import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
