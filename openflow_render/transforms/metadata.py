"""Labels and annotations for every object: the job's own, and those that Kubernetes recommends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from openflow_render.core.paths import Path
from openflow_render.core.report import Origin, Report
from openflow_render.core.resource import POD_TEMPLATES, Bundle, Manifest, Resource
from openflow_render.spec.job import Job


class Metadata:
    """Gives every object, and every pod that an object makes, the job's metadata."""

    name = "metadata"
    keeps = False

    def __init__(self, job: Job) -> None:
        self._job = job

    def __call__(self, bundle: Bundle, report: Report) -> None:  # noqa: ARG002
        labels = {**recommended(self._job), **(self._job.labels or {})}
        annotations = dict(self._job.annotations or {})
        for resource in bundle:
            if resource.preview:
                continue  # the engine will make it, and knows nothing of the job's metadata
            resource.manifest = _labelled(resource.manifest, metadata_paths(resource), labels, annotations)

    def placed(self, path: Path) -> Origin | None:  # noqa: ARG002
        return None


NAME, MANAGED_BY = "app.kubernetes.io/name", "app.kubernetes.io/managed-by"


def recommended(job: Job) -> dict[str, str]:
    """The labels by which people and tools find what belongs to a job.

    Source: Kubernetes' recommended labels, ``app.kubernetes.io/``.
    """
    return {NAME: job.name, MANAGED_BY: "openflow"}


def metadata_paths(resource: Resource) -> Iterator[tuple[str, ...]]:
    """Where an object has metadata: its own, and that of the pods it makes."""
    yield ("metadata",)
    if POD_TEMPLATES.get(resource.kind):
        yield (*POD_TEMPLATES[resource.kind], "metadata")


def _labelled(
    manifest: Manifest, paths: Iterator[tuple[str, ...]], labels: dict[str, str], annotations: dict[str, str]
) -> Manifest:
    for path in paths:
        manifest = _changed(manifest, path, labels, annotations)
    return manifest


def _changed(tree: Manifest, path: tuple[str, ...], labels: dict[str, str], annotations: dict[str, str]) -> Manifest:
    if path:
        return {**tree, path[0]: _changed(tree.get(path[0], {}), path[1:], labels, annotations)}
    added: dict[str, Any] = {"labels": {**labels, **tree.get("labels", {})}}
    if annotations or "annotations" in tree:
        added["annotations"] = {**annotations, **tree.get("annotations", {})}
    return {**tree, **added}
