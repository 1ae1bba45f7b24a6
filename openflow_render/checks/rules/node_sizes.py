"""Nodes that are given: each pod fits into one of those that it may run on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openflow_render.checks import demand, parts
from openflow_render.checks.demand import Amounts
from openflow_render.checks.finding import tell
from openflow_render.checks.pods import Pod, pods
from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle

if TYPE_CHECKING:
    from openflow_render.checks.context import Context


def check(bundle: Bundle, context: Context, report: Report) -> None:
    nodes = context.given.of("Node")
    for pod in pods(bundle) if nodes else ():
        selector = pod.spec.get("nodeSelector", {}).items()
        # Where no node carries the labels there is none to be too small.
        allowed = [node for node in nodes if selector <= parts.labels(node.manifest, "metadata", "labels").items()]
        rooms = {node.name: demand.read(parts.mapping(node.manifest, "status", "allocatable")) for node in allowed}
        _fit(pod, {name: room for name, room in rooms.items() if room}, report)


def _fit(pod: Pod, rooms: dict[str, Amounts], report: Report) -> None:
    wanted = demand.of_pod(pod)
    lacking = {name: [each for each in wanted if wanted[each] > room.get(each, 0)] for name, room in rooms.items()}
    if not lacking or not all(lacking.values()):
        return
    resource = min(lacking.values(), key=len)[0]
    nodes = [name for name in lacking if resource in lacking[name]]
    node = max(nodes, key=lambda name: rooms[name].get(resource, 0))
    most = demand.shown(rooms[node][resource]) if resource in rooms[node] else "none"
    values = {"what": resource, "wanted": demand.shown(wanted[resource]), "node": node, "most": most}
    tell(report, codes.NO_NODE_HOLDS, pod.resource, demand.asking(pod, resource), **values)
