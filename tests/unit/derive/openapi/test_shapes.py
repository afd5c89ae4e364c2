"""Shapes say what callers may send and what they may get: no more, and whatever is shown as an example fits."""

import jsonschema
import pytest
from backends import example
from pages import plan_of

from techlead.derive.openapi import openapi

EXAMPLES = ["marketplace", "teamboard", "gymbook"]
PAGE = """
backend = Backend("clinic", roles=["doctor"])

class Urgency(Enum):
    LOW = "low"
    HIGH = "high"

@backend.account
class Person(Account):
    pin: Mapped[Secret[str] | None] = field(max_length=8)

@backend.resource(read=owner | role("doctor"), create=signed_in, update=role("doctor"), history=owner)
class Visit(Resource):
    patient: Mapped[Ref[Person]] = owned_by()
    reason: Mapped[str] = field(max_length=200, min_length=3)
    note: Mapped[str | None] = field(max_length=200, read=role("doctor"), write=role("doctor"))
    password_hint: Mapped[Secret[str] | None] = field(max_length=20)
    score: Mapped[Internal[int]] = field(default=0)
    urgency: Mapped[Urgency | None] = field(default=Urgency.LOW)
    fee: Mapped[Money] = field(ge=Money("1.00", "EUR"), le=Money("99.00", "EUR"))
    weight: Mapped[Decimal] = field(places=1, ge=Decimal("0.5"), le=Decimal("300"))
    seen_at: Mapped[datetime | None] = field(set_by=action)
    short: Mapped[str] = computed(lambda visit: visit.reason[:10], max_length=10)

class Closing(Body):
    words: Mapped[str] = field(max_length=40)

@action(Visit, by=role("doctor"))
def close(visit: Visit, now: datetime, body: Closing) -> None:
    visit.seen_at = now
"""


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    return openapi(plan_of(tmp_path_factory.mktemp("clinic"), PAGE))


@pytest.fixture(scope="module")
def schemas(document):
    return document["components"]["schemas"]


def fits(document, name, value):
    schema = {**document["components"]["schemas"][name], "components": document["components"]}
    return jsonschema.Draft202012Validator(schema).is_valid(value)


def shapes(document):
    return document["components"]["schemas"].items()


def test_a_row_is_read_with_every_field_that_somebody_sees(schemas):
    assert list(schemas["Visit"]["properties"]) == [
        "id", "patient", "reason", "note", "urgency", "fee", "weight", "seen_at", "short",
    ]  # fmt: skip


def test_a_field_that_only_some_see_need_not_be_there_and_all_others_must(schemas):
    assert set(schemas["Visit"]["properties"]) - set(schemas["Visit"]["required"]) == {"note"}
    assert 'role("doctor")' in schemas["Visit"]["properties"]["note"]["description"]


def test_secrets_are_sent_and_never_read_what_is_internal_is_neither(schemas):
    assert schemas["Visit.create"]["properties"]["password_hint"]["writeOnly"] is True
    assert "password_hint" not in schemas["Visit"]["properties"]
    assert all("score" not in schemas[name]["properties"] for name in ("Visit", "Visit.create", "Visit.update"))


def test_what_a_caller_cannot_send_is_read_only(schemas):
    marked = [name for name, one in schemas["Visit"]["properties"].items() if one.get("readOnly")]

    assert marked == ["id", "patient", "seen_at", "short"]
    assert not {"id", "patient", "seen_at", "short"} & set(schemas["Visit.create"]["properties"])


def test_creating_asks_for_what_is_required_and_changing_for_nothing(schemas):
    assert schemas["Visit.create"]["required"] == ["reason", "fee", "weight"]
    assert "required" not in schemas["Visit.update"]
    assert schemas["Visit.create"]["properties"]["urgency"]["default"] == "low"
    assert "default" not in schemas["Visit.update"]["properties"]["urgency"]


def test_registering_takes_a_password_of_bounded_length_and_login_any(schemas):
    assert schemas["account.register"]["required"] == ["email", "password"]
    assert schemas["account.register"]["properties"]["password"]["minLength"] == 15
    assert "minLength" not in schemas["account.login"]["properties"]["password"]


def test_ones_own_account_is_changed_without_its_address(schemas):
    assert list(schemas["account.update"]["properties"]) == ["pin"]


def test_an_action_with_a_body_has_a_shape_of_its_own(document, schemas):
    assert schemas["Visit.action.close"]["required"] == ["words"]
    body = document["paths"]["/visits/{id}/close"]["post"]["requestBody"]["content"]["application/json"]
    assert body == {"schema": {"$ref": "#/components/schemas/Visit.action.close"}}


def test_who_may_not_read_what_they_change_gets_its_id_alone(document):
    created = document["paths"]["/visits"]["post"]["responses"]["201"]["content"]["application/json"]["schema"]
    changed = document["paths"]["/visits/{id}"]["patch"]["responses"]["200"]["content"]["application/json"]["schema"]

    assert created == {"$ref": "#/components/schemas/Visit"}, "the owner reads, and who creates is the owner"
    assert changed == {"$ref": "#/components/schemas/Visit"}, "doctors read whatever they change"


def test_a_history_tells_of_what_is_not_public_only_that_it_changed(schemas):
    changes = schemas["Visit.history"]["properties"]["items"]["items"]["properties"]["changes"]["properties"]

    assert list(changes["note"]["properties"]) == ["hidden"]
    assert list(changes["password_hint"]["properties"]) == ["hidden"]
    assert list(changes["reason"]["properties"]) == ["from", "to"]
    assert "null" in changes["reason"]["properties"]["from"]["type"]
    assert "short" not in changes


def test_null_is_taken_where_a_field_may_be_empty_and_nowhere_else(document):
    row = {"reason": "cough", "fee": {"amount": "20.00", "currency": "EUR"}, "weight": "70.5"}

    assert fits(document, "Visit.create", row)
    assert fits(document, "Visit.create", {**row, "urgency": None, "note": None})
    assert not fits(document, "Visit.create", {**row, "reason": None})


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": "no"},
        {"reason": "line\nbreak"},
        {"fee": {"amount": "0.50", "currency": "EUR"}},
        {"fee": {"amount": "100.00", "currency": "EUR"}},
        {"fee": {"amount": "20.001", "currency": "EUR"}},
        {"fee": {"amount": "20.00", "currency": "USD"}},
        {"fee": {"amount": 20, "currency": "EUR"}},
        {"weight": "-1"},
        {"weight": "1000"},
        {"urgency": "middling"},
        {"unknown": 1},
        {"patient": "person_01h455vb4pex5vsknk084sn02q"},
    ],
)
def test_what_the_runtime_refuses_does_not_fit(document, wrong):
    row = {"reason": "cough", "fee": {"amount": "20.00", "currency": "EUR"}, "weight": "70.5"}

    assert not fits(document, "Visit.create", {**row, **wrong})


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_fits_its_own_shape(name):
    document = openapi(example(name))
    for shape, schema in shapes(document):
        for one in schema.get("examples", ()):
            assert fits(document, shape, one), (shape, one)
        for field, inner in schema.get("properties", {}).items():
            for one in inner.get("examples", ()):
                assert jsonschema.Draft202012Validator(inner).is_valid(one), (shape, field, one)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_object_that_the_runtime_bounds_is_closed(name):
    for shape, schema in shapes(openapi(example(name))):
        if shape != "incoming.message":  # of another system, which says more than we read
            assert schema["additionalProperties"] is False, shape
