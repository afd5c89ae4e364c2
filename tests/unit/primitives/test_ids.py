"""Public ids are TypeIDs: they round trip, name their kind, and nothing else is read as one."""

import os
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techlead.primitives import ids

VECTORS = [
    ("00000000-0000-0000-0000-000000000000", "00000000000000000000000000"),
    ("00000000-0000-0000-0000-000000000001", "00000000000000000000000001"),
    ("00000000-0000-0000-0000-00000000000a", "0000000000000000000000000a"),
    ("00000000-0000-0000-0000-000000000010", "0000000000000000000000000g"),
    ("00000000-0000-0000-0000-000000000020", "00000000000000000000000010"),
    ("ffffffff-ffff-ffff-ffff-ffffffffffff", "7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    ("0110c853-1d09-52d8-d73e-1194e95b5f19", "0123456789abcdefghjkmnpqrs"),
    ("01890a5d-ac96-774b-bcce-b302099a8057", "01h455vb4pex5vsknk084sn02q"),
]


@pytest.mark.parametrize(("written", "suffix"), VECTORS)
def test_the_vectors_of_the_typeid_specification_hold(written, suffix):
    raw = uuid.UUID(written).bytes
    assert ids.encode("order", raw) == f"order_{suffix}"
    assert ids.decode("order", f"order_{suffix}") == raw


@given(st.binary(min_size=16, max_size=16))
def test_every_id_reads_back_as_it_was_written(raw):
    text = ids.encode("gym_class", raw)
    assert ids.decode("gym_class", text) == raw
    assert len(text) == len("gym_class_") + 26


@given(st.text(max_size=60))
def test_any_other_text_is_refused_without_being_repeated(text):
    try:
        raw = ids.decode("order", text)
    except ValueError as error:
        assert str(error) == "must be an id such as order_01h455vb4pex5vsknk084sn02q"  # noqa: PT017
    else:
        assert ids.encode("order", raw) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "order",
        "order_",
        "01h455vb4pex5vsknk084sn02q",
        "_01h455vb4pex5vsknk084sn02q",
        "listing_01h455vb4pex5vsknk084sn02q",
        "order_01H455VB4PEX5VSKNK084SN02Q",
        "order_81h455vb4pex5vsknk084sn02q",
        "order_01h455vb4pex5vsknk084sn02",
        "order_01h455vb4pex5vsknk084sn02q0",
        "order_01h455vb4pex5vsknk084sn02i",
        "order_01h455vb4pex5vsknk084sn02\u0661",
        "order__01h455vb4pex5vsknk084sn02q",
        "order_01h455vb4pex5vsknk084sn02q\n",
        "ORDER_01h455vb4pex5vsknk084sn02q",
    ],
)
def test_a_malformed_id_is_refused(text):
    with pytest.raises(ValueError, match="must be an id"):
        ids.decode("order", text)


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_a_new_id_is_a_uuid_of_version_7_that_holds_its_time_and_its_randomness(clock_ms, random):
    made = uuid.UUID(bytes=ids.uuid7(clock_ms, lambda count: random[:count]))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == clock_ms
    tail = int.from_bytes(random)
    assert made.int >> 64 & 0xFFF == tail >> 68
    assert made.int & (1 << 62) - 1 == tail & (1 << 62) - 1


def test_two_ids_of_one_moment_differ():
    assert len({ids.uuid7(1_700_000_000_000, os.urandom) for _ in range(10_000)}) == 10_000
