"""Runs of a job: how an earlier one stands, what becomes of it, and how the new one differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openflow_render.changes.fields import FieldChange
from openflow_render.changes.runs import between_runs, in_run
from openflow_render.cluster import pods
from openflow_render.cluster.plan import (
    Action,
    JobPlan,
    OldRun,
    RunChange,
    Step,
    comparable,
    ours,
)
from openflow_render.cluster.record import Entry
from openflow_render.core.resource import POD_TEMPLATES, Key, Manifest, Resource

_ENDLESS = frozenset({"CronJob", "Deployment"})


def retired(run: str, objects: Sequence[tuple[Entry, Manifest]], *, end: bool) -> OldRun:
    """What becomes of what is left of an earlier run.

    A run that is over goes; one that is not is left to finish, unless it is to ``end``.
    """
    states = [state(manifest) for _, manifest in objects if manifest["kind"] in POD_TEMPLATES]
    is_over = all(over for _, over in states)
    action = Action.DELETE if is_over or end else Action.LEAVE
    steps = tuple(Step(entry.key, action, run=run, live=manifest) for entry, manifest in objects)
    return OldRun(run, steps, ", ".join(text for text, _ in states) or "Gone", is_over)


def going_on(plan: JobPlan) -> frozenset[str]:
    """The runs in the record that are none of the past: what runs them is still wanted, or never ends by itself.

    With a plain name, a changed job goes on under it; what it drops then is just not wanted any more.
    """
    wanted = {resource.key for resource in plan.resources}
    workloads = [entry for entry in plan.record.entries if entry.key.kind in POD_TEMPLATES]
    return frozenset(entry.run for entry in workloads if entry.key in wanted or entry.key.kind in _ENDLESS)


def state(manifest: Manifest) -> tuple[str, bool]:
    """How a workload stands, and whether it is over."""
    if manifest["kind"] == "Pod":
        found = pods.state(manifest)
        return found.value, found.has_ended
    if manifest["kind"] == "Job":
        conditions = manifest.get("status", {}).get("conditions") or ()
        ended = [each["type"] for each in conditions if each["status"] == "True"]
        return next(((each, True) for each in ("Complete", "Failed") if each in ended), ("Running", False))
    return "Running", False


def workload(resources: Sequence[Resource]) -> Resource | None:
    """What runs the driver, among the objects of a job."""
    return next((each for each in resources if each.kind in POD_TEMPLATES and not each.preview), None)


def change(plan: JobPlan) -> RunChange | None:
    """The new run beside the latest of the old ones; ``None`` unless the plan starts a new one."""
    begun = [step for step in plan.steps if step.action is Action.CREATE and step.run]
    if not begun or not plan.old_runs:
        return None
    old = max(plan.old_runs, key=lambda each: [_born(step.live) for step in each.objects])
    renamed = [in_run(ours(step.live), old.run, plan.run) for step in old.objects if step.live is not None]
    before = {Resource(each).key: each for each in renamed}
    after = {step.key: comparable(step.wanted) for step in begun if step.wanted}
    changed: list[tuple[Key, FieldChange]] = []
    for key in (key for key in after if key in before):
        sides = _without_empty(before[key]), _without_empty(after[key])
        changed += ((key, each) for each in between_runs(key, *sides, old.run, plan.run))
    return RunChange(
        old,
        plan.run,
        fields=tuple(changed),
        new=tuple(key for key in after if key not in before),
        gone=tuple(key for key in before if key not in after),
    )


def _born(manifest: Manifest | None) -> str:
    return str(manifest["metadata"]["creationTimestamp"]) if manifest is not None else ""


def _without_empty(value: Any) -> Any:
    """``value`` without what is as good as not there: the server does not keep ``false``, ``0`` and empty text."""
    if isinstance(value, dict):
        inner = {key: _without_empty(below) for key, below in value.items()}
        return {key: below for key, below in inner.items() if below not in (None, False, 0, "", {}, [])}
    return [_without_empty(below) for below in value] if isinstance(value, list) else value
