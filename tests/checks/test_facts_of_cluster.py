"""Facts about objects that only further manifests hold, and what a real API server was seen to take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from openflow_render import checks
from openflow_render.checks.facts_of_cluster import limited, named_host, of_quota, outer_host, provisioner
from openflow_render.core.report import Origin, Report, Severity
from openflow_render.core.resource import Bundle, Resource

Check = Callable[..., list[str]]

OBJECTS: dict[str, tuple[str, str]] = {
    "ClusterRole": ("rbac.authorization.k8s.io/v1", "{}"),
    "ClusterRoleBinding": (
        "rbac.authorization.k8s.io/v1",
        "{roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}}",
    ),
    "Ingress": ("networking.k8s.io/v1", "{}"),
    "Job": (
        "batch/v1",
        "{spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: 'a:1'}]}}}}",
    ),
    "LimitRange": ("v1", "{}"),
    "PersistentVolume": (
        "v1",
        "{spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], nfs: {server: s, path: /p}}}",
    ),
    "PersistentVolumeClaim": (
        "v1",
        "{spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}",
    ),
    "Pod": ("v1", "{spec: {containers: [{name: c, image: 'a:1'}]}}"),
    "PodDisruptionBudget": ("policy/v1", "{spec: {selector: {matchLabels: {a: b}}}}"),
    "PriorityClass": ("scheduling.k8s.io/v1", "{value: 1}"),
    "ResourceQuota": ("v1", "{spec: {hard: {pods: '1'}}}"),
    "Service": ("v1", "{spec: {ports: [{port: 80}]}}"),
    "StatefulSet": (
        "apps/v1",
        """{spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}},
        spec: {containers: [{name: c, image: 'a:1'}]}}}}""",
    ),
    "StorageClass": ("storage.k8s.io/v1", "{provisioner: example.com/disks}"),
}
"""A sound object of each kind, but for its name: the version of its API, and its fields."""


def merged(one: Any, other: Any) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        both = {key: merged(one.get(key), other.get(key, one.get(key))) for key in {**one, **other}}
        return {key: value for key, value in both.items() if value is not None}
    return other


def an_object(kind: str, fields: str) -> Bundle:
    """A sound object with more ``fields``."""
    version, sound = OBJECTS[kind]
    head = {"apiVersion": version, "kind": kind, "metadata": {"name": "it"}}
    return Bundle("etl", "data", [Resource(merged({**head, **yaml.safe_load(sound)}, yaml.safe_load(fields)))])


def container(fields: str) -> str:
    return f"{{spec: {{containers: [{{name: c, image: 'a:1', {fields}}}]}}}}"


PREFERRED = "{spec: {affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{%s}]}}}}"
BACKEND = "{service: {name: s, port: {number: 80}}}"


def http(path: str) -> str:
    return f"{{spec: {{rules: [{{http: {{paths: [{{{path}, backend: {BACKEND}}}]}}}}]}}}}"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("Pod", container("imagePullPolicy: ''")),
        ("Pod", container("envFrom: [{configMapRef: {name: settings-}}]")),
        ("Pod", container("livenessProbe: {terminationGracePeriodSeconds: 4294967296, tcpSocket: {port: 80}}")),
        ("Pod", container("livenessProbe: {httpGet: {port: 80, httpHeaders: [{name: X}]}}")),
        ("Pod", container("lifecycle: {preStop: {sleep: {}}}")),
        ("Pod", container("resources: {requests: {memory: ' 1Gi '}}")),
        ("Pod", container("resources: {limits: {example.com/gpu: 1e100}}")),
        ("Pod", "{metadata: {namespace: ''}}"),
        ("Pod", "{spec: {securityContext: {sysctls: [{name: net.ipv4.ip_local_port_range}]}}}"),
        (
            "Pod",
            """{spec: {topologySpreadConstraints: [{
            maxSkew: 1, topologyKey: A Zone, whenUnsatisfiable: DoNotSchedule}]}}""",
        ),
        ("Pod", PREFERRED % "preference: {matchExpressions: [{key: a, operator: Gt, values: [b]}]}, weight: 1"),
        ("Pod", PREFERRED % "weight: 1"),
        ("PersistentVolume", "{spec: {flexVolume: {driver: example.com/d}}}"),
        ("LimitRange", "{spec: {limits: [{type: Container, min: {cpu: -1}}]}}"),
        ("Job", "{spec: {activeDeadlineSeconds: 4294967296}}"),
        ("Job", "{spec: {podFailurePolicy: {}}}"),
        ("StatefulSet", "{spec: {revisionHistoryLimit: -1}}"),
        ("PersistentVolumeClaim", "{spec: {resources: {limits: {storage: 1Mi, cpu: -1, example.com/x: 500m}}}}"),
        ("PodDisruptionBudget", "{metadata: {name: My_Budget}}"),
        ("PodDisruptionBudget", "{spec: {minAvailable: 100%}}"),
        ("LimitRange", "{spec: {}}"),
        ("LimitRange", "{spec: {limits: [{type: PersistentVolumeClaim, max: {storage: 1Gi}}]}}"),
        ("LimitRange", "{spec: {limits: [{type: Container, max: {cpu: 1, example.com/gpu: 1, hugepages-2Mi: 2Mi}}]}}"),
        (
            "ResourceQuota",
            "{spec: {hard: {count/jobs.batch: 5, requests.example.com/gpu: 1}, scopes: [NotTerminating]}}",
        ),
        ("Ingress", f"{{spec: {{defaultBackend: {BACKEND}}}}}"),
        ("Ingress", "{spec: {rules: [{host: '*.example.com'}]}}"),
        ("Ingress", http("pathType: ImplementationSpecific")),
        ("Ingress", http("pathType: Prefix, path: /a")),
        ("PriorityClass", "{value: -5}"),
        ("ClusterRoleBinding", "{subjects: [{kind: ServiceAccount, name: a, namespace: n}, {kind: User, name: u}]}"),
        ("StatefulSet", "{spec: {updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 0}}}}"),
    ],
)
def test_the_server_takes_it(kind: str, fields: str):
    report = Report(lambda _: Origin("it.yaml"))

    checks.run(an_object(kind, fields), checks.Context(kubernetes="1.36"), report)

    assert [each.message for each in report if each.severity is Severity.ERROR] == []


@pytest.mark.parametrize(
    ("kind", "fields", "found"),
    [
        ("Ingress", "{spec: {}}", "OF469 Ingress/it spec"),
        (
            "Ingress",
            "{spec: {defaultBackend: {service: {name: s, port: {}}}}}",
            "OF469 Ingress/it spec.defaultBackend.service.port",
        ),
        ("Ingress", "{spec: {rules: [{host: 10.0.0.1}]}}", "OF467 Ingress/it spec.rules[0].host"),
        ("Ingress", http("pathType: Prefix, path: a"), "OF469 Ingress/it spec.rules[0].http.paths[0].path"),
        ("Ingress", http("pathType: Exact, path: /a/.."), "OF469 Ingress/it spec.rules[0].http.paths[0].path"),
        ("Ingress", http("pathType: Glob"), "OF467 Ingress/it spec.rules[0].http.paths[0].pathType"),
        (
            "PodDisruptionBudget",
            "{spec: {minAvailable: 101%}}",
            "OF469 PodDisruptionBudget/it spec.minAvailable",
        ),
        (
            "PodDisruptionBudget",
            "{spec: {minAvailable: 1, maxUnavailable: 1}}",
            "OF468 PodDisruptionBudget/it spec",
        ),
        ("PriorityClass", "{value: 1000000001}", "OF469 PriorityClass/it value"),
        ("StorageClass", "{reclaimPolicy: Recycle}", "OF467 StorageClass/it reclaimPolicy"),
        ("PersistentVolume", "{spec: {capacity: {cpu: 1}}}", "OF469 PersistentVolume/it spec.capacity.cpu"),
        ("PersistentVolume", "{spec: {hostPath: {path: /p}}}", "OF468 PersistentVolume/it spec"),
        ("PersistentVolume", "{spec: {nfs: null}}", "OF469 PersistentVolume/it spec"),
        ("Pod", "{spec: {volumes: [{name: v, fc: {targetWWNs: [w]}}]}}", "OF469 Pod/it spec.volumes[v].fc.lun"),
        ("PersistentVolume", "{spec: {accessModes: []}}", "OF415 PersistentVolume/it spec.accessModes"),
        ("LimitRange", "{spec: {limits: [{type: Node}]}}", "OF467 LimitRange/it spec.limits[0].type"),
        (
            "LimitRange",
            "{spec: {limits: [{type: Pod, max: {storage: 1Gi}}]}}",
            "OF410 LimitRange/it spec.limits[0].max.storage",
        ),
        ("ResourceQuota", "{spec: {hard: {storage: 1Gi}}}", "OF467 ResourceQuota/it spec.hard.storage"),
        ("ClusterRole", "{aggregationRule: {}}", "OF415 ClusterRole/it aggregationRule.clusterRoleSelectors"),
        (
            "ClusterRoleBinding",
            "{subjects: [{kind: ServiceAccount, name: a}]}",
            "OF469 ClusterRoleBinding/it subjects[0].namespace",
        ),
        ("ClusterRoleBinding", "{roleRef: {kind: Role}}", "OF469 ClusterRoleBinding/it roleRef.kind"),
        ("StatefulSet", "{metadata: {name: a.b}}", "OF410 StatefulSet/a.b metadata.name"),
        ("StatefulSet", "{spec: {serviceName: a.b}}", "OF467 StatefulSet/it spec.serviceName"),
        (
            "StatefulSet",
            "{spec: {updateStrategy: {type: Recreate}}}",
            "OF467 StatefulSet/it spec.updateStrategy.type",
        ),
        (
            "StatefulSet",
            "{spec: {volumeClaimTemplates: [{metadata: {name: d}, spec: {accessModes: [ReadWriteOnce]}}]}}",
            "OF415 StatefulSet/it spec.volumeClaimTemplates[0].spec.resources.requests.storage",
        ),
        ("Service", "{spec: {healthCheckNodePort: -1}}", "OF467 Service/it spec.healthCheckNodePort"),
    ],
)
def test_the_server_refuses_it(check: Check, kind: str, fields: str, found: str):
    assert found in check(an_object(kind, fields), "1.36")


def test_a_service_may_begin_with_a_digit_since_1_36(check: Check):
    service = an_object("Service", "{metadata: {name: 1st}}")

    assert "OF410 Service/1st metadata.name" in check(service, "1.35")
    assert "OF410 Service/1st metadata.name" not in check(service, "1.36")


def test_hosts_of_an_ingress():
    assert [outer_host(text) for text in ("*.example.com", "example.com", "10.0.0.1")] == ["", "", ""]
    assert all(outer_host(text) for text in ("a.*.com", "*", "*.*.com", "A.com"))
    assert named_host("10.0.0.1") == "it must be a name, and no IP address"


def test_names_of_resources_and_classes():
    assert [provisioner(text) for text in ("Example.com/A", "kubernetes.io/no-provisioner")] == ["", ""]
    assert [of_quota(text) for text in ("requests.cpu", "count/pods", "requests.hugepages-2Mi")] == ["", "", ""]
    assert [limited(text) for text in ("Container", "example.com/thing")] == ["", ""]
    assert all(of_quota(text) for text in ("jobs", "a b", ""))
