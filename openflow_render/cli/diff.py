"""``openflow diff``: what applying jobs would change in the cluster."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

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
    *,
    paths: options.Paths,
    given: options.Given,
    compiling: options.Compiling,
    flags: planning.Flags,
    report_as: Annotated[
        DiffAs, typer.Option("--report", help="For people, for programs, or for a comment.")
    ] = DiffAs.TEXT,
    reach: clusters.Reach,
    strict: options.Strict = False,
) -> None:
    """Show what applying jobs would change in the cluster, by a dry run there; nothing is changed.

    Exit 0 if nothing would, 1 if something would, 4 if the cluster would refuse it, 5 if it needs a decision.
    """
    with clusters.connected(reach) as cluster:
        _, plans = planning.plan(cluster, paths, given, compiling, flags, strict=strict)
        from openflow_render.cli import plan_report

        shown = {DiffAs.TEXT: plan_report.text, DiffAs.JSON: plan_report.as_json, DiffAs.MARKDOWN: plan_report.markdown}
        console.write(shown[report_as](plans, cluster.connection.server))
    console.show(planning.findings(plans))
    planning.refuse(plans)
    if any(plan.changes for plan in plans):
        raise typer.Exit(Exit.DIFFERENT)
