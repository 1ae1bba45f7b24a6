"""``openflow apply``: the plan that is shown, carried out."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openflow_render.cli import clusters, console, options, planning

if TYPE_CHECKING:
    from openflow_render.cluster.cluster import Cluster
    from openflow_render.cluster.plan import JobPlan


TIMEOUT = 600.0
"""Seconds for which `--wait` waits unless told otherwise."""


class Until(StrEnum):
    """How far what was applied has to come."""

    READY = "ready"
    DONE = "done"


def command() -> Any:
    return options.build(apply)


def apply(
    *,
    paths: options.Paths = None,
    given: options.Given,
    compiling: options.Compiling,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan, and what would stop it.")] = False,
    yes: clusters.Yes = False,
    flags: planning.Flags,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until what was applied is ready, or has failed.")] = False,
    until: Annotated[
        Until | None,
        typer.Option(
            "--until", help="With --wait: until it is ready, or until the application is done. Default: ready."
        ),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", metavar="SECONDS", min=0, help="With --wait: for how long at most. Default: 600."),
    ] = None,
    reach: clusters.Reach,
    strict: options.Strict = False,
) -> None:
    """Apply jobs to the cluster: the plan that is shown, once it is agreed to, and nothing else.

    What has moved in between stops it with exit 5. A second run finishes what a first one could not.
    """
    if not wait and (until is not None or timeout is not None):
        raise typer.BadParameter("--until and --timeout say how to wait: give --wait")
    report = options.reading_report(strict=strict)
    task = options.task(paths, given, compiling, report, strict=strict)
    with clusters.connected(reach, task.target) as cluster:
        planner, plans = planning.plan(cluster, task, report, flags)
        from openflow_render.cluster.execution import Execution

        planning.show(cluster, plans)
        console.show(planning.findings(plans))
        planning.refuse(plans)
        if dry_run:
            return
        planning.carry_out(Execution(planner), plans, "Apply this plan?", yes=yes)
        if wait:
            _wait(cluster, plans, until or Until.READY, TIMEOUT if timeout is None else timeout)


def _wait(cluster: Cluster, plans: Sequence[JobPlan], until: Until, timeout: float) -> None:
    """Wait for everything that the jobs hold; of a workload, for all the pods that it starts with."""
    from openflow_render.cli import progress
    from openflow_render.cluster.runs import workload
    from openflow_render.cluster.wait import wait

    members = {}
    for plan in plans:
        work = workload(plan.resources)
        if work is not None and work.kind != "CronJob":
            members[work.key] = 1 + sum(each.copies for each in plan.previews if each.kind == "Pod")
    keys = [resource.key for plan in plans for resource in plan.resources]
    with progress.told() as tell:
        wait(cluster, keys, until=until.value, timeout=timeout, members=members, tell=tell)
