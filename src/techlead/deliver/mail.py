"""Takes e-mails from the outbox to a mailbox: put first, noted as sent afterwards.

A crash between the two puts the same message again under the same name. What cannot be put stays in the outbox.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, select, update

from techlead.declare.notification import Channel
from techlead.deliver.letter import Letter, compose
from techlead.deliver.mailbox import Mailbox
from techlead.derive.statements import Statements
from techlead.derive.tables import ID, TIMESTAMP
from techlead.primitives.clock import Clock
from techlead.store.port import Store, Transaction

ROUND_LETTERS: Final = 50
NO_LETTER: Final = bytes(16)
REFUSED_MAX: Final = 1_000


class Mail:
    """Sends the e-mails of one backend to one mailbox."""

    def __init__(
        self, store: Store, statements: Statements, clock: Clock, mailbox: Mailbox, refused: Callable[[str], None]
    ) -> None:
        """Send what waits in this store; `refused` is told once about each delivery whose address is none."""
        self._store = store
        self._clock = clock
        self._mailbox = mailbox
        self._tell = refused
        self._refused: set[bytes] = set()
        self._sender = statements.plan.name
        self._waiting = statements.made("mail waiting", lambda tables: _waiting(statements, tables))
        self._sent = statements.made("mail sent", _sent)

    async def send_waiting(self) -> None:
        """Send all that waits; MailboxUnavailable or a StoreUnavailable leave it for the next time."""
        after = NO_LETTER
        while letters := await self._read(after):
            after = letters[-1].delivery
            messages = {letter: content for letter in letters if (content := self._composed(letter))}
            if messages:
                named = {letter.name: content for letter, content in messages.items()}
                await asyncio.to_thread(self._mailbox.put, named)
                await self._note([letter.delivery for letter in messages])
            if len(letters) < ROUND_LETTERS:
                return

    async def _read(self, after: bytes) -> list[Letter]:
        values = {"after": after, "limit": ROUND_LETTERS}
        rows = await self._store.read(self._waiting.sql, self._waiting.values(values))
        return [Letter(*row) for row in rows]

    def _composed(self, letter: Letter) -> bytes | None:
        try:
            return compose(letter, self._sender)
        except ValueError:
            if letter.delivery not in self._refused and len(self._refused) < REFUSED_MAX:
                self._refused.add(letter.delivery)
                self._tell(letter.name)
            return None

    async def _note(self, deliveries: Sequence[bytes]) -> None:
        now = self._clock()
        rows = [self._sent.values({"id": delivery, "now": now}) for delivery in deliveries]

        async def work(tx: Transaction) -> None:
            await tx.run_many(self._sent.sql, rows)

        await self._store.write(work)


def _waiting(statements: Statements, tables: Mapping[str, Any]) -> Any:
    """Choose e-mails to accounts that are there; those to nobody stay in the outbox and hold up no other."""
    outbox, people = tables["techlead_outbox"], statements.plan.accounts
    account = tables[people.table]
    chosen = select(outbox.c.id, account.c.email, outbox.c.subject, outbox.c.text, outbox.c.created_at)
    chosen = chosen.join(account, account.c.id == outbox.c.account)
    if people.soft_delete:
        chosen = chosen.where(account.c.deleted_at.is_(None))
    waiting = (outbox.c.channel == Channel.EMAIL.value, outbox.c.sent_at.is_(None))
    chosen = chosen.where(*waiting, outbox.c.id > bindparam("after", type_=ID)).order_by(outbox.c.id)
    return chosen.limit(bindparam("limit", type_=BigInteger()))


def _sent(tables: Mapping[str, Any]) -> Any:
    outbox = tables["techlead_outbox"]
    this = outbox.c.id == bindparam("id", type_=ID)
    return update(outbox).where(this).values(sent_at=bindparam("now", type_=TIMESTAMP))
