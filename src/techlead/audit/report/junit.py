"""`--junit`: the report for build servers. Each kind that was tried is a test, each finding a failure, each untried kind is skipped."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from techlead.audit.finding import Finding, Report
from techlead.audit.kinds import KINDS
from techlead.audit.report.text import mending, one_line, ordered, shown, step, title

SUITE: Final = "techlead audit"


def as_junit(report: Report) -> str:
    """Give the report as JUnit's XML, in the shape that Jenkins, GitLab and GitHub read."""
    untried = {entry.kind: entry.why for entry in report.not_tested}
    failed = {finding.kind for finding in report.findings}
    passed = [name for name in KINDS if name not in failed and name not in untried]
    skipped = {name: why for name, why in untried.items() if name not in failed}
    numbers = {
        "tests": str(len(report.findings) + len(passed) + len(skipped)),
        "failures": str(len(report.findings)),
        "errors": "0",
        "skipped": str(len(skipped)),
        "time": f"{report.seconds:.1f}",
    }
    root = Element("testsuites", {"name": SUITE, **numbers})
    suite = SubElement(root, "testsuite", {"name": one_line(report.target) or SUITE, **numbers})
    for finding in ordered(report):
        _failure(suite, finding, report)
    for name in passed:
        SubElement(suite, "testcase", {"classname": name, "name": title(name), "time": "0"})
    for name, why in skipped.items():
        case = SubElement(suite, "testcase", {"classname": name, "name": title(name), "time": "0"})
        SubElement(case, "skipped", {"message": one_line(why)})
    indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _failure(suite: Element, finding: Finding, report: Report) -> None:
    case = SubElement(suite, "testcase", {"classname": finding.kind, "name": one_line(finding.operation), "time": "0"})
    message = {"message": one_line(finding.claim), "type": finding.severity.name.lower()}
    principle, here = mending(finding.kind, report)
    lines = [
        *(f"{number}. {step(exchange)}" for number, exchange in enumerate(finding.steps, 1)),
        *(f"{one_line(str(name))}: {shown(value)}" for name, value in finding.evidence.items()),
        *(f"also: {one_line(place)}" for place in finding.places if place != finding.operation),
        principle,
        here,
    ]
    SubElement(case, "failure", message).text = "\n".join(line for line in lines if line)
