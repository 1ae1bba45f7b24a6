"""``openflow diff``: what applying jobs would change in the cluster."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from openflow_render.checks import kubernetes
from openflow_render.cli import clusters, console, options, planning
from openflow_render.cli.exits import Exit


class DiffAs(StrEnum):
    """For whom a plan is told."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def command() -> Any:
    return options.build(diff)


def diff(
    paths: options.Paths,
    overlays: options.Overlays = None,
    sets: options.Sets = None,
    sets_json: options.SetsJson = None,
    variables: options.Vars = None,
    namespace: options.Namespace = None,
    kubernetes_version: options.Kubernetes = kubernetes.DEFAULT,
    run_id: options.RunId = None,
    replace: planning.Replace = False,
    force_conflicts: planning.ForceConflicts = False,
    prune: planning.Prune = False,
    adopt: planning.Adopt = False,
    literal_secrets: planning.LiteralSecrets = False,
    allow_deleting: planning.AllowDeleting = None,
    expect_cluster: planning.ExpectCluster = None,
    report_as: Annotated[
        DiffAs, typer.Option("--report", help="For people, for programs, or for a comment.")
    ] = DiffAs.TEXT,
    kubeconfig: clusters.Kubeconfig = None,
    context: clusters.Context = None,
    request_timeout: clusters.RequestTimeout = clusters.TIMEOUT,
    strict: options.Strict = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,  # noqa: ARG001
) -> None:
    """Show what applying jobs would change in the cluster, by a dry run there; nothing is changed.

    Exit 0 if nothing would, 1 if something would, 4 if the cluster would refuse it, 5 if it needs a decision.
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
        _, plans = planning.plan(cluster, jobs, consent, expect_cluster)
        from openflow_render.cli import plan_report

        shown = {DiffAs.TEXT: plan_report.text, DiffAs.JSON: plan_report.as_json, DiffAs.MARKDOWN: plan_report.markdown}
        console.write(shown[report_as](plans, cluster.connection.server))
    console.show(planning.findings(plans), quiet=quiet)
    planning.refuse(plans)
    if any(plan.changes for plan in plans):
        raise typer.Exit(Exit.DIFFERENT)
