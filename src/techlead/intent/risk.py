"""How risky a thing is, from a table: who must sign it, and why it is in that class."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from techlead.intent.values import Data

Record = dict[str, Data]


class RiskClass(Enum):
    """Who must sign."""

    BOILERPLATE = "boilerplate"
    """Nobody: it is derived, or a document, or a test."""
    ORDINARY = "ordinary"
    """A person."""
    CAREFUL = "careful"
    """A person who types the reason in words of their own."""


@dataclass(frozen=True, slots=True)
class Risk:
    """A class, with the reasons for it."""

    of: RiskClass
    why: tuple[str, ...]

    def __str__(self) -> str:
        """Print as a review does."""
        return f"{self.of.value} ({'; '.join(self.why)})"


INCIDENT: Final = re.compile(
    r"incident|fraud|breach|outage|leak|stolen|stole|attack|hacked|lawsuit|court|refund|double|twice", re.IGNORECASE
)
MONEY: Final = re.compile(
    r"\b(money|price|amount|credit|credits|balance|refund|payout|fee|salary|invoice|iban)\b", re.IGNORECASE
)
RETRY: Final = re.compile(r"retr(y|ies)|attempt|backoff|resend|idempoten", re.IGNORECASE)
ACCOUNT: Final = re.compile(r"\.(disabled|roles|password|email_confirmed)\b")
SENSITIVE: Final = frozenset({"personal", "secret", "internal"})


def _words(record: Record) -> str:
    """Give the names and sources of a record as words; a name is split at its underscores."""
    text = json.dumps([record.get("parts"), record.get("facts"), record.get("fields"), record["name"]])
    return text.replace("_", " ")


def _kinds(record: Record) -> set[str]:
    facts: list[Any] = record.get("facts", [])
    fields: Any = record.get("fields", {})
    kinds = {one["kind"] for one in fields.values() if isinstance(one, dict)} if isinstance(fields, dict) else set()
    return kinds | {one["kind"][1] for one in facts}


def _reads_money(record: Record) -> bool:
    return "money" in _kinds(record) or (record["kind"] in ("rule", "action") and bool(MONEY.search(_words(record))))


def _has_sensitive(record: Record) -> bool:
    fields = record.get("fields", {})
    return record["kind"] == "setting" and any(one["sensitivity"] in SENSITIVE for one in fields.values())


CAREFUL: Final[tuple[tuple[str, Callable[[Record], bool]], ...]] = (
    ("it says who may see or do what", lambda record: record["kind"] == "policy"),
    ("it says which roles there are", lambda record: record["kind"] == "setting" and record["name"] == "roles"),
    ("what is held here leaves by it", lambda record: record["kind"] in ("system", "channel")),
    ("what it takes is done without a person", lambda record: record["kind"] == "incoming"),
    ("it has personal, secret or internal fields", _has_sensitive),
    ("it is about money or what stands for it", _reads_money),
    ("it is about retries", lambda record: bool(RETRY.search(_words(record)))),
    ("it changes who may log in", lambda record: bool(ACCOUNT.search(json.dumps(record.get("parts", {}))))),
    ("its reason is an incident", lambda record: record["kind"] == "rule" and bool(INCIDENT.search(record["because"]))),
)
"""What makes a thing one for a person who types the reason. Everything else that is signed is ordinary."""


def risk_of(record: Record) -> Risk:
    """Classify a record."""
    why = tuple(words for words, holds in CAREFUL if holds(record))
    return Risk(RiskClass.CAREFUL, why) if why else Risk(RiskClass.ORDINARY, (ORDINARY[record["kind"]],))


ORDINARY: Final = {
    "rule": "it decides about rows",
    "action": "it changes rows",
    "policy": "it says who may see or do what",
    "setting": "it says what fields hold",
    "message": "it says who is told what",
    "system": "it is called",
    "incoming": "it tells us what happened",
    "channel": "it carries messages",
}
