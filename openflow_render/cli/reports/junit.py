"""JUnit's XML, which shows what was checked among the tests of a pipeline.

A case has at most one failure, since GitLab and Jenkins show one, and its text holds everything, since GitLab shows no
more. There is nothing to say of how long a case took, but some readers need a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from openflow_render.cli.reports import place
from openflow_render.cli.reports.difference import differing
from openflow_render.core.report import Finding, Origin, Severity, visible

_NAME = "openflow"


def written(findings: Iterable[Finding], checked: Sequence[str]) -> str:
    """A case for each file that was ``checked``, then one for each other place or object where something was found."""
    cases: dict[str, list[Finding]] = {_case(Origin(name)): [] for name in checked}
    for finding in findings:
        cases.setdefault(visible(differing(finding)) or _case(finding.origin), []).append(finding)
    failed = sum(any(map(_fails, found)) for found in cases.values())
    counts = {"tests": str(len(cases)), "failures": str(failed), "errors": "0", "skipped": "0", "time": "0"}
    top = ET.Element("testsuites", {"name": _NAME, **counts})
    suite = ET.SubElement(top, "testsuite", {"name": _NAME, **counts})
    suite.extend(_element(name, found) for name, found in cases.items())
    ET.indent(top)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(top, encoding="unicode")}\n'


def _case(origin: Origin) -> str:
    """What a case is called: its file, or what else the place names, without the line."""
    return place.shown(Origin(origin.file)) or _NAME


def _element(name: str, findings: Sequence[Finding]) -> ET.Element:
    element = ET.Element("testcase", {"classname": _NAME, "name": name, "time": "0"})
    if file := next((file for each in findings if (file := place.file(each.origin))), ""):
        element.set("file", visible(file))
    failures = [each for each in findings if _fails(each)]
    others = [each for each in findings if not _fails(each)]
    if failures:
        more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        told = {"message": failures[0].message + more, "type": failures[0].code.id}
        ET.SubElement(element, "failure", told).text = _text(failures)
    if others:
        ET.SubElement(element, "system-out").text = _text(others)
    return element


def _fails(finding: Finding) -> bool:
    return finding.severity is Severity.ERROR


def _text(findings: Iterable[Finding]) -> str:
    return "\n".join(map(_lines, findings))


def _lines(finding: Finding) -> str:
    at = place.shown(finding.origin)
    head = f"{finding.severity} {finding.code.id}: {finding.message}"
    return (f"{at}: " if at else "") + head + (f"\n  hint: {finding.hint}" if finding.hint else "")
