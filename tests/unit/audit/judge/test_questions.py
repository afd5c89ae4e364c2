"""A kept answer silences its question, or turns it into a finding."""

from __future__ import annotations

import pytest

from techlead.audit.finding import Question
from techlead.audit.judge.questions import settled

ASKED = Question("GET /users/{id}", "access.anonymous", "Anyone reads users. Meant?", ("Yes", "No"))


def test_a_question_without_an_answer_stays_open_and_is_asked_once():
    assert settled([ASKED, ASKED], {}) == ((ASKED,), ())


@pytest.mark.parametrize("kept", [{"meant": True, "because": "public profiles"}, {"answer": "Yes"}, True])
def test_a_question_that_was_answered_well_is_not_asked_again(kept: object):
    assert settled([ASKED], {ASKED.id: kept}) == ((), ())


@pytest.mark.parametrize("kept", [{"meant": False, "because": "privacy"}, {"answer": "No"}, False])
def test_what_was_said_not_to_be_meant_is_a_finding_as_long_as_it_is_so(kept: object):
    still_open, findings = settled([ASKED], {ASKED.id: kept})
    assert still_open == ()
    assert [(one.kind, one.operation) for one in findings] == [("access.anonymous", "GET /users/{id}")]


def test_the_reason_of_an_answer_is_told():
    _, findings = settled([ASKED], {ASKED.id: {"meant": False, "because": "privacy"}})
    assert "privacy" in findings[0].claim
