"""Fields that a version of Kubernetes knows and does not honour yet, and ways to say things that it has given up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from openflow_render.checks.finding import tell
from openflow_render.checks.pods import APPARMOR, Pod, pods
from openflow_render.core import codes, paths
from openflow_render.core.paths import Path
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Resource

if TYPE_CHECKING:
    from openflow_render.checks.context import Context


class Gate(NamedTuple):
    """A feature gate that is off, unless a cluster's owner turns it on, from the minor ``first`` to ``last``."""

    name: str
    first: int
    last: int


_IN_PODS: Mapping[str, Gate] = {
    "resources": Gate("PodLevelResources", 32, 33),
    "resourceClaims": Gate("DynamicResourceAllocation", 26, 33),
    "schedulingGates": Gate("PodSchedulingReadiness", 26, 26),
    "hostUsers": Gate("UserNamespacesSupport", 25, 32),
    "hostnameOverride": Gate("HostnameOverride", 34, 34),
    "schedulingGroup": Gate("GenericWorkload", 36, 36),
    "securityContext.supplementalGroupsPolicy": Gate("SupplementalGroupsPolicy", 31, 32),
    "securityContext.seLinuxChangePolicy": Gate("SELinuxChangePolicy", 32, 32),
    "volumes.*.image": Gate("ImageVolume", 31, 34),
    "topologySpreadConstraints.*.minDomains": Gate("MinDomainsInPodTopologySpread", 25, 26),
    "topologySpreadConstraints.*.matchLabelKeys": Gate("MatchLabelKeysInPodTopologySpread", 25, 26),
    "topologySpreadConstraints.*.nodeAffinityPolicy": Gate("NodeInclusionPolicyInPodTopologySpread", 25, 25),
    "topologySpreadConstraints.*.nodeTaintsPolicy": Gate("NodeInclusionPolicyInPodTopologySpread", 25, 25),
}
_IN_CONTAINERS: Mapping[str, Gate] = {
    "resizePolicy": Gate("InPlacePodVerticalScaling", 27, 32),
    "restartPolicy": Gate("SidecarContainers", 28, 28),
    "restartPolicyRules": Gate("ContainerRestartRules", 34, 34),
    "volumeMounts.*.recursiveReadOnly": Gate("RecursiveReadOnlyMounts", 30, 30),
    "env.*.valueFrom.fileKeyRef": Gate("EnvFiles", 34, 34),
    "lifecycle.postStart.sleep": Gate("PodLifecycleSleepAction", 29, 29),
    "lifecycle.preStop.sleep": Gate("PodLifecycleSleepAction", 29, 29),
}
_IN_JOBS: Mapping[str, Gate] = {
    "podFailurePolicy": Gate("JobPodFailurePolicy", 25, 25),
    "backoffLimitPerIndex": Gate("JobBackoffLimitPerIndex", 28, 28),
    "maxFailedIndexes": Gate("JobBackoffLimitPerIndex", 28, 28),
    "podReplacementPolicy": Gate("JobPodReplacementPolicy", 28, 28),
    "successPolicy": Gate("JobSuccessPolicy", 30, 30),
    "managedBy": Gate("JobManagedBy", 30, 31),
    "scheduling": Gate("WorkloadWithJob", 37, 37),
}
_IN_KINDS: Mapping[str, Mapping[str, Gate]] = {
    "Job": {f"spec.{field}": gate for field, gate in _IN_JOBS.items()},
    "CronJob": {f"spec.jobTemplate.spec.{field}": gate for field, gate in _IN_JOBS.items()},
    "Service": {"spec.trafficDistribution": Gate("ServiceTrafficDistribution", 30, 30)},
    "PersistentVolumeClaim": {"spec.volumeAttributesClassName": Gate("VolumeAttributesClass", 29, 33)},
}


class Former(NamedTuple):
    """What is written as ``now`` since the minor ``since``.

    ``of_standards`` is for what a Pod Security Standard has its say about; see `pod_security`.
    """

    now: str
    since: int = 0
    of_standards: bool = False


_ANNOTATIONS: Mapping[str, Former] = {
    APPARMOR: Former("securityContext.appArmorProfile", 30, of_standards=True),
    "container.seccomp.security.alpha.kubernetes.io/": Former("securityContext.seccompProfile", of_standards=True),
    "seccomp.security.alpha.kubernetes.io/pod": Former("securityContext.seccompProfile", of_standards=True),
    "volume.beta.kubernetes.io/storage-class": Former("spec.storageClassName"),
    "scheduler.alpha.kubernetes.io/critical-pod": Former("spec.priorityClassName"),
    "pod.alpha.kubernetes.io/init-containers": Former("spec.initContainers"),
}
"""Annotations, or what they begin with if they end in a slash."""

_NODE_LABELS: Mapping[str, Former] = {
    "beta.kubernetes.io/arch": Former("kubernetes.io/arch"),
    "beta.kubernetes.io/os": Former("kubernetes.io/os"),
    "beta.kubernetes.io/instance-type": Former("node.kubernetes.io/instance-type"),
    "failure-domain.beta.kubernetes.io/region": Former("topology.kubernetes.io/region"),
    "failure-domain.beta.kubernetes.io/zone": Former("topology.kubernetes.io/zone"),
    "node-role.kubernetes.io/master": Former("node-role.kubernetes.io/control-plane"),
}


def check(bundle: Bundle, context: Context, report: Report) -> None:
    minor = context.minor
    for resource in bundle:
        for field, gate in _off(resource.kind, minor):
            _gates(resource, (), resource.manifest, field, gate, report)
        _annotations(resource, ("metadata",), resource["metadata"].get("annotations", {}), context, report)
    for pod in pods(bundle):
        for field, gate in _off("", minor):
            _gates(pod.resource, pod.path, pod.spec, field, gate, report)
        if pod.resource.kind != "Pod":
            path = (*pod.path[:-1], "metadata")
            _annotations(pod.resource, path, pod.metadata.get("annotations", {}), context, report)
        _node_labels(pod, report)


@cache
def _off(kind: str, minor: int) -> tuple[tuple[tuple[str, ...], Gate], ...]:
    """The fields of ``kind``, or of pods where it is empty, whose gates are off in ``minor``."""
    if kind:
        known = dict(_IN_KINDS.get(kind, {}))
    else:
        lists = ("containers", "initContainers")
        known = {**_IN_PODS, **{f"{each}.*.{field}": gate for each in lists for field, gate in _IN_CONTAINERS.items()}}
    return tuple((tuple(field.split(".")), gate) for field, gate in known.items() if gate.first <= minor <= gate.last)


def _gates(resource: Resource, path: Path, owner: Any, field: tuple[str, ...], gate: Gate, report: Report) -> None:
    for where in _places(owner, path, field):
        tell(report, codes.GATE_OFF, resource, where, gate=gate.name, last=f"1.{gate.last}")


def _places(value: Any, path: Path, field: tuple[str, ...]) -> Iterator[Path]:
    """Where ``field`` is below ``value``; a star stands for every item of a list."""
    for position, key in enumerate(field):
        if key == "*":
            for index, item in enumerate(value):
                yield from _places(item, (*path, paths.step(path[-1], index, item)), field[position + 1 :])
            return
        if key not in value:
            return
        value, path = value[key], (*path, key)
    yield path


def _annotations(
    resource: Resource, path: Path, annotations: Mapping[str, str], context: Context, report: Report
) -> None:
    for key in annotations:
        former = _ANNOTATIONS.get(key) or _ANNOTATIONS.get(key.rpartition("/")[0] + "/")
        if former is None or context.minor < former.since or (former.of_standards and context.profile != "none"):
            continue
        tell(report, codes.OUTDATED, resource, (*path, "annotations", key), now=former.now)


def _node_labels(pod: Pod, report: Report) -> None:
    for key in pod.spec.get("nodeSelector", ()):
        if key in _NODE_LABELS:
            path = (*pod.path, "nodeSelector", key)
            tell(report, codes.OUTDATED, pod.resource, path, now=_NODE_LABELS[key].now)
    affinity = pod.spec.get("affinity", {}).get("nodeAffinity", {})
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution", {})
    for at, term in enumerate(required.get("nodeSelectorTerms", ())):
        for index, each in enumerate(term.get("matchExpressions", ())):
            if each["key"] in _NODE_LABELS:
                path = (*pod.path, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
                where = (*path, "nodeSelectorTerms", at, "matchExpressions", index, "key")
                tell(report, codes.OUTDATED, pod.resource, where, now=_NODE_LABELS[each["key"]].now)
