"""The table of kinds: complete, and every row says all that a person needs."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from techlead.audit.kinds import FRAMEWORKS, KINDS, Kind

FAMILIES = {
    "access": 6, "session": 8, "login": 2, "password": 2, "exposure": 8, "outbound": 17,
    "race": 5, "idempotency": 1, "money": 4, "limits": 3, "input": 4, "rule": 4,
}  # fmt: skip
API = {f"API{number}" for number in range(1, 11)} | {""}


def test_there_are_64_kinds_in_twelve_families():
    assert Counter(kind.family for kind in KINDS.values()) == FAMILIES
    assert len(KINDS) == sum(FAMILIES.values()) == 64


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_kind_says_why_it_matters_and_how_to_mend_it_everywhere(kind: Kind):
    assert re.fullmatch(r"[a-z]+\.[a-z-]+", kind.name)
    for text in (kind.why, kind.mend, *(kind.mend_in(framework) for framework in FRAMEWORKS)):
        assert len(text) > 20
        assert text.count("`") % 2 == 0
    assert kind.why.endswith(".")
    assert not kind.title.endswith(".")
    assert kind.api in API
    assert all(re.fullmatch(r"\d{1,2}\.\d\.\d{1,2}", code) for code in kind.asvs)
    assert all(100 <= code <= 104 or 200 <= code <= 210 for code in kind.wfc)


def test_a_framework_that_is_not_known_gets_the_principle_alone():
    assert KINDS["access.object-read"].mend_in("bottle") == ""


def test_codes_are_written_as_their_catalogues_write_them():
    assert KINDS["access.object-read"].codes == ("API1:2023", "ASVS 8.2.2", "WFC-206")
