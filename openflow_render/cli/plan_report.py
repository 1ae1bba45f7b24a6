"""A plan for people, as text or Markdown, and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from openflow_render.changes.fields import FieldChange
from openflow_render.changes.traced import Traced, property_of, traced
from openflow_render.cli import console, field_report
from openflow_render.cluster.consequence import consequence
from openflow_render.cluster.plan import Action, Handover, JobPlan, OldRun, RunChange, Step
from openflow_render.core import paths
from openflow_render.core.identity import SUFFIX_LENGTH
from openflow_render.core.report import Origin, visible
from openflow_render.core.resource import Key

_SIGNS: Mapping[Action, str] = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.REPLACE: "±",
    Action.DELETE: "-",
    Action.LEAVE: "·",
}


# --- text ------------------------------------------------------------------------------------------------------------


def text(plans: Sequence[JobPlan], server: str) -> str:
    """The plans for people: what changes, and in a line what does not."""
    lines = [line for plan in plans for line in _job(plan, server)]
    return "".join(f"{visible(line)}\n" for line in [*lines, summary(plans)])


def summary(plans: Sequence[JobPlan]) -> str:
    """How much becomes of what."""
    counts = _counts(plans)
    told = [f"{counts[each]} to {each}" for each in _SIGNS if each is not Action.LEAVE and counts[each]]
    starts = sum(plan.run_change is not None for plan in plans)
    new = [f"{starts} new run{'s' if starts > 1 else ''}"] if starts else []
    rest = [f"{counts[Action.KEEP]} unchanged"] if counts[Action.KEEP] else []
    left = [f"{counts[Action.LEAVE]} left"] if counts[Action.LEAVE] else []
    return "plan: " + ", ".join([*new, *told, *rest, *left] or ["nothing to do"])


def _counts(plans: Sequence[JobPlan]) -> Counter[Action]:
    return Counter(step.action for plan in plans for step in plan.all_steps)


def _job(plan: JobPlan, server: str) -> Iterator[str]:
    if not any(step.action is not Action.KEEP for step in plan.all_steps):
        return
    yield f"{plan.job} on {server}"
    if plan.run_change is not None:
        yield from _run_change(plan, plan.run_change)
    for step in _told(plan):
        yield from _step(plan, step)
    for old in plan.old_runs:
        if plan.run_change is None or old is not plan.run_change.old:
            yield f"  run {_short(old.run)}: {_fate(old)}"
    kept = sum(step.action is Action.KEEP for step in plan.steps)
    if kept:
        yield f"  {kept} unchanged"


def _told(plan: JobPlan) -> Iterator[Step]:
    """The steps that are told one by one: what a new run has in the place of the old one's is told as one change."""
    for step in plan.steps:
        of_new_run = plan.run_change is not None and step.run and step.action is Action.CREATE
        if step.action is not Action.KEEP and not of_new_run:
            yield step


def _run_change(plan: JobPlan, change: RunChange) -> Iterator[str]:
    yield f"  run {_short(change.old.run)} → {_short(change.run)}: the old one {_fate(change.old)}"
    for key, field in change.fields:
        yield from _field(plan, key, field, f"{_plain(key, change)} ")
    for sign, keys in (("+", change.new), ("-", change.gone)):
        for key in keys:
            yield f"    {sign} {_plain(key, change)}"
    for step in plan.steps:
        if step.run and step.action is Action.CREATE and step.simulated:
            yield f"    {step.key}: not tried on the cluster, as {step.simulated}"


def _plain(key: Key, change: RunChange) -> str:
    """An object as it is called in every run."""
    return str(key).replace(f"-{_short(change.run)}", "")


def _fate(old: OldRun) -> str:
    count = len(old.objects)
    objects = f"{count} objects are" if count != 1 else "1 object is"
    if old.is_over:
        return f"is over ({old.state}): its {objects} deleted"
    if any(step.action is Action.DELETE for step in old.objects):
        return f"is {old.state} and is ended: its {objects} deleted first"
    return f"is {old.state}, goes on, and is retired when it is over"


def _step(plan: JobPlan, step: Step) -> Iterator[str]:
    notes = [note for note in (_note(step), consequence(step)) if note]
    tail = f": {'; '.join(notes)}" if notes else ""
    yield f"  {_SIGNS[step.action]} {step.action} {step.key}{tail}"
    for field in step.fields:
        yield from _field(plan, step.key, field, "")
    for handover in step.handovers:
        yield f"    {_handover(handover)}"


def _note(step: Step) -> str:
    if step.action is Action.LEAVE:
        return step.why or "the job does not hold it any more; --prune deletes it"
    if step.simulated:
        return f"not tried on the cluster, as {step.simulated}"
    return step.why


def _handover(handover: Handover) -> str:
    parts = [
        f"{verb} {', '.join(map(paths.show, found[:3]))}{f' and {len(found) - 3} more' if len(found) > 3 else ''}"
        for verb, found in (("gains", handover.gains), ("loses", handover.loses))
        if found
    ]
    return f"{handover.manager} {' and '.join(parts)}"


def _field(plan: JobPlan, key: Key, field: FieldChange, name: str) -> Iterator[str]:
    found = _traced(plan, key, field)
    return field_report.lines(found if plan.causes is not None else found._replace(origin=None), name)


def _traced(plan: JobPlan, key: Key, field: FieldChange) -> Traced:
    """A field with the input lines behind it; the cluster's own lines have none."""

    def place(field: FieldChange, line: str) -> Origin | None:
        if not line:
            return plan.origin(key, field.path)
        name = property_of(line) if line.startswith("+") else None
        return plan.causes.find(str(key), field.path, name) if name and plan.causes is not None else None

    return traced(field, place)


def _short(run: str) -> str:
    return run[:SUFFIX_LENGTH]


# --- Markdown --------------------------------------------------------------------------------------------------------


def markdown(plans: Sequence[JobPlan], server: str) -> str:
    """The plans for a comment on a pull request: findings, a table, and folded below it what changes."""
    return field_report.comment(_parts(plans, server))


def _parts(plans: Sequence[JobPlan], server: str) -> Iterator[str]:
    yield f"### openflow: {summary(plans).removeprefix('plan: ')}\n\nCluster: `{server}`\n"
    findings = console.in_order(finding for plan in plans for finding in plan.report)
    for each in findings:
        lead = "\n" if each is findings[0] else ""
        origin, message = (field_report.escaped(str(part)) for part in (each.origin, each.message))
        yield f"{lead}- **{each.severity}** {each.code.id} {origin}: {message}\n"
    changed = [plan for plan in plans if any(step.action is not Action.KEEP for step in plan.all_steps)]
    if changed:
        yield "\n| job | new run | create | update | replace | delete | unchanged |\n|---|---|--:|--:|--:|--:|--:|\n"
    for plan in changed:
        yield f"{_row(plan)}\n"
    for plan in changed:
        yield field_report.folded(str(plan.job), _job(plan, server))


def _row(plan: JobPlan) -> str:
    counts = _counts([plan])
    run = f"`{_short(plan.run_change.old.run)}` → `{_short(plan.run)}`" if plan.run_change else ""
    actions = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE, Action.KEEP)
    return f"| {plan.job} | {run} | {' | '.join(str(counts[each]) for each in actions)} |"


# --- JSON ------------------------------------------------------------------------------------------------------------


def as_json(plans: Sequence[JobPlan], server: str) -> str:
    """The plans for programs."""
    counts = _counts(plans)
    tree = {
        "cluster": server,
        "summary": {str(each): counts[each] for each in Action},
        "jobs": [_job_tree(plan) for plan in plans],
    }
    return console.json_text(tree)


def _job_tree(plan: JobPlan) -> dict[str, Any]:
    return {
        "job": plan.job.name,
        "namespace": plan.job.namespace,
        "run": plan.run,
        "newRun": _run_tree(plan, plan.run_change) if plan.run_change else None,
        "oldRuns": [
            {
                "run": old.run,
                "state": old.state,
                "isOver": old.is_over,
                "objects": [_step_tree(plan, each) for each in old.objects],
            }
            for old in plan.old_runs
        ],
        "objects": [_step_tree(plan, step) for step in plan.steps],
        "findings": [console.record(finding) for finding in console.in_order(plan.report)],
    }


def _run_tree(plan: JobPlan, change: RunChange) -> dict[str, Any]:
    return {
        "from": change.old.run,
        "to": change.run,
        "fields": [
            {"object": _plain(key, change), **field_report.tree(_traced(plan, key, field))}
            for key, field in change.fields
        ],
        "new": [_plain(key, change) for key in change.new],
        "gone": [_plain(key, change) for key in change.gone],
    }


def _step_tree(plan: JobPlan, step: Step) -> dict[str, Any]:
    return {
        "apiVersion": step.key.api_version,
        "kind": step.key.kind,
        "namespace": step.key.namespace,
        "name": step.key.name,
        "action": str(step.action),
        "simulated": step.simulated or None,
        "why": step.why or None,
        "consequence": consequence(step) or None,
        "fields": [field_report.tree(_traced(plan, step.key, field)) for field in step.fields],
        "conflicts": [{"field": each.field, "manager": each.manager} for each in step.conflicts],
        "managers": [
            {"manager": each.manager, "gains": [*map(paths.show, each.gains)], "loses": [*map(paths.show, each.loses)]}
            for each in step.handovers
        ],
    }
