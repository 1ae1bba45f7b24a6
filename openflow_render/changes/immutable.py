"""What a change does to an object that is there: whether the API server takes it, or only a new object will do.

Only Kubernetes' own rules, and of those the ones for kinds that jobs become. Source: ``Validate*Update`` of each kind
in ``pkg/apis/*/validation`` of Kubernetes 1.34.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeAlias

from openflow_render.changes.change import same
from openflow_render.core import quantity
from openflow_render.core.resource import Manifest

Tree: TypeAlias = Mapping[str, Any]


class Effect(StrEnum):
    """How a change gets into the cluster."""

    IN_PLACE = "in place"
    REPLACE = "replace"
    NEW_RUN = "new run"
    BY_DRIVER = "by the driver"

    @property
    def about(self) -> str:
        """What it means, in a line."""
        return _ABOUT[self]


_ABOUT: Mapping[Effect, str] = {
    Effect.IN_PLACE: "the object is updated",
    Effect.REPLACE: "the API server takes no such change: the object is deleted and made anew",
    Effect.NEW_RUN: "a new object is made under the name of the new run",
    Effect.BY_DRIVER: "the driver makes it, when it next runs",
}


def effect(before: Manifest, after: Manifest) -> Effect:
    """Whether an object of one name can become another in place."""
    group = str(after["apiVersion"]).rpartition("/")[0]
    refused = _REFUSED.get((group, str(after["kind"])))
    return Effect.REPLACE if refused is not None and refused(before, after) else Effect.IN_PLACE


Refuses: TypeAlias = Callable[[Tree, Tree], bool]
"""Whether the API server refuses to make one object of the other."""


def _fixed(*fields: tuple[str, ...]) -> Refuses:
    """The fields, by their paths, may not change."""

    def refused(before: Tree, after: Tree) -> bool:
        return any(not same(_at(before, path), _at(after, path)) for path in fields)

    return refused


def _fixed_but(*free: str) -> Refuses:
    """Of the fields of ``spec`` only these may change."""

    def refused(before: Tree, after: Tree) -> bool:
        return not same(*(_without(each.get("spec"), free) for each in (before, after)))

    return refused


def _pod(before: Tree, after: Tree) -> bool:
    """Source: ``ValidatePodUpdate``: images, a deadline that comes or shrinks, and further tolerations."""
    old, new = (dict(_spec(each)) for each in (before, after))
    deadlines = old.pop("activeDeadlineSeconds", None), new.pop("activeDeadlineSeconds", None)
    tolerations = old.pop("tolerations", None) or [], new.pop("tolerations", None) or []
    return (
        not same(_without_images(old), _without_images(new))
        or _grows(*deadlines)
        or any(each not in tolerations[1] for each in tolerations[0])
    )


def _grows(old: Any, new: Any) -> bool:
    """Whether a limit that is there goes, or is raised."""
    return isinstance(old, int) and (not isinstance(new, int) or new > old)


def _without_images(spec: Tree) -> Tree:
    lists = {field: spec[field] for field in ("containers", "initContainers") if isinstance(spec.get(field), list)}
    return {**spec, **{field: [_without(each, ("image",)) for each in found] for field, found in lists.items()}}


_JOB = _fixed(
    ("spec", "selector"),
    ("spec", "template"),
    ("spec", "completionMode"),
    ("spec", "podFailurePolicy"),
    ("spec", "backoffLimitPerIndex"),
    ("spec", "successPolicy"),
    ("spec", "managedBy"),
)


def _job(before: Tree, after: Tree) -> bool:
    """Source: ``ValidateJobUpdate``: of an Indexed one the completions move together with the parallelism."""
    old, new = map(_spec, (before, after))
    moved = old.get("completions") != new.get("completions")
    together = new.get("completionMode") == "Indexed" and new.get("completions") == new.get("parallelism")
    return _JOB(before, after) or (moved and not together)


_CLAIM = _fixed_but("resources", "volumeAttributesClassName")


def _claim(before: Tree, after: Tree) -> bool:
    """Source: ``ValidatePersistentVolumeClaimUpdate``: a claim may only ask for more room, if its class lets it."""
    sizes = [_at(each, ("spec", "resources", "requests", "storage")) for each in (before, after)]
    others = [_without(_at(each, ("spec", "resources")), ("requests",)) for each in (before, after)]
    return _CLAIM(before, after) or not same(*others) or _shrinks(*sizes)


def _shrinks(old: Any, new: Any) -> bool:
    if old is None or same(old, new):
        return False
    try:
        return quantity.parse(str(new)) < quantity.parse(str(old))
    except ValueError:
        return True


def _service(before: Tree, after: Tree) -> bool:
    """Source: ``ValidateServiceUpdate``: the address stays once it is there, and so does the first family of it."""
    given = [(_at(each, ("spec", "clusterIP")), _first(_at(each, ("spec", "ipFamilies")))) for each in (before, after)]
    return any(old is not None and new is not None and old != new for old, new in zip(*given, strict=True))


def _frozen(*also: str) -> Refuses:
    """Source: ``ValidateConfigMapUpdate`` and ``ValidateSecretUpdate``: what is `immutable` stays, and stays so."""

    def refused(before: Tree, after: Tree) -> bool:
        fields = (*also, *(_DATA if before.get("immutable") is True else ()))
        return any(not same(before.get(each), after.get(each)) for each in fields)

    return refused


_DATA = ("immutable", "data", "binaryData", "stringData")
_SELECTOR = _fixed(("spec", "selector"))
_ROLE = _fixed(("roleRef",))
_STATEFUL = _fixed_but(
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)

_REFUSED: Mapping[tuple[str, str], Refuses] = {
    ("", "Pod"): _pod,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Service"): _service,
    ("", "ConfigMap"): _frozen(),
    ("", "Secret"): _frozen("type"),
    ("batch", "Job"): _job,
    ("apps", "Deployment"): _SELECTOR,
    ("apps", "ReplicaSet"): _SELECTOR,
    ("apps", "DaemonSet"): _SELECTOR,
    ("apps", "StatefulSet"): _STATEFUL,
    ("rbac.authorization.k8s.io", "RoleBinding"): _ROLE,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): _ROLE,
    ("storage.k8s.io", "StorageClass"): _fixed(
        ("provisioner",), ("parameters",), ("reclaimPolicy",), ("volumeBindingMode",)
    ),
    ("scheduling.k8s.io", "PriorityClass"): _fixed(("value",), ("preemptionPolicy",)),
    # Those of Volcano and of coscheduling may change; they are of other groups.
    ("scheduling.k8s.io", "PodGroup"): _fixed(("spec",)),
}
"""What the API server refuses, by group and kind; what is not listed changes in place."""


def _spec(manifest: Tree) -> Tree:
    """The spec, or nothing where a patch has made it something else; a check tells of that."""
    found = manifest.get("spec")
    return found if isinstance(found, Mapping) else {}


def _at(tree: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        tree = tree.get(key) if isinstance(tree, Mapping) else None
    return tree


def _without(tree: Any, fields: Iterable[str]) -> Any:
    return {key: value for key, value in tree.items() if key not in fields} if isinstance(tree, Mapping) else tree


def _first(items: Any) -> Any:
    return items[0] if isinstance(items, list) and items else None
