"""Every active currency of ISO 4217 is known, with its places; what is none, or no longer one, is not."""

import pytest

from techlead.primitives.currencies import EXPONENTS


def test_all_currencies_of_list_one_of_january_2026_that_have_a_minor_unit_are_known():
    assert len(EXPONENTS) == 165
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in EXPONENTS)
    assert set(EXPONENTS.values()) == {0, 2, 3, 4}


@pytest.mark.parametrize(
    ("places", "codes"),
    [
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"),
    ],
)
def test_the_currencies_that_do_not_have_two_places_are_these(places, codes):
    assert sorted(code for code, exponent in EXPONENTS.items() if exponent == places) == codes.split()


@pytest.mark.parametrize(
    "code", ["BGN", "HRK", "ANG", "ZWL", "SLL", "CUC", "DEM", "XAU", "XDR", "XTS", "XXX", "BTC", "eur"]
)
def test_a_code_that_is_withdrawn_or_has_no_minor_unit_is_not_a_currency(code):
    assert code not in EXPONENTS


def test_nobody_can_change_the_table():
    with pytest.raises(TypeError):
        EXPONENTS["EUR"] = 3
