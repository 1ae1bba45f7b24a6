"""What Argo CD and Flux are told about each object, so that they do the right thing with jobs that end.

What comes of it, for each way to run a job, is told by `cells`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from openflow_render.core.identity import SUFFIX, plain
from openflow_render.core.paths import Path, leaves
from openflow_render.core.report import Origin, Report
from openflow_render.core.resource import Bundle, Resource
from openflow_render.spec.job import Job

ARGOCD, FLUX = "argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/"

RUN = "openflow.io/run"

FROZEN = "openflow.io/frozen"
"""Says of an object that its spec is left as it is once it is there."""

PROJECT, TARGET = "openflow.io/project", "openflow.io/target"
"""By these labels everything of a target is found, also what a job left that is gone from git."""

_LASTING = frozenset({"Namespace", "PersistentVolumeClaim"})
"""What outlives runs, unless it is made for one, and is lost with all that it holds."""

_WORKLOADS = frozenset({"Pod", "Job"})
_FIXED = _WORKLOADS | {"PersistentVolumeClaim"}
"""Whose spec the API server lets nobody change, but for little, once it is there.

A change would be refused again and again. Under a name with an identity there is none anyway, and what differs was
written by an admission or by Kueue.
"""


class GitOps:
    """Annotates objects for the controller that syncs them."""

    name = "gitops"
    keeps = False

    def __init__(self, job: Job, controller: str, old_run: str, labels: Mapping[str, str]) -> None:
        self._job = job
        self._controller = controller
        self._old_run = job.run.old_run or old_run
        self._labels = labels

    def __call__(self, bundle: Bundle, report: Report) -> None:  # noqa: ARG002
        told = {"argocd": self._argocd, "flux": self._flux}[self._controller]
        for resource in bundle:
            if not resource.preview:
                _add(resource, "annotations", dict(told(resource)))
                of_run = {RUN: SUFFIX} if plain(resource.name) != resource.name else {}
                _add(resource, "labels", {**of_run, **self._labels})

    def placed(self, path: Path) -> Origin | None:  # noqa: ARG002
        return None

    def _argocd(self, resource: Resource) -> Iterator[tuple[str, str]]:
        """Annotations for Argo CD.

        Source: Argo CD 3.6 against a real API server. A bare Pod counts as progressing for as long as it runs unless
        its restart policy is ignored; what is not pruned must not count as a difference either.
        """
        if self._is_kept(resource):
            yield f"{ARGOCD}compare-options", "IgnoreExtraneous"
            yield f"{ARGOCD}sync-options", "Prune=false,Delete=false"
        if resource.kind == "Pod":
            yield f"{ARGOCD}ignore-restart-policy", "true"
        if resource.kind == "PodGroup":
            # Kinds that Argo CD does not know come last otherwise, after the driver. Claims stay in the driver's wave:
            # one that waits for its first consumer would hold up the next.
            yield f"{ARGOCD}sync-wave", "-1"
        if resource.kind in _FIXED:
            yield FROZEN, "true"

    def _flux(self, resource: Resource) -> Iterator[tuple[str, str]]:
        """Annotations for Flux.

        Source: Flux' kustomize-controller of 2026 against a real API server. It prunes before it looks at health, and
        `postBuild.substitute` fails on Spark's own `${...}`.
        """
        if self._is_kept(resource):
            yield f"{FLUX}prune", "disabled"
        if self._is_skipped(resource):
            yield f"{FLUX}ssa", "IfNotPresent"
        if resource.kind == "ConfigMap" or _has_placeholders(resource):
            yield f"{FLUX}substitute", "disabled"

    def _is_kept(self, resource: Resource) -> bool:
        """Whether ``resource`` stays when it is gone from git.

        What runs, and all that it needs until it is over: a run that is under way may finish. A CronJob would go on
        starting runs for ever, and a server is replaced in place, so those go.
        """
        if resource.kind in _LASTING and not resource.run_scoped:
            return True
        return self._old_run == "finish" and self._job.run.as_ in {"pod", "job"}

    def _is_skipped(self, resource: Resource) -> bool:
        """Whether Flux is to leave ``resource`` alone once it is there, which also means not to look at its health.

        So that is only said where a change would be refused: of what has a plain name, and of what Kueue changes.
        """
        is_plain = plain(resource.name) == resource.name
        by_kueue = resource.kind in _WORKLOADS and self._job.scheduling.scheduler == "kueue"
        return resource.kind in _FIXED and (is_plain or by_kueue)


def _has_placeholders(resource: Resource) -> bool:
    return any(isinstance(value, str) and "${" in value for _, value in leaves(resource.manifest))


def _add(resource: Resource, field: str, entries: dict[str, Any]) -> None:
    if entries:
        metadata = resource["metadata"]
        there = metadata.get(field, {})
        changed = {**metadata, field: {**there, **{name: entries[name] for name in entries if name not in there}}}
        resource.manifest = {**resource.manifest, "metadata": changed}
