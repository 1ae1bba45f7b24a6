"""``openflow kill``: end applications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from openflow_render.cli import applications, clusters, console, options
from openflow_render.cli.console import Told
from openflow_render.cli.exits import Exit
from openflow_render.core.report import visible

if TYPE_CHECKING:
    from openflow_render.cluster.applications import Ending
    from openflow_render.cluster.cluster import Cluster


def command() -> Any:
    return options.build(kill)


def kill(
    *,
    submission: clusters.Submission,
    grace: Annotated[
        int | None,
        typer.Option(
            "--grace", min=0, metavar="SECONDS", help="What a driver has for its end; else what its pod gives itself."
        ),
    ] = None,
    yes: clusters.Yes = False,
    place: applications.Place,
    reach: clusters.Reach,
) -> None:
    """End applications: list them, ask, and delete their drivers, with the Job or Deployment that makes a driver.

    Kubernetes removes what a driver owns, such as its executors. Applications that have ended are left alone.
    """
    from openflow_render.cluster.applications import ending

    target = options.target(place.target)
    meant = applications.wanted(submission, place, target)
    with clusters.connected(reach, target) as cluster:
        found = applications.found(cluster, meant)
        for each in found:
            if each.state.has_ended:
                console.say(f"{each.submission} has ended already: {each.state.value}")
        to_end = [ending(cluster, each) for each in found if not each.state.has_ended]
        if to_end:
            _show(to_end, yes=yes)
            failed = _end_all(cluster, to_end, grace)
            if failed:
                raise Told(f"{failed} of {len(to_end)} applications could not be ended", "", Exit.CLUSTER)


def _show(to_end: list[Ending], *, yes: bool) -> None:
    """List what will end, and ask.

    Raises:
        Told: the answer is not yes, or there is nobody to ask.
    """
    rows = [_row(each) for each in to_end]
    text = console.columns([(*applications.HEAD, "deletes"), *rows])
    if yes:
        for line in text.splitlines():
            console.say(line)
        return
    typer.echo(text, err=True, nl=False)
    what = "this application" if len(rows) == 1 else f"these {len(rows)} applications"
    clusters.ask(f"End {what}?", yes=yes)


def _row(ending: Ending) -> tuple[str, ...]:
    targets = ", ".join(str(target.key) for target in ending.targets)
    return tuple(visible(cell) for cell in (*applications.row(ending.application), targets))


def _end_all(cluster: Cluster, to_end: list[Ending], grace: int | None) -> int:
    """End one after the other, and tell what came of it; how many could not be ended."""
    from openflow_render.cluster.applications import end
    from openflow_render.cluster.outcome import Refused

    failed = 0
    for done, each in enumerate(to_end):
        submission = each.application.submission
        try:
            ended = end(cluster, each, grace)
        except Refused as refused:
            failed += 1
            told = "it is another one now" if refused.is_stale else str(refused)
            console.complain(f"{submission} was left alone: {told}")
        except BaseException:
            left = ", ".join(one.application.submission for one in to_end[done:])
            console.complain(f"not ended, or not known to be: {left}")
            raise
        else:
            console.say(_told(each, grace) if ended.was_there else f"{submission} was gone already")
            if ended.refused is not None:
                console.say(f"{submission} has the grace period that its pod gives itself: {ended.refused}")
    return failed


def _told(ending: Ending, grace: int | None) -> str:
    pod = ending.application.pod
    seconds = grace if grace is not None else (pod.get("spec") or {}).get("terminationGracePeriodSeconds", 30)
    again = f"; {ending.again} may start it again" if ending.again else ""
    return f"{ending.application.submission} ends within {seconds} s{again}"
