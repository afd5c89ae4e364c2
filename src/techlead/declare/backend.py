"""A backend: the resources, the roles and the accounts that belong together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, overload

from techlead.declare.access import Policy, nobody
from techlead.declare.account import Account
from techlead.declare.notification import Own
from techlead.declare.origin import caller
from techlead.declare.outside import (
    CALL_SECONDS_MAX,
    CALLS_PER_SECOND,
    WINDOW_SECONDS,
    Incoming,
    Outside,
    Sends,
    System,
    Verify,
)
from techlead.declare.resource import Resource

R = TypeVar("R", bound=Resource)
A = TypeVar("A", bound=Account)


class Declarations:
    """What was declared under one name; filled while the user's modules are imported, read once by `derive`."""

    def __init__(self, name: str, *, roles: Sequence[str] = ()) -> None:
        """Start an empty backend; `roles` are the names that `role(...)` may use."""
        self.name = name
        self.roles = tuple(roles)
        self.origin = caller()
        self.resources: list[type[Resource]] = []
        self.accounts: list[type[Account]] = []
        self.outside = Outside()

    def resource(  # noqa: PLR0913 - each is one thing that may be said of a resource, by name
        self,
        *,
        read: Policy = nobody,
        create: Policy = nobody,
        update: Policy = nobody,
        delete: Policy = nobody,
        history: Policy = nobody,
        soft_delete: bool = False,
        unique: Sequence[Sequence[str]] = (),
        indexed: Sequence[Sequence[str]] = (),
        plural: str | None = None,
    ) -> Callable[[type[R]], type[R]]:
        """Give a resource its API: each policy says who may do that to which rows; what is left out nobody may.

        `soft_delete` keeps deleted rows for their history; `history` says who may read what changed; each tuple of
        `unique` names fields that together occur once; each tuple of `indexed` names fields that lists filter by, then
        the one that they sort by, so that such a list reads no more rows than it shows; `plural` overrides the path.
        """

        def declare(resource: type[R]) -> type[R]:
            said = resource.declaration
            said.read, said.create, said.update, said.delete, said.history = read, create, update, delete, history
            said.soft_delete = soft_delete
            said.unique = tuple(tuple(names) for names in unique)
            said.indexed = tuple(tuple(names) for names in indexed)
            said.plural = plural
            self.resources.append(resource)
            return resource

        return declare

    def system(
        self,
        base_url: str,
        *,
        credentials: str | None = None,
        idempotency_header: str = "Idempotency-Key",
        seconds_max: float = CALL_SECONDS_MAX,
        calls_per_second: float = CALLS_PER_SECOND,
    ) -> System:
        """Declare another system that actions may call; `credentials` names the environment variable of its token."""
        made = System(base_url, credentials, idempotency_header, seconds_max, calls_per_second, caller())
        self.outside.systems.append(made)
        return made

    def incoming(self, *, key: str, verify: Verify | None = None, window_seconds: int = WINDOW_SECONDS) -> Incoming:
        """Declare a signed endpoint for another system's messages, `POST /incoming/{name}`.

        `key` names the environment variable with it (Standard Webhooks: `whsec_...` or `whpk_...`, several
        with spaces between while they rotate); `verify` is a pure function for a signature of another kind.
        """
        made = Incoming(key, verify, window_seconds, caller())
        self.outside.incoming.append(made)
        return made

    def channel(self, name: str, sends: Sends) -> Own:
        """Bring a channel of one's own; `techlead.deliver.conformance` tells whether it keeps the promise of one."""
        self.outside.channels[name] = sends
        return Own(name)

    @overload
    def account(self, account: type[A]) -> type[A]: ...
    @overload
    def account(
        self, *, read: Policy = ..., history: Policy = ..., plural: str | None = ...
    ) -> Callable[[type[A]], type[A]]: ...
    def account(self, account: type[A] | None = None, **policies: Any) -> Any:
        """Name the backend's kind of account; `read` opens `/{accounts}` beyond `/me`."""

        def declare(resource: type[A]) -> type[A]:
            for name, policy in policies.items():
                setattr(resource.declaration, name, policy)
            self.accounts.append(resource)
            self.resources.append(resource)
            return resource

        return declare if account is None else declare(account)
