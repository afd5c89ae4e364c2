"""The name of a declaration gives the names of its table and its path, as a reader expects them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techlead.primitives.words import kebab, plural, snake


@pytest.mark.parametrize(
    "pair",
    """
    listing/listings order/orders day/days key/keys toy/toys guy/guys category/categories company/companies entry/entries
    colloquy/colloquies box/boxes class/classes address/addresses bus/buses status/statuses bush/bushes branch/branches
    watch/watches buzz/buzzes quiz/quizzes tax/taxes epoch/epochs stomach/stomachs person/people salesperson/salespeople
    child/children grandchild/grandchildren man/men woman/women craftsman/craftsmen human/humans german/germans
    knife/knives life/lives wife/wives leaf/leaves shelf/shelves half/halves thief/thieves self/selves roof/roofs
    chief/chiefs safe/safes belief/beliefs cafe/cafes hero/heroes potato/potatoes photo/photos video/videos
    analysis/analyses basis/bases crisis/crises diagnosis/diagnoses axis/axes iris/irises tennis/tennises criterion/criteria
    medium/media mouse/mice foot/feet tooth/teeth goose/geese mongoose/mongooses matrix/matrices index/indexes ox/oxen
    series/series species/species news/news sheep/sheep data/data metadata/metadata waiting/waiting chassis/chassis
    house/houses size/sizes case/cases purchase/purchases invoice/invoices message/messages
    """.split(),  # noqa: SIM905 - a table of pairs reads best so
)
def test_a_noun_has_the_plural_a_reader_expects(pair):
    one, many = pair.split("/")
    assert plural(one) == many
    assert plural(one.capitalize()) == many.capitalize()
    assert plural(f"Gym{one.capitalize()}") == f"Gym{many.capitalize()}"
    assert plural(f"gym_{one}") == f"gym_{many}"


@pytest.mark.parametrize(
    ("name", "many", "path"),
    [
        ("OrderLine", "OrderLines", "order-lines"),
        ("APIKey", "APIKeys", "api-keys"),
        ("API", "APIs", "apis"),
        ("URL", "URLs", "urls"),
        ("PartnerURL", "PartnerURLs", "partner-urls"),
        ("SMS", "SMS", "sms"),
        ("A", "As", "as"),
        ("PlanB", "PlanBs", "plan-bs"),
        ("S", "Ses", "ses"),
        ("Level2", "Level2s", "level2s"),
        ("", "s", "s"),
    ],
)
def test_a_compound_or_abbreviation_keeps_all_but_its_last_word(name, many, path):
    assert plural(name) == many
    assert kebab(many) == path


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("Order", "order"), ("OrderLine", "order_line"), ("HTTPServer", "http_server"), ("GymClass", "gym_class"), ("APIs", "apis"),
        ("APIsList", "apis_list"), ("MyAPI", "my_api"), ("DBSession", "db_session"), ("Sha256Sum", "sha256_sum"), ("order_line", "order_line"),
        ("PlanBOrder", "plan_b_order"), ("IsOpen", "is_open"), ("ABTest", "ab_test"), ("", ""),
    ],
)  # fmt: skip
def test_camel_case_is_written_as_tables_and_paths_are(name, table):
    assert snake(name) == table
    assert kebab(name) == table.replace("_", "-")


@given(st.from_regex(r"([A-Z][a-z]{1,8}){1,4}", fullmatch=True))
def test_a_name_of_plain_words_can_be_read_back_from_its_table(name):
    assert "".join(word.capitalize() for word in snake(name).split("_")) == name
    assert snake(snake(name)) == snake(name)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kebab(plural(name)))


@given(st.text(max_size=40))
def test_any_name_at_all_has_a_plural_and_a_table(name):
    assert plural(name).startswith(name[:1]) or len(name) < 4
    assert "_" not in kebab(name)
