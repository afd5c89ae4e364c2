"""The developer's mailbox: whole files, the same name for the same message, for their owner's eyes."""

from __future__ import annotations

import io
import stat
import sys
from pathlib import Path

import pytest

from techlead.deliver.mailbox import Console, Folder
from techlead.errors import MailboxUnavailable


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_each_message_becomes_a_file_and_nothing_is_left_beside(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "mail"
    Folder(folder).put({"delivery_1": b"one", "delivery_2": b"two"})
    assert names(folder) == [".gitignore", "delivery_1.eml", "delivery_2.eml"]
    assert (folder / "delivery_2.eml").read_bytes() == b"two"


def test_the_same_message_again_is_the_same_file(tmp_path: Path) -> None:
    for _ in range(2):
        Folder(tmp_path).put({"delivery_1": b"one"})
    assert names(tmp_path) == [".gitignore", "delivery_1.eml"]


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_nobody_else_can_read_them_and_git_does_not_see_them(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    Folder(folder).put({"delivery_1": b"one"})
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "delivery_1.eml").stat().st_mode) == 0o600
    assert (folder / ".gitignore").read_bytes() == b"*\n"


def test_a_folder_that_cannot_be_written_is_named_as_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file stands here")
    with pytest.raises(MailboxUnavailable):
        Folder(tmp_path / "mail").put({"delivery_1": b"one"})


def test_the_console_shows_messages_with_the_line_ends_of_a_terminal() -> None:
    console = io.BytesIO()
    Console(console).put({"delivery_1": b"Subject: Hi\r\n\r\nHello\r\n"})
    assert console.getvalue() == b"---- delivery_1\nSubject: Hi\n\nHello\n\n"


def test_a_console_that_is_gone_is_named_as_what_it_is() -> None:
    class Gone(io.BytesIO):
        def write(self, _content: object) -> int:
            raise BrokenPipeError

    with pytest.raises(MailboxUnavailable):
        Console(Gone()).put({"delivery_1": b"one"})
