"""``openflow validate``: every check, all findings in one run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from openflow_render.checks import ignoring
from openflow_render.cli import console, jobs, options, reports
from openflow_render.cli.exits import Exit
from openflow_render.cli.options import Task
from openflow_render.cli.reports import Form
from openflow_render.cli.shared import Output
from openflow_render.compile import Settings
from openflow_render.core.report import Finding, Rejected, Severity
from openflow_render.core.resource import Resource
from openflow_render.source.load import Source
from openflow_render.source.manifests import Manifests


def command() -> Any:
    return options.build(validate)


def validate(
    *,
    paths: options.Paths = None,
    given: options.Given,
    all_targets: options.AllTargets = False,
    compiling: options.Compiling,
    report_as: Annotated[
        Form, typer.Option("--report", help="Findings for people on stderr, or for programs on stdout.")
    ] = Form.TEXT,
    strict: options.Strict = False,
) -> None:
    """Check jobs, and tell everything that is wrong in one go; exit 3 if anything is an error.

    With --all-targets, what is wrong for several targets is told once.
    """
    report = options.reading_report(strict=strict)
    tasks: list[Task] = []
    sums: list[str] = []
    found: list[Finding] = []
    try:
        tasks = options.tasks(paths, given, compiling, report, strict=strict, all_targets=all_targets)
        for task in tasks:
            outputs, findings = jobs.compile_all(task.sources, _settings(task), _nothing)
            found += findings
            if not paths and task.manifests is not None:
                found += _of_manifests(task.manifests, task, outputs)
            sums.append(_sum(task.sources, outputs))
        if all_targets and not paths:
            ignoring.tell_unused(tasks[0].settings.ignores, found, report)
    except Rejected as rejected:  # a bad project ends the run, and is told in the form that was asked for
        found = rejected.findings
    findings = list(dict.fromkeys([*report.findings, *found]))
    if report_as is Form.TEXT:
        console.show(findings)
        names = [task.target.name for task in tasks if task.target is not None] if all_targets else []
        console.say(_told(names, sums or [_sum([], [])], findings))
    else:
        checked = [source.name for task in tasks for source in task.sources]
        console.write(reports.written(report_as, findings, checked))
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise typer.Exit(Exit.REFUSED)


def _of_manifests(manifests: Manifests, task: Task, outputs: Sequence[Output[None]]) -> list[Finding]:
    from openflow_render.cli.manifests import tree

    report = options.reading_report(strict=task.settings.strict)
    tree(manifests, task, outputs, report)
    return report.findings


def _settings(task: Task) -> Settings:
    """What the jobs are compiled for; those of a target with a folder are held to what may stand in one."""
    return task.settings._replace(tree=task.target is not None and task.target.out is not None)


def _sum(sources: Sequence[Source], outputs: Sequence[Output[None]]) -> str:
    objects = sum(len(job.objects) for job in outputs)
    return f"{len(outputs)} of {_plural(len(sources), 'job')} sound, {_plural(objects, 'object')}"


def _told(targets: Sequence[str], sums: Sequence[str], findings: Sequence[Finding]) -> str:
    """One line: the sum, or those of all ``targets``, and how much was found."""
    if not targets:
        return ", ".join([*sums, *_counts(findings)])
    named = [f"{name}: {each}" for name, each in zip(targets, sums, strict=True)]
    return "; ".join([*named, *filter(None, [", ".join(_counts(findings))])])


def _counts(findings: Sequence[Finding]) -> list[str]:
    told = [each.severity for each in findings if each.ignored is None]
    counts = [_plural(told.count(severity), str(severity)) for severity in reversed(Severity) if severity in told]
    ignored = len(findings) - len(told)
    return [*counts, f"{ignored} ignored"] if ignored else counts


def _nothing(_resource: Resource) -> None:
    """What is left to send of an object that is only counted."""


def _plural(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
