"""The conversation with a target that sends mail: RFC 5321 with STARTTLS and AUTH, then behave as told."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any, TypeGuard

from techlead.audit.world.arrival import Destination, Ending
from techlead.audit.world.ledger import Ledger
from techlead.audit.world.line import HungUp, Line
from techlead.audit.world.manner import Answer, Die, Drip, Hang, Manner, Reset

GREETING = b"220 neighbour ESMTP\r\n"
YES = 250
ADDRESS = re.compile(r"<([^>]*)>")
COMMANDS_MAX = 10_000


@dataclass(slots=True)
class Conversation:
    """What has been said so far on one connection."""

    line: Line
    destination: Destination
    ledger: Ledger
    manner: Callable[[], Manner]
    context: SSLContext
    trusted: bool
    sender: str = ""
    recipients: list[str] = field(default_factory=list)
    credentials: str = ""

    def arrive(self, status: int, body: bytes = b"") -> Any:
        """Enter the mail as it stands."""
        return self.ledger.arrive(
            self.destination,
            channel="smtp",
            body=body,
            sender=self.sender,
            recipients=tuple(self.recipients),
            credentials=self.credentials,
            encrypted=self.line.encrypted,
            trusted=self.trusted,
            status=status,
        )


def talk(
    line: Line,
    destination: Destination,
    ledger: Ledger,
    manner: Callable[[], Manner],
    context: SSLContext,
    *,
    trusted: bool = True,
) -> None:
    """Serve one connection until either side ends it."""
    behaviour = manner()
    said = Conversation(line, destination, ledger, lambda: behaviour, context, trusted)
    if (isinstance(behaviour, Hang) and behaviour.early) or isinstance(behaviour, Drip):
        _never_greet(said, behaviour)
        return
    if isinstance(behaviour, Answer) and behaviour.stage == "greeting" and not behaviour.accepts:
        ledger.end(said.arrive(behaviour.status), ending="answered")
        line.send(_refusal(behaviour))
        return
    line.send(GREETING)
    for _ in range(COMMANDS_MAX):
        if not _command(said):
            return


def _never_greet(said: Conversation, behaviour: Manner) -> None:
    arrival = said.arrive(0)
    try:
        if isinstance(behaviour, Drip):
            said.line.drip(behaviour.every_seconds, b"220-", said.ledger.drip)
        said.line.until_let_go()
    finally:
        said.ledger.end(arrival, ending="let go")


def _command(said: Conversation) -> bool:
    """Answer one command; whether the conversation goes on."""
    text = said.line.line().decode("latin-1")
    verb = text.partition(" ")[0].upper()
    handler = COMMANDS.get(verb)
    if handler is None:
        said.line.send(b"502 unknown\r\n")
        return True
    return handler(said, text)


def _hello(said: Conversation, _text: str) -> bool:
    offers = ["neighbour", "8BITMIME", "SMTPUTF8", "AUTH PLAIN LOGIN"] + ([] if said.line.encrypted else ["STARTTLS"])
    said.line.send("".join(f"250{'-' if offer != offers[-1] else ' '}{offer}\r\n" for offer in offers).encode())
    return True


def _short_hello(said: Conversation, _text: str) -> bool:
    said.line.send(b"250 neighbour\r\n")
    return True


def _start_tls(said: Conversation, _text: str) -> bool:
    said.line.send(b"220 go ahead\r\n")
    try:
        said.line.encrypt(said.context)
    except HungUp:
        said.ledger.arrive(said.destination, channel="tls", trusted=said.trusted, ending="let go")
        raise
    return True


def _login(said: Conversation, text: str) -> bool:
    _, _, rest = text.partition(" ")
    mechanism, _, first = rest.partition(" ")
    if mechanism.upper() == "PLAIN":
        parts = [first or _asked(said, "")]
    else:
        parts = [first or _asked(said, "Username:"), _asked(said, "Password:")]
    said.credentials = " ".join(filter(None, (_decoded(part) for part in parts)))
    return _reply(said, "login", b"235 welcome\r\n")


def _asked(said: Conversation, prompt: str) -> str:
    said.line.send(b"334 " + base64.b64encode(prompt.encode()) + b"\r\n")
    return said.line.line().decode("latin-1")


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text).replace(b"\x00", b" ").decode("utf-8", "replace").strip()
    except binascii.Error:
        return ""


def _mail_from(said: Conversation, text: str) -> bool:
    said.sender, said.recipients = _address(text), []
    said.line.send(b"250 ok\r\n")
    return True


def _recipient(said: Conversation, text: str) -> bool:
    said.recipients.append(_address(text))
    return _reply(said, "recipient", b"250 ok\r\n")


def _address(text: str) -> str:
    found = ADDRESS.search(text)
    return found.group(1) if found else text.partition(":")[2].strip()


def _reply(said: Conversation, stage: str, yes: bytes) -> bool:
    """Say yes, unless the manner refuses at this very stage: then the refusal is what arrived."""
    behaviour = said.manner()
    if isinstance(behaviour, Answer) and not behaviour.accepts and behaviour.stage == stage:
        said.ledger.end(said.arrive(behaviour.status), ending="answered")
        said.line.send(_refusal(behaviour))
        return True
    said.line.send(yes)
    return True


def _refusal(behaviour: Answer) -> bytes:
    permanent = behaviour.status >= 500  # noqa: PLR2004  RFC 5321: 5yz is a permanent negative reply
    return f"{behaviour.status} {'5.1.1 no such recipient' if permanent else '4.3.0 try again later'}\r\n".encode()


def _data(said: Conversation, _text: str) -> bool:
    said.line.send(b"354 go on\r\n")
    lines: list[bytes] = []
    while (text := said.line.line()) != b".":
        lines.append(text[1:] if text.startswith(b".") else text)
    behaviour = said.manner()
    status = behaviour.status if _refuses(behaviour) else 0 if isinstance(behaviour, Hang | Reset | Die) else YES
    arrival = said.arrive(status, b"\r\n".join(lines) + b"\r\n")
    ending: Ending = "cut"
    try:
        ending = _after_message(said, behaviour)
    except HungUp:
        ending = "let go"
        raise
    finally:
        said.ledger.end(arrival, ending=ending)
    return ending == "answered"


def _refuses(behaviour: Manner) -> TypeGuard[Answer]:
    return isinstance(behaviour, Answer) and not behaviour.accepts and behaviour.stage != "quit"


def _after_message(said: Conversation, behaviour: Manner) -> Ending:
    match behaviour:
        case Answer():
            said.line.send(_refusal(behaviour) if _refuses(behaviour) else b"250 queued\r\n")
            return "answered"
        case Hang():
            said.line.until_let_go()
            return "let go"
        case Reset():
            said.line.reset()
        case Die():
            said.line.close()
        case _:
            said.line.send(b"250 queued\r\n")
            return "answered"
    return "cut"


def _fine(said: Conversation, _text: str) -> bool:
    said.line.send(b"250 ok\r\n")
    return True


def _quit(said: Conversation, _text: str) -> bool:
    behaviour = said.manner()
    if isinstance(behaviour, Answer) and behaviour.stage == "quit":
        said.line.send(_refusal(behaviour))
    else:
        said.line.send(b"221 bye\r\n")
    return False


COMMANDS: dict[str, Callable[[Conversation, str], bool]] = {
    "EHLO": _hello,
    "HELO": _short_hello,
    "STARTTLS": _start_tls,
    "AUTH": _login,
    "MAIL": _mail_from,
    "RCPT": _recipient,
    "DATA": _data,
    "RSET": _fine,
    "NOOP": _fine,
    "QUIT": _quit,
}
