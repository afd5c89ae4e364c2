"""Without the tracer of coverage: what is measured is the code and not the tool that watches it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

CHILDREN = "COVERAGE_PROCESS_CONFIG"
"""By what coverage tells each Python that starts to count, too."""


@contextmanager
def untraced() -> Iterator[None]:
    """Take the tracer away until the block ends."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)


@contextmanager
def uncounted() -> Iterator[None]:
    """Count no line until the block ends: neither here, nor in threads and processes that start in it."""
    told, tracer = os.environ.pop(CHILDREN, None), threading.gettrace()
    threading.settrace(None)  # type: ignore[arg-type] - what it takes to have none again
    try:
        with untraced():
            yield
    finally:
        threading.settrace(tracer)  # type: ignore[arg-type]
        if told is not None:
            os.environ[CHILDREN] = told
