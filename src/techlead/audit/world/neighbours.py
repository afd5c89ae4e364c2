"""The target's surroundings in one value: names, HTTP and mail neighbours, and the book of what came to them."""

from __future__ import annotations

import contextlib
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from typing import Self

from techlead.audit.world import http_talk, smtp_talk
from techlead.audit.world.arrival import Destination
from techlead.audit.world.certificate import authority, certificate, self_signed
from techlead.audit.world.ledger import Ledger
from techlead.audit.world.line import TLS_HELLO, HungUp, Line
from techlead.audit.world.manner import WELL, Hang, Manner, Refuse, Silence
from techlead.audit.world.switchboard import Names, Switchboard

MAIL_PORTS = frozenset({25, 465, 587, 1025, 2465, 2525, 2587, 8025})
PLAIN_MAIL_PORTS = MAIL_PORTS - {465, 2465}
SPEAK_FIRST_AFTER_SECONDS = 0.3
"""A client on an unusual port that has said nothing by then waits for a greeting: it wants to send mail."""
BACKLOG = 128
CLOSE_SECONDS = 2.0


class World:
    """Everything outside of the target, on loopback. Manners are chosen by destination: `*` and `?` match, the newest first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, own_ports: frozenset[int] = frozenset()) -> None:
        """Open the switchboard; `clock` tells the target's time, `own_ports` of loopback are led to nobody."""
        self.ledger = Ledger(clock)
        self.names = Names()
        self._authority = authority()
        self._rules: list[tuple[str, list[Manner]]] = []
        self._distrusted: list[str] = []
        self._listeners: dict[Destination, socket.socket] = {}
        self._silent: dict[Destination, list[socket.socket]] = {}
        self._lines: set[Line] = set()
        self._contexts: dict[tuple[str, bool], ssl.SSLContext] = {}
        self._lock = threading.RLock()
        self.switchboard = Switchboard(self.names, self.ledger, self._route, own_ports)

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    @property
    def environment(self) -> Mapping[str, str]:
        """What the target's processes are told: where to ask, and which authority to trust beside their own."""
        return {
            "AUDITED_SWITCHBOARD": f"127.0.0.1:{self.switchboard.port}",
            "AUDITED_AUTHORITY": self.trusted_certificate,
        }

    @property
    def trusted_certificate(self) -> str:
        """The authority (PEM) that a target which verifies certificates should know, beside its own."""
        return self._authority.certificate

    def behave(self, destination: str, *manners: Manner) -> None:
        """Behave so towards a destination (`host`, `host:port`, `*`, `*:587`): one manner a message, the last one for ever."""
        with self._lock:
            self._rules.insert(0, (destination, list(manners)))

    def distrust(self, destination: str) -> None:
        """Show this destination's callers a certificate that nobody trusts."""
        with self._lock:
            self._distrusted.append(destination)

    def calm(self) -> None:
        """Behave well again everywhere; connections held open are cut."""
        with self._lock:
            self._rules.clear()
            self._distrusted.clear()
            self._close_silent()
        self.cut()

    def cut(self) -> None:
        """Hang up every open connection."""
        with self._lock:
            lines = tuple(self._lines)
        for line in lines:
            line.stop()

    def close(self) -> None:
        """Take the neighbours away."""
        self.switchboard.close()
        with self._lock:
            for listener in self._listeners.values():
                with contextlib.suppress(OSError):
                    listener.shutdown(socket.SHUT_RDWR)
                listener.close()
            self._listeners.clear()
            self._close_silent()
        deadline = time.monotonic() + CLOSE_SECONDS
        while self._lines and time.monotonic() < deadline:  # their threads write in the book, whose clock goes next
            self.cut()
            time.sleep(0.005)

    def _close_silent(self) -> None:
        for ends in self._silent.values():
            for end in ends:
                end.close()
        self._silent.clear()

    def _manner(self, destination: Destination, *, take: bool = True) -> Manner:
        with self._lock:
            for pattern, manners in self._rules:
                if matches(pattern, destination):
                    return manners.pop(0) if take and len(manners) > 1 else manners[0]
        return WELL

    def _route(self, destination: Destination) -> int | None:
        manner = self._manner(destination, take=False)
        if isinstance(manner, Refuse):
            self._manner(destination)
            return None
        if isinstance(manner, Silence):
            return self._silent_port(destination)
        with self._lock:
            if destination not in self._listeners:
                self._listen(destination)
            port: int = self._listeners[destination].getsockname()[1]
            return port

    def _silent_port(self, destination: Destination) -> int:
        """Listen without ever accepting, the queue full: the next connection is neither taken nor refused."""
        with self._lock:
            if destination not in self._silent:
                listener = _bound(backlog=0)
                address = listener.getsockname()
                ends = [listener]
                for _ in range(2):
                    end = socket.socket()
                    end.settimeout(0)
                    end.connect_ex(address)
                    ends.append(end)
                self._silent[destination] = ends
            port: int = self._silent[destination][0].getsockname()[1]
            return port

    def _listen(self, destination: Destination) -> None:
        listener = _bound(BACKLOG)
        self._listeners[destination] = listener
        threading.Thread(
            target=self._accept, args=(listener, destination), name=f"neighbour {destination}", daemon=True
        ).start()

    def _accept(self, listener: socket.socket, destination: Destination) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            line = Line(connection)
            with self._lock:  # here and not in its thread: who closes meanwhile waits for it
                self._lines.add(line)
            threading.Thread(
                target=self._serve, args=(line, destination), name=f"talk {destination}", daemon=True
            ).start()

    def _serve(self, line: Line, destination: Destination) -> None:
        try:
            self._converse(line, destination)
        except HungUp:
            pass
        finally:
            with self._lock:
                self._lines.discard(line)
            line.close()

    def _converse(self, line: Line, destination: Destination) -> None:
        if destination.port in PLAIN_MAIL_PORTS:
            self._mail(line, destination)
            return
        manner = self._manner(destination, take=False)
        if isinstance(manner, Hang) and manner.early:
            self._take_up_only(line, destination)
            return
        first = line.first_byte(SPEAK_FIRST_AFTER_SECONDS)
        if first is None:
            self._mail(line, destination)
        elif first == TLS_HELLO:
            self._encrypt(line, destination)
            if destination.port in MAIL_PORTS:
                self._mail(line, destination)
            else:
                self._http(line, destination)
        elif first:
            self._http(line, destination)
        else:
            self.ledger.arrive(destination, channel="silent", ending="let go")

    def _take_up_only(self, line: Line, destination: Destination) -> None:
        self._manner(destination)
        arrival = self.ledger.arrive(destination, channel="silent")
        line.until_let_go()
        self.ledger.end(arrival, ending="let go")

    def _encrypt(self, line: Line, destination: Destination) -> None:
        try:
            line.encrypt(self._context(destination))
        except HungUp:
            self.ledger.arrive(destination, channel="tls", trusted=self._trusted(destination), ending="let go")
            raise

    def _http(self, line: Line, destination: Destination) -> None:
        trusted = self._trusted(destination)
        http_talk.talk(line, destination, self.ledger, lambda: self._manner(destination), trusted=trusted)

    def _mail(self, line: Line, destination: Destination) -> None:
        smtp_talk.talk(
            line,
            destination,
            self.ledger,
            lambda: self._manner(destination),
            self._context(destination),
            trusted=self._trusted(destination),
        )

    def _trusted(self, destination: Destination) -> bool:
        with self._lock:
            return not any(matches(pattern, destination) for pattern in self._distrusted)

    def _context(self, destination: Destination) -> ssl.SSLContext:
        key = (destination.host, self._trusted(destination))
        with self._lock:
            if key not in self._contexts:
                self._contexts[key] = self._new_context(*key)
            return self._contexts[key]

    def _new_context(self, host: str, trusted: bool) -> ssl.SSLContext:  # noqa: FBT001  half of a key
        minted = certificate(host, self._authority) if trusted else self_signed(host)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "neighbour.pem"
            file.write_text(minted.certificate + minted.key)
            context.load_cert_chain(file)
        return context


def matches(pattern: str, destination: Destination) -> bool:
    """Tell whether `host`, `host:port` or a pattern of either names a destination."""
    return fnmatchcase(destination.host, pattern) or fnmatchcase(str(destination), pattern)


def _bound(backlog: int) -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(backlog)
    return listener
