"""What a namespace and its nodes allow, as far as it is given, and sizes that cannot be meant."""

from __future__ import annotations

import re

import pytest
from projects import Project
from told import messages, told

DYNAMIC = "job: {spec: {executor: {instances: null, dynamicAllocation: {min: 2, max: 50}}}}\n"
DEADLINE = "job: {spec: {run: {deadline: 1h}}}\n"
LIMITED = "job: {spec: {driver: {cpu: {limit: 2}}, executor: {cpu: {limit: 2}}}}\n"


def quota(hard: str, more: str = "") -> str:
    return f"apiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: team}}\nspec: {{hard: {{{hard}}}{more}}}\n"


def limit_range(entry: str) -> str:
    return f"apiVersion: v1\nkind: LimitRange\nmetadata: {{name: team}}\nspec: {{limits: [{{{entry}}}]}}\n"


def node(name: str, allocatable: str, labels: str = "") -> str:
    metadata = f"{{name: {name}, labels: {{{labels}}}}}"
    return f"---\napiVersion: v1\nkind: Node\nmetadata: {metadata}\nstatus: {{allocatable: {{{allocatable}}}}}\n"


def without_run(told_of: list[str]) -> list[str]:
    """The messages with names as they are without the identity of the run."""
    return [re.sub(r"etl-[0-9a-f]{10}-", "etl-", each) for each in told_of]


# --- quotas ---


def test_a_quota_is_held_against_driver_and_executors_together(project: Project):
    assert messages(project, given=quota("memory: 4Gi")) == [
        "the application starts with 4224Mi requests.memory, and the quota team (cluster.yaml:1:1) allows 4096Mi"
    ]


def test_requests_and_limits_of_one_thing_are_told_of_once(project: Project):
    assert told(project, given=quota("limits.memory: 4Gi, requests.memory: 4Gi")) == ["OF460 job.yaml:14"]


def test_what_dynamic_allocation_may_grow_to_is_a_note(project: Project):
    assert messages(project, DYNAMIC, quota("requests.cpu: 20")) == [
        "the application may grow to 51 requests.cpu, and the quota team (cluster.yaml:1:1) allows 20"
    ]


@pytest.mark.parametrize(
    ("hard", "code"),
    [
        ("count/services: 0", "OF462"),
        ("configmaps: 1", ""),
        ("count/configmaps: 0", "OF462"),
        ("pods: 2", "OF460"),
        ("count/pods: 3", ""),
        ("count/jobs.batch: 0", ""),
    ],
)
def test_objects_are_counted(project: Project, hard: str, code: str):
    assert [each[:5] for each in told(project, given=quota(hard))] == [code][: bool(code)]


@pytest.mark.parametrize(
    ("hard", "codes"),
    [
        ("requests.storage: 15Gi", ["OF460"]),
        ("persistentvolumeclaims: 1", ["OF460"]),
        ("fast.storageclass.storage.k8s.io/requests.storage: 15Gi", ["OF460"]),
        ("slow.storageclass.storage.k8s.io/requests.storage: 1Gi", []),
        ("requests.storage: 20Gi", []),
        ("requests.storage: 5Gi", ["OF462"]),
    ],
)
@pytest.mark.parametrize("mode", ["", ", accessMode: ReadWriteOnce"])
def test_claims_are_counted_for_each_executor(project: Project, hard: str, codes: list[str], mode: str):
    claim = f"{{name: d, mountPath: /d, claim: {{size: 10Gi, storageClass: fast{mode}}}}}"

    found = told(project, f"job: {{spec: {{executor: {{volumes: [{claim}]}}}}}}\n", quota(hard))

    assert [each[:5] for each in found] == codes


@pytest.mark.parametrize(
    ("scope", "overlay", "counts"),
    [
        ("scopes: [Terminating]", "", False),
        ("scopes: [NotTerminating]", "", True),
        ("scopes: [BestEffort]", "", False),
        ("scopes: [NotBestEffort]", "", True),
        ("scopes: [PriorityClass]", "", False),
        ("scopes: [CrossNamespacePodAffinity]", "", False),
        ("scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: DoesNotExist}]}", "", True),
        (
            "scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In, values: [high]}]}",
            "job: {spec: {scheduling: {priorityClass: high}}}\n",
            True,
        ),
        (
            "scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: NotIn, values: [high]}]}",
            "job: {spec: {scheduling: {priorityClass: high}}}\n",
            False,
        ),
    ],
)
def test_a_quota_with_scopes_counts_the_pods_in_them(project: Project, scope: str, overlay: str, counts: bool):
    found = told(project, overlay, quota("pods: 2", f", {scope}"))

    assert [each[:5] for each in found] == ["OF460"] * counts


def test_a_driver_with_a_deadline_is_terminating(project: Project):
    assert told(project, DEADLINE, quota("pods: 0", ", scopes: [Terminating]")) == ["OF462 job.yaml:3"]


def test_other_objects_are_in_no_scope(project: Project):
    assert told(project, given=quota("services: 0, pods: 9", ", scopes: [NotTerminating]")) == []


def test_where_a_quota_counts_limits_of_cpu_spark_must_be_told_to_write_them(project: Project):
    given = quota("limits.cpu: 40")

    assert without_run(messages(project, given=given)) == [
        f"`spec.containers[spark-kubernetes-{role}].resources.limits.cpu` of Pod/{pod} is not said, "
        "and the quota team (cluster.yaml:1:1) counts limits.cpu"
        for role, pod in (("driver", "etl-driver"), ("executor", "etl-exec-1"))
    ]
    assert told(project, LIMITED, given) == []


@pytest.mark.parametrize("default", ["default: {cpu: 2}", "max: {cpu: 2}"])
def test_a_default_of_a_limit_range_states_what_a_quota_counts(project: Project, default: str):
    given = quota("limits.cpu: 40") + "---\n" + limit_range(f"type: Container, {default}")

    assert told(project, given=given) == []


# --- limit ranges ---


@pytest.mark.parametrize(
    ("entry", "codes"),
    [
        ("type: Container, min: {memory: 1Gi}", []),
        ("type: Container, min: {memory: 2Gi}", ["OF464", "OF464"]),
        ("type: Container, max: {memory: 1408Mi}", []),
        ("type: Container, max: {memory: 1Gi}", ["OF464", "OF464"]),
        ("type: Container, max: {cpu: 2}", []),
        ("type: Container, max: {cpu: 500m}", ["OF464", "OF464"]),
        ("type: Container, default: {cpu: 500m}", ["OF465", "OF465"]),
        ("type: Container, default: {cpu: 2}, maxLimitRequestRatio: {cpu: 2}", []),
        ("type: Container, default: {cpu: 3}, maxLimitRequestRatio: {cpu: 2}", ["OF464", "OF464"]),
        ("type: Container, maxLimitRequestRatio: {cpu: 2}", ["OF464", "OF464"]),
        ("type: Pod, max: {memory: 2Gi}", []),
        ("type: Pod, max: {cpu: 4}", ["OF464", "OF464"]),
        ("type: Pod, min: {memory: 4Gi}", ["OF464", "OF464"]),
        ("type: PersistentVolumeClaim, max: {storage: 1Gi}", []),
        ("type: Container, max: {memory: lots}", []),
    ],
)
def test_a_limit_range_bounds_what_pods_ask_for(project: Project, entry: str, codes: list[str]):
    assert [each[:5] for each in told(project, given=limit_range(entry))] == codes


@pytest.mark.parametrize(("bound", "found"), [("max: {storage: 5Gi}", 1), ("min: {storage: 20Gi}", 1), ("", 0)])
@pytest.mark.parametrize("mode", ["", ", storageClass: fast"])
def test_a_limit_range_bounds_claims(project: Project, bound: str, found: int, mode: str):
    overlay = f"job: {{spec: {{driver: {{volumes: [{{name: d, mountPath: /d, claim: {{size: 10Gi{mode}}}}}]}}}}}}\n"

    assert [each[:5] for each in told(project, overlay, limit_range(f"type: PersistentVolumeClaim, {bound}"))] == [
        "OF464"
    ] * found


# --- nodes ---


def test_a_pod_needs_one_node_that_has_room_for_all_of_it(project: Project):
    overlay = "job: {spec: {driver: {cores: 4, memory: 9g}}}\n"
    nodes = node("cpus", "cpu: 8, memory: 4Gi") + node("memory", "cpu: 2, memory: 64Gi")

    assert without_run(messages(project, overlay, nodes)) == [
        "Pod/etl-driver asks for 10137Mi memory, and cpus, the node that comes closest, has 4096Mi"
    ]
    assert told(project, overlay, nodes + node("both", "cpu: 8, memory: 64Gi")) == []


def test_only_nodes_with_the_labels_that_a_pod_selects_count(project: Project):
    overlay = "job: {spec: {executor: {cores: 4, nodeSelector: {disk: ssd}}}}\n"
    nodes = node("big", "cpu: 8, memory: 64Gi") + node("small", "cpu: 2, memory: 64Gi", "disk: ssd")

    assert "OF466" in "".join(told(project, overlay, nodes))


# --- sizes ---


@pytest.mark.parametrize(
    ("limit", "codes"),
    [("1408Mi", []), ("2Gi", []), ("1407Mi", ["OF452"]), ("512", ["OF450"]), ("500m", ["OF450"])],
)
def test_the_memory_that_a_process_was_promised_stays_its_own(project: Project, limit: str, codes: list[str]):
    overlay = f"""\
patches:
  - target: {{kind: Pod}}
    json:
      - {{op: replace, path: /spec/containers/0/resources/limits/memory, value: "{limit}"}}
      - {{op: replace, path: /spec/containers/0/resources/requests/memory, value: "{limit}"}}
"""

    found = told(project, overlay)

    assert [each[:5] for each in found] == codes
    assert all("o.yaml:" in each for each in found)


def test_a_pod_as_a_whole_may_not_have_a_lower_limit_than_one_container(project: Project):
    overlay = "patches: [{target: {kind: Pod}, merge: {spec: {resources: {limits: {memory: 1Gi}}}}}]\n"

    assert without_run(messages(project, overlay)) == [
        "`spec.resources.limits.memory` of Pod/etl-driver is 1Gi, less than the 1408Mi that its containers have"
    ]
