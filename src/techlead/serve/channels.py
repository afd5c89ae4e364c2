"""Which ways out this process has: in development e-mails are put where the developer reads them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from techlead.deliver.channels.mail import Drop
from techlead.deliver.mailbox import Console, Folder
from techlead.deliver.port import Channel
from techlead.serve.runtime import Runtime

ON_THE_CONSOLE: Final = "-"


def channels_of(runtime: Runtime) -> Mapping[str, Channel]:
    """Give the channels by name; messages of another wait for a process that has it."""
    settings = runtime.settings
    if settings.production:
        return {}
    to_console = settings.mail_folder == ON_THE_CONSOLE
    mailbox = Console(sys.stdout.buffer) if to_console else Folder(Path(settings.mail_folder))
    return {"email": Drop(mailbox, runtime.plan.name)}
