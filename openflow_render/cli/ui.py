"""``openflow ui``: an application's web pages in a browser on this machine."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer

from openflow_render.cli import applications, clusters, console, options
from openflow_render.cli.console import Told
from openflow_render.cli.exits import Exit


def command() -> Any:
    return options.build(ui)


def ui(
    *,
    submission: clusters.Submission,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="The driver's port, `spark.ui.port`.")] = 4040,
    local_port: Annotated[
        int, typer.Option("--local-port", min=0, max=65535, help="The port on this machine; 0 takes a free one.")
    ] = 0,
    place: applications.Place,
    reach: clusters.Reach,
) -> None:
    """Print a URL behind which is the UI of one running application, until the application ends, or Ctrl-C."""
    from openflow_render.cluster.forward import HERE, Forward
    from openflow_render.cluster.pods import State

    target = options.target(place.target)
    meant = applications.wanted(submission, place, target)
    with clusters.connected(reach, target) as cluster:
        found = applications.found(cluster, meant, count_executors=False)
        if len(found) > 1:
            raise Told(f"{meant} matches {len(found)} applications", f"give one of {_some(found)}")
        (only,) = found
        if only.state is not State.RUNNING:
            why = f": {only.waits_for}" if only.waits_for else ""
            raise Told(f"{only.submission} does not run, it is {only.state.value}{why}", "", Exit.CLUSTER)
        try:
            forward = Forward(cluster, only.key, only.uid, port, local_port, console.say)
        except OSError as error:
            raise Told(f"port {local_port} of {HERE} cannot be used: {os.strerror(error.errno or 0)}") from None
        with forward:
            console.write(f"{forward.url}\n")
            console.say(f"{only.submission} is there until Ctrl-C")
            forward.serve()
    console.say(f"{only.submission} has ended")


def _some(found: list[Any]) -> str:
    names = [each.submission for each in found[:5]]
    return ", ".join(names) + (", …" if len(found) > len(names) else "")
