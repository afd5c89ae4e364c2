"""Coding agents get the same verbs over MCP, through the official client in memory and over stdio; none of them signs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from unit.cli.test_delegate import GOOD, SHELF, TASK

from techlead.cli.main import main
from techlead.cli.mcp import VERB, told
from techlead.delegate.tools import server

SCHEMA_BYTES_MAX = 4_000


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    (tmp_path / "backend.py").write_text(SHELF)
    (tmp_path / "words.py").write_text("TITLE_MAX = 120\n")
    return tmp_path


def in_memory(folder: Path) -> Client:
    return Client(server(lambda words, piped: told(str(folder), words, piped)))


async def ask(client: Client, tool: str, **given: Any) -> tuple[int, str]:
    answer = await client.call_tool(tool, given)
    assert answer.structured_content is not None
    return answer.structured_content["code"], answer.structured_content["text"]


async def test_the_tools_are_six_their_schemas_are_small_and_none_approves(shelf: Path):
    async with in_memory(shelf) as client:
        tools = (await client.list_tools()).tools
    assert {one.name for one in tools} == {"explain", "plan", "brief", "check", "review", "propose"}
    written = [one.model_dump(mode="json", exclude_none=True, by_alias=True) for one in tools]
    assert len(json.dumps(written, separators=(",", ":"))) < SCHEMA_BYTES_MAX
    assert {one.name for one in tools if one.annotations is not None and one.annotations.read_only_hint} == {
        one.name for one in tools
    } - {"propose"}


async def test_an_agent_explains_briefs_and_is_told_what_is_wrong(shelf: Path):
    async with in_memory(shelf) as client:
        code, words = await ask(client, "explain", what="lendable")
        assert (code, "Because: Lost books" in words) == (0, True)
        code, words = await ask(client, "brief", task=TASK)
        assert (code, TASK in words) == (0, True)
        code, words = await ask(client, "propose", task=TASK, answer="I would rather approve it myself.")
        assert (code, "holds no file" in words) == (1, True)
        code, words = await ask(client, "review", proposal="--help")
        assert code == 2
    assert not (shelf / "proposals").exists()


async def test_a_draft_lands_as_a_proposal_over_stdio(shelf: Path):
    parameters = StdioServerParameters(command=sys.executable, args=["-c", VERB, "mcp", str(shelf)])
    async with Client(stdio_client(parameters)) as client:
        code, words = await ask(client, "propose", task=TASK, answer=f"```python file=backend.py\n{GOOD}```\n")
        assert (code, "proposals/0001-" in words) == (0, True), words
        code, words = await ask(client, "plan")
        assert (code, "operation read_book" in words) == (0, True)
    assert (shelf / "backend.py").read_text() == SHELF


def test_a_folder_without_a_backend_is_said(tmp_path: Path, capsys):
    assert main(["mcp", str(tmp_path)]) == 2
    assert "name the folder of your backend" in capsys.readouterr().err
