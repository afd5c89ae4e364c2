"""`techlead notify preview`, and a snapshot of every notification of the examples: what people read changes on purpose only.

`TECHLEAD_PROOF=long` writes nothing either: a new text is pasted into its snapshot by whoever has read it.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from backends import EXAMPLES, example

from techlead.cli.main import main
from techlead.cli.notify import written
from techlead.derive.previews import previews

SNAPSHOTS = Path(__file__).parents[2] / "snapshots"
NAMES = ("gymbook", "marketplace", "teamboard")


@pytest.mark.parametrize("name", NAMES)
def test_what_the_notifications_of_an_example_say_is_what_somebody_has_read(name: str):
    said = "\n".join(written(previews(example(name)))) + "\n"
    assert said == (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8")


def test_html_is_made_of_the_same_source():
    (plain, german, inbox) = previews(example("marketplace"), "order_placed")
    assert plain.html == (SNAPSHOTS / "order_placed.html").read_text(encoding="utf-8")
    assert (german.language, german.subject) == ("de", "Bestellung \u00fcber 120.00 EUR")
    assert (inbox.channels, inbox.text, inbox.html) == (("inbox",), "An order for 120.00 EUR was placed.", None)


def test_a_preview_is_printed(capsys: pytest.CaptureFixture[str]):
    folder = str(EXAMPLES / "marketplace")
    assert main(["notify", "preview", "order_placed", "--folder", folder]) == 0
    assert "---- order_placed (de) by email\nSubject: Bestellung" in capsys.readouterr().out
    assert main(["notify", "preview", "--json", "--folder", folder]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 6
    assert main(["notify", "preview", "nothing", "--folder", folder]) == 2
    assert "there is order_cancelled, order_placed, order_shipped" in capsys.readouterr().err
