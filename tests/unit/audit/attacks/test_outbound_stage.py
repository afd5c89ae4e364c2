"""Which rows a message is caused on, and whose: only those that who is told made for himself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from techlead.audit.attacks.outbound.stage import Stage
from techlead.audit.attacks.outbound.triggers import Trigger, _enough, _pairs
from techlead.audit.target.exchange import Actor
from techlead.audit.target.operation import Field, Operation, Resource, Role
from techlead.audit.target.things import Thing

MAKE_COURSE = Operation("POST", "/courses", Role.CREATE, "courses")
MAKE_COUPON = Operation("POST", "/coupons", Role.CREATE, "coupons")
ROWS = {"courses": Resource("courses", MAKE_COURSE), "coupons": Resource("coupons", MAKE_COUPON)}
STUDENT, OTHER_STUDENT, TEACHER = Actor("ann", "user"), Actor("bob", "user"), Actor("tom", "teacher")


def enrol(*body: Field) -> Operation:
    return Operation("POST", "/courses/{course_id}/enrol", Role.ACT, "courses", (Field("course_id"),), body=body)


def stage(makers: dict[str, str]) -> Stage:
    site: Any = SimpleNamespace(
        resource=ROWS.get,
        role_of=lambda operation: makers.get(operation.name, "user"),
        make=lambda resource, owner: Thing(resource, 7, owner, path={"course_id": 7}),
    )
    return Stage(site)


def trigger(channel: str, *, personal: bool, within: bool) -> Trigger:
    return Trigger(enrol(), channel, "somebody:80", "teacher", "user", False, personal, within, 1.0)


def test_an_optional_reference_is_left_to_the_recipe():
    ground = stage({}).ground(enrol(Field("coupon", refers_to="coupons")), STUDENT)
    assert ground.body == {}
    assert ground.path == {"course_id": 7}


def test_a_required_reference_is_made():
    wanted = Field("coupon", refers_to="coupons", required=True)
    assert stage({}).ground(enrol(wanted), STUDENT).body == {"coupon": 7}


def test_only_who_may_make_the_rows_owns_them():
    pairs = list(_pairs(stage({MAKE_COURSE.name: "teacher"}), enrol(), (STUDENT, OTHER_STUDENT, TEACHER)))
    assert pairs[0] == (TEACHER, STUDENT)
    assert all(owner is TEACHER for owner, caller in pairs if owner is not caller)


def test_where_everybody_may_make_them_anybody_owns_them():
    pairs = list(_pairs(stage({}), enrol(), (STUDENT, OTHER_STUDENT, TEACHER)))
    assert (OTHER_STUDENT, STUDENT) in pairs
    assert (TEACHER, STUDENT) in pairs


def test_the_search_ends_only_once_a_worker_sends_both_webhooks_and_mail():
    hook, mail = trigger("http", personal=True, within=False), trigger("smtp", personal=False, within=False)
    assert _enough([hook, mail], personal=True)
    assert not _enough([hook], personal=True)
    assert not _enough([mail], personal=True)
    assert not _enough([hook, trigger("smtp", personal=False, within=True)], personal=True)


def test_a_webhook_of_the_settings_is_enough_only_where_nobody_can_give_one_of_his_own():
    hook, mail = trigger("http", personal=False, within=False), trigger("smtp", personal=False, within=False)
    assert _enough([hook, mail], personal=False)
    assert not _enough([hook, mail], personal=True)
