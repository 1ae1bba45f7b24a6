"""``openflow delete``: remove what was applied."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from openflow_render.cli import clusters, console, jobs, options, planning
from openflow_render.cli.console import Told
from openflow_render.cli.exits import Exit
from openflow_render.compile import DEFAULT_NAMESPACE, Settings
from openflow_render.source.load import Source


def command() -> Any:
    return options.build(delete)


def delete(
    *,
    paths: options.Paths = None,
    given: options.Given,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be deleted; change nothing.")] = False,
    yes: clusters.Yes = False,
    allow_deleting: planning.AllowDeleting = None,
    keep: planning.Keep = None,
    expect_cluster: planning.ExpectCluster = None,
    reach: clusters.Reach,
) -> None:
    """Delete everything that was applied for jobs, in all their runs, and that is still theirs.

    The jobs need not be sound any more: the record in the cluster says what they own.
    """
    report = options.reading_report(strict=False)
    task = options.task(paths, given, options.Compiling(), report, strict=False)
    jobs.refuse_errors(report.findings)
    deleting, keeping = (
        planning.named("--allow-deleting", allow_deleting),
        planning.named("--keep", keep, planning.KEEPING),
    )
    with clusters.connected(reach) as cluster:
        from openflow_render.cluster.execution import Execution
        from openflow_render.cluster.plan import Consent
        from openflow_render.cluster.planner import Planner
        from openflow_render.cluster.record import Job

        planning.expect(cluster, expect_cluster)
        names = [Job(*_name(source, task.settings.namespace)) for source in task.sources]
        planner = Planner(cluster, Settings(), Consent(deleting=deleting, keeping=keeping))
        plans = planner.plan_deletion(names)
        for name in names:
            if all(plan.job != name for plan in plans):
                console.say(f"{name}: nothing is recorded of it in this cluster")
        if not plans:
            return
        planning.show(cluster, plans)
        console.show(planning.findings(plans))
        planning.refuse(plans)
        if not dry_run:
            planning.carry_out(Execution(planner), plans, "Delete all this?", yes=yes)


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
