"""Annotations become fields: each kind with its column, its codec, its limits and who may read it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import SHOP, plan_of

from techlead.declare.access import nobody, owner
from techlead.declare.field import MISSING
from techlead.declare.types import Sensitivity
from techlead.derive.plan import FieldPlan, ResourcePlan

EVERYTHING = """
class Stage(str, Enum):
    DRAFT = "draft"
    DONE = "done"

@backend.resource(read=anyone, create=signed_in)
class Thing(Resource):
    maker: Mapped[Ref[Person]] = owned_by()
    text: Mapped[str] = field(max_length=20)
    note: Mapped[str] = field(max_length=20, default="")
    lines: Mapped[str] = field(min_length=2, max_length=20, multiline=True, pattern="[a-z\\n]+")
    number: Mapped[int] = field(ge=1, le=9, indexed=True)
    rate: Mapped[Decimal] = field(places=4, le=Decimal("1"))
    flag: Mapped[bool] = False
    moment: Mapped[datetime] = field(default=now, indexed=True)
    day: Mapped[date]
    stage: Mapped[Stage] = Stage.DRAFT
    address: Mapped[Email] = field(unique=True)
    link: Mapped[Url] = field(max_length=99)
    hook: Mapped[WebhookUrl]
    price: Mapped[Money] = field(ge=Money("1.00", "EUR"))
    fee: Mapped[Money] = field(default=Money("0.00", "USD"))
    refund: Mapped[Money] = field(ge=Money("-5.00", "EUR"))
    data: Mapped[Json] = field(max_bytes=100)
    listing: Mapped[Ref["Listing"]]
    maybe: Mapped[int | None]
    optional: Mapped[Personal[str | None]] = field(max_length=5)
    phone: Mapped[Personal[str]] = field(max_length=5, read=owner)
    hidden: Mapped[Personal[str]] = field(max_length=5)
    code: Mapped[Secret[str]] = field(max_length=5)
    score: Mapped[Internal[int]] = field(default=0)
    set_later: Mapped[int | None] = field(set_by=action)
    cost: Mapped[Money] = copied("listing.price")
    loud: Mapped[str] = computed(lambda thing: thing.text.upper(), max_length=20)
"""


@pytest.fixture(scope="module")
def thing(tmp_path_factory: pytest.TempPathFactory) -> ResourcePlan:
    return plan_of(tmp_path_factory.mktemp("fields"), SHOP + EVERYTHING).resources["Thing"]


KINDS = {
    "maker": ("reference", "maker", "id"), "text": ("text", "text", "text"), "number": ("integer", "number", "bigint"),
    "rate": ("decimal", "rate", "bigint"), "flag": ("boolean", "flag", "boolean"), "moment": ("timestamp", "moment", "timestamp"),
    "day": ("date", "day", "date"), "stage": ("enum", "stage", "text"), "address": ("email", "address", "text"),
    "link": ("url", "link", "text"), "hook": ("webhook_url", "hook", "text"), "price": ("money", "price_eur", "bigint"),
    "fee": ("money", "fee_usd", "bigint"), "data": ("json", "data", "json"), "listing": ("reference", "listing", "id"),
    "cost": ("money", "cost_eur", "bigint"), "loud": ("text", "loud", "text"),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_each_type_has_its_kind_and_its_column(thing: ResourcePlan, name: str) -> None:
    field = thing.field(name)
    assert (field.kind, field.column, field.codec.column) == KINDS[name]


def test_fields_keep_the_order_of_the_page(thing: ResourcePlan) -> None:
    assert [field.name for field in thing.fields][:5] == ["maker", "text", "note", "lines", "number"]
    assert [field.name for field in thing.fields if field.computed] == ["loud"]
    assert "loud" not in [field.name for field in thing.stored]


LIMITS = {
    "text": {"minLength": 1, "maxLength": 20},
    "note": {"minLength": 0, "maxLength": 20},
    "lines": {"minLength": 2, "maxLength": 20, "pattern": "^(?:[a-z\n]+)$"},
    "number": {"minimum": 1, "maximum": 9},
    "address": {"format": "email", "maxLength": 254},
    "link": {"format": "uri", "maxLength": 99},
    "stage": {"enum": ["draft", "done"]},
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_reach_the_schema(thing: ResourcePlan, name: str) -> None:
    assert LIMITS[name].items() <= thing.field(name).codec.schema.items()


def test_money_is_not_negative_unless_its_bound_says_so(thing: ResourcePlan) -> None:
    with pytest.raises(ValueError, match=r"at least 1.00 EUR"):
        thing.field("price").codec.parse({"amount": "0.99", "currency": "EUR"})
    with pytest.raises(ValueError, match=r"at least 0.00 USD"):
        thing.field("fee").codec.parse({"amount": "-0.01", "currency": "USD"})
    assert thing.field("refund").codec.parse({"amount": "-5.00", "currency": "EUR"}) == -500


def test_a_webhook_address_is_https(thing: ResourcePlan) -> None:
    with pytest.raises(ValueError, match="https"):
        thing.field("hook").codec.parse("http://example.com/hook")
    assert thing.field("hook").codec.parse("https://example.com/hook")


def test_a_copy_has_the_limits_of_its_source_and_its_own_column(thing: ResourcePlan) -> None:
    cost = thing.field("cost")
    assert (cost.spec.ge, cost.spec.default, cost.spec.source.kind) == (thing.field("price").spec.ge, MISSING, "copied")


def test_what_may_be_empty_need_not_be_sent(thing: ResourcePlan) -> None:
    assert {field.name for field in thing.fields if field.required} == {
        "text", "lines", "number", "rate", "day", "address", "link", "hook", "price", "refund", "data", "listing", "phone", "hidden", "code",
    }  # fmt: skip
    assert thing.field("maybe").spec.default is None


def test_only_callers_fields_can_be_written(thing: ResourcePlan) -> None:
    closed = {field.name for field in thing.fields if not field.writable}
    assert closed == {"maker", "score", "set_later", "cost", "loud", "moment"}


SENSITIVE = {
    "text": (Sensitivity.PUBLIC, None, True),
    "phone": (Sensitivity.PERSONAL, owner, True),
    "hidden": (Sensitivity.PERSONAL, nobody, False),
    "optional": (Sensitivity.PERSONAL, nobody, False),
    "code": (Sensitivity.SECRET, nobody, False),
    "score": (Sensitivity.INTERNAL, nobody, False),
}


@pytest.mark.parametrize("name", SENSITIVE)
def test_what_is_sensitive_is_read_by_nobody_unless_its_policy_names_who(thing: ResourcePlan, name: str) -> None:
    field = thing.field(name)
    assert (field.sensitivity, field.read, field.readable) == SENSITIVE[name]


def test_an_account_reads_its_own_personal_fields(tmp_path: Path) -> None:
    people = plan_of(tmp_path, SHOP).accounts
    assert {field.name: field.read for field in people.fields} == {
        "email": owner, "disabled": owner, "phone": owner, "nickname": None,
    }  # fmt: skip


def test_lists_filter_by_what_has_an_index_and_sort_by_what_is_never_empty(thing: ResourcePlan) -> None:
    assert {field.name for field in thing.fields if field.queryable} == {
        "maker",
        "number",
        "moment",
        "address",
        "listing",
    }
    assert {field.name for field in thing.fields if field.sortable} == {"number", "moment"}


def test_a_null_around_a_mark_is_seen(thing: ResourcePlan) -> None:
    def of(name: str) -> FieldPlan:
        return thing.field(name)

    assert [of(name).nullable for name in ("maybe", "optional", "set_later", "phone")] == [True, True, True, False]


def test_an_unknown_field_is_a_key_error(thing: ResourcePlan) -> None:
    with pytest.raises(KeyError):
        thing.field("nothing")
