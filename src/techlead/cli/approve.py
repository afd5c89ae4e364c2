"""`techlead approve`: a person signs what changed, one thing at a time, with the example before their eyes.

There is no flag that says yes, and no way to sign without a terminal: the key, its passphrase and the typed reason are
how a person is known to have been there.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from techlead.cli import standing
from techlead.cli.standing import Stand, stand
from techlead.cli.terminal import Ask, say, terminal
from techlead.errors import SettingsRefused
from techlead.intent.changes import changes, sentences, signed_item
from techlead.intent.door import repository
from techlead.intent.door.files import forget, keep
from techlead.intent.door.keys import sign, verifier
from techlead.intent.items import Item
from techlead.intent.ledger import EntryRefused, Standing, State, drafted, signed
from techlead.intent.pinned import check_subject
from techlead.intent.provers import installed_prover
from techlead.intent.record import sources
from techlead.intent.risk import RiskClass

REASON_CHARACTERS_MIN: Final = 15
NO_REASON: Final = re.compile(
    r"^(todo|tbd|fixme|asdf|ok(ay)?|yes|fine|lgtm|approved?|looks? good.*|because|none|n/?a)\W*$", re.IGNORECASE
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("folder", nargs="?", default=".", help="the folder that holds backend.py (default: here)")
    parser.add_argument("--only", default="", metavar="TITLE", help='one thing, such as "rule not_handed_over"')
    parser.add_argument("--key", default="", help="the private key to sign with (default: ~/.ssh/id_ed25519)")
    parser.add_argument(
        "--as", dest="signer", default="", help="your name in allowed_signers (default: git's user.email)"
    )
    standing.arguments(parser)


def run(given: argparse.Namespace) -> int:
    """Ask about each thing that is not signed; 0 when nothing is left."""
    ask = terminal()
    found = stand(Path(given.folder), given)
    waiting = [one for one in found.standings if one.state is not State.SIGNED and given.only in ("", one.title)]
    signing = Signing(found, signer_of(given, found.folder), key_of(given), ask)
    left = [one for one in waiting if not signing.asked(one)]
    say(f"{len(waiting) - len(left)} signed, {len(left)} left")
    return 1 if left else 0


def signer_of(given: argparse.Namespace, folder: Path) -> str:
    """Name the signer: as given, or git's user."""
    found = given.signer or repository.user_of(folder)
    if not found:
        raise SettingsRefused("Say who signs: --as you@example.com, the name that stands in allowed_signers.")
    return str(found)


def key_of(given: argparse.Namespace) -> Path:
    """Find the key to sign with."""
    named = given.key or os.environ.get("TECHLEAD_SIGNING_KEY", "")
    file = Path(named) if named else Path.home() / ".ssh" / "id_ed25519"
    if not file.is_file():
        raise SettingsRefused(f"There is no key {file}: name one with --key, or make one: ssh-keygen -t ed25519")
    return file


@dataclass(frozen=True, slots=True, eq=False)
class Signing:
    """One session of one person."""

    stand: Stand
    signer: str
    key: Path
    ask: Ask

    def asked(self, one: Standing) -> bool:
        """Show one thing, ask about it, and sign it when the person says so."""
        item = self.stand.items.get(one.title)
        say("\n".join(["", *shown(one, item)]))
        if item is None:
            return self._gone(one)
        loose = item.subject is not None and not check_subject(item.subject).holds
        if loose:
            say("  It is not pinned: `techlead check --fix` first. Nothing was signed.")
            return False
        if self.ask(f"Sign {one.title} as {self.signer}? [y/N] ").lower() not in ("y", "yes"):
            return False
        reason = self._reason(item)
        return bool(reason) and self._signed(item, one, reason)

    def _gone(self, one: Standing) -> bool:
        if self.ask(f"Take the entry of {one.title} away? [y/N] ").lower() in ("y", "yes"):
            forget(self.stand.folder, one.title)
            return True
        return False

    def _reason(self, item: Item) -> str:
        reason = self.ask("Why, in your own words? ")
        fault = reason_fault(reason, item)
        if fault:
            say(f"  {fault} Nothing was signed.")
        return "" if fault else reason

    def _signed(self, item: Item, one: Standing, reason: str) -> bool:
        previous = one.entry if one.state is not State.REFUSED else None
        trusted = (self.stand.ledger.trusted or {}).get(one.title)
        if previous is None or (trusted is not None and trusted.serial > previous.serial):
            previous = trusted or previous
        drafter, now = repository.drafter_of(self.stand.folder), datetime.now(UTC)
        if self.stand.team and drafter == self.signer:
            say(f"  {drafter} drafted this: in team mode somebody else signs. Nothing was signed.")
            return False
        try:
            entry = drafted(
                item, self.stand.plan.name, previous, signer=self.signer, drafter=drafter, when=now, why=reason
            )  # fmt: skip
        except EntryRefused as refused:
            say(f"  {refused}. Nothing was signed.")
            return False
        made = signed(entry, sign(entry.payload, self.key))
        fault = verifier(self.stand.signers.text)(made, now)
        if fault:
            say(f"  {fault} ({self.stand.signers.where}). Nothing was signed.")
            return False
        keep(self.stand.folder, made)
        return True


def reason_fault(reason: str, item: Item) -> str:
    """Say why a reason will not do; empty when it will."""
    if item.risk.of is not RiskClass.CAREFUL and not reason:
        return "A word of why is needed, too."
    if NO_REASON.match(reason.strip()):
        return "That is no reason."
    if item.risk.of is RiskClass.CAREFUL and len(reason) < REASON_CHARACTERS_MIN:
        return f"A careful change wants a reason of at least {REASON_CHARACTERS_MIN} characters."
    if reason.strip().rstrip(".") == str(item.record.get("because", "")).strip().rstrip("."):
        return "That is the rule's own reason: say why you sign this version."
    return ""


def shown(one: Standing, item: Item | None) -> Iterator[str]:
    """Show everything that a person must see before signing."""
    yield f"{one.title}: {one.sentence}"
    if item is None:
        return
    yield f"  risk: {item.risk}"
    if "parts" in item.record:
        yield from (f"  | {line}" for source in sources(item.record) for line in source.splitlines())
    before = {} if one.entry is None or one.state is State.REFUSED else {one.title: signed_item(one.entry.record)}
    for change in changes(before, {one.title: item}, installed_prover()):
        yield from (f"  {words}" for words in change.words if words)
        for difference in change.differences:
            about = f"{difference.title}: " if item.record["kind"] == "policy" else ""
            yield from (f"  {about}{words}" for words in sentences(difference))
