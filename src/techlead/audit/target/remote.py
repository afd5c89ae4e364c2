"""A target that runs already and is known by its URL alone: nothing of its surroundings is in our hands."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from techlead.audit.target.client import Client
from techlead.audit.target.exchange import Request, Unavailable
from techlead.errors import TargetRefused

BEYOND: Final = "the target was given as a URL: give module:app or --start so that it can be run in a hostile world"
ANSWER_SECONDS: Final = 5.0
LOOPBACK_NAMES: Final = frozenset({"localhost", "ip6-localhost"})


def allowed(url: str, owned_host: str | None) -> None:
    """Refuse to attack a host that is not this machine, unless its owner says that it is theirs.

    Raises:
        TargetRefused: It is neither.
    """
    host = urlsplit(url).hostname or ""
    try:
        here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = host.lower() in LOOPBACK_NAMES
    if not here and host != owned_host:
        raise TargetRefused(
            f"{host or url!r} is not this machine: an audit attacks. When it is yours, say so with --i-own-this {host or 'HOST'}"
        )


class StillClock:
    """A clock that nobody can move."""

    def now(self) -> float:
        """The real time."""
        return time.time()

    def advance(self, seconds: float) -> None:
        """Refuse."""
        raise Unavailable(f"{BEYOND} (its clock would have to move {seconds:.0f} s)")

    def walk(
        self, seconds: float, step: float = 1.0, pause: float = 0.03, until: Callable[[], bool] | None = None
    ) -> bool:
        """Refuse."""
        del step, pause, until
        self.advance(seconds)
        return False


class NoLog:
    """A log that cannot be read; attacks that live on it are not run, others find no evidence in it."""

    def mark(self) -> int:
        """The only place there is."""
        return 0

    def since(self, mark: int = 0) -> str:
        """Nothing."""
        del mark
        return ""

    def find(self, text: str, since: int = 0) -> tuple[str, ...]:
        """Nothing."""
        del text, since
        return ()


class NoWorld:
    """Neighbours that are not there; whatever is asked of them is refused."""

    def __getattr__(self, name: str) -> Any:
        """Refuse."""
        raise Unavailable(f"{BEYOND} ({name})")


class Remote:
    """The one instance there is."""

    folder: Path | None = None
    database = None

    def __init__(self, url: str) -> None:
        """Nothing is sent yet."""
        self.url = url
        self.client: Client = Client(url)
        self.clock = StillClock()
        self.log = NoLog()
        self.world = NoWorld()

    def pay_for_hashing(self, paid: bool) -> None:  # noqa: FBT001 - as an instance has it
        """Nothing: there it costs what it costs."""

    def reach(self) -> None:
        """See whether somebody answers there.

        Raises:
            TargetRefused: Nobody does, or not in HTTP.
        """
        answer = self.client.send(Request("GET", "/"), ANSWER_SECONDS)
        if not answer.status:
            said = {
                "refused": f"nobody listens at {self.url}: start the target, or let the audit start it (module:app, --start)",
                "timeout": f"{self.url} takes connections but does not answer within {ANSWER_SECONDS:.0f} s: restart it",
                "garbage": f"{self.url} answers something that is not HTTP: check the port",
            }
            raise TargetRefused(
                said.get(answer.error, f"{self.url} closes the connection without an answer: check the port")
            )

    def routes(self) -> Mapping[str, Any]:
        """Nothing can be read from outside but what is served."""
        return {}

    def kill(self) -> None:
        """Refuse."""
        raise Unavailable(BEYOND)

    def restart(self) -> None:
        """Refuse."""
        raise Unavailable(BEYOND)

    def alive(self) -> bool:
        """Whether it answers."""
        return bool(self.client.send(Request("GET", "/"), ANSWER_SECONDS).status)

    def memory_bytes(self) -> int:
        """Refuse."""
        raise Unavailable(BEYOND)

    def close(self) -> None:
        """Hang up."""
        self.client.close()
