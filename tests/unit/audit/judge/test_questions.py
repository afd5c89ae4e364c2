"""A kept answer silences its question, or turns it into a finding."""

from __future__ import annotations

import pytest

from techlead.audit.finding import Finding, Question, Severity
from techlead.audit.judge.questions import accepted, settled

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


FOUND = Finding("login.enumeration", "POST /register", Severity.LOW, "It tells who has an account.")


def test_a_finding_that_a_person_says_is_meant_becomes_a_note_with_the_reason():
    standing, notes = accepted([FOUND], {FOUND.id: {"meant": True, "because": "addresses are public here"}})
    assert standing == ()
    assert "addresses are public here" in notes[0].what


@pytest.mark.parametrize("kept", [{"meant": True}, {"meant": False, "because": "x"}, True])
def test_without_a_reason_a_finding_stands(kept: object):
    assert accepted([FOUND], {FOUND.id: kept}) == ((FOUND,), ())
