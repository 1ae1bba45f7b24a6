"""The pods of a bundle: pods themselves, and the templates inside Jobs, Deployments and the like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from openflow_render.core.paths import Item, Path
from openflow_render.core.resource import POD_TEMPLATES, Bundle, Manifest, Resource

CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")

APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
"""How the annotations begin that gave containers, which they name, a profile before there was a field for it."""


class Pod(NamedTuple):
    """``path`` leads to the pod's ``spec`` inside ``resource``."""

    resource: Resource
    path: Path
    metadata: Manifest
    spec: Manifest

    @property
    def labels(self) -> dict[str, str]:
        return self.metadata.get("labels", {})  # type: ignore[no-any-return]


def pods(bundle: Bundle) -> Iterator[Pod]:
    for resource in bundle:
        above = POD_TEMPLATES.get(resource.kind)
        if above is None:
            continue
        manifest = resource.manifest
        for field in above:
            manifest = manifest.get(field, {})
        if "spec" in manifest:
            yield Pod(resource, (*above, "spec"), manifest.get("metadata", {}), manifest["spec"])


def containers(pod: Pod) -> Iterator[tuple[Path, Manifest]]:
    """Every container of ``pod``, of all three lists, with its path."""
    for field in CONTAINER_LISTS:
        for container in pod.spec.get(field, ()):
            yield (*pod.path, field, Item(container["name"])), container


def namespace(resource: Resource, bundle: Bundle) -> str:
    """The namespace ``resource`` lives in: the bundle's, unless it names one."""
    return str(resource["metadata"].get("namespace", bundle.namespace))
