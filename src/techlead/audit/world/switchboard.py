"""Where the target's processes ask before they resolve a name or open a connection: one datagram, one answer.

The child's hooks (standard library alone) send JSON to the address in `AUDITED_SWITCHBOARD` and do as they are told:

    {"ask": "resolve", "name": "hooks.example"}              {"addresses": ["11.0.0.1"]}     {"missing": true}: no such name
    {"ask": "connect", "address": "11.0.0.1", "port": 443}   {"port": 40213}: connect to 127.0.0.1:40213 instead
                                                             {"refuse": true}: ConnectionRefusedError
                                                             {"own": true}: as asked, it is the target's own (its database)

Each destination has a listener of its own, so that neighbours know whom a connection was meant for without looking into it.
Addresses of names are handed out of 11.0.0.0/8: globally routable to whoever checks, never left for.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any

from techlead.audit.world.arrival import Destination
from techlead.audit.world.ledger import Ledger

DATAGRAM_BYTES_MAX = 4096
FIRST_ADDRESS = 11 << 24
LOOPBACK_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost"})
MISSING_ENDINGS = (".invalid", ".local")
"""Names that nobody has (RFC 6761): telling so lets a typing mistake be seen."""

Route = Callable[[Destination], int | None]
"""Where to lead a connection: a port of loopback, or None to refuse."""


class Names:
    """The resolver's table: a globally routable address per name, or the scripted answers of a test."""

    def __init__(self) -> None:
        """Begin with the names of loopback."""
        self._addresses: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._scripts: dict[str, list[str | None]] = {}

    def script(self, name: str, *addresses: str | None) -> None:
        """Answer these one after the other, the last one for ever; None is "no such name". For rebinding."""
        self._scripts[name.lower().rstrip(".")] = list(addresses)

    def resolve(self, name: str) -> str | None:
        """Find the address of a name, handing out a new one where it has none."""
        name = name.lower().rstrip(".")
        if script := self._scripts.get(name):
            answer = script.pop(0) if len(script) > 1 else script[0]
            if answer is not None and not is_internal(answer):
                self._names[answer] = name
            return answer
        if name in LOOPBACK_NAMES:
            return "127.0.0.1"
        if name.endswith(MISSING_ENDINGS):
            return None
        if name not in self._addresses:
            address = str(ip_address(FIRST_ADDRESS + 1 + len(self._addresses)))
            self._addresses[name] = address
            self._names[address] = name
        return self._addresses[name]

    def name_of(self, address: str) -> str:
        """Tell the name behind an address that was handed out, or the address."""
        return self._names.get(address, address)


class Switchboard:
    """The asked side: answers datagrams until closed."""

    def __init__(self, names: Names, ledger: Ledger, route: Route, own_ports: frozenset[int] = frozenset()) -> None:
        """Listen on a free port of loopback."""
        self.names = names
        self.own_ports = set(own_ports)
        self._ledger = ledger
        self._route = route
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name="switchboard", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        with contextlib.suppress(OSError):
            self._socket.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(5)
        self._socket.close()

    def answer(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer one question, as in the table above."""
        if question.get("ask") == "resolve":
            return self._resolve(str(question["name"]))
        return self._connect(str(question["address"]), int(question["port"]))

    def _resolve(self, name: str) -> Mapping[str, Any]:
        address = self.names.resolve(name)
        self._ledger.looked_up(name, (address,) if address else ())
        return {"addresses": [address]} if address else {"missing": True}

    def _connect(self, address: str, port: int) -> Mapping[str, Any]:
        if port in self.own_ports and is_internal(address):
            return {"own": True}
        destination = Destination(self.names.name_of(address), port)
        self._ledger.reached(address, destination, internal=is_internal(address))
        led_to = self._route(destination)
        return {"refuse": True} if led_to is None else {"port": led_to}

    def _serve(self) -> None:
        while True:
            datagram, asker = self._socket.recvfrom(DATAGRAM_BYTES_MAX)
            if not datagram:
                return
            try:
                said = self.answer(json.loads(datagram))
            except (ValueError, KeyError, TypeError) as wrong:
                said = {"error": str(wrong)}
            with contextlib.suppress(OSError):
                self._socket.sendto(json.dumps(said).encode(), asker)


def is_internal(address: str) -> bool:
    """Whether an address is one that a stranger must not make the target call (not globally routable)."""
    try:
        return not ip_address(address.partition("%")[0]).is_global
    except ValueError:
        return False
