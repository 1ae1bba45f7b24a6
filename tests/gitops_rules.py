"""What Argo CD and Flux do with a tree: as much of it as was seen with the real ones, and no more.

The names of the rules are those of the observations. A cluster here refuses what a real API server was seen to refuse,
and writes into objects what a real one writes.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import cel
import jq
import yaml

from openflow_render.core.resource import POD_TEMPLATES

Manifest = dict[str, Any]

ARGOCD, FLUX = "argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/"


class Name(NamedTuple):
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


def name_of(manifest: Manifest) -> Name:
    return Name(manifest["kind"], manifest["metadata"]["name"])


def documents(text: str) -> list[Manifest]:
    return [each for each in yaml.load_all(text, yaml.CSafeLoader) if each is not None]


def annotation(manifest: Manifest, name: str) -> str:
    return str((manifest["metadata"].get("annotations") or {}).get(name, ""))


# --- the API server ---

_IMMUTABLE = {
    "Pod": ("spec",),
    "Job": ("spec", "template"),
    "PersistentVolumeClaim": ("spec",),
    "Deployment": ("spec", "selector"),
    "RoleBinding": ("roleRef",),
}
"""What cannot be changed in place; a ConfigMap's data besides, if the ConfigMap says so."""

_TOLERATION = {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}
"""What admission adds to every pod, whenever it is written."""

_FLAVOR = {"pool": "batch"}
"""What Kueue adds to the node selector of what it lets start."""


class Cluster:
    """The objects that are there, and what has become of them since it was last asked."""

    def __init__(self) -> None:
        self.live: dict[Name, Manifest] = {}
        self.applied: dict[Name, Manifest] = {}
        self.created: list[Name] = []
        self.changed: list[Name] = []
        self.deleted: list[Name] = []
        self.refused: list[str] = []

    def create(self, wanted: Manifest) -> None:
        name = name_of(wanted)
        self.live[name], self.applied[name] = _started(wanted), wanted
        self.created.append(name)

    def update(self, wanted: Manifest, applied: Manifest) -> None:
        name = name_of(wanted)
        if reason := self.refusal(wanted):
            self.refused.append(reason)
        else:
            self.live[name], self.applied[name] = wanted, applied
            self.changed.append(name)

    def delete(self, name: Name) -> None:
        del self.live[name], self.applied[name]
        self.deleted.append(name)

    def refusal(self, wanted: Manifest) -> str:
        """Why an update to ``wanted`` is refused."""
        live = self.live[name_of(wanted)]
        path = ("data",) if live.get("immutable") else _IMMUTABLE.get(wanted["kind"], ())
        if path and _at(live, path) != _at(wanted, path):
            return f"{name_of(wanted)} is invalid: {'.'.join(path)}: field is immutable"
        return ""

    def since(self) -> Changes:
        """What has happened since this was last asked."""
        found = Changes(self.created, self.changed, self.deleted, self.refused)
        self.created, self.changed, self.deleted, self.refused = [], [], [], []
        return found


class Changes(NamedTuple):
    created: Sequence[Name]
    changed: Sequence[Name]
    deleted: Sequence[Name]
    refused: Sequence[str]


def _admitted(wanted: Manifest) -> Manifest:
    """``wanted`` as admission leaves it; selectors and tolerations of a pod are replaced whole, never merged."""
    manifest = copy.deepcopy(wanted)
    if wanted["kind"] in {"Pod", "Job"}:
        spec = _at(manifest, (*POD_TEMPLATES[wanted["kind"]], "spec"))
        if _TOLERATION not in spec.get("tolerations", ()):
            spec["tolerations"] = [*spec.get("tolerations", ()), _TOLERATION]
    return manifest


def _started(wanted: Manifest) -> Manifest:
    """``wanted`` as the scheduler and Kueue leave it."""
    manifest = _admitted(wanted)
    if wanted["kind"] in {"Pod", "Job"}:
        pod = _at(manifest, POD_TEMPLATES[wanted["kind"]])
        if "kueue.x-k8s.io/queue-name" in pod["metadata"]["labels"]:
            pod["spec"]["nodeSelector"] = {**pod["spec"].get("nodeSelector", {}), **_FLAVOR}
        if wanted["kind"] == "Pod":
            pod["spec"]["nodeName"] = "node-1"
    return manifest


def _at(manifest: Manifest, path: Iterable[str]) -> Any:
    found: Any = manifest
    for step in path:
        found = found.get(step, {})
    return found


_WHOLE = {"nodeSelector"}
"""Maps that are replaced as a whole."""


def merged(live: Any, applied: Any, wanted: Any) -> Any:
    """Server-side apply: what was ``applied`` and is not ``wanted`` goes, what others wrote stays; lists are whole."""
    if not (isinstance(live, dict) and isinstance(wanted, dict)):
        return wanted
    before = applied or {}
    kept = {key: value for key, value in live.items() if key in wanted or key not in before}
    parts = {key: (None if key in _WHOLE else live.get(key), before.get(key), each) for key, each in wanted.items()}
    return {**kept, **{key: merged(*three) for key, three in parts.items()}}


# --- Argo CD ---


class ArgoCD:
    """An Application that is synced automatically, with pruning and self-healing."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._tracked: set[Name] = set()

    def sync(self, tree: Mapping[str, str]) -> Changes:
        [application] = documents(tree["application.yaml"])
        spec = application["spec"]
        options = spec["syncPolicy"]["syncOptions"]
        assert {"ServerSideApply=true", "ApplyOutOfSyncOnly=true", "RespectIgnoreDifferences=true"} <= set(options)
        ignored = [jq.compile(f"del({each})") for rule in spec["ignoreDifferences"] for each in _jq(rule)]
        wanted = [each for name, text in tree.items() if name != "application.yaml" for each in documents(text)]
        for each in sorted(wanted, key=wave):
            self._apply(each, ignored)
        self._prune({name_of(each) for each in wanted})
        return self._cluster.since()

    def out_of_sync(self, tree: Mapping[str, str]) -> list[Name]:
        """What is there, not in git, and counts as a difference."""
        wanted = {name_of(each) for text in tree.values() for each in documents(text)}
        extra = [name for name in sorted(self._tracked) if name in self._cluster.live and name not in wanted]
        options = f"{ARGOCD}compare-options"
        return [name for name in extra if annotation(self._cluster.live[name], options) != "IgnoreExtraneous"]

    def _apply(self, wanted: Manifest, ignored: Sequence[Any]) -> None:
        name = name_of(wanted)
        self._tracked.add(name)
        live = self._cluster.live.get(name)
        if live is None:
            self._cluster.create(wanted)
            return
        seen, before, after = (_without(each, ignored) for each in (live, self._cluster.applied[name], wanted))
        result = merged(seen, before, after)
        if result != seen:
            # What is ignored is applied as it is there.
            self._cluster.update(_laid_over(live, seen, result), wanted)

    def _prune(self, wanted: set[Name]) -> None:
        for name in [each for each in self._tracked - wanted if each in self._cluster.live]:
            if "Prune=false" not in annotation(self._cluster.live[name], f"{ARGOCD}sync-options").split(","):
                self._cluster.delete(name)


def wave(manifest: Manifest) -> tuple[int, int]:
    """Waves come in order, and in a wave kinds; those that Argo CD does not know come last."""
    number = int(annotation(manifest, f"{ARGOCD}sync-wave") or 0)
    kinds = (
        "Namespace",
        "NetworkPolicy",
        "ServiceAccount",
        "ConfigMap",
        "PersistentVolumeClaim",
        "Role",
        "RoleBinding",
    )
    order = (*kinds, "Service", "Pod", "Deployment", "Job", "CronJob")
    return number, order.index(manifest["kind"]) if manifest["kind"] in order else len(order)


def _jq(rule: Mapping[str, Any]) -> Iterator[str]:
    assert (rule["group"], rule["kind"]) == ("*", "*"), "a rule for all that is there"
    yield from rule["jqPathExpressions"]


def _without(manifest: Manifest, ignored: Sequence[Any]) -> Manifest:
    for program in ignored:
        manifest = program.input_value(manifest).first()
    return manifest


def _laid_over(live: Any, seen: Any, result: Any) -> Any:
    """``result`` with what of ``live`` was not seen."""
    if not (isinstance(live, dict) and isinstance(result, dict)):
        return result
    unseen = {key: value for key, value in live.items() if key not in (seen or {})}
    return {**unseen, **{key: _laid_over(live.get(key), (seen or {}).get(key), each) for key, each in result.items()}}


# --- Flux ---


class Flux:
    """The Kustomizations of a target, each with what it has applied so far."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._inventory: dict[str, set[Name]] = {}

    def sync(self, tree: Mapping[str, str]) -> Changes:
        ready: set[str] = set()
        for part in sorted(documents(tree["kustomizations.yaml"]), key=lambda each: "dependsOn" in each["spec"]):
            needed = {each["name"] for each in part["spec"].get("dependsOn", ())}
            if needed <= ready and self._reconcile(part, tree):
                ready.add(part["metadata"]["name"])
        return self._cluster.since()

    def _reconcile(self, part: Manifest, tree: Mapping[str, str]) -> bool:
        """Everything is tried before anything is applied, and nothing is if one object is refused."""
        wanted = [each for each in objects_of(part, tree) if not self._is_skipped(each)]
        refused = [reason for each in wanted if (reason := self._refusal(each))]
        self._cluster.refused += refused
        if refused:
            return False
        for each in wanted:
            self._apply(each)
        names = {name_of(each) for each in objects_of(part, tree)}
        self._collect(self._inventory.get(part["metadata"]["name"], set()) - names)
        self._inventory[part["metadata"]["name"]] = names
        return True

    def _is_skipped(self, wanted: Manifest) -> bool:
        return name_of(wanted) in self._cluster.live and annotation(wanted, f"{FLUX}ssa") == "IfNotPresent"

    def _refusal(self, wanted: Manifest) -> str:
        if name_of(wanted) in self._cluster.live:
            return self._cluster.refusal(self._merged(wanted))
        account = wanted["spec"].get("serviceAccountName") if wanted["kind"] == "Pod" else None
        if account and Name("ServiceAccount", account) not in self._cluster.live:
            return f"{name_of(wanted)} is forbidden: error looking up service account {account}"
        return ""

    def _merged(self, wanted: Manifest) -> Manifest:
        name = name_of(wanted)
        return _admitted(merged(self._cluster.live[name], self._cluster.applied[name], wanted))

    def _apply(self, wanted: Manifest) -> None:
        name = name_of(wanted)
        if name not in self._cluster.live:
            self._cluster.create(wanted)
        elif (result := self._merged(wanted)) != self._cluster.live[name]:
            self._cluster.update(result, wanted)

    def _collect(self, gone: set[Name]) -> None:
        for name in [each for each in sorted(gone) if each in self._cluster.live]:
            if annotation(self._cluster.live[name], f"{FLUX}prune") != "disabled":
                self._cluster.delete(name)


def objects_of(part: Manifest, tree: Mapping[str, str]) -> list[Manifest]:
    """What a Kustomization applies: what the kustomization.yaml in its folder names."""
    folder = part["spec"]["path"].removeprefix("./deploy/")
    [listed] = documents(tree[f"{folder}/kustomization.yaml"])
    return [each for name in listed["resources"] for each in documents(tree[f"{folder}/{name}"])]


def health(part: Manifest, manifest: Manifest) -> str:
    """What the expressions of a Kustomization say of an object; empty where none is for it.

    Of an object without a status Flux cannot evaluate what names it, not even within `has()`, and calls it Unknown.
    """
    for check in part["spec"].get("healthCheckExprs", ()):
        if (check["apiVersion"], check["kind"]) == (manifest["apiVersion"], manifest["kind"]):
            asked = [check[name] for name in ("failed", "current") if name in check]
            if "status" not in manifest and any("status" in each for each in asked):
                return "Unknown"
            if "failed" in check and cel.evaluate(check["failed"], manifest):
                return "Failed"
            return "Current" if cel.evaluate(check["current"], manifest) else "InProgress"
    return ""


CONTROLLERS = {"argocd": ArgoCD, "flux": Flux}
