"""API versions that Kubernetes serves no more, and what came after them.

Source: Kubernetes' deprecation guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Removed(NamedTuple):
    """Kinds that an API version served last before the minor ``since``; ``now`` is the version to write instead."""

    kinds: frozenset[str]
    since: int
    now: str


def _kinds(names: str, since: int, now: str) -> Removed:
    return Removed(frozenset(names.split()), since, now)


_RBAC = _kinds("ClusterRole ClusterRoleBinding Role RoleBinding", 22, "rbac.authorization.k8s.io/v1")
_INGRESS = _kinds("Ingress IngressClass", 22, "networking.k8s.io/v1")
_APPS = _kinds("DaemonSet Deployment ReplicaSet StatefulSet", 16, "apps/v1")

# Newer kinds came into some of these versions when the older ones had left them, so all are named.
_VERSIONS: Mapping[str, tuple[Removed, ...]] = {
    "apiextensions.k8s.io/v1beta1": (_kinds("CustomResourceDefinition", 22, "apiextensions.k8s.io/v1"),),
    "apps/v1beta1": (_APPS,),
    "apps/v1beta2": (_APPS,),
    "autoscaling/v2beta1": (_kinds("HorizontalPodAutoscaler", 25, "autoscaling/v2"),),
    "autoscaling/v2beta2": (_kinds("HorizontalPodAutoscaler", 26, "autoscaling/v2"),),
    "batch/v1beta1": (_kinds("CronJob", 25, "batch/v1"),),
    "batch/v2alpha1": (_kinds("CronJob", 21, "batch/v1"),),
    "coordination.k8s.io/v1beta1": (_kinds("Lease", 22, "coordination.k8s.io/v1"),),
    "extensions/v1beta1": (_INGRESS, _APPS, _kinds("NetworkPolicy", 16, "networking.k8s.io/v1")),
    "networking.k8s.io/v1beta1": (_INGRESS,),
    "node.k8s.io/v1beta1": (_kinds("RuntimeClass", 25, "node.k8s.io/v1"),),
    "policy/v1beta1": (_kinds("PodDisruptionBudget", 25, "policy/v1"),),
    "rbac.authorization.k8s.io/v1alpha1": (_RBAC,),
    "rbac.authorization.k8s.io/v1beta1": (_RBAC,),
    "scheduling.k8s.io/v1beta1": (_kinds("PriorityClass", 22, "scheduling.k8s.io/v1"),),
    "storage.k8s.io/v1beta1": (
        _kinds("CSIDriver CSINode StorageClass VolumeAttachment", 22, "storage.k8s.io/v1"),
        _kinds("CSIStorageCapacity", 27, "storage.k8s.io/v1"),
    ),
}


def removed(api_version: str, kind: str, minor: int) -> Removed | None:
    """Since when ``minor`` does not serve ``kind`` in ``api_version`` any more; ``None`` if that is not so."""
    found = (each for each in _VERSIONS.get(api_version, ()) if kind in each.kinds)
    return next((each for each in found if minor >= each.since), None)
