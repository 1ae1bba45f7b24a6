"""Gangs, queues, priorities, nodes, and what is said about where pods may go."""

from __future__ import annotations

import pytest
from projects import Project
from told import messages, told

QUEUE = """\
apiVersion: scheduling.volcano.sh/v1beta1
kind: Queue
metadata: {name: etl}
spec: {capability: {cpu: %s, memory: 100Gi}}
"""
LOCAL_QUEUE = """\
---
apiVersion: kueue.x-k8s.io/v1beta1
kind: LocalQueue
metadata: {name: team, namespace: %s}
spec: {clusterQueue: batch}
"""
CLUSTER_QUEUE = """\
---
apiVersion: kueue.x-k8s.io/v1beta1
kind: ClusterQueue
metadata: {name: batch}
spec:
  stopPolicy: %s
  cohort: %s
  resourceGroups:
    - coveredResources: [cpu, memory]
      flavors:
        - {name: spot, resources: [{name: cpu, nominalQuota: %s}, {name: memory, nominalQuota: 64Gi}]}
        - {name: own, resources: [{name: cpu, nominalQuota: 1}, {name: memory, nominalQuota: 64Gi}]}
"""
KUEUE = "job: {spec: {scheduling: {scheduler: kueue, queue: team}}}\n"
VOLCANO = "job: {spec: {scheduling: {scheduler: volcano, queue: etl%s}}}\n"


def cluster_queue(cpu: str, stop: str = "None", cohort: str = "''") -> str:
    return CLUSTER_QUEUE % (stop, cohort, cpu) + LOCAL_QUEUE % "data"


# --- gangs ---


def test_a_group_of_pods_for_kueue_that_counts_executors_waits_for_ever(project: Project):
    pod_group = "labels: {kueue.x-k8s.io/pod-group-name: etl}, annotations: {kueue.x-k8s.io/pod-group-total-count: '3'}"

    [found] = messages(project, f"patches: [{{target: {{kind: Pod}}, merge: {{metadata: {{{pod_group}}}}}}}]\n")

    assert found.startswith("`metadata.annotations[kueue.x-k8s.io/pod-group-total-count]` of Pod/etl-")
    assert found.endswith(" waits for 3 pods, and there is 1 until the driver runs")


@pytest.mark.parametrize(
    ("conf", "codes"),
    [
        ("", ["OF708 o.yaml:4"]),
        ("spark.kubernetes.scheduler.name: yunikorn", ["OF708 o.yaml:4"]),
        ("spark.kubernetes.scheduler.name: volcano", []),
        ("spark.kubernetes.driver.scheduler.name: volcano", ["OF708 o.yaml:4"]),
    ],
    ids=["none", "another", "its own", "its own for the driver only"],
)
def test_a_group_is_one_only_to_its_scheduler(project: Project, conf: str, codes: list[str]):
    in_group = "annotation.scheduling.k8s.io/group-name: g"
    groups = f"spark.kubernetes.driver.{in_group}, spark.kubernetes.executor.{in_group}"

    found = told(project, f"job: {{spec: {{conf: {{{groups}, {conf}}}}}}}\n")

    assert found == codes


def test_coscheduling_may_run_in_a_scheduler_of_any_name_but_kubernetes_own(project: Project):
    label = "spark.kubernetes.driver.label.scheduling.x-k8s.io/pod-group: g"

    assert told(project, f"job: {{spec: {{conf: {{{label}, spark.kubernetes.scheduler.name: mine}}}}}}\n") == []
    assert told(project, f"job: {{spec: {{conf: {{{label}}}}}}}\n") == ["OF708 o.yaml:4"]


# --- queues ---


@pytest.mark.parametrize(
    ("cpu", "gang", "codes"),
    [
        ("3", "", []),
        ("2", "", ["OF704"]),
        ("500m", "", ["OF703"]),
        ("3", ", gang: {}", []),
        ("2", ", gang: {}", ["OF703"]),
    ],
)
def test_a_queue_of_volcano_has_room_for_the_group_or_each_pod_or_all(
    project: Project, cpu: str, gang: str, codes: list[str]
):
    found = told(project, VOLCANO % gang, given=QUEUE % cpu)

    assert [each.partition(" ")[0] for each in found] == codes


def test_a_finding_about_room_says_who_asks_for_how_much(project: Project):
    found = messages(project, VOLCANO % "", given=QUEUE % "500m")

    assert found == ["an executor asks for 1 cpu, and the queue etl has 500m at most"]


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        (cluster_queue("2"), []),
        (cluster_queue("1"), ["OF704"]),
        (cluster_queue("1", cohort="all"), []),
        (cluster_queue("500m").replace("nominalQuota: 1}", "nominalQuota: 0}"), ["OF703"]),
        (
            cluster_queue("9").replace("[cpu, memory]", "[cpu]").replace(", {name: memory, nominalQuota: 64Gi}", ""),
            ["OF703"],
        ),
        (cluster_queue("9", stop="HoldAndDrain"), ["OF706"]),
        (cluster_queue("9").replace("namespace: data", "namespace: other"), ["OF705"]),
        (LOCAL_QUEUE % "data", []),
        (LOCAL_QUEUE % "data" + CLUSTER_QUEUE.replace("name: batch}", "name: other}") % ("None", "''", 9), ["OF705"]),
        (CLUSTER_QUEUE % ("None", "''", 1), []),
    ],
    ids=[
        "flavors together",
        "too small for all",
        "a cohort lends",
        "too small for one",
        "a resource that it does not have",
        "on hold",
        "of another namespace",
        "only the local one is given",
        "leads nowhere",
        "no local one is given",
    ],
)
def test_queues_of_kueue_are_found_and_measured(project: Project, given: str, codes: list[str]):
    found = told(project, KUEUE, given=given)

    assert [each.partition(" ")[0] for each in found] == codes


# --- priorities ---


def test_executors_of_the_default_class_may_not_be_above_their_driver(project: Project):
    head = "---\napiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\n"
    given = f"{head}metadata: {{name: low}}\nvalue: 1\n{head}metadata: {{name: usual}}\nvalue: 5\nglobalDefault: true\n"
    low_driver = "patches: [{target: {kind: Pod}, merge: {spec: {priorityClassName: low}}}]\n"

    assert messages(project, low_driver, given=given) == ["the executors have the priority 5, and their driver only 1"]
    assert messages(project, given=given) == []


# --- tolerations, affinity, spreading ---


@pytest.mark.parametrize(
    ("toleration", "problem"),
    [
        ("{key: a, operator: In, value: b}", "the operator In is none of Equal and Exists"),
        ("{operator: Equal, value: b}", "without a key the operator must be Exists, which tolerates every taint"),
        ("{key: a b, operator: Exists}", "only letters, digits, `-`, `_` and `.` may stand in it"),
        ("{key: a, operator: Exists, value: b}", "with the operator Exists there may be no value"),
        ("{key: a, value: b c}", "only letters, digits, `-`, `_` and `.` may stand in it"),
        ("{key: a, value: b, effect: NoRun}", "the effect NoRun is none of NoSchedule, PreferNoSchedule, NoExecute"),
        ("{key: a, effect: NoSchedule, tolerationSeconds: 5}", "seconds have a meaning with the effect NoExecute only"),
        ("{operator: Exists}", ""),
        ("{key: a, value: b, effect: NoExecute, tolerationSeconds: 5}", ""),
        ("{key: example.org/a, operator: Exists}", ""),
    ],
)
def test_tolerations_are_those_that_the_api_server_takes(project: Project, toleration: str, problem: str):
    found = messages(project, f"job: {{spec: {{driver: {{tolerations: [{toleration}]}}}}}}\n")

    assert [problem in each and "tolerations[0]" in each for each in found] == [True] * bool(problem)


REQUIRED, PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)


def on_nodes(expression: str) -> str:
    return f"affinity: {{nodeAffinity: {{{REQUIRED}: {{nodeSelectorTerms: [{{matchExpressions: [{expression}]}}]}}}}}}"


def apart(term: str, weight: str = "") -> str:
    terms = f"{PREFERRED}: [{{weight: {weight}, podAffinityTerm: {term}}}]" if weight else f"{REQUIRED}: [{term}]"
    return f"affinity: {{podAntiAffinity: {{{terms}}}}}"


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        (on_nodes("{key: a, operator: Is, values: [b]}"), "the operator Is is none of"),
        (on_nodes("{key: a, operator: In}"), "the operator In needs values"),
        (on_nodes("{key: a, operator: Exists, values: [b]}"), "the operator Exists takes no values"),
        (on_nodes("{key: a, operator: Gt, values: [b]}"), "the operator Gt needs one whole number"),
        (on_nodes("{key: a, operator: Lt, values: ['-1']}"), ""),
        (f"affinity: {{nodeAffinity: {{{REQUIRED}: {{nodeSelectorTerms: []}}}}}}", "there must be a term"),
        (
            f"affinity: {{nodeAffinity: {{{PREFERRED}: [{{weight: 0, preference: {{}}}}]}}}}",
            "it must be from 1 to 100",
        ),
        (
            (
                f"affinity: {{nodeAffinity: {{{REQUIRED}: {{nodeSelectorTerms: "
                "[{matchFields: [{key: metadata.name, operator: Gt, values: ['1']}]}]}}}"
            ),
            "the operator Gt is none of In, NotIn",
        ),
        (apart("{topologyKey: ''}"), "the label of nodes that tells places apart is missing"),
        (apart("{topologyKey: a b}"), "may stand in it"),
        (
            apart("{topologyKey: zone, labelSelector: {matchExpressions: [{key: a, operator: Gt}]}}"),
            "it must be In, NotIn, Exists or DoesNotExist",
        ),
        (apart("{topologyKey: zone}", "101"), "it must be from 1 to 100"),
        (apart("{topologyKey: zone}", "100"), ""),
        (
            "topologySpread: [{topologyKey: zone, maxSkew: 0, whenUnsatisfiable: DoNotSchedule}]",
            "it must be at least 1",
        ),
        (
            "topologySpread: [{topologyKey: zone, maxSkew: 1, whenUnsatisfiable: Never}]",
            "Never is none of DoNotSchedule",
        ),
        (
            "topologySpread: [{topologyKey: zone, maxSkew: 1, whenUnsatisfiable: ScheduleAnyway, minDomains: 2}]",
            "it has a meaning with DoNotSchedule only",
        ),
        ("topologySpread: [{topologyKey: zone, maxSkew: 1, whenUnsatisfiable: DoNotSchedule, minDomains: 2}]", ""),
    ],
)
def test_affinity_and_spreading_are_what_the_api_server_takes(project: Project, field: str, problem: str):
    found = messages(project, f"job: {{spec: {{driver: {{{field}}}}}}}\n")

    assert [problem in each for each in found] == [True] * bool(problem), found


# --- nodes ---


def node(name: str, labels: str = "", taints: str = "") -> str:
    head = f"---\napiVersion: v1\nkind: Node\nmetadata: {{name: {name}, labels: {{host: {name}, {labels}}}}}\n"
    return f"{head}spec: {{taints: [{taints}]}}\n"


GPU = node("gpu-1", "gpu: 'yes', cores: '64'", "{key: gpu, value: 'yes', effect: NoSchedule}")
PLAIN = node("plain-1", "cores: '8'")


@pytest.mark.parametrize(
    ("driver", "codes"),
    [
        ("{}", []),
        ("{nodeSelector: {gpu: 'no'}}", ["OF714"]),
        ("{nodeSelector: {gpu: 'yes'}}", ["OF715"]),
        ("{nodeSelector: {gpu: 'yes'}, tolerations: [{key: gpu, value: 'yes'}]}", []),
        ("{nodeSelector: {gpu: 'yes'}, tolerations: [{key: gpu, value: 'no'}]}", ["OF715"]),
        ("{nodeSelector: {gpu: 'yes'}, tolerations: [{key: gpu, value: 'yes', effect: NoExecute}]}", ["OF715"]),
        ("{nodeSelector: {gpu: 'yes'}, tolerations: [{operator: Exists}]}", []),
        (f"{{{on_nodes('{key: cores, operator: Gt, values: [`8`]}')}}}".replace("`", "'"), ["OF715"]),
        (f"{{{on_nodes('{key: cores, operator: Lt, values: [`8`]}')}}}".replace("`", "'"), ["OF714"]),
        (f"{{{on_nodes('{key: gpu, operator: DoesNotExist}')}}}", []),
    ],
)
def test_a_pod_needs_a_node_that_it_selects_and_whose_taints_it_tolerates(
    project: Project, driver: str, codes: list[str]
):
    found = told(project, f"job: {{spec: {{driver: {driver}}}}}\n", given=GPU + PLAIN)

    assert [each.partition(" ")[0] for each in found] == codes


def test_taints_are_named(project: Project):
    found = messages(project, "job: {spec: {driver: {nodeSelector: {gpu: 'yes'}}}}\n", given=GPU + PLAIN)

    [message] = found
    assert message.endswith("tolerates no taint of the nodes that it fits (1: gpu=yes:NoSchedule)")


@pytest.mark.parametrize(("label", "codes"), [("executor", ["OF717"]), ("driver", [])])
def test_executors_that_keep_apart_from_each_other_need_a_place_each(project: Project, label: str, codes: list[str]):
    term = f"{{topologyKey: host, labelSelector: {{matchLabels: {{spark-role: {label}}}}}}}"
    overlay = f"job: {{spec: {{executor: {{instances: 3, {apart(term)}}}}}}}\n"

    found = told(project, overlay, given=PLAIN + node("plain-2"))

    assert [each.partition(" ")[0] for each in found] == codes


def test_a_driver_that_may_go_to_other_nodes_too_is_not_put_on_spot_nodes(project: Project):
    only = on_nodes("{key: karpenter.sh/capacity-type, operator: In, values: [spot]}")
    either = only.replace("[spot]", "[spot, on-demand]")

    assert told(project, f"job: {{spec: {{driver: {{{only}}}}}}}\n") == ["OF716 o.yaml:4"]
    assert told(project, f"job: {{spec: {{driver: {{{either}}}}}}}\n") == []
