"""Targets that cannot be audited: each ends in a sentence that says what to do next, and nothing is left behind."""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from techlead.audit.run import Wanted, audit
from techlead.audit.target.given import Given
from techlead.errors import TargetRefused

RAW = """
import socket
s = socket.socket(); s.bind(("127.0.0.1", 8000)); s.listen()
while True:
    c = s.accept()[0]
    c.recv(1000); {answer}
"""
PAGE = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"<html><a href='/more'>more</a></html>"]
"""
NO_LOG_IN = """
from flask import Flask
app = Flask(__name__)
@app.get("/things")
def things():
    return {"things": []}
"""
BAD = {
    "crashes": ("raise RuntimeError('the moon is full')", Given(app="main:app"), "the moon is full"),
    "is not there": ("", Given(app="other:app"), "no module other"),
    "has no such variable": ("x = 1", Given(app="main:app"), "check the name after the colon"),
    "needs a variable": (
        "import os\nname = 'STRIPE_KEY'\nos.environ[name]",
        Given(app="main:app"),
        r"STRIPE_KEY: set it in",
    ),
    "hangs": ("import time\ntime.sleep(600)", Given(app="main:app", ready_seconds=1.5), "listened on no port within"),
    "ends": ("", Given(starts=("python main.py",)), "ended before it listened"),
    "answers nothing": (
        RAW.format(answer="kept = c"),
        Given(starts=("python main.py",), ready_seconds=2),
        "answers none within",
    ),
    "answers garbage": (
        RAW.format(answer="c.sendall(b'220 hello\\r\\n')"),
        Given(starts=("python main.py",)),
        "not HTTP",
    ),
    "shows pages": (PAGE, Given(app="main:app"), "HTML pages alone are no API"),
    "has no log-in": (NO_LOG_IN, Given(app="main:app"), "--anonymous"),
}


class Silent:
    def say(self, text: str) -> None: ...

    def doing(self, text: str, requests: int = 0) -> None: ...

    def found(self, finding: object) -> None: ...


@pytest.mark.parametrize("bad", BAD)
def test_a_target_that(bad: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source, given, sentence = BAD[bad]
    rooms = tmp_path / "rooms"
    rooms.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(rooms))
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "main.py").write_text(source)
    with pytest.raises(TargetRefused, match=sentence):
        audit(replace(given, folder=folder, python=sys.executable), Wanted(), Silent())
    assert list(rooms.iterdir()) == []
    assert [file.name for file in folder.iterdir()] == ["main.py"]
    assert not _running(rooms)


def _running(folder: Path) -> list[str]:
    """Processes whose environment names the folder."""
    time.sleep(0.05)
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if str(folder).encode() in (entry / "environ").read_bytes():
                    found.append(entry.name)
            except OSError:
                continue
    return found


@pytest.mark.parametrize("url", ["http://example.org", "http://192.168.1.7:8000", "http://10.0.0.1"])
def test_a_host_that_is_not_this_machine_is_not_attacked(url: str):
    with pytest.raises(TargetRefused, match="--i-own-this"):
        audit(Given(url=url), Wanted(), Silent())


def test_a_url_where_nobody_listens_says_so():
    with pytest.raises(TargetRefused, match="nobody listens"):
        audit(Given(url="http://127.0.0.1:1"), Wanted(), Silent())
