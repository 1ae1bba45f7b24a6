"""``openflow status``: how applications fare, and why they wait or failed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openflow_render.cli import applications, clusters, console, options
from openflow_render.core.report import visible

if TYPE_CHECKING:
    from openflow_render.cluster.applications import Application
    from openflow_render.cluster.cluster import Cluster

LAST_LINES = 10
"""Of what a container said at its end."""

EXPLAINED = 20
"""Applications whose events are asked for."""


def command() -> Any:
    return options.build(status)


def status(
    *,
    submission: clusters.Submission,
    place: applications.Place,
    report_as: Annotated[options.ReportAs, typer.Option("--report", help="For people or programs.")] = (
        options.ReportAs.TEXT
    ),
    reach: clusters.Reach,
) -> None:
    """Tell how applications fare: state, age, executors, restarts, why they wait, why they failed.

    Applications that spark-submit or an operator started are found as well.
    """
    from openflow_render.cluster.applications import record

    target = options.target(place.target)
    meant = applications.wanted(submission, place, target)
    with clusters.connected(reach, target) as cluster:
        found = _explained(cluster, applications.found(cluster, meant))
    if report_as is options.ReportAs.JSON:
        console.write(json.dumps({"applications": [record(each) for each in found]}, indent=2) + "\n")
    else:
        console.write("\n".join("".join(_lines(each)) for each in found))


def _explained(cluster: Cluster, found: list[Application]) -> list[Application]:
    """``found``, where the first of those that wait tell more of it."""
    from openflow_render.cluster.applications import explained
    from openflow_render.cluster.outcome import Refused
    from openflow_render.cluster.pods import State

    waiting = [each.uid for each in found if each.state in {State.PENDING, State.UNKNOWN}][:EXPLAINED]
    try:
        return [explained(cluster, each) if each.uid in waiting else each for each in found]
    except Refused as refused:
        if refused.code != 403:
            raise
        console.say(f"events might tell more: {refused}")
        return found


def _lines(application: Application) -> Iterator[str]:
    yield f"{visible(application.submission)}\n"
    for name, text in _fields(application):
        yield f"  {name.ljust(10)}  {visible(text)}\n"
    if application.failure is not None:
        for line in application.failure.message.strip().splitlines()[-LAST_LINES:]:
            yield f"    | {visible(line)}".rstrip() + "\n"


def _fields(application: Application) -> Iterator[tuple[str, str]]:
    from openflow_render.cluster.applications import duration

    running, total, failed = application.executors
    by = application.starter + (f", {application.owner}" if application.owner else "")
    yield "name", application.name or "-"
    yield "id", application.id or "-"
    yield "state", application.state.value
    yield "age", duration(application.age)
    yield "executors", f"{running} of {total} running" + (f", {failed} failed" if failed else "")
    yield "restarts", str(application.restarts)
    yield "started by", by
    if application.waits_for:
        yield "waits for", application.waits_for
    if application.failure is not None:
        yield "failure", str(application.failure)
