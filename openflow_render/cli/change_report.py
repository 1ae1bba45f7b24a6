"""What became of jobs since a revision: for people, as text or Markdown, and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from openflow_render.changes.bundles import JobChange, ObjectChange, State
from openflow_render.changes.immutable import Effect
from openflow_render.cli import console, field_report
from openflow_render.cli.reports import Difference
from openflow_render.core import paths
from openflow_render.core.identity import SUFFIX_LENGTH
from openflow_render.core.report import Finding, Severity, visible

SIGNS: Mapping[State, str] = {State.NEW: "+", State.GONE: "-", State.CHANGED: "~", State.UNCHANGED: "="}
REPLACED = "±"
COLUMNS = (State.NEW, State.CHANGED, Effect.REPLACE, State.GONE, State.UNCHANGED)
"""What is counted of each job, in the order of the tables."""


class Comparison(NamedTuple):
    """The jobs of now and of a revision, compared, and what was found in both."""

    revision: str
    jobs: tuple[JobChange, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def differing(self) -> list[JobChange]:
        """The jobs that are not as they were."""
        return [each for each in self.jobs if each.state is not State.UNCHANGED]

    @property
    def counts(self) -> Counter[str]:
        """How many jobs are in each state."""
        return Counter(each.state for each in self.jobs)


# --- text ------------------------------------------------------------------------------------------------------------


def text(comparison: Comparison) -> str:
    """What changed, for people, and in a line how much did not."""
    lines = [line for job in comparison.differing for line in _job(job)]
    return "".join(f"{visible(line)}\n" for line in [*lines, summary(comparison)])


def differences(comparison: Comparison) -> Iterator[Difference]:
    """Each object that is not as it was, at the input line behind it."""
    for job in comparison.differing:
        told, _ = quiet_objects(job)
        for each in told:
            fields = [paths.show(field.change.path) for field in each.fields]
            what = f"{note(each)}: {', '.join(fields)}" if fields else note(each)
            origin = next((field.origin for field in each.fields if field.origin is not None), None)
            yield Difference(each.origin or origin or job.origin, f"{job} {each.key}", what, Severity.NOTE)


def summary(comparison: Comparison) -> str:
    """How many jobs became what."""
    counts = comparison.counts
    told = [
        f"{counts[each]} {each}" for each in (State.NEW, State.CHANGED, State.GONE, State.UNCHANGED) if counts[each]
    ]
    return f"jobs since {comparison.revision}: {', '.join(told) or 'none'}"


def sign(change: JobChange | ObjectChange) -> str:
    """One character for what became of a job or an object."""
    return REPLACED if getattr(change, "effect", None) is Effect.REPLACE else SIGNS[change.state]


def short_runs(job: JobChange) -> tuple[str, str] | None:
    """The ids of both runs as they stand in names, if names differ."""
    return (job.runs[0][:SUFFIX_LENGTH], job.runs[1][:SUFFIX_LENGTH]) if job.runs else None


def quiet_objects(job: JobChange) -> tuple[list[ObjectChange], int]:
    """The objects that are told one by one, and how many only stand under another name or id."""
    told = [each for each in job.differing if not each.is_quiet]
    return told, len(job.differing) - len(told)


def note(change: ObjectChange) -> str:
    """What becomes of an object, in words."""
    parts = [str(change.effect)] if change.effect is not None else [str(change.state)]
    if change.preview and change.effect is None:
        parts.append(Effect.BY_DRIVER)
    if change.copies[0] != change.copies[1]:
        parts.append(f"{change.copies[0]} → {change.copies[1]} of them")
    if change.only_by_run:
        parts.append("only the id of the run changes")
    return ", ".join(parts)


def _job(job: JobChange) -> Iterator[str]:
    yield f"{sign(job)} {job}: {job.state}   # {job.origin}"
    if job.state is not State.CHANGED:
        yield from (f"  {sign(each)} {each.key}" for each in job.objects if not each.preview)
        return
    if runs := short_runs(job):
        yield f"  run {runs[0]} → {runs[1]}"
    told, renamed = quiet_objects(job)
    for each in told:
        yield from _object(each)
    if renamed:
        yield f"  {renamed} only by the run's name"
    if kept := job.counts[State.UNCHANGED]:
        yield f"  {kept} unchanged"


def _object(change: ObjectChange) -> Iterator[str]:
    place = f"   # {change.origin}" if change.origin else ""
    yield f"  {sign(change)} {change.key}: {note(change)}{place}"
    for field in change.fields:
        yield from field_report.lines(field)


# --- Markdown --------------------------------------------------------------------------------------------------------


def markdown(comparison: Comparison) -> str:
    """What changed, for a comment on a pull request: findings, a table, and folded below it each job."""
    return field_report.comment(_parts(comparison))


def _parts(comparison: Comparison) -> Iterator[str]:
    yield f"### openflow: {field_report.escaped(summary(comparison))}\n"
    findings = console.told(comparison.findings)
    for each in findings:
        lead = "\n" if each is findings[0] else ""
        origin, message = (field_report.escaped(str(part)) for part in (each.origin, each.message))
        yield f"{lead}- **{each.severity}** {each.code.id} {origin}: {message}\n"
    changed = comparison.differing
    if changed:
        yield "\n| job | | run | new | changed | replaced | gone | unchanged |\n|---|---|---|--:|--:|--:|--:|--:|\n"
    for job in changed:
        yield f"{_row(job)}\n"
    for job in changed:
        yield field_report.folded(f"{job}: {job.state}", _job(job))


def _row(job: JobChange) -> str:
    counts, runs = job.counts, short_runs(job)
    told = f"`{runs[0]}` → `{runs[1]}`" if runs else ""
    return f"| {job} | {job.state} | {told} | {' | '.join(str(counts[each]) for each in COLUMNS)} |"


# --- JSON ------------------------------------------------------------------------------------------------------------


def as_json(comparison: Comparison) -> str:
    """What changed, for programs."""
    tree = {
        "against": comparison.revision,
        "summary": {str(each): comparison.counts[each] for each in State},
        "jobs": [_job_tree(job) for job in comparison.jobs],
        "findings": [console.record(finding) for finding in console.in_order(comparison.findings)],
    }
    return console.json_text(tree)


def _job_tree(job: JobChange) -> dict[str, Any]:
    return {
        "job": job.name,
        "namespace": job.namespace,
        "target": job.target or None,
        "state": str(job.state),
        "newRun": {"from": job.runs[0], "to": job.runs[1]} if job.runs else None,
        "objects": [_object_tree(each) for each in job.differing],
        "unchanged": job.counts[State.UNCHANGED],
    }


def _object_tree(change: ObjectChange) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "apiVersion": change.key.api_version,
        "kind": change.key.kind,
        "namespace": change.key.namespace,
        "name": change.key.name,
        "state": str(change.state),
        "effect": str(change.effect) if change.effect is not None else None,
        "preview": change.preview,
        "copies": {"old": change.copies[0], "new": change.copies[1]},
        "fields": [field_report.tree(field) for field in change.fields],
    }
    if change.origin is not None:
        tree |= {"file": change.origin.file, "line": change.origin.line, "column": change.origin.column}
    return tree
