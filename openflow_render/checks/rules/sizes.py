"""Sizes that are quantities, and yet cannot be meant: a unit forgotten, less memory than the process has been promised.

A pod's own requests and limits, where it has any, hold those of its containers.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from openflow_render.checks import demand
from openflow_render.checks.finding import tell
from openflow_render.checks.pods import Pod, containers, pods
from openflow_render.core import codes
from openflow_render.core.paths import Item, Path
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Manifest, Resource

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_MEBI = 1 << 20
_BYTES = frozenset({"memory", "ephemeral-storage", "storage", "sizeLimit"})


def check(bundle: Bundle, _context: Context, report: Report) -> None:
    for pod in pods(bundle):
        for path, container in containers(pod):
            _tiny_in(pod.resource, (*path, "resources"), container.get("resources", {}), report)
        for volume in pod.spec.get("volumes", ()):
            _volume(pod, volume, report)
        if pod.resource.memory:
            _memory(pod, report)
        if "resources" in pod.spec:
            _of_pod(pod, report)
    for resource in bundle:
        if resource.kind == "PersistentVolumeClaim":
            _tiny_in(resource, ("spec", "resources"), resource.manifest.get("spec", {}).get("resources", {}), report)


def _volume(pod: Pod, volume: Manifest, report: Report) -> None:
    path: Path = (*pod.path, "volumes", Item(volume["name"]))
    _tiny(pod.resource, (*path, "emptyDir"), volume.get("emptyDir", {}), report)
    if "ephemeral" in volume:
        spec = volume["ephemeral"].get("volumeClaimTemplate", {}).get("spec", {})
        where = (*path, "ephemeral", "volumeClaimTemplate", "spec", "resources")
        _tiny_in(pod.resource, where, spec.get("resources", {}), report)


def _tiny_in(resource: Resource, path: Path, resources: Manifest, report: Report) -> None:
    limits, requests = resources.get("limits", {}), resources.get("requests", {})
    _tiny(resource, (*path, "limits"), limits, report)
    other = {name: value for name, value in requests.items() if limits.get(name) != value}
    _tiny(resource, (*path, "requests"), other, report)


def _tiny(resource: Resource, path: Path, amounts: Manifest, report: Report) -> None:
    for name, value in amounts.items():
        size = demand.read({name: value}).get(name) if name in _BYTES else None
        if size is not None and 0 < size < _MEBI:
            shown = f"{size:f}".rstrip("0").rstrip(".") if size % 1 else f"{size:.0f}"
            tell(report, codes.TINY_SIZE, resource, (*path, name), value=value, bytes=shown)


def _memory(pod: Pod, report: Report) -> None:
    """Hold the largest container, which is the engine's, to what its process has been promised."""
    limits = dict(_memory_limits(pod))
    if len(limits) == len(pod.spec.get("containers", ())) and limits:
        path, (value, size) = max(limits.items(), key=lambda each: each[1][1])
        wanted = pod.resource.memory
        if _MEBI <= size < wanted * _MEBI:
            where = (*path, "resources", "limits", "memory")
            tell(report, codes.MEMORY_TAKEN, pod.resource, where, value=value, wanted=wanted)


def _memory_limits(pod: Pod) -> Iterator[tuple[Path, tuple[Any, Decimal]]]:
    for container in pod.spec.get("containers", ()):
        limits = container.get("resources", {}).get("limits", {})
        size = demand.read({"memory": limits.get("memory", "")}).get("memory")
        if size is not None:
            yield (*pod.path, "containers", Item(container["name"])), (limits["memory"], size)


def _of_pod(pod: Pod, report: Report) -> None:
    path, own = (*pod.path, "resources"), pod.spec["resources"]
    together = demand.of_pod(pod._replace(spec={**pod.spec, "overhead": {}}))
    limits = [demand.read(each.get("resources", {}).get("limits", {})) for _, each in containers(pod)]
    for field, name, amount in _amounts(own):
        largest = max((each.get(name, Decimal()) for each in limits), default=Decimal())
        wanted = together.get(name, Decimal()) if field == "requests" else largest
        if amount < wanted:
            values = {"value": own[field][name], "wanted": demand.shown(wanted)}
            tell(report, codes.POD_RESOURCES_LESS, pod.resource, (*path, field, name), **values)


def _amounts(resources: Manifest) -> Iterator[tuple[str, str, Decimal]]:
    for field in ("requests", "limits"):
        for name, amount in demand.read(resources.get(field, {})).items():
            yield field, name, amount
