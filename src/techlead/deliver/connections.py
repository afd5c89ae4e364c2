"""The connections behind the door: names are resolved once, every address is checked, and no other is connected to.

Only who sends something loads this file: HTTP and TLS cost a server that does not 8 MB and 50 ms of its start.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import certifi
import httpcore

from techlead.deliver.asking import Answered, Asking, Limits, Resolve, Unreached
from techlead.deliver.port import Fault
from techlead.primitives.guard import Address, Closed, Network, check_address, check_host

RESOLVING_THREADS: Final = 16
"""Names of slow resolvers wait here and hold up nothing else of the process."""
ADDRESSES_TRIED_MAX: Final = 4
CONNECTIONS_MAX: Final = 32
KEPT_SECONDS: Final = 4.0
"""Less than the shortest that common servers keep a connection (5 s), so that none is used while it is being closed."""
AGENT: Final = "techlead"


class Connections:
    """One guarded pool; `opened` names networks that are allowed beside the world."""

    def __init__(
        self, opened: Sequence[Network], trusted: ssl.SSLContext | None = None, resolve: Resolve | None = None
    ) -> None:
        """Prepare; nothing is opened yet."""
        self.opened = opened
        self._resolving = ThreadPoolExecutor(RESOLVING_THREADS, thread_name_prefix="resolve")
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trusted or trusted_roots(),
            max_connections=CONNECTIONS_MAX,
            max_keepalive_connections=CONNECTIONS_MAX,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=_Guarded(self._resolving, resolve or addresses_of, self.opened),
        )

    async def send(self, asking: Asking, limits: Limits) -> Answered:
        """Send one request and give its answer, whatever its status; Unreached when there is none."""
        answer: list[Answered] = []
        try:
            async with asyncio.timeout(limits.total_seconds_max):
                await self._exchange(asking, limits, answer)
        except TimeoutError:
            if not answer:
                raise Unreached(Fault.TIMEOUT, SAID[Fault.TIMEOUT]) from None
        except Closed as error:
            raise Unreached(Fault.GUARDED, f"the address {error}") from None
        except _KNOWN as error:
            if not answer:
                fault = fault_of(error)
                raise Unreached(fault, SAID[fault]) from None
        return answer[-1]

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.aclose()

    async def _exchange(self, asking: Asking, limits: Limits, answer: list[Answered]) -> None:
        """Note the head of the answer as soon as it is there, and again with its body: what breaks later is the body's."""
        check_host(urlsplit(asking.url).hostname or "", self.opened)
        headers = {
            "host": urlsplit(asking.url).netloc,
            "user-agent": AGENT,
            "accept-encoding": "identity",
            **asking.headers,
        }
        written = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
        wait = {"connect": limits.connect_seconds_max}
        asked = self._pool.stream(
            asking.method, asking.url, headers=written, content=asking.body or None, extensions={"timeout": wait}
        )
        async with asked as response:
            told = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            answer.append(Answered(response.status, told, b"", whole=False))
            body = b""
            async for chunk in response.aiter_stream():
                body += chunk
                if len(body) > limits.body_bytes_max:
                    answer.append(Answered(response.status, told, body[: limits.body_bytes_max], whole=False))
                    return
            whole = told.get("content-encoding", "identity") == "identity"
            answer.append(Answered(response.status, told, body, whole=whole))


_KNOWN: Final = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    ssl.SSLError,
    OSError,
    UnicodeError,
)


SAID: Final[Mapping[Fault, str]] = {
    Fault.TIMEOUT: "no answer in time",
    Fault.DNS: "the name leads nowhere",
    Fault.TLS: "the certificate or the handshake of TLS is not right",
    Fault.CONNECTION: "the connection broke, or what came is not HTTP",
}
"""What an operator reads about each fault."""


def fault_of(error: BaseException) -> Fault:
    """Say what an error of HTTP, TLS or the machine's network means."""
    if isinstance(error, httpcore.TimeoutException):
        return Fault.TIMEOUT
    if isinstance(error, socket.gaierror | UnicodeError):
        return Fault.DNS
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLError):
            return Fault.TLS
        seen = seen.__cause__ or seen.__context__
    return Fault.CONNECTION


class _Guarded(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were checked, and to no others."""

    def __init__(self, resolving: ThreadPoolExecutor, resolve: Resolve, opened: Sequence[Network]) -> None:
        self._resolving = resolving
        self._resolve = resolve
        self._opened = opened
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the name and the meaning are httpcore's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve once, check all that was found, connect to the first that takes the connection."""
        async with _in_time(timeout):
            last: Exception = httpcore.ConnectError()
            for address in (await self._addresses(host, port))[:ADDRESSES_TRIED_MAX]:
                try:
                    return _Plain(
                        await self._inner.connect_tcp(str(address), port, timeout, local_address, socket_options)
                    )
                except httpcore.ConnectError as error:
                    last = error
            raise last

    async def connect_unix_socket(self, *_given: Any, **_named: Any) -> httpcore.AsyncNetworkStream:
        """Refuse: no receiver is there."""
        raise Closed("must not lead to this machine")

    async def sleep(self, seconds: float) -> None:
        """Wait, as the pool asks."""
        await self._inner.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[Address]:
        check_host(host, self._opened)
        found = await asyncio.get_running_loop().run_in_executor(self._resolving, self._resolve, host, port)
        addresses = [ip_address(one.partition("%")[0]) for one in dict.fromkeys(found)]
        for address in addresses:
            check_address(address, self._opened)
        return addresses


class _Plain(httpcore.AsyncNetworkStream):
    """A connection before TLS, which is closed when the handshake is cut off; httpcore closes it on errors alone."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - as above
        """Read, as the connection does."""
        return await self._inner.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as above
        """Write, as the connection does."""
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - as above
    ) -> httpcore.AsyncNetworkStream:
        """Shake hands; whatever cuts that off, nothing stays open."""
        try:
            return await self._inner.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            await self._inner.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        """Tell of the connection."""
        return self._inner.get_extra_info(info)


@asynccontextmanager
async def _in_time(seconds: float | None) -> AsyncIterator[None]:
    """Bound resolving and connecting together; what is late is the time-out of connecting."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise httpcore.ConnectTimeout from None


def addresses_of(host: str, port: int) -> Sequence[str]:
    """Ask the machine's resolver."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@cache
def trusted_roots() -> ssl.SSLContext:
    """Trust the machine's certificate authorities and Mozilla's, TLS 1.2 at least (ASVS 12.3.2)."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
