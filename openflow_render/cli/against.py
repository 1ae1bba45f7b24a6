"""Jobs as they are, compared with what they were at a revision of their repository; no cluster is asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir
from functools import partial
from typing import NamedTuple

import typer

from openflow_render.changes import bundles
from openflow_render.changes.bundles import JobChange, Side
from openflow_render.cli import change_report, console, jobs, options
from openflow_render.cli.change_report import Comparison
from openflow_render.cli.exits import Exit
from openflow_render.cli.revision import Past, checked_out
from openflow_render.compile import Causes, Settings
from openflow_render.core import codes
from openflow_render.core.paths import Path
from openflow_render.core.report import Finding, Origin, Rejected, Report, Severity
from openflow_render.core.resource import Bundle
from openflow_render.source.load import STDIN, Source

_NO_JOBS = frozenset({codes.NO_SUCH_FILE, codes.EMPTY_FILE, codes.NO_JOB_IN_FILE, codes.NO_JOB_IN_FOLDER})
"""What is found where there are no jobs, which is no fault if there are some on the other side."""


class Which(NamedTuple):
    """The jobs that are compared: those of the paths or of a target, or those of all targets that are affected."""

    paths: Sequence[str] | None
    given: options.Given
    compiling: options.Compiling
    all_targets: bool
    affected: bool


def diff(revision: str, which: Which, report_as: str, *, strict: bool) -> None:
    """Show how jobs differ from what they were at ``revision``.

    Raises:
        Told: git cannot say what was there.
        Rejected: a job is refused as it is now.
        typer.Exit: there are differences.
    """
    if STDIN in (which.paths or ()):
        raise typer.BadParameter("stdin has no past: name the files that --against compares")
    if not revision:
        raise typer.BadParameter("--against names no revision: write HEAD for the last commit")
    if which.all_targets and (which.paths or which.given.target is not None):
        raise typer.BadParameter("--all-targets compares every target as a whole: give no PATH and no --target")
    if which.affected and not which.all_targets:
        raise typer.BadParameter("--affected chooses among targets: give --all-targets")
    comparison = _compared(revision, which, strict=strict)
    console.write(_REPORTS.get(report_as, partial(_annotations, report_as))(comparison))
    console.show(comparison.findings)
    if comparison.differing:
        raise typer.Exit(Exit.DIFFERENT)


def _annotations(report_as: str, comparison: Comparison) -> str:
    from openflow_render.cli import reports

    differences = change_report.differences(comparison)
    files = sorted({job.origin.file for job in comparison.jobs})
    return reports.written(reports.Form(report_as), comparison.findings, files, differences)


def _page(comparison: Comparison) -> str:
    from openflow_render.cli.change_page import html

    return html(comparison)


_REPORTS: Mapping[str, Callable[[Comparison], str]] = {
    "text": change_report.text,
    "json": change_report.as_json,
    "markdown": change_report.markdown,
    "html": _page,
}


class _Compiled(NamedTuple):
    """Jobs and their objects in one of the two states; findings about reading and about jobs."""

    settings: Settings
    found: list[tuple[Source, Bundle]]
    files: list[str]
    findings: list[Finding]


def _compared(revision: str, which: Which, *, strict: bool) -> Comparison:
    with checked_out(revision) as past:
        if not which.all_targets:
            changes, findings = _of_one(past, which, strict=strict)
            return Comparison(revision, tuple(changes), tuple(findings))
        changes, findings = [], []
        for name in _targets(past, which, strict=strict):
            one = which._replace(given=which.given._replace(target=name))
            found, said = _of_one(past, one, strict=strict)
            changes += [each._replace(target=name) for each in found]
            findings += said
        return Comparison(revision, tuple(changes), tuple(dict.fromkeys(findings)))


def _of_one(past: Past, which: Which, *, strict: bool) -> tuple[list[JobChange], list[Finding]]:
    """What became of the jobs of one target, or of some paths; and what was found."""
    then = which.paths and [past.path(each) for each in which.paths]
    new = _compiled(which.paths, which.given, which.compiling, strict=strict)
    old, faults = _compiled_then(past, then, which.given, which.compiling)
    findings = [each for each in new.findings if not _is_of_what_is_gone(each, old)]
    jobs.refuse_errors(findings)
    return bundles.compare(_sides(old, past), _sides(new)), [*findings, *faults]


def _targets(past: Past, which: Which, *, strict: bool) -> list[str]:
    """The targets that are compared, by name.

    Raises:
        typer.BadParameter: the project has none.
    """
    report = options.reading_report(strict=strict)
    found = options.tasks(None, which.given, which.compiling, report, strict=strict, all_targets=True)
    names = [task.target.name for task in found if task.target is not None]
    if not which.affected:
        return names
    from openflow_render.cli import affected

    return affected.targets(past, names, which.given, which.compiling)


def _compiled(
    paths: Sequence[str] | None, given: options.Given, compiling: options.Compiling, *, strict: bool
) -> _Compiled:
    report = options.reading_report(strict=strict)
    task = options.task(paths, given, compiling, report, strict=strict)
    found, findings = jobs.compile_bundles(task.sources, task.settings, lambda: None)
    return _Compiled(task.settings, found, [each.name for each in task.sources], [*report.findings, *findings])


def _compiled_then(
    past: Past, paths: Sequence[str] | None, given: options.Given, compiling: options.Compiling
) -> tuple[_Compiled, list[Finding]]:
    """The jobs as they were, and why some could not be compiled; that there were none is no fault."""
    given = given._replace(overlays=[past.overlay(each) for each in given.overlays or ()])
    reason = ""
    try:
        with chdir(past.here):
            old = _compiled(paths, given, compiling, strict=False)
    except Rejected as rejected:
        old = _Compiled(Settings(), [], [], rejected.findings)
    except typer.BadParameter as wrong:
        old, reason = _Compiled(Settings(), [], [], []), f": {wrong.message}"
    faults = [each for each in old.findings if each.severity is Severity.ERROR and each.code not in _NO_JOBS]
    report = Report(lambda path: Origin(str(path)))
    if faults or reason:
        at = Origin(f"--against {past.revision}")
        report.add(codes.PAST_REFUSED, at=at, revision=past.revision, reason=reason.replace(past.tree, past.top))
    return old, [*report, *map(past.finding, faults)]


def _is_of_what_is_gone(finding: Finding, old: _Compiled) -> bool:
    """Whether a finding tells that there are no jobs in a place where there were some."""
    place = finding.origin.file
    return finding.code in _NO_JOBS and any(
        place in (os.curdir, file) or file.startswith(f"{place}/") for file in old.files
    )


def _sides(compiled: _Compiled, past: Past | None = None) -> list[Side]:
    return [_side(source, bundle, compiled.settings, past) for source, bundle in compiled.found]


def _side(source: Source, bundle: Bundle, settings: Settings, past: Past | None) -> Side:
    causes, place = Causes(source, settings), source.origin(("metadata", "name"))
    if past is None:
        return Side(bundle, place, causes.find)

    def find(name: str, path: Path, line: str) -> Origin:
        with chdir(past.here):  # a job is compiled once more where its files are
            return past.origin(causes.find(name, path, line))

    return Side(bundle, past.origin(place), find)
