"""At the start: production serves what a person signed, or does not start; development says what is not signed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from techlead.derive.plan import Plan
from techlead.errors import SettingsRefused
from techlead.intent.door.files import FOLDER, read_ledger, signers_of
from techlead.intent.door.keys import verifier
from techlead.intent.items import Item, items_of
from techlead.intent.ledger import Ledger, Standing, State, standings
from techlead.intent.serving import CannotServe, served
from techlead.serve.settings import Settings

SHOWN_MAX: Final = 10


def signed_plan(plan: Plan, folder: Path, settings: Settings) -> tuple[Plan, tuple[str, ...]]:
    """Give the Plan that may be served, and what there is to say about it; SettingsRefused when none may be.

    Development serves the Plan as it is. Production serves the signed version of whatever was changed since.
    """
    if not settings.production and not (folder / FOLDER).is_dir():
        return plan, ()
    items, ledger = items_of(plan), read_ledger(folder)
    if not settings.production:
        return plan, _warning(items, ledger)
    verify = verifier(signers_of(folder, settings.allowed_signers).text)
    found = standings(items, ledger, plan.name, datetime.now(UTC), verify, team=settings.team_signing)
    wrong = [one for one in found if one.state in (State.UNSIGNED, State.REFUSED)]
    if wrong:
        raise SettingsRefused(_refusal(wrong))
    try:
        made = served(plan, items, ledger.entries)
    except CannotServe as error:
        raise SettingsRefused(f"Production does not start: {error}.") from None
    return made.plan, tuple(
        f"{title} was changed and not signed: the signed version is served" for title in made.replaced
    )


def _warning(items: Mapping[str, Item], ledger: Ledger) -> tuple[str, ...]:
    """Say in development what is not what was signed; no signature is verified for it."""
    loose = [
        title for title, one in items.items() if title not in ledger.entries or ledger.entries[title].hash != one.hash
    ]
    named = ", ".join(loose[:SHOWN_MAX])
    return (f"not what was signed, and production would not serve it: {named}: see `techlead status`",) if loose else ()


def _refusal(wrong: list[Standing]) -> str:
    lines = [f"  {one.title}: {one.sentence}" for one in wrong[:SHOWN_MAX]]
    more = [f"  and {len(wrong) - SHOWN_MAX} more"] if len(wrong) > SHOWN_MAX else []
    head = f"Production serves what a person signed, and {len(wrong)} of {FOLDER} do not hold:"
    return "\n".join([head, *lines, *more, "Run `techlead status`, then `techlead approve` in a terminal."])
