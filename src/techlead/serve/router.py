"""The table of routes: where each operation of a Plan is found, and which methods an address has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from techlead.errors import MethodNotAllowed, NotFound
from techlead.serve.glances import Glance, Seen
from techlead.serve.request import Request
from techlead.serve.runtime import Handler


@dataclass(frozen=True, slots=True)
class Route:
    """One address: its pattern and what each method does."""

    pattern: str
    methods: dict[str, Handler] = field(default_factory=dict)

    def allow(self) -> str:
        """List the methods for an `Allow` header."""
        names = {*self.methods, "OPTIONS", *(["HEAD"] if "GET" in self.methods else [])}
        return ", ".join(sorted(names))


class Router:
    """Finds the route of a path in one or two look-ups; a path is right exactly or not there at all."""

    def __init__(self) -> None:
        """Start with no route."""
        self._exact: dict[str, Route] = {}
        self._rows: dict[str, Route] = {}
        self._below: dict[tuple[str, str], Route] = {}
        self._glances: dict[str, Glance] = {}

    def add(self, method: str, pattern: str, handler: Handler) -> None:
        """Add an operation: `/orders`, `/orders/{id}` or `/orders/{id}/cancel`."""
        self._place(pattern).methods[method] = handler

    def add_glance(self, pattern: str, glance: Glance) -> None:
        """Add what answers the usual read at an address such as `/orders/{id}`."""
        self._glances[pattern.split("/")[1]] = glance

    def glance(self, path: str, headers: dict[bytes, bytes]) -> Seen | None:
        """Answer a plain read at once; None when it takes the long way."""
        parts = path.split("/")
        if len(parts) != 3 or parts[0] or path in self._exact:  # noqa: PLR2004 - "", resource, id
            return None
        glance = self._glances.get(parts[1])
        return None if glance is None else glance(parts[2], headers)

    def routes(self) -> Iterator[Route]:
        """List every route."""
        yield from self._exact.values()
        yield from self._rows.values()
        yield from self._below.values()

    def find(self, request: Request) -> tuple[Route, Handler]:
        """Find a request's handler and set its parameters; NotFound or MethodNotAllowed."""
        route = self._exact.get(request.path)
        if route is None:
            parts = request.path.split("/")
            if len(parts) == 3 and not parts[0]:  # noqa: PLR2004 - "", resource, id
                route = self._rows.get(parts[1])
            elif len(parts) == 4 and not parts[0]:  # noqa: PLR2004 - "", resource, id, action
                route = self._below.get((parts[1], parts[3]))
            if route is None:
                raise NotFound
            request.params = (parts[2],)
        method = "GET" if request.method == "HEAD" else request.method
        handler = route.methods.get(method)
        if handler is None:
            raise MethodNotAllowed(headers=(("allow", route.allow()),))
        return route, handler

    def _place(self, pattern: str) -> Route:
        parts = pattern.split("/")
        if "{id}" not in parts:
            return self._exact.setdefault(pattern, Route(pattern))
        if parts[-1] == "{id}":
            return self._rows.setdefault(parts[1], Route(pattern))
        return self._below.setdefault((parts[1], parts[3]), Route(pattern))
