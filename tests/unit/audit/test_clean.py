"""A small backend with nothing to be found: the audit goes to its end, and says so."""

from __future__ import annotations

from audited import TARGETS
from unit.audit.reproduce.test_starting import Nobody

from techlead.audit.run import Wanted, audit
from techlead.audit.target.given import Given


def test_nothing_is_found_where_nothing_is_to_be_found():
    report = audit(Given(app="notes_fastapi:app", folder=TARGETS / "clean"), Wanted(seconds=120), Nobody())
    assert [finding.claim for finding in report.findings] == []
    assert [one.why for one in report.not_tested if "seconds" in one.why] == []
    assert report.requests > 1_000
