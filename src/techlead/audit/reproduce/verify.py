"""Run a reproducer against a running target before it is handed out: one that does not show its hole is worth nothing."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import Any, Final

SECONDS: Final = 15.0


def shows(text: str, url: str, seconds: float = SECONDS, homes: Path | None = None) -> bool:
    """Tell whether the program finds its hole at this target; False too when it takes longer, or `httpx` is not installed.

    What starts the target itself does so in a folder below `homes`, which is gone with the audit.
    """
    outcome: list[bool] = []

    def run() -> None:
        scope: dict[str, Any] = {"__name__": "reproducer"}
        with contextlib.suppress(Exception, SystemExit):
            exec(compile(text, "reproducer.py", "exec", dont_inherit=True), scope)  # noqa: S102 - written by `program`
            scope |= {"URL": url.rstrip("/"), "HOMES": homes}
            outcome.append(bool(scope["hole"]()))

    thread = threading.Thread(target=run, name="reproducer", daemon=True)
    thread.start()
    thread.join(seconds)
    return bool(outcome) and outcome[0]
