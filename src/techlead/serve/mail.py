"""What becomes of e-mails: in development they are put where the developer reads them, in production they wait."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from techlead.declare.notification import Channel
from techlead.deliver.mail import Mail
from techlead.deliver.mailbox import Console, Folder
from techlead.serve.runtime import Runtime
from techlead.serve.tasks import Periodic

MAIL: Final = "mail"
REMINDER: Final = "mail_reminder"
LOOK_SECONDS: Final = 1
REMIND_SECONDS: Final = 3_600
ON_THE_CONSOLE: Final = "-"


def mail_tasks(runtime: Runtime) -> list[Periodic]:
    """Give what is to be done about e-mails; nothing for a backend that declares none."""
    plan, settings = runtime.plan, runtime.settings
    if plan.account is None or not any(Channel.EMAIL in one.via for one in plan.notifications):
        return []
    if settings.production:
        return [Periodic(REMINDER, REMIND_SECONDS, lambda: _remind(runtime))]
    to_console = settings.mail_folder == ON_THE_CONSOLE
    mailbox = Console(sys.stdout.buffer) if to_console else Folder(Path(settings.mail_folder))

    def refused(delivery: str) -> None:
        runtime.log.warning("email_refused", delivery=delivery)

    mail = Mail(runtime.store, runtime.statements, runtime.clock, mailbox, refused)
    return [Periodic(MAIL, LOOK_SECONDS, mail.send_waiting)]


async def _remind(runtime: Runtime) -> None:
    runtime.log.warning(
        "emails_wait", reason="there is no channel for e-mail in production yet: they stay in the outbox"
    )
