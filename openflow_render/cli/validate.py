"""``openflow validate``: every check, all findings in one run."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from openflow_render.cli import console, jobs, options, reports
from openflow_render.cli.exits import Exit
from openflow_render.cli.reports import Form
from openflow_render.cli.shared import Output
from openflow_render.core.report import Finding, Rejected, Severity
from openflow_render.core.resource import Resource
from openflow_render.source.load import Source


def command() -> Any:
    return options.build(validate)


def validate(
    *,
    paths: options.Paths = None,
    given: options.Given,
    compiling: options.Compiling,
    report_as: Annotated[
        Form, typer.Option("--report", help="Findings for people on stderr, or for programs on stdout.")
    ] = Form.TEXT,
    strict: options.Strict = False,
) -> None:
    """Check jobs, and tell everything that is wrong in one go; exit 3 if anything is an error."""
    report = options.reading_report(strict=strict)
    sources: list[Source] = []
    outputs: list[Output[None]] = []
    try:
        task = options.task(paths, given, compiling, report, strict=strict)
        sources = task.sources
        outputs, findings = jobs.compile_all(sources, task.settings, _nothing)
    except Rejected as rejected:  # a bad project ends the run, and is told in the form that was asked for
        findings = rejected.findings
    findings = list(dict.fromkeys([*report.findings, *findings]))
    if report_as is Form.TEXT:
        console.show(findings)
        objects = sum(len(job.objects) for job in outputs)
        sound = f"{len(outputs)} of {_plural(len(sources), 'job')} sound, {_plural(objects, 'object')}"
        console.say(sound + _tail(findings))
    else:
        console.write(reports.written(report_as, findings, [source.name for source in sources]))
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise typer.Exit(Exit.REFUSED)


def _nothing(_resource: Resource) -> None:
    """What is left to send of an object that is only counted."""


def _tail(findings: list[Finding]) -> str:
    counts = [(severity, sum(each.severity is severity for each in findings)) for severity in reversed(Severity)]
    return "".join(f", {_plural(count, str(severity))}" for severity, count in counts if count)


def _plural(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
