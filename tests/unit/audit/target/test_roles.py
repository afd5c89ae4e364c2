"""What operations do, by their method and path, in the styles that projects use."""

from __future__ import annotations

import pytest

from techlead.audit.target.operation import Field, Meaning, Operation, Role
from techlead.audit.target.roles import assign, resources_of

PASSWORD = (Field("email", meaning=Meaning.EMAIL), Field("password", meaning=Meaning.PASSWORD))


def operation(name: str, body: tuple[Field, ...] = ()) -> Operation:
    method, path = name.split()
    parameters = tuple(Field(part[1:-1], "integer", Meaning.REFERENCE) for part in path.split("/") if part[:1] == "{")
    return Operation(method, path, parameters=parameters, body=body)


SHOP = [
    operation("POST /auth/register", PASSWORD),
    operation("POST /auth/login", PASSWORD),
    operation("GET /orders"),
    operation("POST /orders", (Field("listing_id", "integer", Meaning.REFERENCE),)),
    operation("GET /orders/{order_id}"),
    operation("POST /orders/{order_id}/cancel"),
    operation("GET /listings"),
    operation("POST /listings"),
    operation("PATCH /listings/{listing_id}"),
    operation("DELETE /listings/{listing_id}"),
    operation("POST /listings/{listing_id}/photos"),
    operation("GET /listings/{listing_id}/photos"),
    operation("POST /cards/create"),
    operation("GET /cards"),
]


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("POST /auth/register", Role.SIGN_UP),
        ("POST /auth/login", Role.LOG_IN),
        ("GET /orders", Role.LIST),
        ("POST /orders", Role.CREATE),
        ("GET /orders/{order_id}", Role.READ),
        ("POST /orders/{order_id}/cancel", Role.ACT),
        ("PATCH /listings/{listing_id}", Role.CHANGE),
        ("DELETE /listings/{listing_id}", Role.DELETE),
        ("POST /listings/{listing_id}/photos", Role.CREATE),
        ("GET /listings/{listing_id}/photos", Role.LIST),
        ("POST /cards/create", Role.CREATE),
    ],
)
def test_a_shop_is_understood(name: str, role: Role):
    assert {one.name: one.role for one in assign(SHOP)}[name] is role


@pytest.mark.parametrize(
    ("name", "body", "role"),
    [
        ("POST /api/v1/users", PASSWORD, Role.SIGN_UP),
        ("POST /api/auth/signup/", PASSWORD, Role.SIGN_UP),
        ("POST /token", PASSWORD, Role.LOG_IN),
        ("POST /api/sessions", PASSWORD, Role.LOG_IN),
        ("POST /logout", (), Role.LOG_OUT),
        ("GET /users/me", (), Role.ME),
        ("PATCH /me", (), Role.CHANGE_ME),
        ("POST /auth/change-password", PASSWORD, Role.PASSWORD),
        ("PUT /me/password", PASSWORD, Role.PASSWORD),
        ("POST /auth/forgot-password", (), Role.FORGOT),
        ("POST /auth/reset-password", PASSWORD, Role.RESET),
        ("GET /health", (), Role.DOCUMENTS),
        ("GET /openapi.json", (), Role.DOCUMENTS),
    ],
)
def test_doors_are_known_by_their_names(name: str, body: tuple[Field, ...], role: Role):
    assert assign([operation(name, body)])[0].role is role


def test_references_lead_to_resources():
    created = {one.name: one for one in assign(SHOP)}["POST /orders"]
    assert created.body[0].refers_to == "listings"
    named = assign([operation("PUT /courses/{course_id}/students/{student_id}/grade"), operation("GET /courses")])[0]
    assert [field.refers_to for field in named.parameters] == ["courses", "students"]


def test_the_operations_on_one_resource_are_found_together():
    orders = next(one for one in resources_of(assign(SHOP)) if one.name == "orders")
    assert orders.create is not None
    assert orders.read is not None
    assert orders.parameter == "order_id"
    assert [act.path for act in orders.acts] == ["/orders/{order_id}/cancel"]


def test_what_no_post_on_the_collection_makes_is_made_by_other_means():
    operations = assign(
        [operation("PUT /courses/{id}/reviews"), operation("DELETE /reviews/{id}"), operation("GET /courses")]
    )
    assert operations[0].role is Role.CREATE
    assert operations[0].resource == "reviews"


def test_an_operation_is_looked_up_by_itself_whatever_its_schema_gives_as_an_example():
    field = Field("tags", "array", example=["a"], choices=(["a"], {"b": 1}))
    one = Operation("POST", "/posts", body=(field,))
    assert {one: "kept"}[Operation("POST", "/posts", body=(field,))] == "kept"
    assert one != Operation("POST", "/posts", body=(Field("tags", "array", example=["b"]),))
