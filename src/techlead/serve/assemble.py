"""Puts a Plan, a store and settings together into an application: the one place where operations meet handlers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from techlead.derive.openapi.steering import KINDS as STEERED
from techlead.derive.plan import Operation, Plan
from techlead.derive.statements import Statements
from techlead.primitives.clock import Clock, system_clock
from techlead.primitives.secret import SecretText
from techlead.serve import accounts, browsers, preferences, rows
from techlead.serve.actor import Authenticator
from techlead.serve.application import Application
from techlead.serve.delivery import delivery_tasks, limits_from
from techlead.serve.docs import read_docs, read_openapi
from techlead.serve.doors import Doors, doors_from
from techlead.serve.events import EventLog
from techlead.serve.glances import glance_of
from techlead.serve.health import alive, ready
from techlead.serve.inbox import mark_read, read_inbox
from techlead.serve.inbox_events import follow_inbox
from techlead.serve.incoming import take_message
from techlead.serve.keys import MAIL_URL, keys_from, secrets_from
from techlead.serve.mount import Asgi
from techlead.serve.passwords import Passwords
from techlead.serve.randomness import random_bytes
from techlead.serve.router import Router
from techlead.serve.runtime import Handler, Runtime
from techlead.serve.settings import Settings
from techlead.serve.steering import steering
from techlead.serve.streams import Streams
from techlead.serve.tasks import Periodic, Tasks
from techlead.serve.tidy import tidy
from techlead.store.port import Store

TIDY_SECONDS: Final = 3_600


def assemble(  # noqa: PLR0913 - each is something that a test gives
    plan: Plan,
    store: Store,
    settings: Settings,
    *,
    log: EventLog | None = None,
    clock: Clock = system_clock,
    random: Callable[[int], bytes] = random_bytes,
    mounts: Mapping[str, Asgi] | None = None,
    environment: Mapping[str, str] | None = None,
    doors: Doors | None = None,
    beside: Callable[[Runtime], Sequence[Periodic]] = lambda _runtime: (),
) -> Application:
    """Make the application of a Plan; clock, randomness and doors are given, so that a test can hold them.

    `environment` holds the secrets; by default the process's own. `beside` gives further work to do again and again,
    such as writing down what shadows heard.
    """
    statements = Statements(plan, store.dialect)
    log = log or EventLog(clock, pretty=settings.log_format == "pretty")
    authenticator = Authenticator(plan, statements, store, clock)
    streams = Streams(settings)
    runtime = Runtime(plan, store, statements, settings, clock, random, log, authenticator, streams)
    runtime.limits = limits_from(settings, plan)
    environment = os.environ if environment is None else environment
    runtime.keys = keys_from(plan, settings, environment)
    runtime.secrets = secrets_from(plan, settings, environment)
    runtime.mail_url = SecretText(environment[MAIL_URL]) if environment.get(MAIL_URL) else None
    runtime.doors = doors or doors_from(settings)
    passwords = Passwords(settings)
    router = Router()
    for operation in plan.operations:
        router.add(operation.method, operation.path, handler_of(runtime, passwords, operation))
        if operation.kind == "read":
            router.add_glance(operation.path, glance_of(runtime, plan.resources[operation.resource or ""]))
    router.add("GET", "/healthz", alive(runtime))
    router.add("GET", "/readyz", ready(runtime))
    router.add("GET", "/openapi.json", read_openapi(plan, settings))
    router.add("GET", "/docs", read_docs(plan, settings))
    delivering, hurry = delivery_tasks(runtime)
    own = [Periodic("tidy", TIDY_SECONDS, lambda: tidy(runtime)), *delivering, *beside(runtime)]
    tasks = Tasks(log, own)

    def told(accounts: set[bytes]) -> None:
        streams.told(accounts)
        hurry()

    runtime.told = told
    streaming = frozenset(operation.path for operation in plan.operations if operation.kind == "inbox_events")
    return Application(runtime, router, tasks, mounts or {}, streaming)


def handler_of(runtime: Runtime, passwords: Passwords, operation: Operation) -> Handler:
    """Choose the handler of an operation by its kind."""
    runtime_kinds: dict[str, Callable[[], Handler]] = {
        "register": lambda: accounts.register(runtime, passwords),
        "login": lambda: accounts.login(runtime, passwords),
        "logout": lambda: accounts.logout(runtime),
        "me": lambda: accounts.read_me(runtime),
        "change_me": lambda: accounts.change_me(runtime),
        "inbox": lambda: read_inbox(runtime),
        "inbox_events": lambda: follow_inbox(runtime),
        "inbox_read": lambda: mark_read(runtime),
        "preferences": lambda: preferences.read_preferences(runtime),
        "set_preferences": lambda: preferences.set_preferences(runtime),
        "ask_unsubscribe": lambda: preferences.ask_unsubscribe(runtime),
        "unsubscribe": lambda: preferences.unsubscribe(runtime),
        "webhook_keys": lambda: preferences.read_keys(runtime),
        "browsers": lambda: browsers.list_browsers(runtime),
        "add_browser": lambda: browsers.add_browser(runtime),
        "remove_browser": lambda: browsers.remove_browser(runtime),
        "incoming": lambda: take_message(runtime, operation),
    }
    if operation.kind in runtime_kinds:
        return runtime_kinds[operation.kind]()
    if operation.kind in STEERED:
        return steering(runtime)[operation.kind]()
    resource = runtime.plan.resources[operation.resource or ""]
    row_kinds: dict[str, Callable[[], Handler]] = {
        "list": lambda: rows.read_many(runtime, resource),
        "create": lambda: rows.create_one(runtime, resource),
        "read": lambda: rows.read_one(runtime, resource, resource.access.read),
        "update": lambda: rows.change_one(runtime, resource),
        "delete": lambda: rows.delete_one(runtime, resource),
        "history": lambda: rows.history_of(runtime, resource),
        "action": lambda: rows.act_on_one(
            runtime, resource, next(one for one in resource.actions if one.name == operation.action)
        ),
    }
    return row_kinds[operation.kind]()
