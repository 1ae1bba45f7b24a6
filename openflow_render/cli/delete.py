"""``openflow delete``: remove what was applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from openflow_render.cli import clusters, console, jobs, options, planning
from openflow_render.cli.console import Told
from openflow_render.cli.exits import Exit
from openflow_render.compile import DEFAULT_NAMESPACE
from openflow_render.source.load import Source

if TYPE_CHECKING:
    from openflow_render.cluster.plan import JobPlan
    from openflow_render.cluster.planner import Planner


def command() -> Any:
    return options.build(delete)


def delete(
    *,
    paths: options.Paths = None,
    given: options.Given,
    old_runs: Annotated[
        bool,
        typer.Option(
            "--old-runs", help="Only what Argo CD or Flux was told to leave: runs that are over, of the --target."
        ),
    ] = False,
    run_id: options.RunId = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be deleted; change nothing.")] = False,
    yes: clusters.Yes = False,
    allow_deleting: planning.AllowDeleting = None,
    keep: planning.Keep = None,
    reach: clusters.Reach,
) -> None:
    """Delete everything that was applied for jobs, in all their runs, and that is still theirs.

    The jobs need not be sound any more: the record in the cluster says what they own.

    With --old-runs: delete the runs that a GitOps controller left to finish, once they are over and a later one is
    there; and without a PATH, what jobs left that are gone from the target. What runs is left.
    """
    if run_id is not None and not old_runs:
        raise typer.BadParameter("--run-id tells which run is none of the old ones: give --old-runs")
    report = options.reading_report(strict=False)
    task = options.task(paths, given, options.Compiling(run_id=run_id), report, strict=False)
    jobs.refuse_errors(report.findings)
    if old_runs and task.settings.controller is None:
        raise typer.BadParameter("--old-runs is about what Argo CD or Flux syncs: give the --target that they do")
    deleting, keeping = (
        planning.named("--allow-deleting", allow_deleting),
        planning.named("--keep", keep, planning.KEEPING),
    )
    with clusters.connected(reach, task.target) as cluster:
        from openflow_render.cluster.execution import Execution
        from openflow_render.cluster.plan import Consent
        from openflow_render.cluster.planner import Planner

        planner = Planner(cluster, task.settings, Consent(deleting=deleting, keeping=keeping))
        plans = _left(planner, task, whole=not paths) if old_runs else _owned(planner, task)
        if not plans:
            return
        planning.show(cluster, plans)
        console.show(planning.findings(plans))
        planning.refuse(plans)
        if not dry_run:
            planning.carry_out(Execution(planner), plans, "Delete all this?", yes=yes)


def _owned(planner: Planner, task: options.Task) -> list[JobPlan]:
    """What becomes of what the jobs own; those that own nothing are told of."""
    from openflow_render.cluster.record import Job

    names = [Job(*_name(source, task.settings.namespace)) for source in task.sources]
    plans = planner.plan_deletion(names)
    for name in names:
        if all(plan.job != name for plan in plans):
            console.say(f"{name}: nothing is recorded of it in this cluster")
    return plans


def _left(planner: Planner, task: options.Task, *, whole: bool) -> list[JobPlan]:
    """What becomes of what a controller was told to leave alone.

    Raises:
        Rejected: a job is refused, so that it is not known which run of it is the current one.
    """
    found, findings = jobs.compile_bundles(task.sources, task.settings, planner.cluster.prepare)
    jobs.refuse_errors(findings)
    plans = planner.plan_retirement([bundle for _, bundle in found], whole=whole)
    some = [plan for plan in plans if plan.changes or plan.old_runs or plan.steps or plan.report.findings]
    if not some:
        console.say(f"no old run of the target {task.settings.target} is there")
    return some


def _name(source: Source, namespace: str | None) -> tuple[str, str]:
    """The namespace and the name of a job as it is written.

    Raises:
        Told: it has no name.
    """
    metadata = source.tree.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    name = metadata.get("name")
    if not isinstance(name, str):
        raise Told("a job has no metadata.name, so it cannot be found", "", Exit.REFUSED)
    return metadata.get("namespace") or namespace or DEFAULT_NAMESPACE, name
