"""Findings and differences in the forms that other programs read, one module to a form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from openflow_render.cli import console
from openflow_render.cli.reports.difference import Difference, as_finding
from openflow_render.core.report import Finding

__all__ = ["Difference", "Form", "written"]


class Form(StrEnum):
    """In what form findings are told."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"


def written(
    form: Form, findings: Iterable[Finding], checked: Sequence[str] = (), differences: Iterable[Difference] = ()
) -> str:
    """The report in any form but `Form.TEXT`, which `console.show` prints.

    ``checked`` are the files that were looked at, whether or not anything was found there.
    """
    found = console.in_order([*findings, *map(as_finding, differences)])
    if form is Form.SARIF:
        from openflow_render.cli.reports import sarif

        return sarif.written(found, checked)
    if form is Form.JUNIT:
        from openflow_render.cli.reports import junit

        return junit.written(console.told(found), checked)
    if form is Form.GITHUB:
        from openflow_render.cli.reports import github

        return github.written(console.told(found))
    return console.as_json(found)
