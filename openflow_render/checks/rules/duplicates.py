"""Items that Kubernetes merges by a key, and that share it; and what else must be unique in a pod or Service."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from openflow_render.checks.finding import tell
from openflow_render.checks.pods import CONTAINER_LISTS, Pod, containers, pods
from openflow_render.core import codes, paths
from openflow_render.core.paths import Path
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Manifest, Resource

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_OF_CONTAINERS = ("env", "ports", "volumeMounts", "volumeDevices")
_OF_PODS = ("volumes", "imagePullSecrets", "hostAliases", "topologySpreadConstraints", "resourceClaims")


def check(bundle: Bundle, _context: Context, report: Report) -> None:
    for pod in pods(bundle):
        _container_names(pod, report)
        _lists(pod.resource, pod.path, pod.spec, _OF_PODS, report)
        for path, container in containers(pod):
            _lists(pod.resource, path, container, _OF_CONTAINERS, report)
            _port_names(pod.resource, path, container, report)
    for resource in bundle:
        if resource.kind == "Service":
            _lists(resource, ("spec",), resource.manifest.get("spec", {}), ("ports",), report)
            _port_names(resource, ("spec",), resource.manifest.get("spec", {}), report)


def _container_names(pod: Pod, report: Report) -> None:
    """Containers share their names across all lists of a pod."""
    names = [container["name"] for field in CONTAINER_LISTS for container in pod.spec.get(field, ())]
    for name in _repeated(names):
        tell(report, codes.DUPLICATE_ITEM, pod.resource, (*pod.path, "containers", paths.Item(name)))


def _lists(resource: Resource, path: Path, owner: Manifest, fields: Iterable[str], report: Report) -> None:
    for field in fields:
        items = owner.get(field, ())
        if len(items) > 1:
            for key in _repeated([paths.merge_key(field, item) for item in items]):
                tell(report, codes.DUPLICATE_ITEM, resource, (*path, field, paths.Item(key)))


def _port_names(resource: Resource, path: Path, owner: Manifest, report: Report) -> None:
    ports = owner.get("ports", ())
    for name in _repeated([port.get("name") for port in ports]):
        port = next(port for port in reversed(ports) if port.get("name") == name)
        key = paths.step("ports", ports.index(port), port)
        tell(report, codes.DUPLICATE_ITEM, resource, (*path, "ports", key, "name"))


def _repeated(keys: list[Any]) -> list[Any]:
    """What stands in ``keys`` more than once."""
    if len(set(keys)) == len(keys):
        return []
    return sorted({key for key in keys if key is not None and keys.count(key) > 1})
