"""``openflow validate``: every check, all findings in one run."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from openflow_render.cli import console, jobs, options
from openflow_render.cli.exits import Exit
from openflow_render.cli.options import ReportAs
from openflow_render.core.report import Finding, Severity
from openflow_render.core.resource import Resource


def command() -> Any:
    return options.build(validate)


def validate(
    *,
    paths: options.Paths,
    given: options.Given,
    compiling: options.Compiling,
    report_as: Annotated[
        ReportAs, typer.Option("--report", help="Findings for people on stderr, or as JSON on stdout.")
    ] = ReportAs.TEXT,
    strict: options.Strict = False,
) -> None:
    """Check jobs, and tell everything that is wrong in one go; exit 3 if anything is an error."""
    report = options.reading_report(strict=strict)
    settings = options.settings(given, compiling, strict=strict)
    sources = options.sources(paths, given, report, compiling.run_id)
    outputs, findings = jobs.compile_all(sources, settings, _nothing)
    findings = [*report.findings, *findings]
    if report_as is ReportAs.JSON:
        console.write(console.as_json(findings))
    else:
        console.show(findings)
        objects = sum(len(job.objects) for job in outputs)
        sound = f"{len(outputs)} of {_plural(len(sources), 'job')} sound, {_plural(objects, 'object')}"
        console.say(sound + _tail(findings))
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise typer.Exit(Exit.REFUSED)


def _nothing(_resource: Resource) -> None:
    """What is left to send of an object that is only counted."""


def _tail(findings: list[Finding]) -> str:
    counts = [(severity, sum(each.severity is severity for each in findings)) for severity in reversed(Severity)]
    return "".join(f", {_plural(count, str(severity))}" for severity, count in counts if count)


def _plural(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
