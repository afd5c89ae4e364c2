"""The world, on loopback: a receiver with a certificate that one context trusts, and a door that may go there."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from ipaddress import ip_network

import trustme

from techlead.deliver.asking import Limits, Resolve
from techlead.deliver.outbound import Outbound
from techlead.deliver.receiver import Receiver
from techlead.serve.doors import Doors

HOST = "hooks.example.com"
SYSTEM = "sms.example.com"
LOOPBACK = (ip_network("127.0.0.0/8"),)
QUICK = Limits(connect_seconds_max=0.9, total_seconds_max=1.0)


def _certified(*names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    serving, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert(*names).configure_cert(serving)
    authority.configure_trust(trusting)
    return serving, trusting


@dataclass(frozen=True)
class World:
    """Certificates for HOST, and who trusts them."""

    tls: tuple[ssl.SSLContext, ssl.SSLContext] = field(default_factory=lambda: _certified(HOST, SYSTEM))

    def receiver(self, host: str = HOST, port: int = 0) -> Receiver:
        """Make a receiver that answers as https://HOST."""
        return Receiver(self.tls[0], host, port)

    def doors(self, limits: Limits = QUICK) -> Doors:
        """Make the doors of a backend that runs in this world."""
        return Doors(self.outbound(limits=limits), self.outbound(limits=limits))

    def outbound(self, *, resolve: Resolve | None = None, limits: Limits = QUICK, opened: bool = True) -> Outbound:
        """Make a door that knows HOST as this machine, and may go there when `opened`."""
        here = resolve or (lambda _host, _port: ["127.0.0.1"])
        return Outbound(opened=LOOPBACK if opened else (), trusted=self.tls[1], resolve=here, limits=limits)


WORLD = World()
