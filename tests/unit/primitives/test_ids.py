"""Public ids are TypeIDs: they round trip, name their kind, tell nobody how many there are, and nothing else is read."""

import os
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techlead.primitives import ids

RAW = st.binary(min_size=16, max_size=16)

# Of the TypeID specification v0.3: spec/valid.yml and spec/invalid.yml.
VALID = [
    ("00000000-0000-0000-0000-000000000000", "00000000000000000000000000"),
    ("00000000-0000-0000-0000-000000000001", "00000000000000000000000001"),
    ("00000000-0000-0000-0000-00000000000a", "0000000000000000000000000a"),
    ("00000000-0000-0000-0000-000000000010", "0000000000000000000000000g"),
    ("00000000-0000-0000-0000-000000000020", "00000000000000000000000010"),
    ("ffffffff-ffff-ffff-ffff-ffffffffffff", "7zzzzzzzzzzzzzzzzzzzzzzzzz"),
    ("0110c853-1d09-52d8-d73e-1194e95b5f19", "0123456789abcdefghjkmnpqrs"),
    ("01890a5d-ac96-774b-bcce-b302099a8057", "01h455vb4pex5vsknk084sn02q"),
]
INVALID = [
    "PREFIX_00000000000000000000000000",
    "pre.fix_00000000000000000000000000",
    "pr\u00e9fix_00000000000000000000000000",
    "  prefix_00000000000000000000000000",
    "_00000000000000000000000000",
    "_",
    "",
    "prefix",
    "prefix_",
    "00000000000000000000000000",
    "prefix_1234567890123456789012345",
    "prefix_123456789012345678901234567",
    "prefix_1234567890123456789012345 ",
    "prefix_0123456789ABCDEFGHJKMNPQRS",
    "prefix_123456789-123456789-123456",
    "prefix_ooooooiiiiiiuuuuuuulllllll",
    "prefix_i23456789ol23456789oi23456",
    "prefix_123456789-0123456789-0123456",
    "prefix_8zzzzzzzzzzzzzzzzzzzzzzzzz",
    "prefix__00000000000000000000000000",
    "_prefix_00000000000000000000000000",
]
SLIPS = [
    "order_01h455vb4pex5vsknk084sn02q",
    "prefix_01h455vb4pex5vsknk084sn02q\n",
    "prefix_01h455vb4pex5vsknk084sn02q\x00",
    "prefix_01h455vb4pex5vsknk084sn02\u0661",
    "prefix_01h455vb4pex5vsknk084sn02\uff11",
    "prefix_01h455vb4pex5vsknk084sn0_2",
    "prefix_+1h455vb4pex5vsknk084sn02q",
    "prefix\uff3f01h455vb4pex5vsknk084sn02q",
    "pre_prefix_01h455vb4pex5vsknk084sn02q",
]


@pytest.mark.parametrize(("written", "suffix"), VALID)
def test_the_valid_vectors_of_the_specification_hold_both_ways(written, suffix):
    raw = uuid.UUID(written).bytes
    assert ids.encode_suffix(raw) == suffix
    assert ids.encode("pre_fix", raw) == f"pre_fix_{suffix}"
    assert ids.decode("pre_fix", f"pre_fix_{suffix}") == raw


@pytest.mark.parametrize("text", INVALID + SLIPS)
def test_the_invalid_vectors_and_likely_slips_are_refused_without_being_repeated(text):
    with pytest.raises(ValueError, match=r"^must be an id such as prefix_01h455vb4pex5vsknk084sn02q$"):
        ids.decode("prefix", text)


@given(RAW)
def test_every_id_reads_back_as_it_was_written(raw):
    text = ids.encode("gym_class", raw)
    assert ids.decode("gym_class", text) == raw
    assert len(text) == len("gym_class_") + 26


@given(RAW)
def test_a_suffix_is_the_number_in_base_32(raw):
    value = int.from_bytes(raw)
    digits = [ids.ALPHABET[value >> 5 * place & 31] for place in reversed(range(26))]
    assert ids.encode_suffix(raw) == "".join(digits)


@given(RAW, RAW)
def test_ids_sort_as_their_bytes_do(one, other):
    assert (ids.encode_suffix(one) < ids.encode_suffix(other)) == (one < other)


@given(st.text(max_size=60) | st.from_regex(r"order_[0-9a-z]{26}", fullmatch=True))
def test_a_text_is_an_id_in_exactly_one_way_or_it_is_refused(text):
    try:
        raw = ids.decode("order", text)
    except ValueError as error:
        assert str(error) == "must be an id such as order_01h455vb4pex5vsknk084sn02q"  # noqa: PT017 - it is the claim
    else:
        assert ids.encode("order", raw) == text


@pytest.mark.parametrize("count", [0, 15, 17])
def test_an_id_has_sixteen_bytes(count):
    with pytest.raises(ValueError, match="16 bytes"):
        ids.encode_suffix(bytes(count))


@pytest.mark.parametrize("prefix", ["a", "order", "gym_class", "a_b_c", "a__b", "x" * 63])
def test_a_prefix_of_the_specification_matches_the_pattern(prefix):
    assert ids.PREFIX_PATTERN.fullmatch(prefix)


@pytest.mark.parametrize(
    "prefix", ["", "_", "_a", "a_", "A", "a1", "12345", "a-b", "a.b", "\u00e9", "x" * 64, "a\n", "a b"]
)
def test_any_other_prefix_does_not(prefix):
    assert ids.PREFIX_PATTERN.fullmatch(prefix) is None


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_a_new_id_is_a_uuid_of_version_7_that_holds_its_time_and_its_randomness(clock_ms, random):
    made = uuid.UUID(bytes=ids.uuid7(clock_ms, lambda _count: random))
    tail, mask = int.from_bytes(random), (1 << 76) - (1 << 64) + (1 << 62) - 1
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == clock_ms
    assert made.int & mask == tail & mask


def test_each_of_the_74_free_bits_is_random():
    made = [int.from_bytes(ids.uuid7(0, os.urandom)) for _ in range(200)]
    ever, always = 0, (1 << 128) - 1
    for value in made:
        ever, always = ever | value, always & value
    assert (ever & ~always).bit_count() == 74


def test_nobody_can_count_the_ids_of_one_moment():
    made = [ids.uuid7(1_700_000_000_000, os.urandom) for _ in range(10_000)]
    assert len(set(made)) == 10_000
    assert made != sorted(made)


def test_the_example_of_rfc_9562_is_made_of_its_time():
    made = uuid.UUID(bytes=ids.uuid7(0x017F22E279B0, lambda _count: bytes.fromhex("0cc398c4dc0c0c07398f")))
    assert made == uuid.UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")


@pytest.mark.parametrize(("clock_ms", "given_bytes"), [(-1, 10), (2**48, 10), (0, 9), (0, 11), (0, 0)])
def test_a_clock_or_a_source_that_cannot_be_is_refused(clock_ms, given_bytes):
    with pytest.raises(ValueError, match="UUIDv7 needs"):
        ids.uuid7(clock_ms, lambda _count: bytes(given_bytes))
