"""Compiling the jobs of one call."""

from __future__ import annotations

from collections.abc import Sequence

from openflow_render.compile import Settings, compile_job
from openflow_render.core.report import Finding, Rejected, Report, Severity
from openflow_render.core.resource import Bundle
from openflow_render.source.load import Source


def compile_all(sources: Sequence[Source], settings: Settings) -> tuple[list[Bundle], list[Finding]]:
    """The bundles of all jobs that compile, and the findings of all."""
    bundles: list[Bundle] = []
    findings: list[Finding] = []
    for source in sources:
        report = Report(source.origin, strict=settings.strict)
        try:
            bundle = compile_job(source, settings, report)
        except Rejected:
            bundle = None
        findings += report.findings
        if bundle is not None:
            bundles.append(bundle)
    return bundles, findings


def refuse_errors(findings: Sequence[Finding]) -> None:
    """Stop when there is an error among the findings.

    Raises:
        Rejected: there is one.
    """
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise Rejected(list(findings))
