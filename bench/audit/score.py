"""Score findings by a truth file, as its `how_to_match` says.

A finding matches a hole when its kind is the hole's (or another name of it) and one of its places is one of the hole's.
A finding that matches no hole and stands under `sound` is a false alarm. What is left is not judged: nobody tested it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

VERB: Final = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s+(/[^\s,;)]*)")
ANYWHERE: Final = "*"
COMPONENT: Final = "component"
"""A worker, a function, a setting: whatever is no HTTP operation; one is as good as another of the same kind."""
CHANNELS: Final = {"mail": re.compile(r"mail|smtp", re.IGNORECASE), "webhook": re.compile(r"hook|http", re.IGNORECASE)}
OTHER_NAMES: Final = {
    "other.head-of-line-blocking": "outbound.head-of-line",
    "other.head-of-line": "outbound.head-of-line",
    "other.smtp-tls-unverified": "outbound.tls-unverified",
    "other.write-lock-while-reading-body": "race.write-lock",
    "other.lock": "race.write-lock",
    "other.token-never-expires": "session.expired-token",
}
"""Names that a truth file gave to kinds before they were in the table."""


@dataclass(frozen=True)
class Seen:
    """One finding of any tool: its kind, and the places where it was found."""

    kind: str
    places: tuple[str, ...]
    claim: str = ""


@dataclass(frozen=True)
class Score:
    """What came of one tool on one target; `counted` are the holes that are not arguable and whose kind is known."""

    counted: tuple[str, ...]
    found: tuple[str, ...]
    missed: tuple[str, ...]
    false_alarms: tuple[Seen, ...]
    unjudged: tuple[Seen, ...]
    disputable: tuple[str, ...]
    """Arguable holes that were found: neither rewarded nor punished."""

    @property
    def recall(self) -> float:
        """How much of what counts was found."""
        return len(self.found) / len(self.counted) if self.counted else 1.0


def seen_in(report: Mapping[str, Any]) -> tuple[Seen, ...]:
    """Read the findings of `techlead audit --json`."""
    return tuple(
        Seen(one["kind"], tuple(one.get("places") or [one["operation"]]), one["claim"]) for one in report["findings"]
    )


def score(seen: Iterable[Seen], truth: Mapping[str, Any], kinds: Iterable[str]) -> Score:
    """Score a tool's findings by a truth file, over the holes whose kind is one of `kinds`."""
    seen, known = tuple(seen), frozenset(kinds)
    holes = [hole for hole in truth["holes"] if _names(hole) & known]
    firm = [hole for hole in holes if hole["severity"] != "arguable"]
    found = [hole for hole in holes if any(matches(one, hole) for one in seen)]
    unmatched = [one for one in seen if not any(matches(one, hole) for hole in truth["holes"])]
    false = [one for one in unmatched if any(_is_sound(one, sound) for sound in truth["sound"])]
    return Score(
        counted=tuple(_title(hole) for hole in firm),
        found=tuple(_title(hole) for hole in firm if hole in found),
        missed=tuple(_title(hole) for hole in firm if hole not in found),
        false_alarms=tuple(false),
        unjudged=tuple(one for one in unmatched if one not in false),
        disputable=tuple(_title(hole) for hole in found if hole not in firm),
    )


def matches(one: Seen, hole: Mapping[str, Any]) -> bool:
    """Tell whether a finding shows a hole."""
    return one.kind in _names(hole) and _meet(
        one.places, [hole["operation"], *hole.get("also", ()), *hole.get("also_code_read", ())]
    )


def places_of(text: str) -> frozenset[str]:
    """Give the places that a text of a truth file or a finding names: `PATCH /me (webhook_url)` is `PATCH /me`."""
    if text.strip() in {"*", "all", "-"} or text.startswith("all "):
        return frozenset({ANYWHERE})
    operations = frozenset(f"{verb} {_path(path)}" for verb, path in VERB.findall(text))
    return operations or frozenset({COMPONENT})


def _names(hole: Mapping[str, Any]) -> frozenset[str]:
    named = {hole["kind"], *hole.get("also_kinds", ()), *hole.get("alt_kinds", ())}
    return frozenset({OTHER_NAMES.get(name, name) for name in named})


def _meet(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    left = frozenset().union(*(places_of(text) for text in ours))
    right = frozenset().union(*(places_of(text) for text in theirs))
    return bool(left & right) or ANYWHERE in left | right or COMPONENT in right


def _is_sound(one: Seen, sound: Mapping[str, Any]) -> bool:
    """Tell whether it was tested there and found right; words that are no operation, such as `prices`, mean everywhere."""
    if one.kind != OTHER_NAMES.get(sound["kind"], sound["kind"]):
        return False
    places = places_of(sound["operation"])
    ours = frozenset().union(*(places_of(text) for text in one.places))
    return (
        bool(ours & places - {COMPONENT})
        or ANYWHERE in places
        or (COMPONENT in places and COMPONENT in ours and _same_channel(sound["operation"], one))
        or _covers(sound["operation"], one)
    )


def _same_channel(text: str, one: Seen) -> bool:
    """Tell whether both speak of mail, or both of webhooks, or either of neither: who tested the one says nothing of the other."""
    ours, theirs = (
        {channel for channel, words in CHANNELS.items() if words.search(said)} for said in (" ".join(one.places), text)
    )
    return not ours or not theirs or bool(ours & theirs)


def _covers(pattern: str, one: Seen) -> bool:
    """Tell whether `/admin/*` covers one of the places."""
    prefix, star, _ = pattern.partition("*")
    prefix = prefix.rpartition(" ")[2]
    return bool(star and prefix.startswith("/")) and any(f" {prefix}" in place for place in one.places)


def _path(path: str) -> str:
    """Write every parameter as `{}`, and leave a last slash out."""
    path = re.sub(r"<[^>]*>|\{[^}]*\}|\[[^\]]*\]", "{}", path.partition("?")[0])
    return path.rstrip("/") or "/"


def _title(hole: Mapping[str, Any]) -> str:
    return str(hole.get("id") or f"{hole['kind']}@{hole['operation']}")
