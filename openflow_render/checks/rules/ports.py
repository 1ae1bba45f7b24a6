"""Ports of containers and Services: their numbers, who shares them, and what the node lends them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from openflow_render.checks.finding import tell, tell_clash
from openflow_render.checks.pods import Pod, containers, pods
from openflow_render.core import codes, paths
from openflow_render.core.paths import Path
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Manifest

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_LOWEST = {"containerPort": 1, "port": 1, "targetPort": 0, "nodePort": 0, "hostPort": 0}
"""The lowest number of each field; 0 stands for none, where that may be left to the server."""

_HIGHEST = 65535
_OF_THE_NODE = frozenset({"ClusterFirst", "Default"})
"""The DNS policies by which a pod in the node's network asks the node's servers for names."""


def check(bundle: Bundle, context: Context, report: Report) -> None:
    for resource in bundle:
        if resource.kind == "Service":
            for index, port in enumerate(resource.manifest.get("spec", {}).get("ports", ())):
                path = ("spec", "ports", paths.step("ports", index, port))
                for field, number in _beyond(port):
                    tell(report, codes.PORT_BEYOND, resource, (*path, field), number=number)
    for pod in pods(bundle):
        _pod(pod, report)
        # A standard refuses the node's network by itself; see `pod_security`. Executors may be told addresses.
        asks_node = pod.spec.get("hostNetwork") and pod.spec.get("dnsPolicy", "ClusterFirst") in _OF_THE_NODE
        if asks_node and context.profile == "none" and not pod.resource.preview:
            tell(report, codes.NAMES_OF_THE_NODE, pod.resource, (*pod.path, "hostNetwork"))


def _pod(pod: Pod, report: Report) -> None:
    seen: dict[str, tuple[str, Path]] = {}
    taken = False
    for path, container in containers(pod):
        for index, port in enumerate(container.get("ports", ())):
            where = (*path, "ports", paths.step("ports", index, port))
            for field, number in _beyond(port):
                tell(report, codes.PORT_BEYOND, pod.resource, (*where, field), number=number)
            taken = taken or _on_node(pod, port, where, report)
            _shared(pod, container, port, where, seen, report)


def _beyond(port: Manifest) -> Iterator[tuple[str, int]]:
    for field, lowest in _LOWEST.items():
        number = port.get(field)
        if isinstance(number, int) and not lowest <= number <= _HIGHEST:
            yield field, number


def _on_node(pod: Pod, port: Manifest, path: Path, report: Report) -> bool:
    """Whether ``port`` lets only one of the pods run on a node, which is told of the first such port."""
    taken = bool(port.get("hostPort") or pod.spec.get("hostNetwork"))
    if taken and pod.resource.copies > 1:
        number = port.get("hostPort") or port["containerPort"]
        tell(report, codes.ONE_A_NODE, pod.resource, path, number=number, count=pod.resource.copies)
    return taken


def _shared(
    pod: Pod, container: Manifest, port: Manifest, path: Path, seen: dict[str, tuple[str, Path]], report: Report
) -> None:
    """Containers that run beside each other have one address; an init container has ended by then."""
    if path[len(pod.path)] == "initContainers" and container.get("restartPolicy") != "Always":
        return
    key = str(paths.merge_key("ports", port))
    first, place = seen.setdefault(key, (container["name"], path))
    if first != container["name"]:
        tell_clash(report, codes.PORT_SHARED, pod.resource, path, place, port=key, first=first)
