"""Proxies that a service mesh puts into pods: one that does not end keeps a batch job from ending."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from openflow_render.checks import parts
from openflow_render.checks.finding import tell
from openflow_render.checks.pods import Pod, pods
from openflow_render.core import codes
from openflow_render.core.paths import Path
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Manifest

if TYPE_CHECKING:
    from openflow_render.checks.context import Context


class Mesh(NamedTuple):
    """How a mesh is told to leave a pod alone or not, and that its proxy is to end with the pod.

    ``pod`` is the label or annotation of a pod that turns it on, ``namespace`` the label or annotation of a namespace;
    ``ends`` is the annotation that makes the proxy a sidecar as Kubernetes knows them.
    """

    name: str
    pod: str
    on: frozenset[str]
    namespace: tuple[str, str, str]
    ends: str


_MESHES = (
    Mesh(
        "Istio",
        "sidecar.istio.io/inject",
        frozenset({"true"}),
        ("labels", "istio-injection", "enabled"),
        "sidecar.istio.io/nativeSidecar",
    ),
    Mesh(
        "Linkerd",
        "linkerd.io/inject",
        frozenset({"enabled", "ingress"}),
        ("annotations", "linkerd.io/inject", "enabled"),
        "config.alpha.linkerd.io/proxy-enable-native-sidecar",
    ),
)


def check(bundle: Bundle, context: Context, report: Report) -> None:
    home = context.given.find("Namespace", bundle.namespace)
    namespace = {} if home is None else home.manifest["metadata"]
    for pod in pods(bundle):
        # A server does not end, and executors end when the driver deletes them.
        if pod.resource.kind in {"Deployment", "StatefulSet"} or pod.resource.preview:
            continue
        for mesh, path in _injected(pod, namespace):
            tell(report, codes.MESH_PROXY, pod.resource, path, mesh=mesh.name, off=mesh.pod, ends=mesh.ends)


def _injected(pod: Pod, namespace: Manifest) -> Iterator[tuple[Mesh, Path]]:
    metadata = (*pod.path[:-1], "metadata")
    for mesh in _MESHES:
        said = {field: pod.metadata.get(field, {}).get(mesh.pod) for field in ("labels", "annotations")}
        if pod.metadata.get("annotations", {}).get(mesh.ends) == "true":
            continue
        if any(said.values()):
            yield from ((mesh, (*metadata, field, mesh.pod)) for field, value in said.items() if value in mesh.on)
            continue
        field, key, value = mesh.namespace
        if parts.text(namespace, field, key) == value:
            yield mesh, (*metadata, "labels")
