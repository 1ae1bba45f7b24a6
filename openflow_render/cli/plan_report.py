"""A plan for people, as text or Markdown, and for programs."""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from openflow_render.changes.fields import ABSENT, FieldChange
from openflow_render.cli import console
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
_PROPERTY = re.compile(r"\+([A-Za-z0-9_.-]+)[=: ]")
_LONGEST = 100
_BEFORE = 40
_LINES = 20
_COMMENT = 60_000
"""Characters that fit a pull-request comment."""


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
    place = f"   # {plan.origin(key, field.path)}" if plan.causes is not None else ""
    where = f"    {name}{paths.show(field.path)}:"
    if _is_text(field.old) and _is_text(field.new):
        yield where
        changed = list(_lines(plan, key, field))
        for line, origin in changed[:_LINES]:
            yield f"      {line}{f'   # {origin}' if origin else ''}"
        if len(changed) > _LINES:
            yield f"      … and {len(changed) - _LINES} more lines"
    else:
        yield f"{where} {_values(field.old, field.new)}{place}"


def _line_place(plan: JobPlan, key: Key, field: FieldChange, line: str) -> Origin | None:
    """Where a new line of a properties file comes from."""
    name = _PROPERTY.match(line)
    return plan.causes.find(str(key), field.path, name[1]) if name and plan.causes is not None else None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\n" in value


def _lines(plan: JobPlan, key: Key, field: FieldChange) -> Iterator[tuple[str, Origin | None]]:
    """The lines of a text that differ, and where the new ones come from."""
    for line in list(difflib.unified_diff(field.old.splitlines(), field.new.splitlines(), n=0, lineterm=""))[2:]:
        if not line.startswith("@@"):
            yield line, _line_place(plan, key, field, line)


def _values(old: Any, new: Any) -> str:
    """Both values; of long ones the part in which they differ."""
    texts = ["(none)" if value is ABSENT else json.dumps(value, ensure_ascii=False) for value in (old, new)]
    differing = (index for index, (one, other) in enumerate(zip(*texts, strict=False)) if one != other)
    alike = next(differing, min(map(len, texts)))
    begin = max(alike - _BEFORE, 0) if max(map(len, texts)) > _LONGEST else 0
    return " → ".join(_part(text, begin) for text in texts)


def _part(text: str, begin: int) -> str:
    end = begin + _LONGEST
    return f"{'…' if begin else ''}{text[begin:end]}{'…' if len(text) > end else ''}"


def _short(run: str) -> str:
    return run[:SUFFIX_LENGTH]


# --- Markdown --------------------------------------------------------------------------------------------------------


def markdown(plans: Sequence[JobPlan], server: str) -> str:
    """The plans for a comment on a pull request: findings, a table, and folded below it what changes."""
    shown = ""
    for part in _parts(plans, server):
        if len(shown) + len(part) > _COMMENT:
            return f"{shown}\nThe rest is too long for a comment; `openflow diff` shows it.\n"
        shown += part
    return shown


def _parts(plans: Sequence[JobPlan], server: str) -> Iterator[str]:
    yield f"### openflow: {summary(plans).removeprefix('plan: ')}\n\nCluster: `{server}`\n"
    findings = console.in_order(finding for plan in plans for finding in plan.report)
    for each in findings:
        lead = "\n" if each is findings[0] else ""
        yield f"{lead}- **{each.severity}** {each.code.id} `{each.origin}`: {_escaped(each.message)}\n"
    changed = [plan for plan in plans if any(step.action is not Action.KEEP for step in plan.all_steps)]
    if changed:
        yield "\n| job | new run | create | update | replace | delete | unchanged |\n|---|---|--:|--:|--:|--:|--:|\n"
    for plan in changed:
        yield f"{_row(plan)}\n"
    for plan in changed:
        body = "\n".join(visible(line) for line in _job(plan, server)).replace("~~~~", "~ ~~~")
        yield f"\n<details><summary>{plan.job}</summary>\n\n~~~~\n{body}\n~~~~\n\n</details>\n"


def _row(plan: JobPlan) -> str:
    counts = _counts([plan])
    run = f"`{_short(plan.run_change.old.run)}` → `{_short(plan.run)}`" if plan.run_change else ""
    actions = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE, Action.KEEP)
    return f"| {plan.job} | {run} | {' | '.join(str(counts[each]) for each in actions)} |"


def _escaped(text: str) -> str:
    return visible(text).replace("<", "&lt;").replace("|", "\\|")


# --- JSON ------------------------------------------------------------------------------------------------------------


def as_json(plans: Sequence[JobPlan], server: str) -> str:
    """The plans for programs."""
    counts = _counts(plans)
    tree = {
        "cluster": server,
        "summary": {str(each): counts[each] for each in Action},
        "jobs": [_job_tree(plan) for plan in plans],
    }
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"


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
        "fields": [{"object": _plain(key, change), **_field_tree(plan, key, field)} for key, field in change.fields],
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
        "fields": [_field_tree(plan, step.key, field) for field in step.fields],
        "conflicts": [{"field": each.field, "manager": each.manager} for each in step.conflicts],
        "managers": [
            {"manager": each.manager, "gains": [*map(paths.show, each.gains)], "loses": [*map(paths.show, each.loses)]}
            for each in step.handovers
        ],
    }


def _field_tree(plan: JobPlan, key: Key, field: FieldChange) -> dict[str, Any]:
    tree = {
        "field": paths.show(field.path),
        "old": None if field.old is ABSENT else field.old,
        "new": None if field.new is ABSENT else field.new,
        **_place_tree(plan.origin(key, field.path)),
    }
    if _is_text(field.old) and _is_text(field.new):
        tree["lines"] = [
            {"change": line, **(_place_tree(place) if place else {})} for line, place in _lines(plan, key, field)
        ]
    return tree


def _place_tree(origin: Origin) -> dict[str, Any]:
    return {"file": origin.file, "line": origin.line, "column": origin.column}
