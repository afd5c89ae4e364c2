"""Signatures of OpenSSH: `ssh-keygen -Y sign` and `-Y verify`, which every machine with ssh has."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from techlead.errors import ProgramError
from techlead.intent.ledger import NAMESPACE, Entry

SIGN_SECONDS_MAX: Final = 300
"""For a person to type a passphrase or touch a key."""
VERIFY_SECONDS_MAX: Final = 10


class KeyRefused(ProgramError):
    """A key cannot sign, or there is no ssh-keygen."""


def sign(payload: bytes, key: Path) -> str:
    """Sign with a private key (or the public one of a key in an agent); a passphrase is asked for at the terminal."""
    with tempfile.TemporaryDirectory(prefix="techlead-sign-") as folder:
        file = Path(folder) / "entry"
        file.write_bytes(payload)
        done = subprocess.run(  # noqa: S603 - the program is looked up, the words are ours
            [_program(), "-Y", "sign", "-n", NAMESPACE, "-f", str(key), str(file)],
            capture_output=True, text=True, check=False, timeout=SIGN_SECONDS_MAX,
        )  # fmt: skip
        made = file.with_suffix(".sig")
        if done.returncode or not made.is_file():
            raise KeyRefused(f"The key {key} could not sign: {done.stderr.strip() or 'ssh-keygen gave no reason'}")
        return made.read_text("ascii")


def verifier(allowed_signers: str) -> Callable[[Entry, datetime], str]:
    """Make the function that verifies entries against the text of `allowed_signers`, as of a moment."""

    def verify(entry: Entry, at: datetime) -> str:
        if not entry.signature.strip():
            return "it has no signature"
        with tempfile.TemporaryDirectory(prefix="techlead-verify-") as folder:
            signers, signature = Path(folder) / "allowed_signers", Path(folder) / "signature"
            signers.write_text(allowed_signers, "utf-8")
            signature.write_text(entry.signature, "utf-8")
            moment = at.astimezone(UTC).strftime("%Y%m%d%H%M%SZ")
            words = [_program(), "-Y", "verify", "-f", str(signers), "-I", entry.signer, "-n", NAMESPACE,
                     "-s", str(signature), f"-Overify-time={moment}"]  # fmt: skip
            done = subprocess.run(  # noqa: S603 - as above
                words, input=entry.payload, capture_output=True, check=False, timeout=VERIFY_SECONDS_MAX
            )
        return (
            ""
            if done.returncode == 0
            else _why(entry, at, allowed_signers, (done.stderr + done.stdout).decode(errors="replace"))
        )

    return verify


def _why(entry: Entry, at: datetime, signers: str, told: str) -> str:
    """Say why a signature does not hold, in a sentence; ssh-keygen says little."""
    lower = told.lower()
    if "expired" in lower or "not yet valid" in lower:
        return f"the key of {entry.signer} was not valid on {at:%Y-%m-%d %H:%M}: they have left, or use another key now"
    if "incorrect signature" in lower or "invalid format" in lower:
        return "its signature is not of these words: it was forged or edited"
    if not any(entry.signer in line.partition(" ")[0].split(",") for line in signers.splitlines()):
        return f"{entry.signer} is not among the allowed signers"
    return f"it is not signed with a key of {entry.signer} that the allowed signers name"


def _program() -> str:
    found = shutil.which("ssh-keygen")
    if found is None:
        raise KeyRefused("There is no ssh-keygen: install OpenSSH (Debian: apt install openssh-client).")
    return found
