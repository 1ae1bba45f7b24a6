"""``openflow diff``: what applying jobs would change in the cluster."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from openflow_render.cli import clusters, console, options, planning
from openflow_render.cli.exits import Exit


class DiffAs(StrEnum):
    """For whom changes are told."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


def command() -> Any:
    return options.build(diff)


def diff(
    *,
    paths: options.Paths = None,
    given: options.Given,
    compiling: options.Compiling,
    flags: planning.Flags,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="REV",
            help="Compare with what the jobs were at a revision of the git repository; no cluster is asked.",
        ),
    ] = None,
    report_as: Annotated[
        DiffAs,
        typer.Option("--report", help="For people, for programs, for a comment, or with --against as a page."),
    ] = DiffAs.TEXT,
    reach: clusters.Reach,
    strict: options.Strict = False,
) -> None:
    """Show what applying jobs would change in the cluster, by a dry run there; nothing is changed.

    Exit 0 if nothing would, 1 if something would, 4 if the cluster would refuse it, 5 if it needs a decision.

    With --against: how what jobs become differs from what they became at a revision, without a cluster. Exit 0 if it
    does not, 1 if it does, 3 if a job is refused as it is now.
    """
    if against is not None:
        _refuse_idle(flags, reach)
        from openflow_render.cli import against as past

        past.diff(against, paths, given, compiling, report_as.value, strict=strict)
        return
    if report_as is DiffAs.HTML:
        raise typer.BadParameter("--report html shows what differs from a revision: give --against REV")
    report = options.reading_report(strict=strict)
    task = options.task(paths, given, compiling, report, strict=strict)
    with clusters.connected(reach, task.target) as cluster:
        _, plans = planning.plan(cluster, task, report, flags)
        from openflow_render.cli import plan_report

        shown = {DiffAs.TEXT: plan_report.text, DiffAs.JSON: plan_report.as_json, DiffAs.MARKDOWN: plan_report.markdown}
        console.write(shown[report_as](plans, cluster.connection.server))
    console.show(planning.findings(plans))
    planning.refuse(plans)
    if any(plan.changes for plan in plans):
        raise typer.Exit(Exit.DIFFERENT)


def _refuse_idle(*groups: planning.Flags | clusters.Reach) -> None:
    """Refuse options that say something about a cluster, where none is asked.

    Raises:
        typer.BadParameter: there is one.
    """
    for group in groups:
        for name, value in group._asdict().items():
            if (value or None) != (group._field_defaults[name] or None):
                option = f"--{name.replace('_', '-')}"
                raise typer.BadParameter(f"{option} is about a cluster, and --against asks none: leave one of them out")
