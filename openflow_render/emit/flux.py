"""A tree that Flux reconciles, in two parts, and the objects that tell Flux so.

A bare Pod whose account is in the same Kustomization is never applied: Flux tries everything in a dry run first, when
the account is not there yet. So accounts and what else outlives runs come first, and runs depend on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any

from openflow_render.core.report import Report
from openflow_render.emit.kustomize import kustomize
from openflow_render.emit.objects import Objects
from openflow_render.emit.tree import By, Pieces, Tree, below, plain, together
from openflow_render.spec.project import Target

ACCOUNTS, RUNS = "accounts", "runs"

HEALTH: Sequence[Mapping[str, str]] = (
    {
        "apiVersion": "v1",
        "kind": "Pod",
        "failed": "has(status.phase) && status.phase == 'Failed'",
        "current": "has(status.phase) && status.phase in ['Pending', 'Running', 'Succeeded']",
    },
    {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "failed": "has(status.phase) && status.phase == 'Lost'",
        "current": "has(status.phase) && status.phase in ['Pending', 'Bound']",
    },
    {"apiVersion": "scheduling.volcano.sh/v1beta1", "kind": "PodGroup", "current": "true"},
    {"apiVersion": "scheduling.x-k8s.io/v1alpha1", "kind": "PodGroup", "current": "true"},
)
"""What Flux would judge otherwise: a failed Pod counts as healthy, one that waits for room as failed, and a claim that
waits for its first consumer as never ready. A gang that waits in a queue is in order; until its scheduler has written
a status, every expression that looks at one is an error to Flux, even within `has()`.
"""


class PartPlan:
    """What one Kustomization of a target holds; `templates/flux/kustomization.yaml` places it."""

    def __init__(self, target: Target, part: str, *, alone: bool, wait: bool) -> None:
        self._target = target
        self._part = part
        self._alone = alone
        self.wait = wait or None
        self.interval = target.flux.interval
        self.timeout = target.flux.timeout
        self.namespace = target.flux.namespace
        self.service_account = target.flux.service_account

    @cached_property
    def name(self) -> str:
        """The name of the target; that of what comes first says so."""
        return self._target.flux.name if self._part == RUNS else f"{self._target.flux.name}-{self._part}"

    @cached_property
    def source_ref(self) -> Mapping[str, str]:
        """Where the tree is read from: a source that is made with it, or one that is there."""
        kind, said = source_of(self._target)
        if kind == "existing":
            return said
        return {"kind": _KINDS[kind], "name": self._target.flux.name}

    @cached_property
    def path(self) -> str:
        """Where this part of the tree stands in the source."""
        kind, _ = source_of(self._target)
        folder = self._target.flux.path or ("" if kind == "oci" else str(self._target.out))
        return "/".join(filter(None, (".", folder, self._part)))

    @cached_property
    def deletion_policy(self) -> str:
        """Without it, deleting the Kustomization would end the drivers that run."""
        return "Orphan" if self._target.old_run == "finish" else "MirrorPrune"

    @cached_property
    def depends_on(self) -> list[dict[str, str]] | None:
        """Runs come after what they need."""
        return [{"name": f"{self._target.flux.name}-{ACCOUNTS}"}] if self._part == RUNS and not self._alone else None

    @cached_property
    def health_checks(self) -> list[Mapping[str, str]] | None:
        """Only where health is waited for."""
        return list(HEALTH) if self.wait else None

    @cached_property
    def decryption(self) -> dict[str, Any] | None:
        """How Flux reads Secrets that SOPS encrypted; they are in the first part."""
        secret = self._target.flux.decryption
        if secret is None or self._part == RUNS:
            return None
        return {"provider": "sops", "secretRef": {"name": secret}}


_KINDS = {"git": "GitRepository", "oci": "OCIRepository"}


class SourcePlan:
    """What the source of a target holds."""

    def __init__(self, target: Target) -> None:
        _, said = source_of(target)
        self.name = target.flux.name
        self.namespace = target.flux.namespace
        self.interval = target.flux.interval
        self.url = said["url"]
        self.branch = said.get("branch", "main")
        self.tag = said.get("tag", "latest")
        self.secret_ref = {"name": said["secret"]} if "secret" in said else None


def source_of(target: Target) -> tuple[str, Mapping[str, str]]:
    """Which sort of source a target has, and what is said of it."""
    [(kind, said)] = (target.flux.source or {}).items()
    return kind, said


def flux(jobs: Iterable[Pieces], more: Tree, by: By, target: Target, root: FilePath, report: Report) -> Tree:
    """The tree of ``jobs`` in two parts, with ``more`` in the first; and the Flux objects beside them."""
    jobs = list(jobs)
    first = [job._replace(pieces=[each for each in job.pieces if not each.run_scoped]) for job in jobs]
    then = [job._replace(pieces=[each for each in job.pieces if each.run_scoped]) for job in jobs]
    # A Job is in progress until it is complete, and no expression changes that, so there is no waiting beside one.
    wait = all(each.key.kind != "Job" for job in then for each in job.pieces)
    objects = Objects(root, report)
    trees = {ACCOUNTS: together(plain(first, by), more), RUNS: plain(then, by)}
    # kustomize builds nothing out of nothing.
    trees = {part: tree for part, tree in trees.items() if tree.files}
    parts = [PartPlan(target, part, alone=len(trees) == 1, wait=wait and part == RUNS) for part in trees]
    texts = [objects.text("flux/kustomization", {"part": part}) for part in parts]
    own = {"kustomizations.yaml": "---\n".join(texts)}
    kind, _ = source_of(target)
    if kind != "existing":
        template = "flux/git-repository" if kind == "git" else "flux/oci-repository"
        own["source.yaml"] = objects.text(template, {"source": SourcePlan(target)})
    # Who points Flux at the folder itself gets these objects, and not the parts all in one.
    return together(*(below(part, kustomize(tree)) for part, tree in trees.items()), kustomize(Tree(own, {})))
