"""The document is valid OpenAPI 3.1, holds every operation of the Plan and nothing that callers must not learn."""

import json

import pytest
from backends import example
from openapi_spec_validator import OpenAPIV31SpecValidator
from pages import PEOPLE, SHOP, plan_of

from techlead.derive.openapi import ApiLimits, openapi
from techlead.derive.openapi.operations import HOUSE

EXAMPLES = ["marketplace", "teamboard", "gymbook"]
WITHOUT_ACCOUNTS = """
backend = Backend("notes")

@backend.resource(read=anyone, create=anyone)
class Note(Resource):
    text: Mapped[str] = field(max_length=10)
"""
MARKETPLACE = """\
POST /auth/register register: 201 400 408 409 413 414 415 422 431 503
POST /auth/login login: 200 400 401 408 413 414 415 422 429 431 503
POST /auth/logout logout: 204 400 401 408 409 413 414 422 431 503
GET /me me: 200 304 401 404 414 431 503
PATCH /me change_me: 200 400 401 404 408 409 412 413 414 415 422 431 503
GET /inbox inbox: 200 400 401 414 422 431 503
GET /inbox/events inbox_events: 200 400 401 414 422 429 431 503
POST /inbox/{id}/read inbox_read: 204 400 401 404 408 409 413 414 422 431 503
GET /preferences preferences: 200 401 414 431 503
PATCH /preferences set_preferences: 200 400 401 404 408 409 413 414 415 422 431 503
GET /unsubscribe/{id} ask_unsubscribe: 200 404 414 431 503
POST /unsubscribe/{id} unsubscribe: 200 400 404 408 409 413 414 422 431 503
GET /preferences/keys webhook_keys: 200 401 414 431 503
GET /outbox outbox: 200 401 403 414 431 503
GET /outbox/dead outbox_dead: 200 401 403 414 431 503
GET /outbox/{id} outbox_message: 200 401 403 404 414 431 503
POST /outbox/replay outbox_replay: 200 400 401 403 408 413 414 415 422 431 503
POST /outbox/drop outbox_drop: 200 400 401 403 408 413 414 415 422 431 503
POST /outbox/pause outbox_pause: 204 400 401 403 408 413 414 415 422 431 503
POST /outbox/resume outbox_resume: 204 400 401 403 408 413 414 415 422 431 503
GET /listings list_listings: 200 400 401 414 422 431 503
POST /listings create_listing: 201 400 401 404 408 409 413 414 415 422 431 503
GET /listings/{id} read_listing: 200 304 401 404 414 431 503
PATCH /listings/{id} update_listing: 200 400 401 403 404 408 409 412 413 414 415 422 431 503
DELETE /listings/{id} delete_listing: 204 400 401 403 404 408 409 412 413 414 422 431 503
GET /orders list_orders: 200 400 401 414 422 431 503
POST /orders create_order: 201 400 401 404 408 409 413 414 415 422 431 503
GET /orders/{id} read_order: 200 304 401 404 414 431 503
GET /orders/{id}/history history_of_order: 200 401 404 414 431 503
POST /orders/{id}/cancel cancel_order: 200 204 400 401 403 404 408 409 412 413 414 422 431 503
POST /orders/{id}/ship ship_order: 200 204 400 401 403 404 408 409 412 413 414 415 422 431 503
GET /people list_people: 200 400 401 403 414 422 431 503
GET /people/{id} read_person: 200 304 401 403 404 414 431 503
GET /people/{id}/history history_of_person: 200 401 403 404 414 431 503
POST /people/{id}/ban ban_person: 200 204 400 401 403 404 408 409 412 413 414 422 431 503
GET /healthz alive: 200 414 431 503
GET /readyz ready: 200 414 431 503
GET /openapi.json openapi: 200 414 431 503
GET /docs docs: 200 414 431 503"""


def operations(document):
    return [(path, method, operation) for path, each in document["paths"].items() for method, operation in each.items()]


def references(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from [inner] if key == "$ref" else references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_gives_a_valid_document(name):
    OpenAPIV31SpecValidator(openapi(example(name))).validate()


def test_a_backend_without_accounts_gives_a_valid_document_without_sign_in(tmp_path):
    document = openapi(plan_of(tmp_path, WITHOUT_ACCOUNTS))

    OpenAPIV31SpecValidator(document).validate()
    assert "securitySchemes" not in document["components"]
    assert all(operation["security"] == [] for _, _, operation in operations(document))
    assert all("401" not in operation["responses"] for _, _, operation in operations(document))


def test_every_operation_of_the_plan_is_there_and_nothing_else():
    plan = example("gymbook")
    found = {(method.upper(), path, one["operationId"]) for path, method, one in operations(openapi(plan))}

    assert found == {(one.method, one.path, one.name) for one in (*plan.operations, *HOUSE)}


def test_the_marketplace_has_these_operations_with_these_statuses():
    lines = [
        f"{method.upper()} {path} {one['operationId']}: {' '.join(one['responses'])}"
        for path, method, one in operations(openapi(example("marketplace")))
    ]

    assert "\n".join(lines) == MARKETPLACE


@pytest.mark.parametrize("name", EXAMPLES)
def test_operation_ids_are_unique_and_every_reference_leads_somewhere(name):
    document = openapi(example(name))
    ids = [one["operationId"] for _, _, one in operations(document)]

    assert len(ids) == len(set(ids))
    for reference in references(document):
        found = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def test_everything_that_is_named_is_used():
    document = openapi(example("marketplace"))
    used = {reference.removeprefix("#/components/") for reference in references(document)}
    named = {
        f"{kind}/{name}"
        for kind in ("schemas", "responses", "parameters", "headers")
        for name in document["components"][kind]
    }

    assert named - used <= {"schemas/problem.MethodNotAllowed", "headers/etag_if_seen"}


def test_two_writings_are_the_same_and_the_version_names_the_content(tmp_path):
    plan = plan_of(tmp_path, SHOP)
    other = plan_of(tmp_path, SHOP.replace("max_length=120", "max_length=121"))

    assert json.dumps(openapi(plan)) == json.dumps(openapi(plan))
    assert openapi(plan)["info"]["version"] != openapi(other)["info"]["version"]
    assert openapi(plan)["info"]["version"] != openapi(plan, ApiLimits(page_rows_max=7))["info"]["version"]


def test_the_reasons_of_rules_are_not_told_their_messages_are():
    written = json.dumps(openapi(example("marketplace")))

    assert "ticket 482" not in written
    assert "The parcel has been handed over." in written
    assert openapi(example("marketplace"))["paths"]["/orders"]["post"]["x-techlead-rules"] == [
        {"rule": "for_sale", "message": "This is no longer for sale."},
        {"rule": "from_somebody_else", "message": "You cannot buy from yourself."},
    ]


def test_policies_stand_as_they_are_written():
    paths = openapi(example("marketplace"))["paths"]

    assert paths["/listings/{id}"]["delete"]["x-techlead-policy"] == 'owner | role("admin")'
    assert paths["/orders/{id}/ship"]["post"]["x-techlead-policy"] == 'the("seller")'


def test_who_must_sign_in_is_told_of_each_operation():
    paths = openapi(example("marketplace"))["paths"]

    assert paths["/auth/login"]["post"]["security"] == []
    assert paths["/listings"]["get"]["security"] == [{}, {"bearer": []}]
    assert paths["/listings"]["post"]["security"] == [{"bearer": []}]


def test_a_created_row_leads_to_what_can_be_done_with_it():
    answer = openapi(example("marketplace"))["paths"]["/listings"]["post"]["responses"]["201"]

    assert list(answer["links"]) == ["read_listing", "update_listing", "delete_listing"]
    assert answer["links"]["read_listing"]["parameters"] == {"id": "$response.body#/id"}


def test_a_resource_may_be_called_like_a_group_of_the_runtime(tmp_path):
    source = (
        PEOPLE
        + '\n@backend.resource(read=signed_in, plural="accounts")\nclass Thing(Resource):\n    size: Mapped[int]\n'
    )
    document = openapi(plan_of(tmp_path, source))

    assert [one["name"] for one in document["tags"]] == ["Accounts", "Inbox", "accounts", "Backend"]


def test_limits_of_the_runtime_are_told():
    document = openapi(example("marketplace"), ApiLimits(page_rows=3, page_rows_max=9, password_characters_min=8))

    assert document["components"]["parameters"]["limit"]["schema"]["maximum"] == 9
    assert document["components"]["parameters"]["limit"]["schema"]["default"] == 3
    assert document["components"]["schemas"]["Listing.page"]["properties"]["items"]["maxItems"] == 9
    assert document["components"]["schemas"]["account.register"]["properties"]["password"]["minLength"] == 8
