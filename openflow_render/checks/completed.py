"""Objects as admission sees them: with what the API server has filled in by then, and without what it drops.

Sources: ``SetDefaults_*`` of Kubernetes' API groups, and its admission plugins `ServiceAccount`, `Priority` and
`DefaultTolerationSeconds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openflow_render.checks.pods import CONTAINER_LISTS
from openflow_render.core.resource import POD_TEMPLATES, Manifest

_SPECS: Mapping[str, Manifest] = {
    "CronJob": {
        "concurrencyPolicy": "Allow",
        "failedJobsHistoryLimit": 1,
        "successfulJobsHistoryLimit": 3,
        "suspend": False,
    },
    "Deployment": {
        "progressDeadlineSeconds": 600,
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}, "type": "RollingUpdate"},
    },
    "Job": {
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "completions": 1,
        "parallelism": 1,
        "podReplacementPolicy": "TerminatingOrFailed",
        "suspend": False,
    },
    "PersistentVolumeClaim": {"volumeMode": "Filesystem"},
    "Service": {"internalTrafficPolicy": "Cluster", "sessionAffinity": "None", "type": "ClusterIP"},
}
_POD: Manifest = {
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
    "securityContext": {},
    "terminationGracePeriodSeconds": 30,
}
_OF_PODS_ONLY: Manifest = {
    "enableServiceLinks": True,
    "preemptionPolicy": "PreemptLowerPriority",
    "priority": 0,
    "serviceAccountName": "default",
}
_CONTAINER: Manifest = {
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_PROBE: Manifest = {"failureThreshold": 3, "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1}
_MODES = ("configMap", "downwardAPI", "projected", "secret")
_MODE = 0o644
_TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_TOKEN = {"name": "kube-api-access-00000", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}

_DROPPED_IF_EMPTY = frozenset({"annotations", "labels", "nodeSelector", "data", "binaryData", "limits", "requests"})
_DROPPED_IF_FALSE = frozenset(
    {
        "hostIPC",
        "hostNetwork",
        "hostPID",
        "publishNotReadyAddresses",
        "readOnly",
        "stdin",
        "stdinOnce",
        "tty",
    }
)


def completed(manifest: Manifest) -> Manifest:
    """``manifest`` as it is when policies see it."""
    found: Manifest = _kept(manifest)
    kind = found["kind"]
    if kind in _SPECS and isinstance(found.get("spec"), dict):
        found["spec"] = {**_SPECS[kind], **found["spec"]}
    if kind == "Service" and "spec" in found:
        found["spec"]["ports"] = [
            {"protocol": "TCP", "targetPort": port.get("port"), **port} for port in found["spec"].get("ports", ())
        ]
    if kind in POD_TEMPLATES:
        _complete_pod(found, kind)
    return found


def _kept(value: Any) -> Any:
    """``value`` without null, and without what Go leaves out when it writes an object."""
    if isinstance(value, dict):
        kept = {key: _kept(below) for key, below in value.items() if below is not None}
        return {key: below for key, below in kept.items() if not _dropped(key, below)}
    return [_kept(below) for below in value] if isinstance(value, list) else value


def _dropped(key: str, value: Any) -> bool:
    if isinstance(value, bool):
        return not value and key in _DROPPED_IF_FALSE
    return value == [] or (value == {} and key in _DROPPED_IF_EMPTY) or (value == "" and key == "value")


def _complete_pod(manifest: Manifest, kind: str) -> None:
    above = manifest
    for field in POD_TEMPLATES[kind]:
        above = above.get(field, {})
    if "spec" not in above:
        return
    spec = above["spec"] = {**_POD, **above["spec"]}
    if kind == "Pod":
        spec.update({**_OF_PODS_ONLY, **spec})
        _tolerate(spec)
    if "serviceAccountName" in spec:
        spec["serviceAccount"] = spec["serviceAccountName"]
    for field in CONTAINER_LISTS:
        if field in spec:
            spec[field] = [_container(each, kind) for each in spec[field]]
    spec["volumes"] = [_volume(each) for each in spec.get("volumes", ())]
    if kind == "Pod" and spec.get("automountServiceAccountToken") is not False:
        _mount_token(spec)
    if not spec["volumes"]:
        del spec["volumes"]


def _container(container: Manifest, kind: str) -> Manifest:
    image = container.get("image", "")
    newest = "@" not in image and (image.endswith(":latest") or ":" not in image.rpartition("/")[2])
    found = {**_CONTAINER, "imagePullPolicy": "Always" if newest else "IfNotPresent", **container}
    if "ports" in found:
        found["ports"] = [{"protocol": "TCP", **port} for port in found["ports"]]
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in found:
            found[probe] = {**_PROBE, **found[probe]}
    limits = found["resources"].get("limits", {})
    if limits and kind == "Pod":
        requests = {**limits, **found["resources"].get("requests", {})}
        found["resources"] = {**found["resources"], "requests": requests}
    return found


def _volume(volume: Manifest) -> Manifest:
    found = dict(volume)
    for field in _MODES:
        if field in found:
            found[field] = {"defaultMode": _MODE, **found[field]}
    return found if len(found) > 1 else {**found, "emptyDir": {}}


def _tolerate(spec: Manifest) -> None:
    tolerations = list(spec.get("tolerations", ()))
    known = {each.get("key") for each in tolerations if each.get("effect") in {None, "NoExecute"}}
    added = () if None in known else [key for key in _TOLERATED if key not in known]
    more = [{"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300} for key in added]
    if tolerations or more:
        spec["tolerations"] = [*tolerations, *more]


def _mount_token(spec: Manifest) -> None:
    """The account's token, as admission mounts it into every container that has nothing at its place."""
    mount = {**_TOKEN, "readOnly": True}
    for field in ("initContainers", "containers"):
        for container in spec.get(field, ()):
            mounts = container.get("volumeMounts", [])
            if all(each.get("mountPath") != _TOKEN["mountPath"] for each in mounts):
                container["volumeMounts"] = [*mounts, mount]
    sources: list[Manifest] = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
        {
            "downwardAPI": {
                "items": [{"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}]
            }
        },
    ]
    spec["volumes"].append({"name": _TOKEN["name"], "projected": {"defaultMode": _MODE, "sources": sources}})
