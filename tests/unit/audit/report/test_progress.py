"""What is shown while the audit runs."""

from __future__ import annotations

from io import StringIO

from unit.audit.report.samples import STUCK, TAKEN_OVER

from techlead.audit.report.progress import Progress
from techlead.audit.report.terminal import Style


def test_a_file_gets_each_step_once_and_no_moving_line():
    stream = StringIO()
    progress = Progress(stream, Style(80), lambda: 5.0, moving=False)
    for requests in range(3):
        progress.doing("trying access", requests)
    progress.found(TAKEN_OVER)
    progress.end()
    assert stream.getvalue().splitlines() == [
        "   0 s  trying access",
        "   0 s  critical Another user's object can be changed: PUT /users/{username}/password",
    ]


def test_a_terminal_gets_a_moving_line_that_ends_clear():
    stream, times = StringIO(), iter([0.0, *(index / 2 for index in range(100))])
    progress = Progress(stream, Style(40), lambda: next(times), moving=True)
    progress.doing("trying access", 1200)
    progress.doing("trying access", 1300)
    progress.found(STUCK)
    progress.end()
    text = stream.getvalue()
    assert "1,200 requests  trying access" in text
    assert text.endswith("\r\x1b[K")
    assert all(
        len(part) < 40 for part in text.replace("\x1b[K", "").replace("\n", "\r").split("\r") if "requests" in part
    )


def test_the_moving_line_is_not_drawn_more_often_than_eyes_can_see():
    stream = StringIO()
    progress = Progress(stream, Style(80), lambda: 1.0, moving=True)
    for requests in range(1000):
        progress.doing("trying access", requests)
    assert stream.getvalue().count("\r") == 1
