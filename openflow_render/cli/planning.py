"""What the commands share that plan changes of a cluster: their options, and from jobs to plans."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from openflow_render.cli import clusters, console, jobs, options
from openflow_render.cli.console import Told
from openflow_render.cli.exits import Exit
from openflow_render.core import codes
from openflow_render.core.report import Finding, Report, Severity

if TYPE_CHECKING:
    from openflow_render.cluster.cluster import Cluster
    from openflow_render.cluster.execution import Execution
    from openflow_render.cluster.plan import Consent, Deleting, JobPlan
    from openflow_render.cluster.planner import Planner

KEEPING = ("claims", "namespace")
DELETING = (*KEEPING, "most")

Replace = Annotated[
    bool, typer.Option("--replace", help="Delete and make anew what cannot be changed; end an old run that still runs.")
]
ForceConflicts = Annotated[bool, typer.Option("--force-conflicts", help="Take fields that other managers own.")]
Prune = Annotated[bool, typer.Option("--prune", help="Delete what the job owned and does not hold any more.")]
Adopt = Annotated[bool, typer.Option("--adopt", help="Take over objects that openflow, or this job, has not made.")]
AllowDeleting = Annotated[
    list[str] | None,
    typer.Option("--allow-deleting", metavar="WHAT", help=f"Agree to lose {', '.join(DELETING)}; may be repeated."),
]
Keep = Annotated[
    list[str] | None,
    typer.Option("--keep", metavar="WHAT", help="Leave claims with a fixed name, or the namespace, where they are."),
]
LiteralSecrets = Annotated[
    bool, typer.Option("--literal-secrets", help="Make the Secrets whose data the job holds in the clear.")
]


class Flags(NamedTuple):
    """What the user agrees to beforehand."""

    replace: Replace = False
    force_conflicts: ForceConflicts = False
    prune: Prune = False
    adopt: Adopt = False
    literal_secrets: LiteralSecrets = False
    allow_deleting: AllowDeleting = None

    @property
    def consent(self) -> Consent:
        """What the options agree to.

        Raises:
            typer.BadParameter: `--allow-deleting` names something that it does not know.
        """
        from openflow_render.cluster.plan import Consent

        agreed = named("--allow-deleting", self.allow_deleting)
        return Consent(self.replace, self.force_conflicts, self.prune, self.adopt, self.literal_secrets, agreed)


def named(option: str, given: Iterable[str] | None, of: Sequence[str] = DELETING) -> frozenset[Deleting]:
    """What an option names of that which is deleted only by name.

    Raises:
        typer.BadParameter: it names something else.
    """
    from openflow_render.cluster.plan import Deleting

    for each in given or ():
        if each not in of:
            raise typer.BadParameter(f"{option} {each}: it takes {', '.join(of)}")
    return frozenset(Deleting(each) for each in given or ())


def plan(cluster: Cluster, task: options.Task, report: Report, flags: Flags) -> tuple[Planner, list[JobPlan]]:
    """What becomes of the objects of the jobs in the cluster, and who found it out.

    Where compiling takes long, the way to the cluster is made meanwhile. ``report`` tells of the reading of the jobs.

    Raises:
        Rejected: a job is refused.
    """
    agreed = flags.consent
    found, findings = jobs.compile_bundles(task.sources, task.settings, cluster.prepare)
    findings = [*report.findings, *findings]
    if agreed.secrets:
        findings = [each for each in findings if each.code is not codes.CONTENT_KEPT_BACK]
    jobs.refuse_errors(findings)
    console.show(findings)
    from openflow_render.cluster.planner import Compiled, Planner

    planner = Planner(cluster, task.settings, agreed)
    return planner, planner.plan([Compiled(source, bundle) for source, bundle in found])


def show(cluster: Cluster, plans: Sequence[JobPlan]) -> None:
    """Print the plans for people."""
    from openflow_render.cli import plan_report

    console.write(plan_report.text(plans, cluster.connection.server))


def carry_out(execution: Execution, plans: Sequence[JobPlan], question: str, *, yes: bool) -> None:
    """Ask whether to go on, and do what the plans say, if that is anything.

    Raises:
        Told: not all of it could be done; what was and what was not has been printed.
    """
    todo = execution.todo(plans)
    if not todo:
        return
    if any(plan.changes for plan in todo):
        clusters.ask(question, yes=yes)
    try:
        execution.run(todo, tell=lambda done: console.say(f"{_PAST[done.action]} {done.key}"))
    except KeyboardInterrupt:
        _tell_undone(execution, todo)
        raise
    if execution.troubles:
        for plan, trouble in execution.troubles:
            console.complain(f"{plan.job}: {trouble}", trouble.hint)
        _tell_undone(execution, todo)
        raise Told("not everything was done", "run it again: it goes on from here", _exit(execution))
    for plan in todo:
        console.say(f"{plan.job}: done")


_PAST = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}


def _tell_undone(execution: Execution, plans: Sequence[JobPlan]) -> None:
    """Print what was planned and not done; what was done has been printed as it was."""
    undone = execution.undone(plans)
    if undone:
        console.complain(f"not done: {', '.join(undone)}")


def _exit(execution: Execution) -> Exit:
    """The exit code for what stopped an execution: a decision, if that is all that was missing."""
    from openflow_render.cluster.outcome import Undecided

    undecided = all(isinstance(trouble, Undecided) for _, trouble in execution.troubles)
    return Exit.UNDECIDED if undecided else Exit.CLUSTER


def findings(plans: Sequence[JobPlan]) -> list[Finding]:
    """What the plans have found, for all jobs."""
    return [finding for plan in plans for finding in plan.report]


def refuse(plans: Sequence[JobPlan]) -> None:
    """Stop if the cluster would refuse a plan, or a decision is missing.

    Raises:
        Told: it is so; the findings, which say more, have been shown.
    """
    errors = [each for each in findings(plans) if each.severity is Severity.ERROR]
    mistakes = [plan for plan in plans if plan.is_a_mistake]
    if mistakes:
        raise Told(f"{_jobs(mistakes)} cannot be applied as it is", "nothing was changed", Exit.CLUSTER)
    if errors:
        hint = "nothing was changed; each hint above says how to go on"
        raise Told(f"{len(errors)} decision{'s' if len(errors) > 1 else ''} needed", hint, Exit.UNDECIDED)


def _jobs(plans: Sequence[JobPlan]) -> str:
    more = f" and {len(plans) - 1} more" if len(plans) > 1 else ""
    return f"the job {plans[0].job}{more}"
