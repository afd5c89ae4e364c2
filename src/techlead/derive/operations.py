"""The table of operations: what a caller can ask of a backend, and which policy stands before each."""

from __future__ import annotations

from collections.abc import Iterator

from techlead.declare.access import Policy, anyone, nobody, role, signed_in
from techlead.declare.notification import Channel, Own
from techlead.derive.plan import Operation, Plan, ResourcePlan

RUNTIME: tuple[tuple[str, str, str, str, Policy, str], ...] = (
    ("register", "POST", "/auth/register", "register", anyone, "Create an account."),
    ("login", "POST", "/auth/login", "login", anyone, "Exchange address and password for a token."),
    ("logout", "POST", "/auth/logout", "logout", signed_in, "End this session."),
    ("me", "GET", "/me", "me", signed_in, "Read your own account."),
    ("change_me", "PATCH", "/me", "change_me", signed_in, "Change your own account."),
    ("inbox", "GET", "/inbox", "inbox", signed_in, "Read your messages, the newest first."),
    ("inbox_events", "GET", "/inbox/events", "inbox_events", signed_in, "Follow your messages as server-sent events."),
    ("inbox_read", "POST", "/inbox/{id}/read", "inbox_read", signed_in, "Mark a message as read."),
)
"""Name, method, path, kind, policy and summary of what a backend with accounts always has."""


INCOMING = "Take a signed message of another system."


REACHING: tuple[tuple[str, str, str, str, Policy, str], ...] = (
    ("preferences", "GET", "/preferences", "preferences", signed_in, "Read what you are told, how and when."),
    (
        "set_preferences",
        "PATCH",
        "/preferences",
        "set_preferences",
        signed_in,
        "Choose what you are told, how and when.",
    ),
    ("ask_unsubscribe", "GET", "/unsubscribe/{id}", "ask_unsubscribe", anyone, "Ask before a kind of e-mail ends."),
    ("unsubscribe", "POST", "/unsubscribe/{id}", "unsubscribe", anyone, "End a kind of e-mail, by its own link."),
)
"""The same of what a backend has that tells people something outside of their inbox."""
SIGNING: tuple[tuple[str, str, str, str, Policy, str], ...] = (
    ("webhook_keys", "GET", "/preferences/keys", "webhook_keys", signed_in, "Read with what your webhooks are signed."),
)
"""The same of what a backend has that sends webhooks."""
PUSHING: tuple[tuple[str, str, str, str, Policy, str], ...] = (
    ("browsers", "GET", "/browsers", "browsers", signed_in, "List the browsers in which you get notices."),
    ("add_browser", "POST", "/browsers", "add_browser", signed_in, "Get notices in a browser."),
    ("remove_browser", "DELETE", "/browsers/{id}", "remove_browser", signed_in, "Get no more notices in a browser."),
)
"""The same of what a backend has that sends notices to browsers."""


STEERER = "admin"
ADMIN = role(STEERER)
STEERING: tuple[tuple[str, str, str, str, Policy, str], ...] = (
    ("outbox", "GET", "/outbox", "outbox", ADMIN, "See what waits, for which destinations, and why."),
    ("outbox_dead", "GET", "/outbox/dead", "outbox_dead", ADMIN, "Read what ended undelivered, with its history."),
    ("outbox_message", "GET", "/outbox/{id}", "outbox_message", ADMIN, "Read one delivery with its history."),
    ("outbox_replay", "POST", "/outbox/replay", "outbox_replay", ADMIN, "Let what ended undelivered begin anew."),
    (
        "outbox_drop",
        "POST",
        "/outbox/drop",
        "outbox_drop",
        ADMIN,
        "End what waits or is dead, or all that is dead at a destination.",
    ),
    ("outbox_pause", "POST", "/outbox/pause", "outbox_pause", ADMIN, "Let nothing go to a destination."),
    ("outbox_resume", "POST", "/outbox/resume", "outbox_resume", ADMIN, "Let things go to a destination again."),
)
"""The same of what a backend has that has the role `admin` and sends anything."""


def operations(plan: Plan) -> tuple[Operation, ...]:
    """List every operation of all else that a Plan holds, in a stable order; what no policy allows has none."""
    channels = frozenset(channel for one in plan.notifications for channel in one.via)
    runtime = [
        Operation(name, method, path, kind, plan.account if "me" in name else None, policy, summary)
        for name, method, path, kind, policy, summary in _runtime(plan.account, channels)
    ]
    sends = bool(channels - {Channel.INBOX} or plan.systems)
    if plan.account and sends and STEERER in plan.roles:
        runtime += [
            Operation(name, method, path, kind, None, policy, summary)
            for name, method, path, kind, policy, summary in STEERING
        ]
    incoming = [
        Operation(f"incoming_{one.name}", "POST", f"/incoming/{one.name}", "incoming", None, anyone, INCOMING)
        for one in plan.incoming
    ]
    of_rows = [operation for resource in plan.resources.values() for operation in _of(resource)]
    return (*runtime, *incoming, *of_rows)


def _runtime(
    account: str | None, channels: frozenset[Channel | Own]
) -> tuple[tuple[str, str, str, str, Policy, str], ...]:
    """Choose what the runtime offers: only what somebody could have a use for."""
    if account is None:
        return ()
    reaching = REACHING if channels & {Channel.EMAIL, Channel.WEBHOOK, Channel.PUSH} else ()
    signing = SIGNING if Channel.WEBHOOK in channels else ()
    return (*RUNTIME, *reaching, *signing, *(PUSHING if Channel.PUSH in channels else ()))


def _of(resource: ResourcePlan) -> Iterator[Operation]:
    access, name, noun = resource.access, resource.name, resource.table
    rows, row = f"/{resource.path}", f"/{resource.path}/{{id}}"
    table = (
        (f"list_{resource.path.replace('-', '_')}", "GET", rows, "list", access.read, f"List {resource.path}."),
        (f"create_{noun}", "POST", rows, "create", access.create, f"Create {_a(noun)}."),
        (f"read_{noun}", "GET", row, "read", access.read, f"Read {_a(noun)}."),
        (f"update_{noun}", "PATCH", row, "update", access.update, f"Change {_a(noun)}."),
        (f"delete_{noun}", "DELETE", row, "delete", access.delete, f"Delete {_a(noun)}."),
        (f"history_of_{noun}", "GET", f"{row}/history", "history", access.history, f"Read {_a(noun)}'s history."),
    )
    for operation, method, path, kind, policy, summary in table:
        if policy != nobody:
            yield Operation(operation, method, path, kind, name, policy, summary)
    for action in resource.actions:
        if action.by != nobody:
            summary = action.description.split("\n")[0] or f"{_words(action.name).capitalize()} {_a(noun)}."
            path = f"{row}/{action.name.replace('_', '-')}"
            yield Operation(f"{action.name}_{noun}", "POST", path, "action", name, action.by, summary, action.name)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _a(name: str) -> str:
    """Put the article before a name: an order, a listing; by its first letter, which is nearly always right."""
    words = _words(name)
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
