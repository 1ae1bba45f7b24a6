"""What the commands about running applications share: finding them, and showing them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import typer

from openflow_render.cli import clusters, options
from openflow_render.cli.console import Told
from openflow_render.cli.exits import Exit
from openflow_render.core.report import visible

if TYPE_CHECKING:
    from openflow_render.cluster.applications import Application, Wanted
    from openflow_render.cluster.cluster import Cluster
    from openflow_render.spec.project import Target

HEAD = ("submission id", "name", "state", "age", "executors", "restarts", "started by")


class Place(NamedTuple):
    """Where applications are looked for."""

    target: options.TargetName = None
    namespace: clusters.InNamespace = None
    all_namespaces: clusters.AllNamespaces = False


def wanted(text: str, place: Place, target: Target | None) -> Wanted:
    """Which applications a submission id means.

    Raises:
        typer.BadParameter: it is none, or means many namespaces without the flag for them.
    """
    from openflow_render.cluster import applications

    namespace = place.namespace
    if target is not None and not place.all_namespaces and ":" not in text:
        namespace = namespace or target.namespace
    try:
        return applications.wanted(text, namespace, everywhere=place.all_namespaces)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def found(cluster: Cluster, meant: Wanted, *, count_executors: bool = True) -> list[Application]:
    """The applications that are meant, the newest first.

    Raises:
        Told: there is none.
    """
    from openflow_render.cluster import applications

    all_found = applications.find(cluster, meant, datetime.now(UTC), count_executors=count_executors)
    if not all_found:
        where = f"-n {meant.namespace}" if meant.is_one_namespace else "--all-namespaces"
        raise Told(f"no application matches {meant}", f"`openflow list {where}` tells what there is", Exit.CLUSTER)
    return all_found


def row(application: Application) -> tuple[str, ...]:
    """The cells below `HEAD`."""
    from openflow_render.cluster.applications import duration

    cells = (
        application.submission,
        application.name,
        application.state.value,
        duration(application.age),
        str(application.executors),
        str(application.restarts),
        application.starter,
    )
    return tuple(map(visible, cells))
