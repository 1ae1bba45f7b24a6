"""What is read from a pod's manifest, without a cluster."""

from __future__ import annotations

from typing import Any

import pytest
from pods_of import DRIVER, container

from openflow_render.cluster import pods
from openflow_render.cluster.pods import Failure, State


def pod(phase: str | None = "Pending", spec: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "etl-driver"},
        "spec": {"containers": [{"name": "log-shipper"}, {"name": DRIVER}], **(spec or {})},
        "status": {**({"phase": phase} if phase else {}), **status},
    }


def waiting(reason: str, message: str = "", name: str = DRIVER) -> dict[str, Any]:
    return container(name, waiting={"reason": reason, "message": message})


GATED = {"schedulingGates": [{"name": "kueue.x-k8s.io/admission"}]}
ENDING = {**pod("Running"), "metadata": {"name": "etl-driver", "deletionTimestamp": "2026-01-01T00:00:00Z"}}
UNSCHEDULABLE = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/3 nodes are available:\n  3 Insufficient cpu.",
}
MOUNT = {"type": "Warning", "reason": "FailedMount", "message": "secret x not found", "lastTimestamp": "2026-01-02"}
OLDER = {"type": "Warning", "reason": "Older", "message": "x", "lastTimestamp": "2026-01-01"}


@pytest.mark.parametrize(
    ("manifest", "state"),
    [
        ({}, State.PENDING),
        ({"status": None, "spec": None, "metadata": None}, State.PENDING),
        (pod(None), State.PENDING),
        (pod(), State.PENDING),
        (pod(spec=GATED), State.QUEUED),
        (pod("Running"), State.RUNNING),
        (ENDING, State.ENDING),
        ({**ENDING, "status": {"phase": "Failed"}}, State.FAILED),
        (pod("Succeeded"), State.SUCCEEDED),
        (pod("Failed"), State.FAILED),
        (pod("Unknown"), State.UNKNOWN),
        (pod("Of a later version"), State.UNKNOWN),
    ],
)
def test_a_pod_is_in_a_state(manifest: dict[str, Any], state: State):
    assert pods.state(manifest) is state


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        (pod(), "a node; the scheduler has found none yet"),
        (pod(spec={"schedulerName": "volcano"}), "a node; volcano has found none yet"),
        (pod(conditions=[UNSCHEDULABLE]), "Unschedulable: 0/3 nodes are available: 3 Insufficient cpu."),
        (pod(spec=GATED), "admission by Kueue"),
        (
            pod(spec={"schedulingGates": [{"name": "a/b"}, *GATED["schedulingGates"]]}),
            "admission by Kueue, scheduling gate a/b",
        ),
        (pod(containerStatuses=[waiting("ImagePullBackOff", "no x")]), "ImagePullBackOff: no x"),
        (
            pod(containerStatuses=[waiting("PodInitializing")], initContainerStatuses=[waiting("ErrImagePull")]),
            "ErrImagePull",
        ),
        (pod(spec={"nodeName": "n"}, containerStatuses=[waiting("ContainerCreating")]), "ContainerCreating"),
        (pod(spec={"nodeName": "n"}), None),
        (pod("Running"), None),
        (
            pod("Running", containerStatuses=[waiting("CrashLoopBackOff", "back-off 5m")]),
            "CrashLoopBackOff: back-off 5m",
        ),
        (pod("Succeeded", conditions=[UNSCHEDULABLE]), None),
        (ENDING, None),
        ({**ENDING, "metadata": {**ENDING["metadata"], "finalizers": ["a/b"]}}, "finalizers: a/b"),
    ],
)
def test_why_a_pod_waits(manifest: dict[str, Any], why: str | None):
    assert pods.waits_for(manifest) == why


def test_the_newest_warning_tells_what_a_kubelet_could_not_do():
    manifest = pod(spec={"nodeName": "n"}, containerStatuses=[waiting("ContainerCreating")])

    assert pods.waits_for(manifest, [OLDER, MOUNT, {"type": "Normal"}]) == "FailedMount: secret x not found"


FAILED = [
    container("log-shipper", terminated={"exitCode": 2}),
    container(terminated={"exitCode": 1, "message": "boom"}),
]
CRASHED = {"exitCode": 137, "reason": "OOMKilled"}


@pytest.mark.parametrize(
    ("manifest", "failure", "text"),
    [
        (pod("Failed"), Failure("Failed"), "Failed"),
        (
            pod("Failed", containerStatuses=FAILED),
            Failure("Error", 1, DRIVER, "boom"),
            f"exit code 1 of container {DRIVER}",
        ),
        (
            pod("Failed", containerStatuses=[container(terminated=CRASHED)]),
            Failure("OOMKilled", 137, DRIVER),
            f"exit code 137 (OOMKilled) of container {DRIVER}",
        ),
        (
            pod("Failed", containerStatuses=FAILED, initContainerStatuses=[container("init", terminated=CRASHED)]),
            Failure("OOMKilled", 137, "init"),
            "exit code 137 (OOMKilled) of container init",
        ),
        (
            pod("Failed", reason="Evicted", message="low on memory", containerStatuses=FAILED),
            Failure("Evicted", None, "", "low on memory"),
            "Evicted",
        ),
        (
            pod(
                "Failed", conditions=[{"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}]
            ),
            Failure("PreemptionByScheduler"),
            "PreemptionByScheduler",
        ),
        (
            pod(
                "Running",
                containerStatuses=[container(waiting={"reason": "CrashLoopBackOff"}, last={"terminated": CRASHED})],
            ),
            Failure("OOMKilled", 137, DRIVER),
            f"exit code 137 (OOMKilled) of container {DRIVER}",
        ),
        (pod("Running", containerStatuses=[container(running={}, last={"terminated": CRASHED})]), None, "None"),
        (pod("Succeeded"), None, "None"),
    ],
)
def test_why_a_pod_failed(manifest: dict[str, Any], failure: Failure | None, text: str):
    found = pods.failure(manifest)

    assert found == failure
    assert str(found) == text


@pytest.mark.parametrize(
    ("manifest", "is_hopeless"),
    [
        (pod(containerStatuses=[waiting("InvalidImageName")]), True),
        (pod(containerStatuses=[waiting("ContainerCreating")]), False),
        (pod(initContainerStatuses=[waiting("CrashLoopBackOff", name="init")]), True),
        (pod(conditions=[UNSCHEDULABLE]), False),
        ({}, False),
    ],
)
def test_what_will_not_mend_by_itself_is_hopeless(manifest: dict[str, Any], is_hopeless: bool):
    assert pods.is_hopeless(manifest) is is_hopeless


@pytest.mark.parametrize(
    ("statuses", "told"),
    [
        ({}, "0"),
        ({"containerStatuses": [container(restarts=3)]}, "3"),
        ({"containerStatuses": [container(restarts=3)], "ephemeralContainerStatuses": [container(restarts=1)]}, "4"),
        ({"initContainerStatuses": [container("init", restarts=2)]}, "2 (2 of init containers)"),
        (
            {
                "initContainerStatuses": [container("init", restarts=2), container("proxy", restarts=4)],
                "containerStatuses": [container(restarts=3)],
            },
            "9 (2 of init containers, 4 of sidecars)",
        ),
    ],
)
def test_restarts_of_sidecars_and_of_init_containers_are_told_apart(statuses: dict[str, Any], told: str):
    spec = {"initContainers": [{"name": "init"}, {"name": "proxy", "restartPolicy": "Always"}]}

    assert str(pods.restarts({**pod(**statuses), "spec": spec})) == told


def test_a_pod_without_a_status_was_not_restarted():
    assert pods.restarts({}) == pods.Restarts()


@pytest.mark.parametrize(
    ("names", "annotations", "main"),
    [
        (["istio-proxy", DRIVER], {"kubectl.kubernetes.io/default-container": "istio-proxy"}, DRIVER),
        (["istio-proxy", "driver"], {"kubectl.kubernetes.io/default-container": "driver"}, "driver"),
        (["driver", "istio-proxy"], {"kubectl.kubernetes.io/default-container": "gone"}, "driver"),
        ([], {}, ""),
    ],
)
def test_the_main_container_is_sparks(names: list[str], annotations: dict[str, str], main: str):
    manifest = {"metadata": {"annotations": annotations}, "spec": {"containers": [{"name": name} for name in names]}}

    assert pods.main_container(manifest) == main
