"""Labels and annotations: their form, and how much room they take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from openflow_render.checks import naming
from openflow_render.checks.finding import tell
from openflow_render.checks.pods import pods
from openflow_render.core import codes
from openflow_render.core.paths import Path
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Manifest, Resource

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_MOST_ANNOTATIONS = 256 * 1024


def check(bundle: Bundle, _context: Context, report: Report) -> None:
    for resource, path, metadata in _metadata(bundle):
        if "labels" in metadata:
            _labels(resource, (*path, "labels"), metadata["labels"], report)
        if "annotations" in metadata:
            _annotations(resource, (*path, "annotations"), metadata["annotations"], report)
    for pod in pods(bundle):
        if "nodeSelector" in pod.spec:
            _labels(pod.resource, (*pod.path, "nodeSelector"), pod.spec["nodeSelector"], report)


def _metadata(bundle: Bundle) -> Iterator[tuple[Resource, Path, Manifest]]:
    """The metadata of every object and of every pod template."""
    for resource in bundle:
        yield resource, ("metadata",), resource["metadata"]
    for pod in pods(bundle):
        if pod.resource.kind != "Pod":
            yield pod.resource, (*pod.path[:-1], "metadata"), pod.metadata


def _labels(resource: Resource, path: Path, labels: dict[str, str], report: Report) -> None:
    for key, value in labels.items():
        if problem := naming.qualified(key) or naming.label_value(value):
            tell(report, codes.BAD_LABEL, resource, (*path, key), problem=problem)


def _annotations(resource: Resource, path: Path, annotations: dict[str, str], report: Report) -> None:
    for key in annotations:
        if problem := naming.qualified(key.lower()):
            tell(report, codes.BAD_LABEL, resource, (*path, key), problem=problem)
    size = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items())
    if size > _MOST_ANNOTATIONS:
        tell(report, codes.ANNOTATIONS_TOO_BIG, resource, path, size=size)
