"""Where each value of a request came from: an earlier answer, something that must be unique, or nowhere.

A program can be replayed on a fresh target only when ids and tokens are taken from the answers of *that* run, and when
names that must be unique are new ones. So values are traced through the timeline, as a compiler traces definitions and uses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from techlead.audit.detect.published import KEYS
from techlead.audit.detect.tokens import ALGORITHMS, Token, crack, read
from techlead.audit.reproduce.timeline import Move, Path

UNIQUE: Final = re.compile(r"(?<![a-z0-9])(?!\d{8}t)(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{6,32}(?![a-z0-9])", re.IGNORECASE)
"""A run of letters and digits that looks random: a name made with it must be made anew."""
KEPT: Final = re.compile(r"passw|pin$|iban|phone|date|_at$|color|currency", re.IGNORECASE)
"""Fields whose values have a form to keep."""
PHONE: Final = re.compile(r"phone|mobile", re.IGNORECASE)
NUMBER: Final = re.compile(r"\+?\d{8,15}")
OWN_DIGITS: Final = 7
"""The end of a telephone number: many targets let nobody else have it."""
IDENTITY: Final = re.compile(r"(^|_|-)(id|pk|uuid|key|code|slug|number|ref|reference)$|Id$", re.IGNORECASE)
GIVEN_CHARACTERS_MIN: Final = 8
LONG_CHARACTERS_MIN: Final = 20
SMALL: Final = re.compile(r"-?\d{1,18}")


@dataclass(frozen=True, slots=True)
class Given:
    """A value that an earlier answer gave."""

    move: int
    path: Path


@dataclass(frozen=True, slots=True)
class Fresh:
    """A value that must be unique, as it was recorded."""

    recorded: str


@dataclass(frozen=True, slots=True)
class Forged:
    """A token that nobody issued: an issued one, written anew with another algorithm or signature."""

    issued: Given
    algorithm: str
    signature: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A token that nobody issued: an issued one, written anew with the key of its signature; `known` is that of everybody, or ''."""

    issued: Given
    known: str


Part = str | Given | Fresh | Forged | Signed


@dataclass(slots=True)
class Flow:
    """Traces values through one timeline."""

    moves: Sequence[Move]
    log_ins: frozenset[str] = frozenset()
    """Paths of log-ins: a name that is first seen in one belongs to somebody who was there before."""
    _first_sent: dict[str, int] = field(init=False)
    _first_given: dict[str, Given] = field(init=False)
    _longest: list[str] = field(init=False)
    _kept: str = field(init=False)
    _phones: set[str] = field(init=False)

    def __post_init__(self) -> None:
        """Find out when each value was first sent and first given."""
        self._first_sent, self._first_given = {}, {}
        for at, move in enumerate(self.moves):
            for text in _sent(move):
                self._first_sent.setdefault(text, at)
            for path, value in move.leaves:
                if isinstance(value, str) and _telling(path, value):
                    self._first_given.setdefault(value, Given(at, path))

        self._phones = {
            text for move in self.moves for text in _texts_kept(move.body, "", PHONE) if NUMBER.fullmatch(text)
        }
        self._kept = "\n".join(text for move in self.moves for text in _texts_kept(move.body))
        self._longest = sorted((v for v in self._first_given if len(v) >= GIVEN_CHARACTERS_MIN), key=len, reverse=True)

    def text(self, text: str, before: int, *, fresh: bool = True) -> tuple[Part, ...]:
        """Give the parts of a text that is used by the move at `before`."""
        if text in self._phones:
            return (text[:-OWN_DIGITS], Fresh(text[-OWN_DIGITS:]))
        given = self._given(text, before) or self._forged(text, before)
        if given:
            return (given,)
        scheme, blank, token = text.partition(" ")
        forged = self._forged(token, before) if blank else None
        if forged:
            return (f"{scheme} ", forged)
        for value, source in self._candidates(text, before):
            head, _, tail = text.partition(value)
            return (*self.text(head, before, fresh=fresh), source, *self.text(tail, before, fresh=fresh))
        return tuple(self._fresh(text)) if fresh else ((text,) if text else ())

    def path(self, path: str, before: int) -> tuple[Part, ...]:
        """Give the parts of a path; a whole segment may be a small number that is somebody's id."""
        parts: list[Part] = []
        resource = ""
        for piece in re.split(r"([/?&=]|%[0-9A-Fa-f]{2})", path):
            number = self._number(piece, resource, before) if SMALL.fullmatch(piece) else None
            parts += [number] if number else self.text(piece, before)
            if piece[:1] not in {"/", "?", "&", "=", "%"}:
                resource = piece
        return tuple(parts)

    def number(self, name: str, value: int, before: int) -> Given | None:
        """Give where the number of a field came from, when the field is a reference: `listing_id`."""
        if not IDENTITY.search(name):
            return None
        return self._number(str(value), re.sub(r"[_-]?(id|pk)$", "", name, flags=re.IGNORECASE), before)

    def introduced(self, fresh: Fresh, before: int) -> int | None:
        """Give the first move that sent a unique value and was done: whoever made it."""
        for at in range(before):
            if self.moves[at].changes and any(fresh.recorded in text for text in _sent(self.moves[at])):
                return at
        return None

    def named(self, text: str, before: int) -> int | None:
        """Give the first move that sent this text as a field and was done, but for log-ins."""
        for at, move in enumerate(self.moves[:before]):
            if move.changes and move.path.partition("?")[0] not in self.log_ins and text in set(_texts(move.body)):
                return at
        return None

    def _given(self, text: str, before: int) -> Given | None:
        source = self._first_given.get(text)
        if source is None or source.move >= before or self._first_sent.get(text, before) <= source.move:
            return None
        return source

    def _forged(self, text: str, before: int) -> Forged | Signed | None:
        """Give the issued token that a forged one says the same as, but for its number and when it was issued."""
        token = None if text in self._first_given else read(text)
        for value in self._first_given if token is not None else ():
            issued, given = read(value), self._given(value, before)
            if token and issued and given and _lasting(issued) == _lasting(token):
                if _is_signed(token):
                    return Signed(given, crack(token, KEYS) or "")
                return Forged(given, token.algorithm, text.rpartition(".")[2])
        return None

    def _candidates(self, text: str, before: int) -> Iterator[tuple[str, Given]]:
        if len(text) < GIVEN_CHARACTERS_MIN:
            return
        for value in self._longest:
            if len(value) < len(text) and value in text:
                source = self._given(value, before)
                if source:
                    yield value, source

    def _fresh(self, text: str) -> Iterator[Part]:
        end = 0
        for found in UNIQUE.finditer(text):
            if self._made_here(found[0]):
                yield from ([text[end : found.start()]] if found.start() > end else [])
                yield Fresh(found[0])
                end = found.end()
        if end < len(text):
            yield text[end:]

    def _made_here(self, value: str) -> bool:
        """Whether the audit made it up in something it made: not in a log-in of somebody who was there before."""
        if value in self._kept:
            return False
        for move in self.moves:
            if any(value in text for text in _sent(move)):
                return move.changes and move.path.partition("?")[0] not in self.log_ins
        return False

    def _number(self, value: str, resource: str, before: int) -> Given | None:
        best: tuple[int, int] | None = None
        source: Given | None = None
        for at in range(before):
            for path, leaf in self.moves[at].leaves:
                if isinstance(leaf, int) and not isinstance(leaf, bool) and str(leaf) == value and _names_row(path):
                    score = (_nearness(self.moves[at], path, resource), at)
                    if score[0] > 0 and (best is None or score > best):
                        best, source = score, Given(at, path)
        return source


def _lasting(token: Token) -> dict[str, Any]:
    return {name: value for name, value in token.claims.items() if name not in {"iat", "jti"}}


def _is_signed(token: Token) -> bool:
    return token.algorithm in ALGORITHMS and any(token.signature)


def _nearness(move: Move, path: Path, resource: str) -> int:
    """How likely it is that this answer's number is the id of such a resource; 0 says that it is not."""
    stem = resource.lower().rstrip("s")
    route = move.path.partition("?")[0].lower()
    last = str(path[-1]).lower()
    if not stem:
        return 0
    named = stem in last
    whole = len(path) <= len(("data", "id")) and last in {"id", "pk"}
    made = route.rstrip("/").rstrip("s").endswith(stem)
    return 4 * (named and not whole) + (3 + 2 * move.changes if made and whole else 0) + (stem in route and whole)


def _names_row(path: Path) -> bool:
    return isinstance(path[-1], str) and bool(IDENTITY.search(path[-1]))


def _telling(path: Path, value: str) -> bool:
    """Whether a value is one that only this run can know: long and random, or an id."""
    if len(value) < GIVEN_CHARACTERS_MIN:
        return isinstance(path[-1], str) and bool(IDENTITY.search(path[-1])) and any(mark.isdigit() for mark in value)
    return (
        any(mark.isdigit() for mark in value)
        or (isinstance(path[-1], str) and "token" in path[-1].lower())
        or len(value) >= LONG_CHARACTERS_MIN
    )


def _sent(move: Move) -> Iterator[str]:
    yield move.path
    yield from re.split(r"[/?&=]", move.path)
    yield from _texts(move.body)


def _texts_kept(value: Any, name: str = "", kept: re.Pattern[str] = KEPT) -> Iterator[str]:
    if isinstance(value, str) and kept.search(name):
        yield value
    elif isinstance(value, Mapping):
        for inner_name, inner in value.items():
            yield from _texts_kept(inner, str(inner_name), kept)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
