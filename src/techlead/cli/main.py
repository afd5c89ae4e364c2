"""`techlead`: one verb a file, honest exit codes: 0 fine, 1 found something, 2 could not run."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from techlead.errors import TechleadError

FINE: Final = 0
FOUND: Final = 1
COULD_NOT_RUN: Final = 2

VERBS: Final[dict[str, str]] = {
    "new": "Start a project: backend.py, techlead.toml, a first test.",
    "add": "Add a resource, a rule, an action or a notification to backend.py; asks at a terminal, takes flags in scripts.",
    "scaffold": "Write tests or typed clients of a backend; what a person changed in them stays.",
    "import": "Read an existing FastAPI app without running it, and propose declarations for its models.",
    "serve": "Run the backend of a folder: REST, log-in, notifications, /docs.",
    "deliver": "Deliver what waits in the outbox, beside or instead of `techlead serve`; as many as there are machines.",
    "outbox": "Show what waits, for whom and why; replay or drop messages, pause or resume destinations.",
    "notify": "Preview what notifications say, in every language that they have.",
    "plan": "Print what is derived: fields, operations, policies, rules, notifications, access matrix.",
    "check": "Run every example, mutate every condition, and print the examples that are missing.",
    "delegate": "Let a model draft declarations, rules, tests or docs; what passes the gate lands as a proposal.",
    "brief": "Print what an assistant is told about a task, to paste into any.",
    "propose": "Take an assistant's answer through the same gate, and put it down as a proposal.",
    "mcp": "The same for coding agents: explain, plan, brief, check, review, propose; never approve.",
    "review": "Say what a change does: who may do more or less, with an example, and what it loses.",
    "approve": "Sign what changed, one thing at a time, at a terminal.",
    "reject": "Say why a proposal is not wanted.",
    "shadow": "Let a draft run beside the signed rule, read what was heard of it, promote or drop it.",
    "explain": "Say who may do what, which rule and why, what happens on an operation, where a value goes.",
    "why": "Say which rule and which condition allow or refuse somebody something, and what would change that.",
    "status": "Say what is signed, and what is not what was signed.",
    "migrate": "Make, show, apply and take back migrations; a lossy step is taken only when it is named.",
    "grant": "Give an account a role (or take it away with --revoke); it counts from its next request on.",
    "audit": "Attack any Python backend (FastAPI, Flask, Django) in a hostile world, and show each hole.",
    "demo": "Serve the marketplace with sample people and goods, and print a walk of commands to paste.",
}
"""Each verb is a module of this package with `arguments(parser)` and `run(given)`; only the one asked for is loaded."""
MODULES: Final = {"import": "importing"}
"""Where a verb's module has another name: `import` cannot be one."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; what goes wrong is one sentence that says what to do next."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser("techlead", description="AI is a brilliant intern, not your tech lead.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    asked = next((word for word in words if not word.startswith("-")), None)
    for name, summary in VERBS.items():
        verb = verbs.add_parser(name, help=summary, description=summary)
        if name == asked:
            module = import_module(f"techlead.cli.{MODULES.get(name, name)}")
            module.arguments(verb)
    given = parsed(parser, words)
    try:
        code: int = module.run(given)
    except TechleadError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the command line's own words
        return COULD_NOT_RUN
    except KeyboardInterrupt:
        return COULD_NOT_RUN
    except BrokenPipeError:  # the reader has seen enough: `techlead plan | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    return code


def parsed(parser: argparse.ArgumentParser, words: Sequence[str]) -> argparse.Namespace:
    """Parse; words after an option belong to `what`, too, as in `outbox show --json ID`: argparse in 3.11 leaves them over."""
    given, left = parser.parse_known_args(words)
    if left and getattr(given, "what", None) == [] and not any(word.startswith("-") for word in left):
        given.what = left
    elif left:
        parser.error(f"unrecognized arguments: {' '.join(left)}")
    return given
