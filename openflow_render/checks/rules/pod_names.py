"""The names inside a pod or Service: containers, volumes, ports, variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openflow_render.checks import naming
from openflow_render.checks.finding import tell
from openflow_render.checks.pods import Pod, containers, pods
from openflow_render.core import codes, paths
from openflow_render.core.paths import Item, Path
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Manifest, Resource

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_RELAXED_ENV_SINCE = 32


def check(bundle: Bundle, context: Context, report: Report) -> None:
    relaxed = context.minor >= _RELAXED_ENV_SINCE
    for pod in pods(bundle):
        _volumes(pod, report)
        for path, container in containers(pod):
            if problem := naming.label(container["name"]):
                tell(report, codes.BAD_NAME, pod.resource, (*path, "name"), problem=problem)
            _variables(pod.resource, path, container, report, relaxed=relaxed)
            _ports(pod.resource, path, container, report)
    for resource in bundle:
        if resource.kind == "Service":
            _ports(resource, ("spec",), resource.manifest.get("spec", {}), report)


def _volumes(pod: Pod, report: Report) -> None:
    for volume in pod.spec.get("volumes", ()):
        if problem := naming.label(volume["name"]):
            path = (*pod.path, "volumes", Item(volume["name"]), "name")
            tell(report, codes.BAD_NAME, pod.resource, path, problem=problem)


def _variables(resource: Resource, path: Path, container: Manifest, report: Report, *, relaxed: bool) -> None:
    for variable in container.get("env", ()):
        if problem := naming.env(variable["name"], relaxed=relaxed):
            where = (*path, "env", Item(variable["name"]), "name")
            tell(report, codes.BAD_NAME, resource, where, problem=problem)


def _ports(resource: Resource, path: Path, owner: Manifest, report: Report) -> None:
    """A container's ports have short names, a Service's any DNS label."""
    form = naming.label if resource.kind == "Service" else naming.port
    for index, port in enumerate(owner.get("ports", ())):
        if port.get("name") and (problem := form(port["name"])):
            where = (*path, "ports", paths.step("ports", index, port), "name")
            tell(report, codes.BAD_NAME, resource, where, problem=problem)
