"""Each operation tells the errors that it can really answer, and no others."""

import pytest
from backends import example
from pages import plan_of

from techlead.derive.openapi.faults import ERRORS, errors_of, status_of
from techlead.derive.openapi.operations import HOUSE
from techlead.derive.openapi.problems import problem_shape
from techlead.errors import CallersError, TechleadError, WorldError, problem_type, summary

PAGE = """
backend = Backend("shelf", roles=["admin"])

@backend.account
class Person(Account): ...

@backend.resource(read=anyone, create=signed_in, update=signed_in, delete=signed_in)
class Shelf(Resource):
    name: Mapped[str] = field(max_length=20{unique})
    label: Mapped[str | None] = field(max_length=20{write})

@backend.resource(read=signed_in, create=role("admin"), soft_delete=True)
class Book(Resource):
    shelf: Mapped[Ref[Shelf]]
"""


def errors(plan, operation):
    found = next(one for one in (*plan.operations, *HOUSE) if one.name == operation)
    return {error.__name__ for error in errors_of(plan, found)}


def page(tmp_path, unique="", write=""):
    return plan_of(tmp_path, PAGE.format(unique=unique, write=write))


def test_what_is_taken_is_told_where_something_is_unique(tmp_path):
    assert "AlreadyTaken" in errors(page(tmp_path, unique=", unique=True"), "create_shelf")
    assert "AlreadyTaken" in errors(page(tmp_path, unique=", unique=True"), "update_shelf")
    assert "AlreadyTaken" not in errors(page(tmp_path), "create_shelf")
    assert "AlreadyTaken" in errors(page(tmp_path), "register")


def test_not_allowed_is_told_where_somebody_signed_in_can_be_refused(tmp_path):
    plan = page(tmp_path)

    assert "NotAllowed" not in errors(plan, "update_shelf")
    assert "NotAllowed" in errors(plan, "create_book")
    assert "NotAllowed" in errors(page(tmp_path, write=', write=role("admin")'), "update_shelf")


def test_a_row_that_others_lead_to_may_have_to_stay(tmp_path):
    assert "StillReferenced" in errors(page(tmp_path), "delete_shelf")
    assert "StillReferenced" not in errors(example("marketplace"), "delete_listing"), "soft deletion keeps the row"


def test_only_rules_refuse():
    plan = example("marketplace")

    assert {"Refused"} <= errors(plan, "create_order") & errors(plan, "cancel_order")
    assert "Refused" not in errors(plan, "create_listing")


def test_wrong_credentials_and_too_many_tries_are_of_the_log_in_alone():
    plan = example("marketplace")
    names = [one.name for one in plan.operations if "WrongCredentials" in errors(plan, one.name)]

    assert names == ["login"]
    assert "TooManyRequests" in errors(plan, "login")


def test_reading_meets_no_fault_of_a_body():
    assert not {"BodyTooLarge", "UnsupportedMediaType", "KeyReused"} & errors(example("marketplace"), "read_order")


@pytest.mark.parametrize("name", ["marketplace", "teamboard", "gymbook"])
def test_every_kind_of_operation_has_its_row_in_the_table(name):
    assert {one.kind for one in (*example(name).operations, *HOUSE)} <= set(ERRORS)


def every_error():
    waiting = [CallersError, WorldError]
    while waiting:
        error = waiting.pop()
        waiting.extend(error.__subclasses__())
        if error not in (CallersError, WorldError) and error.__module__ == "techlead.errors":
            yield error


@pytest.mark.parametrize("error", sorted(every_error(), key=lambda error: error.__name__))
def test_a_problem_has_its_stable_type_title_and_status(error):
    properties = problem_shape(error)["properties"]

    assert properties["type"]["const"] == problem_type(error)
    assert properties["title"]["const"] == summary(error)
    assert properties["status"]["const"] == status_of(error)


def test_an_error_without_a_status_is_the_programs():
    assert status_of(TechleadError) == 500


def test_an_account_meets_what_its_own_fields_and_actions_bring(tmp_path):
    source = """
backend = Backend("club", roles=["admin"])

@backend.resource(read=anyone)
class Town(Resource):
    name: Mapped[str] = field(max_length=20, unique=True)

@backend.account
class Person(Account):
    town: Mapped[Ref[Town]]
    nickname: Mapped[str | None] = field(max_length=20, unique=True)
    rank: Mapped[int | None] = field(write=role("admin"))

@rule(because="Minors joined without consent (case 3).", allows=[facts(nickname="a")], refuses=[facts(nickname="b")])
def grown_up(person: Facts[Person]) -> bool:
    return person.nickname != "b"

@action(Person, on=create, when=[grown_up])
def join(person: Person) -> None:
    person.rank = 1
"""
    plan = plan_of(tmp_path, source)
    own = {"NotFound", "NotAllowed", "Refused", "AlreadyTaken", "StillReferenced"}

    assert own <= errors(plan, "register")
    assert {"NotAllowed", "AlreadyTaken"} <= errors(plan, "change_me")
    assert not {"NotAllowed", "Refused"} & errors(example("marketplace"), "register")


def test_an_action_may_meet_what_other_resources_bring(tmp_path):
    source = """
@action(Shelf, by=signed_in)
def clear(shelf: Shelf) -> None:
    shelf.label = None
"""
    plan = plan_of(tmp_path, PAGE.format(unique=", unique=True", write="") + source)

    assert {"AlreadyTaken", "StillReferenced", "Refused", "NotFound"} <= errors(plan, "clear_shelf")
    assert "NotAllowed" not in errors(plan, "clear_shelf")
