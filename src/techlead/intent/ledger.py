"""The ledger: what was signed, by whom, when and why; one entry a file, so that two branches merge in git.

Nothing here touches a file or a key: entries come as text, and `verify` is given. Every way in which an entry can be
wrong is one sentence.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final

from techlead.intent.items import Item, digest_of, title_of
from techlead.intent.record import Record
from techlead.intent.walk import canonical, digest

FORMAT: Final = 1
NAMESPACE: Final = "techlead"
CLOCK_SLACK: Final = timedelta(minutes=5)
"""How far two honest clocks may be apart."""


class EntryRefused(ValueError):
    """A file of the ledger is no entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One signed thing."""

    backend: str
    title: str
    hash: str
    record: Record
    risk: str
    signer: str
    """The name of the key in `allowed_signers`, usually an e-mail address."""
    drafter: str
    """Who wrote the change, as git says; empty when nobody knows."""
    when: str
    """ISO 8601, in UTC."""
    why: str
    serial: int
    """How often this thing was signed."""
    previous: str
    """The digest of the entry that this one replaces; empty for the first."""
    signature: str = ""
    format: int = FORMAT

    @property
    def payload(self) -> bytes:
        """What is signed: everything but the signature."""
        return canonical({name: value for name, value in asdict(self).items() if name != "signature"})

    @property
    def digest(self) -> str:
        """Name it among all entries ever signed."""
        return digest(json.loads(self.payload))

    @property
    def moment(self) -> datetime:
        """When it was signed."""
        return datetime.fromisoformat(self.when)


Verify = Callable[[Entry, datetime], str]
"""Verifies a signature as of a moment: empty, or the sentence that says why not."""


def file_of(title: str) -> str:
    """Name the file of an entry: `rule not_handed_over` is in `rule.not_handed_over.json`."""
    return f"{title.replace(' ', '.')}.json"


def written(entry: Entry) -> str:
    """Write an entry as its file holds it: one value a line, so that a change reads well in a diff."""
    data = asdict(entry)
    data["signature"] = entry.signature.splitlines()
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def entry_of(text: str) -> Entry:
    """Read an entry; EntryRefused when the text is none."""
    try:
        data = json.loads(text)
        data["signature"] = "\n".join(data["signature"]) + "\n"
        entry = Entry(**data)
    except (ValueError, TypeError, KeyError) as error:
        raise EntryRefused(f"it is no entry of a ledger: {error}") from None
    if entry.format != FORMAT:
        raise EntryRefused(f"it has the format {entry.format}, and this version knows {FORMAT}: update techlead")
    return entry


class State(Enum):
    """What the ledger says of one thing."""

    SIGNED = "signed"
    CHANGED = "changed"
    """A valid entry is there, and what runs is not what was signed."""
    UNSIGNED = "unsigned"
    REFUSED = "refused"
    """The entry is not valid; the sentence says why."""
    GONE = "gone"
    """It was signed, and is not in the backend any more."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One thing and what the ledger says of it."""

    title: str
    state: State
    sentence: str
    risk: str
    entry: Entry | None = None


@dataclass(frozen=True, slots=True)
class Ledger:
    """The entries of a backend by title, the files that are none, and what stands on the default branch."""

    entries: Mapping[str, Entry]
    broken: Mapping[str, str]
    """Files by the title that they are named for, with what is wrong."""
    trusted: Mapping[str, Entry] | None = None
    """The entries of the default branch; None where there is none to compare with."""


def standings(
    items: Mapping[str, Item], ledger: Ledger, backend: str, now: datetime, verify: Verify, *, team: bool = False
) -> tuple[Standing, ...]:
    """Judge everything that is to be signed, and every entry, in the order of titles."""
    titles = sorted({*items, *ledger.entries, *ledger.broken})
    return tuple(_standing(title, items.get(title), ledger, backend, now, verify, team=team) for title in titles)


def _standing(
    title: str, item: Item | None, ledger: Ledger, backend: str, now: datetime, verify: Verify, *, team: bool
) -> Standing:
    risk = str(item.risk) if item is not None else ""
    entry = ledger.entries.get(title)
    if title in ledger.broken:
        return Standing(title, State.REFUSED, ledger.broken[title], risk)
    if entry is None:
        return Standing(title, State.UNSIGNED, "nobody has signed it", risk)
    trusted = None if ledger.trusted is None else ledger.trusted.get(title)
    fault = fault_of(entry, title, backend, now, verify, team=team)
    fault = fault or _replay(entry, trusted, now, verify, known=ledger.trusted is not None)
    if fault:
        return Standing(title, State.REFUSED, fault, risk, entry)
    if item is None:
        return Standing(title, State.GONE, "it was signed, and is not in the backend any more", entry.risk, entry)
    if item.hash != entry.hash:
        return Standing(title, State.CHANGED, _what_changed(item.record, entry), risk, entry)
    return Standing(title, State.SIGNED, f"signed by {entry.signer} on {entry.when[:10]}: {entry.why}", risk, entry)


def fault_of(entry: Entry, title: str, backend: str, now: datetime, verify: Verify, *, team: bool = False) -> str:
    """Say what is wrong with an entry by itself; empty when nothing is."""
    if entry.title != title:
        return f"it is the entry of {entry.title}, copied to the name of {title}"
    if entry.backend != backend:
        return f"it was signed for the backend {entry.backend}, and this is {backend}"
    if entry.moment > now + CLOCK_SLACK:
        return f"it is dated {entry.when}, which has not come yet: a clock is wrong"
    if team and entry.drafter and entry.drafter == entry.signer:
        return f"{entry.signer} drafted and signed it: in team mode somebody else signs"
    return _edited(entry, title) or verify(entry, entry.moment)


def _edited(entry: Entry, title: str) -> str:
    try:
        actual, named = digest_of(entry.record), title_of(entry.record)
    except (SyntaxError, ValueError, KeyError, TypeError):
        return "its source cannot be read: it was edited after it was signed"
    if actual != entry.hash or named != title:
        return "its source was edited after it was signed: the hash is not that of the source"
    return ""


def _replay(entry: Entry, trusted: Entry | None, now: datetime, verify: Verify, *, known: bool) -> str:
    """Compare with the default branch: nothing older may come back, and what is new must be signed by who may sign now."""
    if trusted is not None and entry.payload == trusted.payload:
        return ""
    if trusted is not None and entry.serial <= trusted.serial:
        return f"an older entry was put back: number {entry.serial}, and the default branch has number {trusted.serial}"
    if trusted is not None and entry.moment < trusted.moment:
        return f"it is dated {entry.when}, before the one it replaces ({trusted.when}): the clock was set back"
    return verify(entry, now) if known else ""


def _what_changed(record: Record, entry: Entry) -> str:
    names = [name for name in sorted({*record, *entry.record}) if record.get(name) != entry.record.get(name)]
    words = ", ".join(CHANGED.get(name, name) for name in names)
    return f"it is not what {entry.signer} signed on {entry.when[:10]}: {words or 'its layout'} changed"


CHANGED: Final[Mapping[str, str]] = {
    "parts": "its code, a constant or a helper",
    "enums": "an Enum",
    "because": "its reason",
    "message": "its message",
    "examples": "its examples",
    "facts": "the facts it reads",
    "rows": "what the facts compute",
    "parameters": "its parameters",
    "when": "the rules that stand before it",
    "guards": "who may read or change the rows",
    "fields": "its fields",
    "actions": "who may call an action",
    "outside": "what starts it",
    "templates": "its templates",
    "code": "whether it is a code",
    "via": "the ways it goes",
    "base_url": "where its calls go",
    "verify": "what verifies its signatures",
}


def drafted(
    item: Item, backend: str, previous: Entry | None, *, signer: str, drafter: str, when: datetime, why: str
) -> Entry:
    """Make the entry that a person is about to sign; EntryRefused when the clock was set back."""
    if previous is not None and when < previous.moment:
        raise EntryRefused(
            f"the clock says {when.isoformat()}, before the entry it would replace ({previous.when}): set it"
        )
    serial, before = (previous.serial + 1, previous.digest) if previous is not None else (1, "")
    return Entry(
        backend, item.title, item.hash, item.record, str(item.risk), signer, drafter,
        when.isoformat(timespec="seconds"), why, serial, before,
    )  # fmt: skip


def signed(entry: Entry, signature: str) -> Entry:
    """Add the signature."""
    return replace(entry, signature=signature)


def as_data(standing: Standing) -> dict[str, Any]:
    """Give a standing as data, without the source."""
    found = {
        "title": standing.title,
        "state": standing.state.value,
        "sentence": standing.sentence,
        "risk": standing.risk,
    }
    entry = standing.entry
    return found if entry is None else {**found, "signer": entry.signer, "when": entry.when, "why": entry.why}
