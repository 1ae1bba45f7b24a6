"""What only the API server and its controllers may fill in stays empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openflow_render.checks.finding import tell
from openflow_render.checks.pods import pods
from openflow_render.core import codes
from openflow_render.core.paths import Item, Path
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Manifest, Resource

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

METADATA = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
"""Fields of ObjectMeta that only the API server sets."""

_LABELS = frozenset(
    {
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-name",
        "controller-revision-hash",
        "controller-uid",
        "job-name",
        "pod-template-hash",
        "statefulset.kubernetes.io/pod-name",
    }
)
_ANNOTATIONS = frozenset(
    {
        "deployment.kubernetes.io/revision",
        "kubectl.kubernetes.io/last-applied-configuration",
        "pv.kubernetes.io/bind-completed",
        "pv.kubernetes.io/bound-by-controller",
    }
)
_TOKEN_VOLUME = "kube-api-access-"  # noqa: S105 - how the volumes are called that hold tokens


def check(bundle: Bundle, _context: Context, report: Report) -> None:
    for resource in bundle:
        if "status" in resource.manifest:
            tell(report, codes.SERVER_OWNED, resource, ("status",))
        for field in sorted(METADATA.intersection(resource["metadata"])):
            tell(report, codes.SERVER_OWNED, resource, ("metadata", field))
        _copied(resource, ("metadata",), resource["metadata"], report)
    for pod in pods(bundle):
        if pod.resource.kind != "Pod":
            _copied(pod.resource, (*pod.path[:-1], "metadata"), pod.metadata, report)
        if "nodeName" in pod.spec:
            tell(report, codes.COPIED_FROM_CLUSTER, pod.resource, (*pod.path, "nodeName"))
        for volume in pod.spec.get("volumes", ()):
            if volume["name"].startswith(_TOKEN_VOLUME):
                path = (*pod.path, "volumes", Item(volume["name"]))
                tell(report, codes.COPIED_FROM_CLUSTER, pod.resource, path)


def _copied(resource: Resource, path: Path, metadata: Manifest, report: Report) -> None:
    """What controllers write into objects comes into a job by copying one that is there."""
    for field, known in (("labels", _LABELS), ("annotations", _ANNOTATIONS)):
        for key in sorted(known.intersection(metadata.get(field, ()))):
            tell(report, codes.COPIED_FROM_CLUSTER, resource, (*path, field, key))
