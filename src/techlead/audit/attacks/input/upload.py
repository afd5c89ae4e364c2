"""Pages that strangers upload: kept as they are and served as pages, their scripts run with the rights of whoever looks at them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from techlead.audit.attacks.attack import Attack, Harm, Outcome, Sighting, Site, Unavailable
from techlead.audit.attacks.sight import Callers
from techlead.audit.detect.canaries import texts
from techlead.audit.finding import Severity
from techlead.audit.target.exchange import Answer, Request
from techlead.audit.target.operation import Meaning, Operation, Role
from techlead.audit.target.reading import filled, identifier

KIND: Final = "input.path-or-upload"
PAGE: Final = re.compile(r"^\s*(text/html|application/xhtml\+xml|image/svg\+xml)\b", re.IGNORECASE)
PLACES: Final = ("", "/", "/static/", "/uploads/", "/media/", "/files/")
RESERVE_SECONDS = 1.0
FORMS: Final = (
    ("page.html", "text/html", "<html><script>/* {mark} */</script></html>"),
    ("picture.svg", "image/svg+xml", '<svg xmlns="http://www.w3.org/2000/svg"><script>/* {mark} */</script></svg>'),
    ("picture.html", "image/png", "<html><script>/* {mark} */</script></html>"),
)
"""A page that says what it is, a picture that may hold scripts, and a page that says it is a picture."""


def runs(answer: Answer, mark: str) -> bool:
    """Tell whether a browser would run what was uploaded: served whole, as a page, and not as a download."""
    page = PAGE.search(answer.headers.get("content-type", "")) is not None
    kept = "attachment" in answer.headers.get("content-disposition", "").lower()
    return answer.ok and page and not kept and f"<script>/* {mark} */" in answer.text


def strike(site: Site) -> Iterator[Outcome]:
    """Upload pages where files are taken, and read them again as somebody who is not logged in, or else as another user."""
    callers = Callers(site)
    tried = False
    for operation in site.places(unsafe=True):
        name = next((one.name for one in operation.body if one.type == "file" or one.meaning is Meaning.FILE), "")
        base = callers.closest(operation) if name and site.left() > RESERVE_SECONDS else None
        if base is None:
            continue
        tried = True
        for number, form in enumerate(FORMS):
            mark = f"zqx{site.seed}{number}"
            kept = site.send(_form(base[0], name, form, mark))
            served = _served(site, operation, kept, mark) if kept.ok else None
            if served is not None:
                yield _sighting(operation, form, kept, served)
                break
    if not tried:
        raise Unavailable("no operation takes a file")


def _form(base: Request, name: str, form: tuple[str, str, str], mark: str) -> Request:
    filename, media, content = form
    boundary = "zqxboundary"
    fields = base.body if isinstance(base.body, dict) else {}
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
        if key != name
    ]
    head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: {media}'
    parts.append(f"--{boundary}\r\n{head}\r\n\r\n{content.format(mark=mark)}\r\n--{boundary}--\r\n")
    headers = {**base.headers, "Content-Type": f"multipart/form-data; boundary={boundary}"}
    return base.but(body=None, raw="".join(parts).encode(), headers=headers)


def _served(site: Site, operation: Operation, kept: Answer, mark: str) -> Answer | None:
    """Look for it at each place that the answer names, and where rows of its kind are read."""
    for path in dict.fromkeys(_paths(site, operation, kept)):
        for reader in (site.people.anonymous, site.people.second):
            answer = site.send(Request("GET", path, reader))
            if runs(answer, mark):
                return answer
    return None


def _paths(site: Site, operation: Operation, kept: Answer) -> Iterator[str]:
    for text in texts(kept.json):
        if re.fullmatch(r"[\w./:-]+\.\w{2,5}", text):
            named = re.sub(r"^https?://[^/]+", "", text)
            yield from (f"/{place}{named}".replace("//", "/") for place in PLACES)
    number = identifier(kept.json)
    for one in site.operations:
        last = one.path.rstrip("/").rpartition("/")[2]
        if one.method == "GET" and one.role is not Role.DOCUMENTS and len(one.parameters) == 1 and number is not None:
            near = one.resource == operation.resource or last in {"download", "file", "content", "raw"}
            if near:
                yield filled(one.path, {one.parameters[0].name: number})


def _sighting(operation: Operation, form: tuple[str, str, str], kept: Answer, served: Answer) -> Sighting:
    media = served.headers.get("content-type", "")
    return Sighting(
        kind=KIND,
        operation=operation.name,
        claim=f"{operation.name} keeps {form[0]} with a script in it, and GET {served.request.path} serves it as {media}.",
        cause="pages",
        evidence={"uploaded": form[0], "declared": form[1], "served_as": media},
        steps=(kept.exchange, served.exchange),
        severity=Severity.MEDIUM,
    )


ATTACK: Final = Attack(
    name="input.pages",
    kinds=(KIND,),
    claim="Pages that somebody uploads are served as pages.",
    effect="The script that was uploaded comes back in a page that a browser would run.",
    strike=strike,
    harm=Harm.NONE,
    seconds=6.0,
)
