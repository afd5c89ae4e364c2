"""`--junit`: findings fail, what was tried passes, what was not is skipped."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest
from unit.audit.report.samples import ATTACKED, CLEAN, REPORT

from techlead.audit.finding import Report
from techlead.audit.kinds import KINDS
from techlead.audit.report.junit import as_junit


@pytest.mark.parametrize("report", [REPORT, CLEAN, ATTACKED], ids=["findings", "clean", "hostile"])
def test_its_counts_are_those_of_its_cases(report: Report):
    suite = fromstring(as_junit(report)).find("testsuite")
    assert suite is not None
    assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
    assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure")) == len(report.findings)
    assert int(suite.get("skipped", "")) == len(suite.findall("testcase/skipped"))


def test_every_kind_is_a_case_that_passed_failed_or_was_skipped():
    cases = fromstring(as_junit(REPORT)).findall("testsuite/testcase")
    assert {case.get("classname") for case in cases} == set(KINDS)


def test_a_failure_says_what_happened_and_how_to_mend_it():
    failure = fromstring(as_junit(REPORT)).find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.get("message") == "Bob set Alice's password and logged in as her."
    assert "PUT /users/alice/password as bob" in (failure.text or "")
    assert "current_user.id" in (failure.text or "")
