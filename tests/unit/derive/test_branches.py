"""A read policy in parts: each row is in one part exactly when the whole policy allows it, and in no two."""

from itertools import product

import pytest
from pages import SHOP, plan_of

from techlead.declare.access import anyone, owner, role, the, where
from techlead.derive.access import ActorClass, decide, residual
from techlead.derive.branches import branches

ME, OTHER = b"me" * 8, b"other" * 3 + b"."
READER = ActorClass(signed_in=True)
MESSAGE = """
@backend.resource(read=owner, create=signed_in)
class Message(Resource):
    author: Mapped[Ref[Person]] = owned_by()
    reader: Mapped[Ref[Person] | None] = field()
    checker: Mapped[Ref[Person] | None] = field()
    kept: Mapped[bool] = field(default=False)
"""
SPLIT = [
    owner | the("reader"),
    owner | the("reader") | the("checker"),
    (owner & where(kept=True)) | the("reader"),
    owner | (the("reader") & ~the("checker")),
    owner | the("reader") | role("admin"),
]


@pytest.mark.parametrize("policy", SPLIT, ids=str)
def test_each_row_is_in_one_part_exactly_when_the_policy_allows_it(tmp_path, policy):
    message = plan_of(tmp_path, SHOP + MESSAGE).resources["Message"]
    left = residual(policy, READER)
    parts = branches(left)
    assert len(parts) > 1
    for author, reader, checker, kept in product((ME, OTHER), (ME, OTHER, None), (ME, OTHER, None), (False, True)):
        row = {"author": author, "reader": reader, "checker": checker, "kept": kept}
        found = [decide(part, message, row, ME) for part in parts]
        assert sum(found) == decide(left, message, row, ME), row


@pytest.mark.parametrize(
    "policy", [anyone, owner, the("reader"), owner | where(kept=True), owner | the("reader.friend"), ~owner | ~the("reader")], ids=str
)  # fmt: skip
def test_a_policy_that_no_two_indexes_answer_stays_whole(policy):
    assert branches(residual(policy, READER)) == (policy,)


def test_who_reads_everything_reads_it_in_one():
    policy = residual(owner | the("reader") | role("admin"), ActorClass(signed_in=True, roles=frozenset({"admin"})))

    assert branches(policy) == (anyone,)
