"""Files without a quota: what one ordinary caller uploads stays on the disk, however much it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from techlead.audit.attacks.attack import Attack, Harm, Need, Outcome, Sighting, Site, Unavailable
from techlead.audit.attacks.sight import Callers
from techlead.audit.target.exchange import Answer, Request
from techlead.audit.target.operation import Meaning, Operation, Role

KIND: Final = "limits.resource"
FILE_BYTES = 2 * 1024 * 1024
UPLOADS = 8
KEPT_BYTES = (UPLOADS - 1) * FILE_BYTES
RESERVE_SECONDS = 2.0


def kept(answers: Sequence[Answer], grown: int) -> bool:
    """Tell whether every file was accepted, and nearly all of them have stayed on the disk."""
    return all(answer.ok for answer in answers) and grown >= KEPT_BYTES


def strike(site: Site) -> Iterator[Outcome]:
    """Upload the same file again and again as one ordinary user."""
    callers = Callers(site)
    folder = site.state.folder
    names = {_file(one) for one in site.operations} - {""}
    places = [(one, _file(one) or min(names)) for one in site.places(unsafe=True) if names and _may_take_file(one)]
    if not places or folder is None:
        raise Unavailable("no operation takes a file")
    for operation, name in places:
        base = callers.closest(operation)
        if base is None or site.left() < RESERVE_SECONDS:
            continue
        before = _used(folder)
        answers = [site.send(_upload(base[0], name, 0))]
        if not answers[0].ok or _used(folder) - before < FILE_BYTES:
            continue
        answers += [site.send(_upload(base[0], name, number)) for number in range(1, UPLOADS)]
        grown = _used(folder) - before
        if kept(answers, grown):
            yield Sighting(
                kind=KIND,
                operation=operation.name,
                claim=f"{operation.name} keeps every file: {UPLOADS} uploads by one user took {grown // 2**20} MB of disk, and nothing stops the next.",
                evidence={"uploads": UPLOADS, "disk_grew_bytes": grown},
                steps=(answers[0].exchange, answers[-1].exchange),
            )


def _file(operation: Operation) -> str:
    return next((field.name for field in operation.body if field.type == "file" or field.meaning is Meaning.FILE), "")


def _may_take_file(operation: Operation) -> bool:
    """Tell whether it takes a file, or may: what makes rows of a body that is not known takes what others of its kind take."""
    return bool(_file(operation)) or (operation.role is Role.CREATE and not operation.body)


def _used(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _upload(base: Request, name: str, number: int) -> Request:
    fields = base.body if isinstance(base.body, dict) else {}
    boundary = "zqxboundary"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
        if key != name
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="zqx{number}.txt"\r\nContent-Type: text/plain\r\n\r\n'
    raw = "".join(parts).encode() + head.encode() + b"a" * FILE_BYTES + f"\r\n--{boundary}--\r\n".encode()
    return base.but(
        body=None, raw=raw, headers={**base.headers, "Content-Type": f"multipart/form-data; boundary={boundary}"}
    )


ATTACK: Final = Attack(
    name="limits.storage",
    kinds=(KIND,),
    claim="One caller can fill the disk.",
    effect="File after file is accepted, and the target's folder has grown by nearly all of them.",
    strike=strike,
    needs=frozenset({Need.PROCESS}),
    harm=Harm.WRITES,
    seconds=10.0,
)
