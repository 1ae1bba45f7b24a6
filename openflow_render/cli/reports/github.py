"""Commands on stdout that a GitHub workflow makes annotations of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from openflow_render.cli.reports import place
from openflow_render.core.report import Finding, Severity, visible

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def written(findings: Iterable[Finding]) -> str:
    """One line for each finding, at its place in the file if it has one."""
    return "".join(map(_line, findings))


def _line(finding: Finding) -> str:
    properties = ",".join(f"{name}={_property(value)}" for name, value in _properties(finding))
    return f"::{_COMMANDS[finding.severity]} {properties}::{_data(place.message(finding))}\n"


def _properties(finding: Finding) -> Iterator[tuple[str, str]]:
    origin = finding.origin
    if file := place.file(origin):
        yield "file", visible(file)
        yield from ((name, str(number)) for name, number in (("line", origin.line), ("col", origin.column)) if number)
    yield "title", finding.code.id


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
