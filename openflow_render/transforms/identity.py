"""The identity of a run: a digest of what is run, put in where names and ids have kept a place for it."""

from __future__ import annotations

import hashlib
import json
from typing import Any, cast

from openflow_render.core.identity import APPLICATION, APPLICATION_LENGTH, SUFFIX, SUFFIX_LENGTH
from openflow_render.core.paths import Path
from openflow_render.core.report import Origin, Report
from openflow_render.core.resource import Bundle, Manifest, Resource
from openflow_render.spec.job import Job
from openflow_render.transforms.metadata import metadata_paths

OURS = ("app.kubernetes.io/", "openflow.io/", "argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/")
"""Whose labels and annotations are about a run, and no part of it."""


class Identity:
    """Replaces the placeholders by a digest over the run-scoped objects.

    Accounts, roles, namespaces and claims with a fixed name do not count, nor do labels and annotations that come from
    the job's metadata, so that a relabelling does not re-run a fleet.
    """

    name = "identity"
    keeps = True

    def __init__(self, job: Job, run_id: str | None) -> None:
        self._job = job
        self._run_id = run_id if job.run.rerun == "always" else None

    def __call__(self, bundle: Bundle, report: Report) -> None:  # noqa: ARG002
        digest = self.digest(bundle)
        bundle.run = digest[:APPLICATION_LENGTH]
        for resource in bundle:
            resource.manifest = _identified(resource.manifest, digest)

    def placed(self, path: Path) -> Origin | None:  # noqa: ARG002
        return None

    def digest(self, bundle: Bundle) -> str:
        """SHA-256, in hex, of the canonical JSON of what is run."""
        counted = [self._counted(resource) for resource in bundle if resource.run_scoped]
        text = json.dumps([counted, self._run_id], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def _counted(self, resource: Resource) -> Any:
        tree = resource.manifest
        for path in metadata_paths(resource):
            tree = self._without_labels(tree, path)
        return tree

    def _without_labels(self, tree: Any, path: tuple[str, ...]) -> Any:
        """``tree`` without what the job's metadata gave it; a patch may have left no map, which a check will tell."""
        if not isinstance(tree, dict):
            return tree
        if path:
            return {**tree, path[0]: self._without_labels(tree.get(path[0]), path[1:])}
        return {
            **tree,
            "labels": _own(tree.get("labels"), self._job.labels or {}),
            "annotations": _own(tree.get("annotations"), self._job.annotations or {}),
        }


def _own(entries: Any, given: Any) -> Any:
    """The entries that belong to the run and not to the job's metadata."""
    if not isinstance(entries, dict):
        return entries or {}
    return {name: value for name, value in entries.items() if given.get(name) != value and not name.startswith(OURS)}


def _identified(manifest: Manifest, digest: str) -> Manifest:
    """The manifest with its placeholders replaced, by way of its JSON, which is many times faster than by hand."""
    text = json.dumps(manifest, ensure_ascii=False)
    identified = text.replace(SUFFIX, digest[:SUFFIX_LENGTH]).replace(APPLICATION, digest[:APPLICATION_LENGTH])
    return manifest if identified == text else cast("Manifest", json.loads(identified))
