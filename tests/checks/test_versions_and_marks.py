"""Fields that wait for a gate, versions that a cluster serves, and what is copied from one."""

import pytest
from projects import Project
from told import messages, told

from openflow_render.checks import kubernetes, schemas
from openflow_render.checks.rules import stages

DEFINED = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: podgroups.scheduling.volcano.sh}
spec:
  group: scheduling.volcano.sh
  names: {kind: PodGroup, plural: podgroups}
  scope: Namespaced
  versions: [{name: v1, served: true, storage: true}, {name: v1beta1, served: false, storage: false}]
"""


def kind_of(definition: str, keys: list[str], minor: str) -> bool:
    """Whether the field ``keys`` is there below ``definition`` in ``minor``."""
    shape = schemas._shape(definition, minor) or {}
    for position, key in enumerate(keys):
        if key == "*":
            shape = shape["items"]
        elif key in shape.get("properties", {}):
            shape = shape["properties"][key]
        else:
            return False
        if "$ref" in shape:
            return position + 1 == len(keys) or kind_of(shape["$ref"].rpartition("/")[2], keys[position + 1 :], minor)
    return True


TABLES = [
    *(("PodSpec", field, gate) for field, gate in stages._IN_PODS.items()),
    *(("Container", field, gate) for field, gate in stages._IN_CONTAINERS.items()),
    *((kind, field, gate) for kind, fields in stages._IN_KINDS.items() for field, gate in fields.items()),
]


@pytest.mark.parametrize(("definition", "field", "gate"), TABLES)
def test_a_field_that_waits_for_a_gate_is_one_of_the_schema_since_then(definition: str, field: str, gate: stages.Gate):
    known = [minor for minor in kubernetes.MINORS if kind_of(definition, field.split("."), minor)]

    assert kubernetes.number(known[0]) == gate.first
    assert kubernetes.number(known[-1]) >= gate.last


@pytest.mark.parametrize(
    ("overlay", "kubernetes", "expected"),
    [
        ("job: {spec: {driver: {volumes: [{name: a, mountPath: /a, image: {reference: 'a:1'}}]}}}\n", "1.34", 1),
        ("job: {spec: {driver: {volumes: [{name: a, mountPath: /a, image: {reference: 'a:1'}}]}}}\n", "1.35", 0),
        ("patches: [{target: {kind: Service}, merge: {spec: {trafficDistribution: PreferClose}}}]\n", "1.30", 1),
        ("patches: [{target: {kind: Service}, merge: {spec: {trafficDistribution: PreferClose}}}]\n", "1.31", 0),
        (
            "job: {spec: {run: {as: job}}}\npatches: [{target: {kind: Job}, merge: {spec: {managedBy: a/b}}}]\n",
            "1.31",
            1,
        ),
    ],
)
def test_a_field_waits_for_its_gate(project: Project, overlay: str, kubernetes: str, expected: int):
    assert [each[:5] for each in told(project, overlay, kubernetes=kubernetes)] == ["OF423"] * expected


def test_a_version_that_the_cluster_does_not_serve_is_told(project: Project):
    found = messages(project, "job: {spec: {scheduling: {scheduler: volcano}}}\n", DEFINED)

    assert [each.partition(": ")[2] for each in found] == [
        "the cluster has no such PodGroup of scheduling.volcano.sh: it serves v1"
    ]


def test_kinds_of_kubernetes_need_no_definition(project: Project):
    assert told(project, given=DEFINED) == []


@pytest.mark.parametrize(
    ("patch", "path"),
    [
        ("metadata: {labels: {controller-uid: a}}", "metadata.labels.controller-uid"),
        ("metadata: {annotations: {kubectl.kubernetes.io/last-applied-configuration: '{}'}}", "metadata.annotations"),
        ("spec: {volumes: [{name: kube-api-access-x2x4z, emptyDir: {}}]}", "spec.volumes[kube-api-access-x2x4z]"),
    ],
)
def test_what_was_copied_from_a_cluster_is_told(project: Project, patch: str, path: str):
    found = messages(project, f"patches:\n  - target: {{kind: Pod}}\n    merge: {{{patch}}}\n")

    assert len(found) == 1
    assert found[0].startswith(f"`{path}")


@pytest.mark.parametrize(
    ("kubernetes", "expected"),
    [("1.29", []), ("1.30", ["OF418"])],
)
def test_an_annotation_gives_way_to_its_field(project: Project, kubernetes: str, expected: list[str]):
    annotation = "container.apparmor.security.beta.kubernetes.io/spark-kubernetes-driver: runtime/default"
    overlay = f"job: {{spec: {{driver: {{annotations: {{{annotation}}}}}}}}}\n"

    assert [each[:5] for each in told(project, overlay, kubernetes=kubernetes)] == expected


def test_labels_of_nodes_that_have_new_names_are_told_in_affinities_too(project: Project):
    term = "{matchExpressions: [{key: beta.kubernetes.io/arch, operator: In, values: [arm64]}]}"
    affinity = f"{{nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: [{term}]}}}}}}"

    found = messages(project, f"job: {{spec: {{executor: {{affinity: {affinity}}}}}}}\n")

    assert len(found) == 1
    assert "matchExpressions[0].key" in found[0]


@pytest.mark.parametrize("label", ["spark-role", "openflow.io/run", "kubernetes.io/name"])
def test_labels_of_others_are_told_where_they_are_written(project: Project, label: str):
    assert told(project, f"job:\n  metadata:\n    labels:\n      {label}: a\n")[:1] == ["OF426 o.yaml:7"]


SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: store, namespace: data}\ndata: {key: aGk=}\n"


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        ("job: {spec: {driver: {envFrom: [{secretRef: {name: store}}]}}}\n", []),
        ("job: {spec: {driver: {envFrom: [{secretRef: {name: stroe}}]}}}\n", ["OF510"]),
        ("job: {spec: {driver: {envFrom: [{secretRef: {name: stroe, optional: true}}]}}}\n", []),
        ("job: {spec: {driver: {envFrom: [{configMapRef: {name: other}}]}}}\n", []),
        (
            "job: {spec: {driver: {env: [{name: A, valueFrom: {secretKeyRef: {name: store, key: kye}}}]}}}\n",
            ["OF502"],
        ),
        (
            "job:\n  spec:\n    driver: &a {envFrom: [{secretRef: {name: a}}]}\n    executor: *a\n",
            ["OF510"],
        ),
    ],
)
def test_what_pods_name_is_looked_for_among_what_is_given(project: Project, overlay: str, expected: list[str]):
    assert [each[:5] for each in told(project, overlay, SECRET)] == expected


def test_a_prefix_must_leave_room_for_the_numbers_of_executors(project: Project):
    prefix = "spark.kubernetes.executor.podNamePrefix"

    fine, long = (told(project, f"job: {{spec: {{conf: {{{prefix}: {'a' * size}}}}}}}\n") for size in (237, 238))

    assert fine == []
    assert [each[:5] for each in long] == ["OF424"]
