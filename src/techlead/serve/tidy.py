"""Forgets what has lost its meaning: kept answers after their day, ended sessions, old log-in tries, the history of old messages."""

from __future__ import annotations

from techlead.deliver import sql_statements
from techlead.serve import accounts, idempotency, incoming
from techlead.serve.runtime import Runtime
from techlead.store.port import Transaction

SECOND_US = 1_000_000


async def tidy(runtime: Runtime) -> None:
    """Delete expired rows of the runtime's own tables."""
    now = runtime.clock()
    made = runtime.statements.made
    rounds = [(made("tidy answers", idempotency.expired), now - runtime.settings.idempotency_seconds * SECOND_US)]
    if runtime.plan.account is not None:
        rounds.append((made("tidy sessions", accounts.expired_sessions), now))
        rounds.append((made("tidy tries", accounts.old_attempts), now - accounts.KEPT_ATTEMPTS_SECONDS * SECOND_US))
    if runtime.plan.incoming:
        rounds.append((made("tidy incoming", incoming.expired), now - incoming.KEPT_SECONDS * SECOND_US))
    process = runtime.limits.process
    kept, remembered = round(process.kept_seconds * SECOND_US), round(process.dedupe_seconds * SECOND_US)
    rounds.append((made("tidy attempts", sql_statements.forget_attempts), now - kept))
    rounds.append((made("tidy messages", sql_statements.forget_messages), now - kept))
    rounds.append((made("tidy dedupe", sql_statements.forget_dedupe), now - remembered))
    for statement, before in rounds:

        async def work(tx: Transaction, sql: str = statement.sql, before: int = before) -> None:
            await tx.run(sql, [before])

        await runtime.store.write(work)
