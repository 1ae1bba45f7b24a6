"""Values of the right type that the API server refuses; `tests/cluster/test_refused.py` asks it of many more."""

from __future__ import annotations

import pytest
from projects import Project
from told import findings, messages

CLASS = """\
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: batch}
value: 1000
globalDefault: %s
"""


def pod(fields: str, kind: str = "Pod") -> str:
    """A patch of the driver's specification, wherever that is."""
    if kind == "Pod":
        return f"patches: [{{target: {{kind: Pod, name: etl-driver}}, merge: {{spec: {{{fields}}}}}}}]\n"
    run = f"job: {{spec: {{run: {{as: {kind.lower()}}}}}}}\n"
    return f"{run}patches: [{{target: {{kind: {kind}}}, merge: {{spec: {{template: {{spec: {{{fields}}}}}}}}}}}]\n"


def found(project: Project, overlay: str, given: str = "") -> list[str]:
    return [f"{each['code']} {each['field']}" for each in findings(project, overlay, given)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("dnsPolicy: Cluster", "OF467 spec.dnsPolicy"),
        ("activeDeadlineSeconds: 0", "OF467 spec.activeDeadlineSeconds"),
        ("hostAliases: [{ip: db, hostnames: [db]}]", "OF467 spec.hostAliases[db].ip"),
        ("securityContext: {supplementalGroups: [5, -5]}", "OF467 spec.securityContext.supplementalGroups[1]"),
        ("resourceClaims: [{name: gpu}]", "OF468 spec.resourceClaims[gpu]"),
        ("hostPID: true, shareProcessNamespace: true", "OF469 spec.shareProcessNamespace"),
        ("os: {name: ''}", "OF415 spec.os.name"),
        ("securityContext: {fsGroupChangePolicy: ''}", "OF415 spec.securityContext.fsGroupChangePolicy"),
        ("dnsPolicy: ''", ""),
    ],
)
def test_a_value_that_the_api_server_refuses(project: Project, fields: str, expected: str):
    assert found(project, pod(fields)) == [expected] * bool(expected)


def test_a_fact_about_pods_holds_in_the_template_of_a_deployment(project: Project):
    told = findings(project, pod("dnsPolicy: Cluster", "Deployment"))

    assert [each["field"] for each in told if each["code"] == "OF467"] == ["spec.template.spec.dnsPolicy"]


def test_a_restart_policy_that_there_is_not_is_told_once(project: Project):
    assert found(project, pod("restartPolicy: Sometimes", "Job")) == ["OF467 spec.template.spec.restartPolicy"]


@pytest.mark.parametrize(
    ("number", "wanted"),
    [(-1, "it must be 0 or more"), (3_000_000_000, "it must be 2147483647 or less")],
)
def test_the_limit_that_was_passed_is_named(project: Project, number: int, wanted: str):
    [message] = messages(project, pod(f"securityContext: {{fsGroup: {number}}}"))

    assert message.endswith(wanted)


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ("limits: {gpu: 1}", "OF410 limits.gpu"),
        ("limits: {requests.example.org/gpu: 1}", "OF410 limits[requests.example.org/gpu]"),
        ("limits: {hugepages-2Mi: 2Mi}", "OF469 limits.hugepages-2Mi"),
        ("limits: {hugepages-2Mi: 3Mi, memory: 1Gi}", "OF469 limits.hugepages-2Mi"),
        ("requests: {hugepages-2Mi: 2Mi, memory: 1Gi}", "OF469 requests.hugepages-2Mi"),
        ("limits: {hugepages-2Mi: 4Mi, memory: 1Gi, example.org/gpu: 1}", ""),
    ],
)
def test_resources_have_names_that_containers_can_ask_for(project: Project, resources: str, expected: str):
    sidecar = f"{{name: side, image: 'registry.example/side:1', resources: {{{resources}}}}}"
    place = "spec.containers[side].resources."

    fields = [
        each.replace(place, "") for each in found(project, f"job: {{spec: {{driver: {{sidecars: [{sidecar}]}}}}}}\n")
    ]

    assert fields == [expected] * bool(expected)


@pytest.mark.parametrize(
    ("fields", "given", "expected"),
    [
        ("priority: 5", "", ["OF745 spec.priority"]),
        ("priority: 0", "", []),
        ("priority: 1000", CLASS % "true", []),
        ("priority: 1000", CLASS % "false", ["OF745 spec.priority"]),
        ("priority: 1000, priorityClassName: batch", CLASS % "false", []),
        ("priority: 7, priorityClassName: unknown", "", []),
        ("preemptionPolicy: Never", "", ["OF745 spec.preemptionPolicy"]),
    ],
)
def test_a_pod_says_of_its_priority_what_its_class_says(project: Project, fields: str, given: str, expected: list[str]):
    assert [each for each in found(project, pod(fields), given) if "OF745" in each] == expected


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ("nobody: runtime/default", "the pod has no container nobody"),
        ("spark-kubernetes-driver: none", "it must be runtime/default"),
        ("spark-kubernetes-driver: localhost/etl", ""),
    ],
)
def test_an_annotation_of_apparmor_names_a_container_and_a_profile(project: Project, annotation: str, expected: str):
    annotations = f"{{container.apparmor.security.beta.kubernetes.io/{annotation}}}"

    told = findings(project, f"job: {{spec: {{driver: {{annotations: {annotations}}}}}}}\n")

    assert [expected in each["message"] for each in told if each["code"] == "OF467"] == [True] * bool(expected)
