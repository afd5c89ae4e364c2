"""Which ways out this process has: in development e-mails are put where the developer reads them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from techlead.deliver.channels.call import Account, Call
from techlead.deliver.channels.chat import Chat
from techlead.deliver.channels.mail import Drop, Mail
from techlead.deliver.channels.push import Push
from techlead.deliver.channels.webhook import Webhook
from techlead.deliver.mailbox import Console, Folder
from techlead.deliver.port import Channel
from techlead.deliver.push_encryption import Vapid
from techlead.serve.change.calls import CHANNEL as CALL
from techlead.serve.doors import mail_server_from
from techlead.serve.runtime import Runtime

ON_THE_CONSOLE: Final = "-"


def channels_of(runtime: Runtime) -> Mapping[str, Channel]:
    """Give the channels by name; messages of another wait for a process that has it."""
    return {**dict(_channels(runtime)), **runtime.plan.channels}


def _channels(runtime: Runtime) -> Iterator[tuple[str, Channel]]:
    settings, keys, door, clock = runtime.settings, runtime.keys, runtime.doors.people, runtime.clock
    if runtime.mail_url is not None:
        server = mail_server_from(runtime.mail_url.reveal())
        yield "email", Mail(server, runtime.plan.name, settings.mail_from)
    elif not settings.production:
        to_console = settings.mail_folder == ON_THE_CONSOLE
        mailbox = Console(sys.stdout.buffer) if to_console else Folder(Path(settings.mail_folder))
        yield "email", Drop(mailbox, runtime.plan.name)
    if keys.webhooks():
        yield "webhook", Webhook(door, keys.webhooks(), clock)
    yield "chat", Chat(door, clock)
    private = keys.push()
    if private is not None:
        yield "push", Push(door, Vapid(private, f"mailto:{settings.mail_from}"), clock, runtime.random)
    yield (
        CALL,
        Call(runtime.doors.systems, {one.name: _account(runtime, one.name) for one in runtime.plan.systems}, clock),
    )


def _account(runtime: Runtime, name: str) -> Account:
    system = next(one for one in runtime.plan.systems if one.name == name)
    token = runtime.secrets.get(system.credentials or "")
    lacking = system.credentials if system.credentials is not None and token is None else ""
    return Account(system.idempotency_header, system.seconds_max, token, lacking)
