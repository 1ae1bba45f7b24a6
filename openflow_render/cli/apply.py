"""``openflow apply``: the plan that is shown, carried out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openflow_render.checks import kubernetes
from openflow_render.cli import clusters, console, options, planning

if TYPE_CHECKING:
    from openflow_render.cluster.cluster import Cluster
    from openflow_render.cluster.plan import JobPlan


def command() -> Any:
    return options.build(apply)


def apply(
    paths: options.Paths,
    overlays: options.Overlays = None,
    sets: options.Sets = None,
    sets_json: options.SetsJson = None,
    variables: options.Vars = None,
    namespace: options.Namespace = None,
    kubernetes_version: options.Kubernetes = kubernetes.DEFAULT,
    run_id: options.RunId = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan, and what would stop it.")] = False,
    yes: clusters.Yes = False,
    replace: planning.Replace = False,
    force_conflicts: planning.ForceConflicts = False,
    prune: planning.Prune = False,
    adopt: planning.Adopt = False,
    literal_secrets: planning.LiteralSecrets = False,
    allow_deleting: planning.AllowDeleting = None,
    expect_cluster: planning.ExpectCluster = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until what was applied is ready, or has failed.")] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=0, help="How long to wait for that.")
    ] = 600.0,
    kubeconfig: clusters.Kubeconfig = None,
    context: clusters.Context = None,
    request_timeout: clusters.RequestTimeout = clusters.TIMEOUT,
    strict: options.Strict = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,  # noqa: ARG001
) -> None:
    """Apply jobs to the cluster: the plan that is shown, once it is agreed to, and nothing else.

    What has moved in between stops it with exit 5. A second run finishes what a first one could not.
    """
    jobs = planning.Jobs(
        paths, overlays, sets, sets_json, variables, namespace, kubernetes_version, run_id, strict=strict, quiet=quiet
    )
    consent = planning.consent(
        replace=replace,
        force_conflicts=force_conflicts,
        prune=prune,
        adopt=adopt,
        secrets=literal_secrets,
        deleting=allow_deleting,
    )
    with clusters.connected(kubeconfig, context, request_timeout) as cluster:
        planner, plans = planning.plan(cluster, jobs, consent, expect_cluster)
        from openflow_render.cluster.execution import Execution

        planning.show(cluster, plans)
        console.show(planning.findings(plans), quiet=quiet)
        planning.refuse(plans)
        if dry_run:
            return
        planning.carry_out(Execution(planner), plans, "Apply this plan?", yes=yes)
        if wait:
            _wait(cluster, plans, timeout)


def _wait(cluster: Cluster, plans: Sequence[JobPlan], timeout: float) -> None:
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
        wait(cluster, keys, timeout=timeout, members=members, tell=tell)
