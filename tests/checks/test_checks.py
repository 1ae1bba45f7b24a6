"""Each rule: the good bundle passes, and one change gives exactly one finding."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from a_job import RUN, config_map, driver_pod, driver_service

from openflow_render.checks.run import all_rules
from openflow_render.core import paths
from openflow_render.core.resource import Bundle, Manifest, Resource

Check = Callable[..., list[str]]

DRIVER = "spec.containers[spark-kubernetes-driver]"
POD = f"Pod/{RUN}-driver"

REMOVED = object()


def resource(bundle: Bundle, kind: str) -> Resource:
    return next(resource for resource in bundle if resource.kind == kind)


def change(bundle: Bundle, kind: str, field: str, value: Any) -> None:
    """Set ``field`` of the object of ``kind``; ``[+]`` at its end appends to a list."""
    manifest = resource(bundle, kind).manifest
    if field.endswith("[+]"):
        paths.find(manifest, paths.parse(field.removesuffix("[+]"))).append(value)
        return
    *above, last = paths.parse(field)
    owner = paths.find(manifest, tuple(above))
    if value is REMOVED:
        del owner[last]
    else:
        owner[str(last)] = value


def test_a_good_bundle_passes(bundle: Bundle, check: Check):
    assert check(bundle) == []


@pytest.mark.parametrize("kubernetes", ["1.25", "1.30", "1.37"])
def test_a_good_bundle_passes_in_every_version(bundle: Bundle, check: Check, kubernetes: str):
    assert check(bundle, kubernetes) == []


def test_rules_change_nothing(bundle: Bundle, check: Check):
    change(bundle, "Pod", "spec.containers[spark-kubernetes-driver].env[+]", {"name": "SPARK_USER", "value": "b"})
    before = deepcopy([resource.manifest for resource in bundle])

    check(bundle)

    assert [resource.manifest for resource in bundle] == before


def test_every_module_in_the_folder_is_a_rule():
    names = [rule.__name__.rpartition(".")[2] for rule in all_rules()]

    assert names == sorted(names)
    assert {"duplicates", "identity", "labels", "names", "quantities", "references", "selectors"} <= set(names)


LONG = "x" * 64

MUTATIONS: list[tuple[str, str, Any, list[str]]] = [
    # schema
    ("Pod", f"{DRIVER}.imagePullPolcy", "Always", [f"OF401 {POD} {DRIVER}.imagePullPolcy"]),
    ("Pod", "metadata.lables", {}, [f"OF401 {POD} metadata.lables"]),
    ("Pod", "spec.schedulingGroup", {}, [f"OF402 {POD} spec.schedulingGroup"]),
    ("Pod", f"{DRIVER}.ports[4040/TCP].containerPort", "4040", [f"OF403 {POD} {DRIVER}.ports[4040/TCP].containerPort"]),
    ("Pod", "spec.restartPolicy", None, [f"OF403 {POD} spec.restartPolicy"]),
    ("Pod", "spec.hostNetwork", 1, [f"OF403 {POD} spec.hostNetwork"]),
    ("Pod", f"{DRIVER}.name", REMOVED, [f"OF404 {POD} spec.containers[0].name"]),
    ("Role", "rules[0].verbs", REMOVED, ["OF404 Role/etl rules[0].verbs"]),
    ("PodGroup", "spec.minMembers", 1, [f"OF401 PodGroup/{RUN}-pg spec.minMembers"]),
    ("PodGroup", "spec.minMember", -1, [f"OF405 PodGroup/{RUN}-pg spec.minMember"]),
    ("PodGroup", "spec.minResources.cpu", "3g", [f"OF405 PodGroup/{RUN}-pg spec.minResources.cpu"]),
    # duplicates
    ("Pod", f"{DRIVER}.env[+]", {"name": "SPARK_USER", "value": "b"}, [f"OF430 {POD} {DRIVER}.env[SPARK_USER]"]),
    ("Pod", f"{DRIVER}.ports[+]", {"containerPort": 7078}, [f"OF430 {POD} {DRIVER}.ports[7078/TCP]"]),
    (
        "Pod",
        f"{DRIVER}.ports[+]",
        {"containerPort": 7078, "protocol": "UDP"},
        [],
    ),
    (
        "Pod",
        f"{DRIVER}.ports[+]",
        {"name": "spark-ui", "containerPort": 4041},
        [f"OF430 {POD} {DRIVER}.ports[4041/TCP].name"],
    ),
    (
        "Pod",
        f"{DRIVER}.volumeMounts[+]",
        {"name": "conf", "mountPath": "/var/data"},
        [f"OF430 {POD} {DRIVER}.volumeMounts[/var/data]"],
    ),
    ("Pod", "spec.volumes[+]", {"name": "conf", "emptyDir": {}}, [f"OF430 {POD} spec.volumes[conf]"]),
    ("Pod", "spec.imagePullSecrets[+]", {"name": "registry"}, [f"OF430 {POD} spec.imagePullSecrets[registry]"]),
    (
        "Pod",
        "spec.initContainers[+]",
        {"name": "spark-kubernetes-driver", "image": "x:1"},
        [f"OF430 {POD} {DRIVER}"],
    ),
    (
        "Service",
        "spec.ports[+]",
        {"name": "other", "port": 7078},
        [f"OF430 Service/{RUN}-svc spec.ports[7078/TCP]"],
    ),
    # names
    ("Pod", "metadata.name", "My_Job", ["OF410 Pod/My_Job metadata.name"]),
    ("Service", "metadata.name", "1st", ["OF410 Service/1st metadata.name"]),
    ("Service", "metadata.name", LONG, [f"OF410 Service/{LONG} metadata.name"]),
    (
        "Service",
        "metadata.namespace",
        "Data",
        [f"OF410 Service/{RUN}-svc metadata.namespace", f"OF505 Service/{RUN}-svc spec.selector"],
    ),
    ("ConfigMap", "metadata.name", "a" * 254, [f"OF410 ConfigMap/{'a' * 254} metadata.name"]),
    ("Pod", "spec.volumes[both].name", "Both", [f"OF410 {POD} spec.volumes[Both].name"]),
    ("Pod", "spec.initContainers[fetch].name", "a.b", [f"OF410 {POD} spec.initContainers[a.b].name"]),
    (
        "Pod",
        f"{DRIVER}.ports[4040/TCP].name",
        "driver-rpc-port1",
        [f"OF410 {POD} {DRIVER}.ports[4040/TCP].name"],
    ),
    ("Pod", f"{DRIVER}.ports[4040/TCP].name", "4040", [f"OF410 {POD} {DRIVER}.ports[4040/TCP].name"]),
    ("Pod", f"{DRIVER}.ports[4040/TCP].name", "a--b", [f"OF410 {POD} {DRIVER}.ports[4040/TCP].name"]),
    ("Service", "spec.ports[4040/TCP].name", "a_b", [f"OF410 Service/{RUN}-svc spec.ports[4040/TCP].name"]),
    ("Pod", f"{DRIVER}.env[BIND].name", "A=B", [f"OF410 {POD} {DRIVER}.env[A=B].name"]),
    ("Pod", f"{DRIVER}.env[BIND].name", "a name: #1", []),
    # labels and annotations
    ("Pod", "metadata.labels[team]", "a b", [f"OF411 {POD} metadata.labels.team"]),
    ("Pod", "metadata.labels[team]", LONG, [f"OF411 {POD} metadata.labels.team"]),
    ("Pod", "metadata.labels[a/b/c]", "x", [f"OF411 {POD} metadata.labels[a/b/c]"]),
    ("Pod", "metadata.labels[A.b/c]", "x", [f"OF411 {POD} metadata.labels[A.b/c]"]),
    ("Pod", "metadata.labels[-a]", "x", [f"OF411 {POD} metadata.labels[-a]"]),
    ("Pod", "spec.nodeSelector[disk]", "a/b", [f"OF411 {POD} spec.nodeSelector.disk"]),
    ("Pod", "metadata.annotations[a b]", "x", [f"OF411 {POD} metadata.annotations[a b]"]),
    ("Pod", "metadata.annotations[Big.io/x]", "any text\n", []),
    ("Pod", "metadata.annotations.x", "ä" * 131072, [f"OF412 {POD} metadata.annotations"]),
    # data
    ("ConfigMap", "data[a/b]", "x", [f"OF413 ConfigMap/{RUN}-conf data[a/b]"]),
    ("ConfigMap", "data[..a]", "x", [f"OF413 ConfigMap/{RUN}-conf data[..a]"]),
    ("ConfigMap", "data.big", "x" * (1024 * 1024 + 1), [f"OF414 ConfigMap/{RUN}-conf data"]),
    ("ConfigMap", "data.big", "x" * (1024 * 1024 - 8), []),
    # quantities
    (
        "Pod",
        f"{DRIVER}.resources.requests.memory",
        "1g",
        [f"OF420 {POD} {DRIVER}.resources.requests.memory"],
    ),
    (
        "Pod",
        f"{DRIVER}.resources.requests.memory",
        "1409Mi",
        [f"OF421 {POD} {DRIVER}.resources.requests.memory"],
    ),
    ("Pod", f"{DRIVER}.resources.requests.memory", 2**30, []),
    ("Pod", f"{DRIVER}.resources.requests.cpu", "-1", [f"OF420 {POD} {DRIVER}.resources.requests.cpu"]),
    (
        "Pod",
        f"{DRIVER}.resources.limits[nvidia.com/gpu]",
        "0.5",
        [f"OF422 {POD} {DRIVER}.resources.limits[nvidia.com/gpu]"],
    ),
    (
        "Pod",
        f"{DRIVER}.resources.requests[nvidia.com/gpu]",
        "0",
        [f"OF422 {POD} {DRIVER}.resources.limits[nvidia.com/gpu]"],
    ),
    (
        "Pod",
        f"{DRIVER}.resources.limits[nvidia.com/gpu]",
        "one",
        [f"OF420 {POD} {DRIVER}.resources.limits[nvidia.com/gpu]"],
    ),
    (
        "Pod",
        f"{DRIVER}.resources.requests[amd.com/gpu]",
        "1",
        [f"OF422 {POD} {DRIVER}.resources.limits[amd.com/gpu]"],
    ),
    (
        "Pod",
        "spec.volumes[scratch].emptyDir.sizeLimit",
        "10 Gi",
        [f"OF420 {POD} spec.volumes[scratch].emptyDir.sizeLimit"],
    ),
    (
        "PersistentVolumeClaim",
        "spec.resources.requests.storage",
        "1GB",
        [f"OF420 PersistentVolumeClaim/{RUN}-claim spec.resources.requests.storage"],
    ),
    # references
    (
        "Pod",
        "spec.volumes[conf].configMap.items[0].key",
        "moed",
        [f"OF502 {POD} spec.volumes[conf].configMap.items[0].key"],
    ),
    (
        "Pod",
        f"{DRIVER}.env[MODE].valueFrom.configMapKeyRef.key",
        "x",
        [f"OF502 {POD} {DRIVER}.env[MODE].valueFrom.configMapKeyRef.key"],
    ),
    (
        "Pod",
        "spec.volumes[conf].configMap.name",
        f"{RUN}-config",
        [f"OF503 {POD} spec.volumes[conf].configMap.name"],
    ),
    ("Pod", "spec.volumes[conf].configMap", {"name": f"{RUN}-config", "optional": True}, []),
    ("Pod", "spec.volumes[conf].configMap.name", "outside", []),
    # Spark names claims of the run that it leaves for others to make; OF338 warns of them.
    ("Pod", "spec.volumes[claim].persistentVolumeClaim.claimName", f"{RUN}-other", []),
    (
        "Pod",
        "spec.volumes[both].projected.sources[0].secret.name",
        f"{RUN}-secret",
        [f"OF503 {POD} spec.volumes[both].projected.sources[0].secret.name"],
    ),
    (
        "Pod",
        f"{DRIVER}.envFrom[0].secretRef.name",
        f"{RUN}-secret",
        [f"OF503 {POD} {DRIVER}.envFrom[0].secretRef.name"],
    ),
    (
        "Pod",
        "metadata.annotations[scheduling.k8s.io/group-name]",
        f"{RUN}-podgroup",
        [f"OF503 {POD} metadata.annotations[scheduling.k8s.io/group-name]"],
    ),
    ("Pod", "metadata.annotations[scheduling.k8s.io/group-name]", "their-group", []),
    ("Pod", "spec.serviceAccountName", "theirs", []),
    (
        "Pod",
        f"{DRIVER}.volumeMounts[/var/data].name",
        "scrach",
        [f"OF504 {POD} {DRIVER}.volumeMounts[/var/data].name"],
    ),
    (
        "Pod",
        "spec.initContainers[fetch].volumeMounts",
        [{"name": "none", "mountPath": "/x"}],
        [f"OF504 {POD} spec.initContainers[fetch].volumeMounts[/x].name"],
    ),
    ("Service", "spec.selector.spark-role", "executor", [f"OF505 Service/{RUN}-svc spec.selector"]),
    ("Service", "spec.selector", {}, []),
    ("RoleBinding", "roleRef.name", "other", ["OF507 RoleBinding/etl roleRef.name"]),
    ("RoleBinding", "roleRef", {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "spark"}, []),
    ("RoleBinding", "subjects[0].namespace", "default", ["OF508 RoleBinding/etl subjects[0].namespace"]),
    ("RoleBinding", "subjects[0].namespace", REMOVED, ["OF508 RoleBinding/etl subjects[0].namespace"]),
    # server-owned
    ("Pod", "status", {}, [f"OF408 {POD} status"]),
    ("Pod", "metadata.uid", "x", [f"OF408 {POD} metadata.uid"]),
    ("PodGroup", "status", {"phase": "Running"}, [f"OF408 PodGroup/{RUN}-pg status"]),
    ("ConfigMap", "metadata.creationTimestamp", None, [f"OF408 ConfigMap/{RUN}-conf metadata.creationTimestamp"]),
]


@pytest.mark.parametrize(("kind", "field", "value", "expected"), MUTATIONS)
def test_one_change_gives_exactly_its_finding(
    bundle: Bundle, check: Check, kind: str, field: str, value: Any, expected: list[str]
):
    change(bundle, kind, field, value)

    # A renamed object is missed by what refers to it, which is not the point here.
    found = [line for line in check(bundle) if field != "metadata.name" or resource(bundle, kind).name in line]

    assert found == expected


@pytest.mark.parametrize("kubernetes", ["1.25", "1.31"])
def test_before_1_32_the_name_of_a_variable_is_narrow(bundle: Bundle, check: Check, kubernetes: str):
    change(bundle, "Pod", f"{DRIVER}.env[BIND].name", "a name")

    assert check(bundle, kubernetes) == [f"OF410 {POD} {DRIVER}.env[a name].name"]


def test_a_service_may_begin_with_a_digit_since_1_37(bundle: Bundle, check: Check):
    change(bundle, "Service", "metadata.name", "1st")

    assert check(bundle, "1.37") == []


def workload(kind: str, name: str, spec: Manifest) -> Manifest:
    api_version = "apps/v1" if kind in {"Deployment", "StatefulSet"} else "batch/v1"
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "data"}, "spec": spec}


def template(labels: dict[str, str], **spec: Any) -> Manifest:
    return {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "a:1"}], **spec}}


@pytest.mark.parametrize(("kind", "longest"), [("Job", 63), ("CronJob", 52)])
def test_the_names_of_jobs_are_short(check: Check, kind: str, longest: int):
    spec = {"template": template({}, restartPolicy="Never")}
    spec = {"schedule": "@daily", "jobTemplate": {"spec": spec}} if kind == "CronJob" else spec
    fine, long = (
        Bundle("etl", "data", [Resource(workload(kind, "a" * size, spec))]) for size in (longest, longest + 1)
    )

    assert check(fine) == []
    assert check(long) == [f"OF410 {kind}/{'a' * (longest + 1)} metadata.name"]


def test_templates_of_pods_are_checked_like_pods(check: Check):
    labels = {"a": "b c"}
    mounts = [{"name": "none", "mountPath": "/x"}]
    containers = [{"name": "a", "image": "a:1", "volumeMounts": mounts}]
    job = workload("CronJob", "etl", {})
    pod = template(labels, containers=containers, restartPolicy="Never")
    job["spec"] = {"schedule": "@daily", "jobTemplate": {"spec": {"template": pod}}}

    found = check(Bundle("etl", "data", [Resource(job)]))

    above = "spec.jobTemplate.spec.template"
    assert found == [
        f"OF411 CronJob/etl {above}.metadata.labels.a",
        f"OF504 CronJob/etl {above}.spec.containers[a].volumeMounts[/x].name",
    ]


def test_a_stateful_set_brings_its_own_volumes(check: Check):
    mounts = [{"name": "data", "mountPath": "/data"}]
    stateful = workload(
        "StatefulSet",
        "etl",
        {
            "serviceName": "etl",
            "selector": {"matchLabels": {"a": "b"}},
            "template": template({"a": "b"}, containers=[{"name": "a", "image": "a:1", "volumeMounts": mounts}]),
            "volumeClaimTemplates": [
                {
                    "metadata": {"name": "data"},
                    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gb"}}},
                }
            ],
        },
    )

    found = check(Bundle("etl", "data", [Resource(stateful)]))

    assert found == ["OF420 StatefulSet/etl spec.volumeClaimTemplates[0].spec.resources.requests.storage"]


def test_a_service_must_not_match_two_pods(bundle: Bundle, messages: Check):
    other = driver_pod()
    other["metadata"]["name"] = "other"
    del other["spec"]["volumes"][2]  # the claim, which is for one of them
    bundle.resources.append(Resource(other))

    assert messages(bundle) == [
        f"the selector of Service/{RUN}-svc matches several pods of this job: Pod/{RUN}-driver, Pod/other"
    ]


def test_a_service_matches_pods_of_its_own_namespace(check: Check):
    service, pod = driver_service(), driver_pod()
    pod["metadata"]["namespace"] = "other"

    found = check(Bundle("etl", "data", [Resource(service), Resource(pod)]))

    assert f"OF505 Service/{RUN}-svc spec.selector" in found


def test_an_object_is_made_once(bundle: Bundle, check: Check):
    bundle.resources.append(Resource(config_map()))

    assert check(bundle) == [f"OF501 ConfigMap/{RUN}-conf metadata.name"]


def test_the_same_name_in_another_namespace_is_another_object(bundle: Bundle, check: Check):
    other = config_map()
    other["metadata"]["namespace"] = "other"
    bundle.resources.append(Resource(other))

    assert check(bundle) == []


def test_objects_that_lack_a_namespace_live_in_the_bundles(bundle: Bundle, check: Check):
    for resource in bundle:
        del resource["metadata"]["namespace"]

    assert check(bundle) == []


def test_a_lasting_name_that_looks_like_a_run_is_left_alone(check: Check):
    pod = driver_pod()
    pod["spec"]["volumes"][0]["configMap"]["name"] = "theirs-9999999999"

    found = check(Bundle("etl", "data", [Resource(pod)]))

    assert f"OF503 {POD} spec.volumes[conf].configMap.name" not in found


def test_quotas_and_limit_ranges_hold_quantities(check: Check):
    metadata = {"name": "q", "namespace": "data"}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": {"cpu": "4c"}}}
    limits = [{"type": "Container", "max": {"memory": "4GB"}}]
    limit = {"apiVersion": "v1", "kind": "LimitRange", "metadata": metadata, "spec": {"limits": limits}}

    found = check(Bundle("etl", "data", [Resource(quota), Resource(limit)]))

    assert found == ["OF420 ResourceQuota/q spec.hard.cpu", "OF420 LimitRange/q spec.limits[0].max.memory"]


# --- what the API server requires beyond the schemas ---

SERVICE = f"Service/{RUN}-svc"
CLAIM = f"PersistentVolumeClaim/{RUN}-claim"


@pytest.mark.parametrize(
    ("kind", "field", "value", "expected"),
    [
        ("Pod", "spec.containers", [], f"OF415 {POD} spec.containers"),
        ("Pod", f"{DRIVER}.image", REMOVED, f"OF415 {POD} {DRIVER}.image"),
        ("Pod", "spec.initContainers[fetch].image", "", f"OF415 {POD} spec.initContainers[fetch].image"),
        ("Service", "spec.clusterIP", REMOVED, f"OF513 {SERVICE} spec.clusterIP"),
        ("PersistentVolumeClaim", "spec.accessModes", REMOVED, f"OF415 {CLAIM} spec.accessModes"),
        ("PersistentVolumeClaim", "spec.accessModes", [], f"OF415 {CLAIM} spec.accessModes"),
        ("PersistentVolumeClaim", "spec.resources", REMOVED, f"OF415 {CLAIM} spec.resources.requests.storage"),
    ],
)
def test_what_a_patch_removed_and_the_server_requires(
    bundle: Bundle, check: Check, kind: str, field: str, value: Any, expected: str | None
):
    change(bundle, kind, field, value)

    assert check(bundle) == ([expected] if expected else [])


def test_an_executor_that_is_only_previewed_counts_as_well(bundle: Bundle, check: Check):
    executor = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "e"}, "spec": {"containers": [{"name": "x"}]}}
    bundle.resources.append(Resource(executor, run_scoped=False, preview=True))

    assert check(bundle) == ["OF415 Pod/e spec.containers[x].image"]


def test_a_pod_needs_a_spec(check: Check):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "etl"}}

    assert check(Bundle("etl", "data", [Resource(pod)])) == ["OF415 Pod/etl spec"]


@pytest.mark.parametrize("kind", ["Job", "CronJob", "Deployment", "StatefulSet", "Service", "PersistentVolumeClaim"])
def test_no_rule_trips_over_an_object_without_a_spec(check: Check, kind: str):
    made = workload(kind, "etl", {})
    del made["spec"]
    if kind in {"Service", "PersistentVolumeClaim"}:
        made["apiVersion"] = "v1"

    assert {found[:5] for found in check(Bundle("etl", "data", [Resource(made)]))} == {"OF415"}


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({}, ["OF415 Service/s spec.ports"]),
        ({"clusterIP": "None"}, []),
        ({"type": "ExternalName", "externalName": "example.com"}, []),
    ],
)
def test_a_service_needs_a_port_unless_it_forwards_none(check: Check, service: Manifest, expected: list[str]):
    made = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": service}

    assert check(Bundle("etl", "data", [Resource(made)])) == expected


@pytest.mark.parametrize(
    ("kind", "policy", "fine"),
    [
        ("Job", {"restartPolicy": "Never"}, True),
        ("Job", {"restartPolicy": "OnFailure"}, True),
        ("Job", {}, False),
        ("Job", {"restartPolicy": "Always"}, False),
        ("CronJob", {}, False),
        ("Deployment", {}, True),
        ("Deployment", {"restartPolicy": "Never"}, False),
        ("StatefulSet", {"restartPolicy": "Always"}, True),
        ("StatefulSet", {"restartPolicy": "OnFailure"}, False),
    ],
)
def test_pods_start_again_as_their_kind_allows(check: Check, kind: str, policy: dict[str, str], fine: bool):
    pod: Manifest = {"template": template({"a": "b"}, **policy)}
    if kind == "CronJob":
        pod = {"schedule": "@daily", "jobTemplate": {"spec": pod}}
    if kind in {"Deployment", "StatefulSet"}:
        pod |= {"selector": {"matchLabels": {"a": "b"}}, "serviceName": "etl"}
    if kind == "Deployment":
        del pod["serviceName"]

    found = check(Bundle("etl", "data", [Resource(workload(kind, "etl", pod))]))

    assert [each[:5] for each in found] == ([] if fine else ["OF416"])
