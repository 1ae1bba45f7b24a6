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
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"


_OF_FILES = (DiffAs.HTML, DiffAs.SARIF, DiffAs.JUNIT, DiffAs.GITHUB)
"""The forms that show input lines, which a plan for a cluster has only for some of what it says."""


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
    all_targets: options.AllTargets = False,
    affected: Annotated[
        bool, typer.Option("--affected", help="With --against: only the targets that the changed files affect.")
    ] = False,
    report_as: Annotated[
        DiffAs,
        typer.Option(
            "--report",
            help="For people, for programs, for a comment; with --against also as a page, or as annotations.",
        ),
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

        which = past.Which(paths, given, compiling, all_targets=all_targets, affected=affected)
        past.diff(against, which, report_as.value, strict=strict)
        return
    if report_as in _OF_FILES:
        raise typer.BadParameter(f"--report {report_as} shows what differs from a revision: give --against REV")
    if all_targets or affected:
        option = "--all-targets" if all_targets else "--affected"
        raise typer.BadParameter(f"{option} compares with a revision: give --against REV, or one --target")
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
