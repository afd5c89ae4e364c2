"""A finding as a program: plain `httpx`, its own people and rows, exit 1 while the hole is there and 0 once it is closed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from itertools import groupby
from typing import Any, Final
from urllib.parse import unquote

from techlead.audit.attacks.attack import Compare, Sighting
from techlead.audit.detect.canaries import texts
from techlead.audit.detect.forms import FORM
from techlead.audit.reproduce.script import Script, script
from techlead.audit.reproduce.source import expression, json_value, literal, raw
from techlead.audit.reproduce.starting import Start, looking_into_rows, neighbours, signing, with_imports
from techlead.audit.target.exchange import Actor, Answer

APART: Final = frozenset({Compare.DIFFERS, Compare.UNLIKE, Compare.COUNTED})
"""What looks at the last two steps: they stay two, also where they are the same."""
LOGGED: Final = frozenset({Compare.LOGGED, Compare.LOGGED_AS_SENT, Compare.LOGGED_OF_REFUSED})
BEHAVIOUR: Final = {Compare.LOGGED_OF_REFUSED: "refuse", Compare.RECEIVED: "take", Compare.HELD: "hang"}
"""How those outside behave during the attack, where the program plays them."""
INSIDE: Final = LOGGED | {Compare.STORED} | set(BEHAVIOUR)
"""What the log, the rows or others tell: the program starts the target itself."""
WORDS: Final = LOGGED | {Compare.CONTAINS, Compare.LACKS, Compare.STORED, Compare.RECEIVED}
COMPARED: Final = {
    Compare.STATUS: "{answer}.status in {values!r}",
    Compare.SLOWER: "{answer}.seconds > {listed}",
    Compare.FASTER: "{answer}.seconds < {listed}",
    Compare.DIFFERS: "differs({before}, {answer})",
    Compare.UNLIKE: "unlike({before}, {answer}, {texts})",
    Compare.FIELD: "has({answer}, {listed})",
    Compare.GIVES: "gives({answer}, {listed})",
    Compare.COUNTED: "counted({before}, {answer}, {listed})",
    Compare.TAKEN: "not too_large({answer})",
    Compare.LACKS: "200 <= {answer}.status < 300 and not any(text in {answer}.text for text in {texts})",
    Compare.CONTAINS: "all(text in {answer}.text for text in {texts})",
    Compare.LOGGED: "logged(before, {texts})",
    Compare.LOGGED_AS_SENT: "logged(before, {texts}, exactly=True)",
    Compare.LOGGED_OF_REFUSED: "logged(before, {texts})",
    Compare.RECEIVED: "received({texts})",
    Compare.HELD: "{answer}.seconds > {listed}",
    Compare.STORED: "stored(*{texts})",
}
"""How the source of a program compares."""
NO_FOLDER: Final = "FOLDER = None  # where the target's source lies\n"
SIGNS: Final = "signed("
NO_ADDRESS: Final = 'URL = ""  # of the target, once it runs'
RAW_BYTES_MAX: Final = 20_000
PLACEHOLDER: Final = re.compile(r"\{([\w-]+)\.([\w-]+)\}")
MAIN: Final = """

def main():
    try:
        there = hole()
    except CannotTry as error:
        print(f"could not be tried: {error}")
        return 2
    print(f"the hole is {'there' if there else 'closed'}: {CLAIM}")
    return 1 if there else 0


if __name__ == "__main__":
    raise SystemExit(main())
"""
RUNS_ALREADY: Final = "Run it with the address of a running target: python this.py http://127.0.0.1:8000"
STARTS_ITSELF: Final = (
    "It starts the target itself, in a copy of its folder: python this.py\n"
    "TARGET_FOLDER and TARGET_PYTHON name another folder, and the Python of another environment."
)
ADDRESS: Final = 'URL = (sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000").rstrip("/")'


def program(
    sighting: Sighting, answers: Sequence[Answer], log_ins: Sequence[str] = (), start: Start | None = None
) -> str | None:
    """Give the program, or None where plain requests cannot show it and a whole audit is needed."""
    inside = sighting.shows.compare in INSIDE
    body = hole(sighting, answers, log_ins) if not inside or (start and start.alone) else None
    if body is None:
        return None
    usage = STARTS_ITSELF if inside else RUNS_ALREADY
    ends = "It exits 1 while the hole is there, 0 once it is closed, 2 when it could not be tried. Needs: httpx"
    head = f'"""{_docstring(sighting)}\n\n{usage}\n{ends}\n"""\n\n'
    return f"{head}{_prelude(sighting.shows.compare, body, start)}\n{body}{MAIN}"


def hole(sighting: Sighting, answers: Sequence[Answer], log_ins: Sequence[str]) -> str | None:
    """Give the source of the function that tells whether the hole is there."""
    if sighting.shows.compare is Compare.REPLAY or not sighting.steps:
        return None
    cut = script(answers, sighting.steps, log_ins)
    if any(
        len(cut.moves[at].raw or b"") > RAW_BYTES_MAX and " * " not in raw(cut.moves[at].raw or b"")
        for at in cut.attack
    ):
        return None
    writer = _Writer(cut)
    lines = [*writer.prepare(), *writer.attack(sighting)]
    if sighting.shows.compare in INSIDE:
        within = "neighbours(), target()" if sighting.shows.compare in BEHAVIOUR else "target()"
        lines = [f"with {within}:", *(f"    {line}" for line in lines)]
    written = "\n".join(f"    {line}" if line else "" for line in lines) + "\n"
    rounds = sighting.shows.values[2:] if sighting.shows.compare is Compare.TOGETHER else ()
    if not rounds:
        return f"CLAIM = {sighting.claim!a}\n\n\ndef hole():\n{written}"
    once = f"CLAIM = {sighting.claim!a}\n\n\ndef once():\n    renew()\n{written}"
    return f"{once}\n\ndef hole():\n    return any(once() for _ in range({rounds[0]}))\n"


def _with_body(request: str, recorded: bytes | None, values: Sequence[Any]) -> str:
    """Put a long body in the place of the words that were recorded for it."""
    begin, piece, times, end = values
    return request.replace(raw(recorded or b""), f"{begin!r} + {piece!r} * {times} + {end!r}")


class _Writer:
    """Writes the moves of one script, each session once."""

    def __init__(self, cut: Script) -> None:
        self._cut = cut
        self._sessions: dict[tuple[Any, ...], str] = {}

    def prepare(self) -> Iterator[str]:
        for at in self._cut.prepare:
            move = self._cut.moves[at]
            yield from self._session(move.actor, at)
            yield f"answer{at} = send({self._request(at)})"
            if at not in self._cut.accounts:
                yield f"need(answer{at}, {f'{move.method} {move.path}'!a})"

    def attack(self, sighting: Sighting) -> Iterator[str]:
        if sighting.shows.compare in BEHAVIOUR:
            yield f"behave({BEHAVIOUR[sighting.shows.compare]!r})"
        if sighting.shows.compare in LOGGED:
            yield "before = lengths()"
        yield "try:"
        for line in self._attack(sighting):
            yield f"    {line}"
        yield "except Refused:"
        yield "    return False"

    def _attack(self, sighting: Sighting) -> Iterator[str]:
        last, together = self._cut.last, sighting.shows.compare is Compare.TOGETHER
        single = [at for at in self._cut.attack if at != last or not together]
        apart = sighting.shows.compare in APART
        for _, same in groupby(single, key=lambda at: (at if apart else 0, self._cut.moves[at].same_as)):
            run = list(same)
            yield from self._session(self._cut.moves[run[0]].actor, run[0])
            if len(run) > 1:
                yield f"for _ in range({len(run)}):"
            request = self._request(run[-1])
            if sighting.shows.compare is Compare.TAKEN and run[-1] == last:
                request = _with_body(request, self._cut.moves[last].raw, sighting.shows.values)
            yield f"{'    ' if len(run) > 1 else ''}answer{run[-1]} = attack({request})"
        if together:
            yield from self._session(self._cut.moves[last].actor, last)
            copies, most, *_ = sighting.shows.values
            yield f"return together({copies}, {self._request(last)}) > {most}"
        else:
            yield f"return {self._compared(sighting, last)}"

    def _compared(self, sighting: Sighting, last: int) -> str:
        compare, values = sighting.shows.compare, sighting.shows.values
        before = self._before(last) if compare in APART else last
        words = self._sent(before, last) if compare is Compare.UNLIKE else values if compare in WORDS else ()
        return COMPARED[compare].format(
            answer=f"answer{last}",
            before=f"answer{before}",
            values=tuple(values),
            listed=", ".join(map(ascii, values)),
            texts=self._texts(words, last),
        )

    def _before(self, last: int) -> int:
        """Give the step before the last; the same request twice is one line that is run twice otherwise."""
        return self._cut.attack[self._cut.attack.index(last) - 1]

    def _sent(self, *places: int) -> tuple[str, ...]:
        """Give the words of requests that an answer may say back, the longest first."""
        words: set[str] = set()
        for move in (self._cut.moves[at] for at in places):
            words |= {unquote(part) for part in re.split(r"[/?&=]", move.path)} | set(texts(move.body))
        return tuple(sorted((word for word in words if len(word) > 1), key=len, reverse=True))

    def _texts(self, values: Sequence[Any], last: int) -> str:
        after = last + 1
        filled = (PLACEHOLDER.sub(self._actors_field, str(value)) for value in values)
        return "[" + ", ".join(expression(self._cut.flow.text(value, after)) for value in filled) + "]"

    def _actors_field(self, found: re.Match[str]) -> str:
        for move in reversed(self._cut.moves):
            if move.actor.name == found[1]:
                own = {"login": move.actor.login, "password": move.actor.password, "id": move.actor.id}
                return str(({**move.actor.fields, **own}).get(found[2], found[0]))
        return found[0]

    def _session(self, actor: Actor, at: int) -> Iterator[str]:
        """Write the headers that prove who an actor is, before they are first used."""
        key = _key(actor)
        if not actor.headers or key in self._sessions:
            return
        stem = re.sub(r"\W+", "_", actor.name.lower()).strip("_") or "somebody"
        stem = f"actor_{stem}" if stem[0].isdigit() else stem
        number = sum(name.rstrip("0123456789") == stem for name in self._sessions.values())
        self._sessions[key] = f"{stem}{number + 1}" if number else stem
        pairs = (
            f"{name!a}: {expression(self._cut.flow.text(value, at, fresh=False))}"
            for name, value in actor.headers.items()
        )
        yield f"{self._sessions[key]} = {{{', '.join(pairs)}}}"

    def _request(self, at: int) -> str:
        move = self._cut.moves[at]
        who = self._sessions.get(_key(move.actor), "")
        extra = ", ".join(f"{name!a}: {literal(value)}" for name, value in move.headers.items())
        headers = f"{who} | {{{extra}}}" if who and extra else who or (f"{{{extra}}}" if extra else "None")
        arguments = [repr(move.method), expression(self._cut.flow.path(move.path, at)), headers]
        if move.raw is not None:
            arguments += ["None", raw(move.raw)]
        elif move.body is not None and move.headers.get("Content-Type") == FORM:
            arguments += ["None", f"urlencode({json_value(self._cut.flow, move.body, at)}).encode()"]
        elif move.body is not None:
            arguments.append(json_value(self._cut.flow, move.body, at))
        while arguments[-1] == "None":
            arguments.pop()
        return ", ".join(arguments)


def _key(actor: Actor) -> tuple[Any, ...]:
    return (actor.name, tuple(sorted(actor.headers.items())))


def _prelude(compare: Compare, body: str, start: Start | None) -> str:
    """Give what stands before the hole: what each program needs, and how the target is started or its key found where that is needed."""
    text = files(__package__).joinpath("prelude.txt").read_text(encoding="utf-8")
    address = NO_ADDRESS if compare in INSIDE else ADDRESS
    signs = SIGNS in body
    folder = (start.names() if start else NO_FOLDER) if signs or compare in INSIDE else ""
    text = text.replace("RUN = ", f"{address}\n{folder}RUN = ", 1)
    parts = (
        with_imports(text, starts=compare in INSIDE) if folder else text,
        signing() if signs else "",
        start.source() if start and compare in INSIDE else "",
        looking_into_rows() if compare is Compare.STORED else "",
        neighbours() if compare in BEHAVIOUR else "",
    )
    return "\n\n".join(part for part in parts if part)


def _docstring(sighting: Sighting) -> str:
    text = f"{sighting.kind} at {sighting.operation}\n\n{sighting.claim}"
    return re.sub(r'["\\]|[^\x20-\x7e\n]', "?", text)
