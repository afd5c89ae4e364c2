"""The one door to the network: one request to one receiver, bounded in seconds and bytes, and only to the outside world.

A name is resolved once, every address it has is checked, and the connection goes to an address that was checked, so a
resolver that answers differently the second time changes nothing. Certificates are verified for the name. Nothing is
redirected, decompressed, proxied or remembered, and no environment variable steers it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from techlead.deliver.asking import Answered, Asking, Limits, MailServer, Resolve
from techlead.primitives.guard import Network

if TYPE_CHECKING:
    import ssl

    from techlead.deliver.connections import Connections


class Outbound:
    """Sends requests through one guarded pool of connections; `opened` names networks that are allowed beside the world."""

    def __init__(
        self,
        *,
        opened: Iterable[Network] = (),
        trusted: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Prepare; nothing is opened yet."""
        self.limits = limits or Limits()
        self.opened = tuple(opened)
        self._trusted = trusted
        self._resolve = resolve
        self._connections: Connections | None = None

    async def send(self, asking: Asking, limits: Limits | None = None) -> Answered:
        """Send one request and give its answer, whatever its status; Unreached when there is none."""
        if self._connections is None:
            from techlead.deliver.connections import Connections  # noqa: PLC0415 - only who sends pays for HTTP and TLS

            self._connections = Connections(self.opened, self._trusted, self._resolve)
        return await self._connections.send(asking, limits or self.limits)

    async def close(self) -> None:
        """Close every connection."""
        if self._connections is not None:
            await self._connections.close()


async def submit(server: MailServer, sender: str, recipient: str, message: bytes) -> None:
    """Hand in one message of mail; SubmissionRefused with the server's code, or Unreached."""
    from techlead.deliver.submission import hand_in  # noqa: PLC0415 - only who sends mail pays for SMTP

    await hand_in(server, sender, recipient, message)
