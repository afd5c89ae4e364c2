"""References are opaque values that never change; marks say how far a value may travel."""

from __future__ import annotations

import pytest

from techlead.declare.types import Email, Json, Personal, Ref, Sensitivity, Url, WebhookUrl

RAW = bytes(range(16))


def test_a_reference_equals_itself_and_nothing_else() -> None:
    assert Ref("order", RAW) == Ref("order", RAW)
    assert len({Ref("order", RAW), Ref("order", RAW)}) == 1
    assert Ref("order", RAW) != Ref("person", RAW)
    assert Ref("order", RAW) != Ref("order", bytes(16))
    assert Ref("order", RAW) != RAW


def test_a_reference_prints_as_its_public_id() -> None:
    reference = Ref("order", RAW)
    assert str(reference).startswith("order_")
    assert repr(reference) == f"Ref({reference})"


def test_a_reference_never_changes() -> None:
    with pytest.raises(AttributeError, match="an id never changes"):
        Ref("order", RAW).raw = bytes(16)


def test_marks_are_found_in_the_annotation() -> None:
    assert Personal[str].__metadata__ == (Sensitivity.PERSONAL,)
    assert Json.__metadata__
    assert issubclass(WebhookUrl, Url)
    assert issubclass(Email, str)
