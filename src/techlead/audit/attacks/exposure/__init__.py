"""Attacks on what gets out: in answers, refusals, ids and logs, searched for values that only the audit knows."""

from __future__ import annotations

from typing import Final

from techlead.audit.attacks.attack import Attack, Harm, Need
from techlead.audit.attacks.exposure.administrator import known_administrator
from techlead.audit.attacks.exposure.errors import debugging, error_details
from techlead.audit.attacks.exposure.fields import echoes, personal_fields, secret_fields
from techlead.audit.attacks.exposure.identifiers import counted_ids
from techlead.audit.attacks.exposure.logs import logged, refused_messages

_PEOPLE: Final = frozenset({Need.PEOPLE})
_LOG: Final = frozenset({Need.PEOPLE, Need.LOG})
ATTACKS: Final = (
    Attack(
        "exposure.identifiers",
        ("exposure.internal-id",),
        "Ids can be counted.",
        "rows made one after the other got numbers one after the other",
        counted_ids,
        _PEOPLE,
    ),
    Attack(
        "exposure.secrets",
        ("exposure.secret-field",),
        "Answers show secrets.",
        "a password, its hash or another user's key, known from the database, stands in an answer",
        secret_fields,
        _PEOPLE,
        seconds=12.0,
    ),
    Attack(
        "exposure.echoes",
        ("exposure.secret-field",),
        "Refusals repeat the password.",
        "the password sent stands in the refusal",
        echoes,
        _PEOPLE,
        Harm.WRITES,
    ),
    Attack(
        "exposure.personal",
        ("exposure.personal-field",),
        "Strangers see personal data.",
        "an address or number of the owner's, made up by the audit, stands in a stranger's answer",
        personal_fields,
        _PEOPLE,
        seconds=12.0,
    ),
    Attack(
        "exposure.errors",
        ("exposure.error-detail",),
        "Refusals show the inside.",
        "a trace, statement, path or exception stands in a refusal",
        error_details,
        frozenset(),
        Harm.WRITES,
        seconds=15.0,
    ),
    Attack(
        "exposure.debugging",
        ("exposure.debug",),
        "Debugging help is reachable.",
        "a debugger's page or the configuration stands in an answer to somebody who is not logged in",
        debugging,
        frozenset(),
        Harm.WRITES,
        seconds=12.0,
    ),
    Attack(
        "exposure.administrator",
        ("exposure.default-admin",),
        "An administrator's password is known.",
        "an account that the audit did not make logs in with a known password and reads what strangers are refused",
        known_administrator,
        _PEOPLE,
        Harm.WRITES,
    ),
    Attack(
        "exposure.logs",
        ("exposure.log-secret", "exposure.log-personal"),
        "The log keeps secrets and personal data.",
        "a value that was sent stands in what the target wrote",
        logged,
        _LOG,
        Harm.WRITES,
        seconds=15.0,
    ),
    Attack(
        "exposure.refused-messages",
        ("exposure.log-secret", "exposure.log-personal"),
        "The log keeps the recipients and keys of refused messages.",
        "the recipient's address or the key in the webhook's address stands in what the target wrote",
        refused_messages,
        frozenset({Need.PEOPLE, Need.LOG, Need.CLOCK, Need.MESSAGES}),
        Harm.WRITES,
        seconds=15.0,
    ),
)
