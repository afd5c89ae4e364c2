"""Other ASGI applications inside a backend (a FastAPI app for what is not CRUD), with the backend's own log-in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from techlead.errors import CallersError, WorldError
from techlead.primitives import ids
from techlead.serve.actor import Actor
from techlead.serve.answer import problem, send
from techlead.serve.request import Receive, Scope, Send
from techlead.serve.runtime import Runtime

Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]
KEY: Final = "techlead.actor"


@dataclass(frozen=True, slots=True)
class CurrentActor:
    """Who asks a mounted application: the account's public id and its roles."""

    id: str
    roles: frozenset[str]


def current_actor(scope: Mapping[str, Any]) -> CurrentActor | None:
    """Tell who asks, from an ASGI scope; a FastAPI dependency takes `request: Request` and passes `request.scope`.

    None when nobody is signed in; a bad token never gets this far.
    """
    found = scope.get(KEY)
    return found if isinstance(found, CurrentActor) else None


class Mounts:
    """Applications by the prefix of their paths, each behind the backend's authentication."""

    def __init__(self, mounts: Mapping[str, Asgi], runtime: Runtime) -> None:
        """Hold the applications; a prefix starts with a slash and ends without one."""
        self._mounts = sorted(mounts.items(), key=lambda mount: -len(mount[0]))
        self._runtime = runtime

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return bool(self._mounts)

    def find(self, path: str) -> tuple[str, Asgi] | None:
        """Find the application whose prefix a path has."""
        for prefix, application in self._mounts:
            if path == prefix or path.startswith(f"{prefix}/"):
                return prefix, application
        return None

    async def serve(self, mounted: tuple[str, Asgi], scope: Scope, receive: Receive, send_: Send) -> None:
        """Authenticate, then hand the request over with who asks in its scope."""
        prefix, application = mounted
        request_id = self._runtime.random(8).hex()
        try:
            actor = await self._runtime.authenticator.actor(dict(scope["headers"]))
        except (CallersError, WorldError) as error:
            await send(problem(error, request_id), request_id.encode(), send_)
            return
        inner = {**scope, "root_path": scope.get("root_path", "") + prefix, KEY: self._known(actor)}
        await application(inner, receive, send_)

    def _known(self, actor: Actor) -> CurrentActor | None:
        if actor.account is None:
            return None
        return CurrentActor(ids.encode(self._runtime.plan.accounts.prefix, actor.account), actor.kind.roles)
