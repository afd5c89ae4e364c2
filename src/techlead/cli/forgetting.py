"""The end of the demo: a draft that forgets the incident of 2021, what `review` says of it, and what production serves."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Final

from techlead.cli import review
from techlead.cli.terminal import say
from techlead.cli.versions import version
from techlead.declare.resource import frozen
from techlead.intent.door.files import SIGNERS
from techlead.intent.report import text
from techlead.serve.settings import Settings
from techlead.serve.signed import signed_plan

SIGNED: Final = "    return order.status is OrderStatus.PLACED\n"
DRAFTED: Final = "    return order.status is not OrderStatus.CANCELLED\n"
RULE: Final = "not_handed_over"


def show_forgetting(example: Path) -> bool:
    """Show the draft being caught; False when it is not, or when the example is not signed."""
    with tempfile.TemporaryDirectory(prefix="techlead-draft-") as made:
        folder, signers = Path(made) / "draft", Path(made) / SIGNERS
        shutil.copytree(example, folder, ignore=shutil.ignore_patterns("test_*.py", "__pycache__"))
        shutil.copy(example.parent / SIGNERS, signers)
        source = (example / "backend.py").read_text("utf-8")
        (folder / "backend.py").write_text(source.replace(SIGNED, DRAFTED), "utf-8")
        say(f"\n# An AI tidies up a rule, and forgets why it was there\n-{SIGNED}+{DRAFTED}\n$ techlead review")
        with version(folder) as draft:
            given = argparse.Namespace(signers=str(signers), base="", team=False, no_tests=True, no_audit=True)
            found = review.reviewed(None, draft, given)
            say(text(found))
            caught = any("widened" in one.directions for change in found.changes for one in change.differences)
            plan, notes = signed_plan(
                draft.plan, folder, Settings(environment="production", allowed_signers=str(signers))
            )
        say(f"\n# Production starts with the draft on its disk\n{chr(10).join(notes)}")
        order = plan.resources["Order"]
        rule = next(rule for action in order.actions for rule, _ in action.rules if rule.name == RULE)
        shipped = order.field("status").codec.load("shipped")
        kept = not rule.function(order=frozen(order.declared, {"status": shipped}))
        say(f"Cancelling a shipped order is {'refused, as it was signed' if kept else 'allowed'}: {rule.because}")
    return caught and kept
