"""``openflow list``: the applications that there are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from openflow_render.cli import applications, clusters, console, options


def command() -> Any:
    return options.build(list_)


def list_(
    *,
    within: Annotated[
        str | None,
        typer.Argument(metavar="[NAMESPACE[:DRIVER]]", help="A namespace, and a glob of driver pods in it."),
    ] = None,
    place: applications.Place,
    report_as: Annotated[options.ReportAs, typer.Option("--report", help="For people or programs.")] = (
        options.ReportAs.TEXT
    ),
    reach: clusters.Reach,
) -> None:
    """List applications, the newest first, whether openflow, spark-submit or an operator started them."""
    from openflow_render.cluster.applications import find, record

    text = within or "*"
    if within and ":" not in within:
        text = f"{within}:*"
    target = options.target(place.target)
    meant = applications.wanted(text, place, target)
    with clusters.connected(reach, target) as cluster:
        found = find(cluster, meant, datetime.now(UTC))
    if report_as is options.ReportAs.JSON:
        console.write(json.dumps({"applications": [record(each) for each in found]}, indent=2) + "\n")
    elif found:
        console.table(applications.HEAD, map(applications.row, found))
    else:
        console.say(f"no application matches {meant}")
