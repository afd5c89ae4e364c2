"""The ways to the network that one process has: to addresses that people gave, and to systems that were declared."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final
from urllib.parse import unquote, urlsplit

from techlead.deliver.asking import Limits, MailServer
from techlead.deliver.limits import RANGES
from techlead.deliver.outbound import Outbound
from techlead.errors import SettingsRefused
from techlead.primitives.guard import Network
from techlead.primitives.secret import SecretText
from techlead.serve.settings import PREFIX, Settings

LONGEST: Final = Limits(total_seconds_max=RANGES["attempt_seconds_max"].highest)
"""How long a door waits where a try may take so long; the try's own time, which is shorter, ends it as a rule."""
SUBMISSION_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Doors:
    """The two doors: networks are opened for declared systems alone, never for what people give."""

    people: Outbound
    systems: Outbound

    async def close(self) -> None:
        """Close every connection."""
        await self.people.close()
        await self.systems.close()


def doors_from(settings: Settings) -> Doors:
    """Make the doors; SettingsRefused when a network to be opened is none."""
    systems = [_network(one) for one in settings.systems_networks]
    return Doors(Outbound(limits=LONGEST), Outbound(opened=systems, limits=LONGEST))


def mail_server_from(url: str) -> MailServer:
    """Read `smtp://user:password@host` (STARTTLS) or `smtps://...`; SettingsRefused, which repeats nothing of it."""
    try:
        parts = urlsplit(url)
        port = parts.port or SUBMISSION_PORTS[parts.scheme]
        host = parts.hostname or ""
    except (ValueError, KeyError):
        host = ""
    if not host or parts.path.strip("/") or parts.query or parts.fragment:
        raise SettingsRefused(f"{PREFIX}MAIL_URL is none: write smtp://USER:PASSWORD@HOST, or smtps:// for TLS at once")
    password = SecretText(unquote(parts.password or ""))
    return MailServer(host, port, tls=parts.scheme == "smtps", user=unquote(parts.username or ""), password=password)


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError:
        raise SettingsRefused(f"{PREFIX}SYSTEMS_NETWORKS holds {text!r}: write networks such as 10.1.0.0/16") from None
