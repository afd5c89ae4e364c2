"""What fields are about, by their names."""

from __future__ import annotations

import pytest

from techlead.audit.target.meaning import meaning_of, singular, snake
from techlead.audit.target.operation import Meaning


@pytest.mark.parametrize(
    ("name", "kind", "meaning"),
    [
        ("email", "string", Meaning.EMAIL),
        ("contactEmail", "string", Meaning.EMAIL),
        ("new_password", "string", Meaning.PASSWORD),
        ("listing_id", "integer", Meaning.REFERENCE),
        ("listingId", "string", Meaning.REFERENCE),
        ("customer", "integer", Meaning.REFERENCE),
        ("price_cents", "integer", Meaning.MONEY),
        ("amount", "number", Meaning.MONEY),
        ("webhook_url", "string", Meaning.URL),
        ("payout_iban", "string", Meaning.IBAN),
        ("starts_at", "string", Meaning.WHEN),
        ("is_admin", "boolean", Meaning.ROLE),
        ("role", "string", Meaning.ROLE),
        ("api_key", "string", Meaning.SECRET),
        ("offset", "integer", Meaning.PAGE),
        ("quantity", "integer", Meaning.QUANTITY),
        ("published", "boolean", Meaning.FLAG),
        ("description", "string", Meaning.TEXT),
        ("created_at", "boolean", Meaning.FLAG),
    ],
)
def test_a_field_means_what_its_name_says(name: str, kind: str, meaning: Meaning):
    assert meaning_of(name, kind) is meaning


def test_a_format_says_more_than_a_name():
    assert meaning_of("contact", "string", "email") is Meaning.EMAIL
    assert meaning_of("email", "string", "uri") is Meaning.URL


def test_nouns_have_a_singular():
    assert [singular(noun) for noun in ("orders", "categories", "boxes", "classes", "address", "me")] == [
        "order",
        "category",
        "box",
        "class",
        "address",
        "me",
    ]


def test_names_of_any_spelling_are_compared_in_one():
    assert [snake(name) for name in ("listingId", "listing-id", "listing_id")] == ["listing_id"] * 3
