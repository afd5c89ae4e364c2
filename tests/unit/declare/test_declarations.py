"""Backends, rules, actions, notifications and counts hold what was said of them, and know where."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from techlead.declare.access import nobody, owner, signed_in, where
from techlead.declare.account import Account
from techlead.declare.action import action
from techlead.declare.aggregate import Aggregate, count, total
from techlead.declare.backend import Declarations
from techlead.declare.effect import create
from techlead.declare.facts import facts
from techlead.declare.field import Mapped
from techlead.declare.notification import email, inbox, notification
from techlead.declare.origin import caller
from techlead.declare.resource import Resource
from techlead.declare.rule import rule
from techlead.declare.types import Ref

backend = Declarations("shop", roles=["admin"])


@backend.account
class Person(Account):
    pass


@backend.account(read=signed_in, plural="robots")
class Robot(Account):
    pass


@backend.resource(read=owner, update=owner, unique=[["size", "weight"]], soft_delete=True, plural="parcels")
class Package(Resource):
    size: Mapped[int]
    weight: Mapped[int]
    receiver: Mapped[Ref[Person]]


@rule(because="  An example (ticket 1).  ", allows=[facts(size=1)], refuses=[facts(size=2)])
def is_small(package: Package) -> bool:
    return package.size == 1


@rule(because="An example (ticket 1).", allows=[], refuses=[], message="Too large.")
def is_light(package: Package) -> bool:
    return is_small(package)


@action(Package, by=owner, when=[is_small])
def send(package: Package) -> None:
    package.size = 2


@action(Package, on=create)
def pack(package: Package) -> None:
    package.size = 1


sent = notification(Package, to="receiver", via=[inbox, email], text="{size}")


def test_a_backend_lists_its_resources_and_accounts() -> None:
    assert backend.resources == [Person, Robot, Package]
    assert backend.accounts == [Person, Robot]
    assert (backend.name, backend.roles, backend.origin.file) == ("shop", ("admin",), __file__)


def test_what_is_said_of_a_resource_is_kept_and_what_is_not_said_nobody_may() -> None:
    said = Package.declaration
    assert (said.read, said.update, said.create, said.delete, said.history) == (owner, owner, nobody, nobody, nobody)
    assert (said.unique, said.soft_delete, said.plural) == ((("size", "weight"),), True, "parcels")
    assert (Robot.declaration.read, Robot.declaration.plural) == (signed_in, "robots")
    assert Person.declaration.read == nobody


def test_a_rule_holds_its_reason_and_decides() -> None:
    assert (is_small.name, is_small.because, repr(is_small)) == ("is_small", "An example (ticket 1).", "rule is_small")
    assert is_small.message == "Refused by the rule 'is small'."
    assert is_light.message == "Too large."
    assert is_light(Package(size=1, weight=1, receiver=Ref("person", bytes(16))))
    assert is_small.origin.line < inspect.getsourcelines(is_light.function)[1]


def test_an_action_runs_and_says_when_it_runs() -> None:
    package = Package(size=1, weight=1, receiver=Ref("person", bytes(16)))
    assert send(package) is None
    assert package.size == 2
    assert (send.on_create, pack.on_create, send.when, repr(send)) == (False, True, (is_small,), "action Package.send")
    assert Package.declaration.actions == [send, pack]


def test_a_notification_is_called_as_its_variable() -> None:
    assert (sent.name, sent.via, sent.to) == ("sent", (inbox, email), "receiver")
    assert Package.declaration.notifications == [sent]
    assert notification(Robot, to="id").name == ""


COUNTS: dict[str, Any] = {
    "count(Package, of=receiver)": count(Package, of="receiver"),
    "count(Package, of=receiver+sender, size=1)": count("Package", of=("receiver", "sender"), size=1),
    "total(Package.weight, of=receiver)": total("Package", "weight", of="receiver"),
}


@pytest.mark.parametrize("printed", COUNTS)
def test_counts_and_sums_print_as_they_are_written(printed: str) -> None:
    assert str(COUNTS[printed]) == printed
    assert isinstance(COUNTS[printed], Aggregate)


def test_the_conditions_of_a_count_are_those_of_a_policy() -> None:
    assert count("Package", of="receiver", size=1).conditions == where(size=1).conditions  # type: ignore[attr-defined]


def test_examples_print_as_they_are_written() -> None:
    assert str(facts(size=1, inner=facts(a="b"))) == "facts(size=1, inner=facts(a=b))"


def test_the_caller_is_the_nearest_line_that_is_not_ours() -> None:
    here = caller()
    assert here.file == __file__
    assert here.names["backend"] is backend
