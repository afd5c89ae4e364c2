"""The tools of a coding agent over MCP: each is a verb of the command line, and none of them signs.

A table says which verb a tool runs. The schemas of all tools together stay below 4 kB, for an agent carries them along
through its whole conversation.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from importlib.metadata import version
from typing import Annotated, Final, Literal

from mcp.server import MCPServer
from mcp_types import ToolAnnotations
from pydantic import Field
from typing_extensions import TypedDict

INSTRUCTIONS: Final = (
    "A backend is a page of declarations and pure functions (backend.py). Explain before you change, brief before you write, "
    "hand in with propose, never edit signed rules. A person reviews and approves; there is no tool for it."
)


class Told(TypedDict):
    """code: 0 fine, 1 found something, 2 could not run."""

    code: int
    text: str


Run = Callable[[Sequence[str], str], Awaitable[Told]]
"""Runs a verb with its words, and what is piped in."""
What = Annotated[str, Field(description="rules, access, operations, fields, notifications, or a name; empty: contents")]
Task = Annotated[str, Field(description="what is to be done; what it names may change")]
Kind = Literal["rules", "resource", "tests", "docs", "explain"]
LOOKS: Final = ToolAnnotations(read_only_hint=True, open_world_hint=False)
WRITES: Final = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)


def server(run: Run) -> MCPServer:
    """Make the server; `run` is given the words of a verb, in the project's folder."""
    made = MCPServer("techlead", instructions=INSTRUCTIONS, version=version("techlead"))

    @made.tool(annotations=LOOKS)
    async def explain(what: What = "") -> Told:
        """Who may do what, rules and why, what an operation does, where a value goes."""
        return await run(("explain", *((what,) if what else ())), "")

    @made.tool(annotations=LOOKS)
    async def plan() -> Told:
        """Everything derived: fields, routes, policies."""
        return await run(("plan",), "")

    @made.tool(annotations=LOOKS)
    async def brief(task: Task, kind: Kind = "rules") -> Told:
        """The brief of a task: constraints, what may change, what may not."""
        return await run(("brief", f"--for={kind}", "--", task), "")

    @made.tool(annotations=LOOKS)
    async def check() -> Told:
        """Examples and mutants of each rule and action; what is missing, ready to paste."""
        return await run(("check",), "")

    @made.tool(annotations=LOOKS)
    async def review(proposal: Annotated[str, Field(description="its folder; empty: the working copy")] = "") -> Told:
        """What a change does, in words, with examples."""
        return await run(("review", "--no-audit", *(("--", proposal) if proposal else ())), "")

    @made.tool(annotations=WRITES)
    async def propose(
        task: Task,
        answer: Annotated[str, Field(description="whole files, each in ```python file=backend.py")],
        kind: Kind = "rules",
    ) -> Told:
        """Hand in a draft; it lands below proposals/ or is refused with reasons."""
        return await run(("propose", "-", f"--task={task}", f"--for={kind}", "--drafter=a coding agent"), answer)

    return made
