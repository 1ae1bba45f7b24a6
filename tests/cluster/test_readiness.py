"""How far an object has come, read from what controllers, kubelets and schedulers write into its status."""

from __future__ import annotations

import math
from typing import Any

import pytest

from openflow_render.cluster.readiness import (
    SECOND_TRY,
    SETTLING,
    Phase,
    Related,
    Standing,
    is_worth_watching,
    own_pods,
    pods_of,
    standing,
)
from openflow_render.core.resource import Key, Manifest

WAITING, QUEUED, READY, DONE, FAILED = Phase


def an_object(
    api_version: str, kind: str, status: Any = None, spec: Any = None, /, name: str = "etl", **metadata: Any
) -> Manifest:
    metadata = {"name": name, "namespace": "data", "uid": f"uid-of-{name}", **metadata}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec or {}, "status": status or {}}


def a_pod(status: Any = None, /, name: str = "etl", containers: tuple[str, ...] = ("main",), **more: Any) -> Manifest:
    metadata = more.pop("metadata", {})
    spec = {"restartPolicy": "Never", "containers": [{"name": each} for each in containers], **more}
    return an_object("v1", "Pod", status, spec, name=name, **metadata)


def a_container(name: str = "main", *, ready: bool = False, **state: Any) -> Manifest:
    return {"name": name, "ready": ready, "state": state}


def a_running_pod(name: str = "etl", **more: Any) -> Manifest:
    return a_pod({"phase": "Running", "containerStatuses": [a_container(ready=True, running={})]}, name=name, **more)


def a_pod_that_waits(reason: str, message: str = "", name: str = "etl", **more: Any) -> Manifest:
    waiting = {"reason": reason, "message": message}
    return a_pod({"phase": "Pending", "containerStatuses": [a_container(waiting=waiting)]}, name=name, **more)


def an_unschedulable_pod(name: str = "etl") -> Manifest:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
    return a_pod({"phase": "Pending", "conditions": [condition]}, name=name)


def a_failed_pod(name: str = "etl", code: int = 3, **more: Any) -> Manifest:
    terminated = {"exitCode": code, "reason": "Error"}
    return a_pod({"phase": "Failed", "containerStatuses": [a_container(terminated=terminated)]}, name=name, **more)


def true(kind: str, reason: str = "", message: str = "", status: str = "True") -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def an_event(reason: str, message: str = "", about: str = "etl", **more: Any) -> Manifest:
    return {"reason": reason, "message": message, "involvedObject": {"uid": f"uid-of-{about}"}, **more}


# --- pods ------------------------------------------------------------------------------------------------------------

PODS = {
    "new": (a_pod(), Standing(WAITING, "Pending: a node; the scheduler has found none yet")),
    "running": (a_running_pod(), Standing(READY, "Running")),
    "succeeded": (a_pod({"phase": "Succeeded"}), Standing(DONE, "Succeeded")),
    "failed": (a_failed_pod(), Standing(FAILED, "Failed: exit code 3 of container main")),
    "evicted": (
        a_pod({"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory."}),
        Standing(FAILED, "Failed: Evicted: The node was low on memory."),
    ),
    "killed for memory": (
        a_pod(
            {
                "phase": "Failed",
                "containerStatuses": [a_container(terminated={"exitCode": 137, "reason": "OOMKilled"})],
            }
        ),
        Standing(FAILED, "Failed: exit code 137 (OOMKilled) of container main"),
    ),
    "unschedulable": (an_unschedulable_pod(), Standing(WAITING, "Pending: Unschedulable: 0/3 nodes")),
    "gated by Kueue": (
        a_pod({"phase": "Pending"}, schedulingGates=[{"name": "kueue.x-k8s.io/admission"}]),
        Standing(QUEUED, "Queued: admission by Kueue"),
    ),
    "image not pulled yet": (
        a_pod_that_waits("ErrImagePull", "not found"),
        Standing(WAITING, "Pending: ErrImagePull: not found", SECOND_TRY),
    ),
    "image not pulled again": (
        a_pod_that_waits("ImagePullBackOff", "Back-off"),
        Standing(WAITING, "Pending: ImagePullBackOff: Back-off", 0),
    ),
    "image misnamed": (a_pod_that_waits("InvalidImageName"), Standing(WAITING, "Pending: InvalidImageName", 0)),
    "without its Secret": (
        a_pod_that_waits("CreateContainerConfigError", 'secret "a" not found'),
        Standing(WAITING, 'Pending: CreateContainerConfigError: secret "a" not found', 0),
    ),
    "not scheduled": (
        a_pod_that_waits("ContainerCreating"),
        Standing(WAITING, "Pending: a node; the scheduler has found none yet"),
    ),
    "crashing": (
        a_pod(
            {
                "phase": "Running",
                "containerStatuses": [
                    {
                        **a_container(waiting={"reason": "CrashLoopBackOff", "message": "back-off 10s"}),
                        "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
                    }
                ],
            },
            restartPolicy="Always",
        ),
        Standing(WAITING, "Running: CrashLoopBackOff: back-off 10s; exit code 1 of container main", 0),
    ),
    "running in part": (
        a_pod(
            {
                "phase": "Running",
                "containerStatuses": [a_container(ready=True, running={}), a_container("side", running={})],
            },
            containers=("main", "side"),
        ),
        Standing(WAITING, "Running, 1 of 2 containers ready"),
    ),
    "with a sidecar that is through": (
        a_pod(
            {
                "phase": "Running",
                "containerStatuses": [
                    a_container(ready=True, running={}),
                    a_container("side", terminated={"exitCode": 0}),
                ],
            },
            containers=("main", "side"),
        ),
        Standing(READY, "Running"),
    ),
    "failed, and kept by a sidecar": (
        a_pod(
            {
                "phase": "Running",
                "containerStatuses": [
                    a_container(terminated={"exitCode": 2, "reason": "Error"}),
                    a_container("side", ready=True, running={}),
                ],
            },
            containers=("main", "side"),
        ),
        Standing(FAILED, "Failed: exit code 2 of container main"),
    ),
    "being deleted": (
        a_running_pod(metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}),
        Standing(WAITING, "Being deleted"),
    ),
    "succeeded and being deleted": (
        a_pod({"phase": "Succeeded"}, metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}),
        Standing(DONE, "Succeeded"),
    ),
    "on a node that is lost": (a_pod({"phase": "Unknown"}), Standing(WAITING, "Unknown")),
}


@pytest.mark.parametrize("case", PODS)
def test_a_pod_stands_as_its_phase_and_containers_say(case: str):
    pod, expected = PODS[case]

    assert standing(pod) == expected


def test_what_a_kubelet_could_not_do_is_told_of_a_pod():
    pod = a_pod_that_waits("ContainerCreating", nodeName="n1")
    event = an_event("FailedMount", 'secret "a" not found', type="Warning")

    found = standing(pod, Related(events=[event, an_event("FailedMount", "other", about="other", type="Warning")]))

    assert found == Standing(WAITING, 'Pending: FailedMount: secret "a" not found')


# --- gangs -----------------------------------------------------------------------------------------------------------

GANGS = {
    "all there": ([a_running_pod("e1"), a_running_pod("e2")], Standing(READY, "3 of 3 members")),
    "one through": ([a_running_pod("e1"), a_pod({"phase": "Succeeded"}, "e2")], Standing(READY, "3 of 3 members")),
    "more than wanted": (
        [a_running_pod("e1"), a_running_pod("e2"), a_running_pod("e3")],
        Standing(READY, "3 of 3 members"),
    ),
    "not asked for yet": ([], Standing(WAITING, "1 of 3 members")),
    "without room": (
        [a_running_pod("e1"), an_unschedulable_pod("e2")],
        Standing(WAITING, "2 of 3 members; e2: Pending: Unschedulable: 0/3 nodes"),
    ),
    "hopeless": (
        [an_unschedulable_pod("e1"), a_pod_that_waits("ImagePullBackOff", name="e2")],
        Standing(WAITING, "1 of 3 members; e2: Pending: ImagePullBackOff", 0),
    ),
    "failed and replaced": (
        [a_failed_pod("e1"), a_running_pod("e2"), a_running_pod("e3")],
        Standing(READY, "3 of 3 members"),
    ),
    "failed": (
        [a_failed_pod("e1"), a_running_pod("e2")],
        Standing(WAITING, "2 of 3 members; e1: Failed: exit code 3 of container main"),
    ),
    "hopeless and being deleted": (
        [a_pod_that_waits("ImagePullBackOff", name="e1", metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"})],
        Standing(WAITING, "1 of 3 members; e1: Ending"),
    ),
}


@pytest.mark.parametrize("case", GANGS)
def test_a_driver_is_ready_when_as_many_members_run_as_are_wanted(case: str):
    executors, expected = GANGS[case]
    driver = a_running_pod("driver")

    assert standing(driver, Related(pods=[driver, *executors], members=3)) == expected


def test_the_members_of_a_driver_that_waits_are_not_counted():
    found = standing(an_unschedulable_pod(), Related(members=3))

    assert found == Standing(WAITING, "Pending: Unschedulable: 0/3 nodes")


# --- Jobs ------------------------------------------------------------------------------------------------------------


def a_job(status: Any = None, **more: Any) -> Manifest:
    labels = more.pop("labels", {})
    spec = {"parallelism": 1, "completions": 1, **more}
    return an_object("batch/v1", "Job", status, spec, name="job", labels=labels)


def of_the_job(pod: Manifest) -> Manifest:
    pod["metadata"]["ownerReferences"] = [{"kind": "Job", "uid": "uid-of-job", "controller": True}]
    return pod


JOBS = {
    "new": (a_job(), Standing(WAITING, "0 of 1 pods ready")),
    "ready": (a_job({"active": 1, "ready": 1}), Standing(READY, "Running")),
    "the last of three": (
        a_job({"active": 1, "ready": 1, "succeeded": 2}, parallelism=2, completions=3),
        Standing(READY, "Running"),
    ),
    "complete": (a_job({"conditions": [true("Complete")]}), Standing(DONE, "Complete")),
    "as good as complete": (a_job({"conditions": [true("SuccessCriteriaMet")]}), Standing(DONE, "Complete")),
    "failed": (
        a_job({"conditions": [true("Failed", "DeadlineExceeded", "too long")]}),
        Standing(FAILED, "Failed: DeadlineExceeded: too long"),
    ),
    "as good as failed": (
        a_job({"conditions": [true("FailureTarget", "PodFailurePolicy", "no")]}),
        Standing(FAILED, "Failed: PodFailurePolicy: no"),
    ),
    "resumed": (
        a_job({"active": 1, "ready": 1, "conditions": [true("Suspended", status="False")]}),
        Standing(READY, "Running"),
    ),
    "suspended": (a_job({"conditions": [true("Suspended")]}, suspend=True), Standing(QUEUED, "Suspended")),
    "queued by Kueue": (
        a_job(suspend=True, labels={"kueue.x-k8s.io/queue-name": "team-a"}),
        Standing(QUEUED, "Suspended: queued in team-a"),
    ),
}


@pytest.mark.parametrize("case", JOBS)
def test_a_job_stands_as_its_conditions_and_counts_say(case: str):
    job, expected = JOBS[case]

    assert standing(job) == expected


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        (
            an_unschedulable_pod("p"),
            Standing(WAITING, "0 of 1 pods ready; p: Pending: Unschedulable: 0/3 nodes"),
        ),
        (a_pod_that_waits("ImagePullBackOff", name="p"), Standing(WAITING, "p: Pending: ImagePullBackOff", 0)),
        (a_failed_pod("p"), Standing(WAITING, "0 of 1 pods ready, 1 failed (exit code 3 of container main)")),
        (
            a_pod({"phase": "Pending"}, "p", schedulingGates=[{"name": "kueue.x-k8s.io/admission"}]),
            Standing(QUEUED, "0 of 1 pods ready; p: Queued: admission by Kueue"),
        ),
    ],
    ids=["unschedulable", "hopeless", "failed", "queued"],
)
def test_a_job_tells_what_keeps_its_pod(pod: Manifest, expected: Standing):
    assert standing(a_job({"active": 1}), Related(pods=[of_the_job(pod)])) == expected


def test_a_job_counts_its_pod_once_among_the_members():
    driver = of_the_job(a_running_pod("job-x"))
    pods = [driver, of_the_job(a_failed_pod("job-w")), a_running_pod("e1")]

    found = standing(a_job({"active": 1, "ready": 1}), Related(pods=pods, members=3))

    assert found == Standing(WAITING, "2 of 3 members")


@pytest.mark.parametrize(
    ("status", "events", "patience"),
    [
        ({}, [an_event("FailedCreate", "exceeded quota: q", about="job", count=2)], SETTLING),
        ({}, [an_event("FailedCreate", "exceeded quota: q", about="job")] * 2, SETTLING),
        ({}, [an_event("FailedCreate", "exceeded quota: q", about="job", count=1)], math.inf),
        ({"active": 1}, [an_event("FailedCreate", "exceeded quota: q", about="job", count=9)], math.inf),
        ({}, [an_event("FailedCreate", "exceeded quota: q", about="other", count=9)], math.inf),
    ],
    ids=["twice", "two events", "once", "in the past", "another object"],
)
def test_a_job_that_may_not_make_pods_is_hopeless(status: Any, events: list[Manifest], patience: float):
    found = standing(a_job(status), Related(events=events))

    assert (found.phase, found.patience) == (WAITING, patience)
    assert ("exceeded quota: q" in found.text) == (patience == SETTLING)


@pytest.mark.parametrize(("suspend", "text"), [(False, "Scheduled"), (True, "Suspended")])
def test_a_cron_job_is_ready_and_tells_that_it_is_suspended(suspend: bool, text: str):
    assert standing(an_object("batch/v1", "CronJob", {}, {"suspend": suspend})) == Standing(READY, text)


# --- Deployments -----------------------------------------------------------------------------------------------------

UP = {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
LATE = {"observedGeneration": 2, "conditions": [true("Progressing", "ProgressDeadlineExceeded", "timed out", "False")]}
REFUSED = {"observedGeneration": 2, "conditions": [true("ReplicaFailure", "FailedCreate", "exceeded quota: q")]}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({}, Standing(WAITING, "Waiting for its controller")),
        ({**UP, "observedGeneration": 1}, Standing(WAITING, "Waiting for its controller to see the change")),
        (UP, Standing(READY, "Available")),
        ({**UP, "updatedReplicas": 0}, Standing(WAITING, "0 of 1 pods updated")),
        ({**UP, "replicas": 2}, Standing(WAITING, "1 old pods are still there")),
        ({**UP, "availableReplicas": 0}, Standing(WAITING, "0 of 1 pods available")),
        (LATE, Standing(FAILED, "Failed: ProgressDeadlineExceeded: timed out")),
        (REFUSED, Standing(WAITING, "No pods: FailedCreate: exceeded quota: q", SETTLING)),
    ],
    ids=["new", "not seen", "available", "not updated", "old pods", "not available", "too late", "refused"],
)
def test_a_deployment_stands_as_its_counts_and_conditions_say(status: Any, expected: Standing):
    assert standing(an_object("apps/v1", "Deployment", status, {"replicas": 1}, generation=2)) == expected


def test_a_deployment_is_hopeless_with_a_pod_of_its_latest_revision_that_is():
    owner = {"ownerReferences": [{"kind": "ReplicaSet", "uid": "r", "controller": True}]}
    old = a_pod_that_waits("ImagePullBackOff", name="old", metadata={**owner, "annotations": {"content": "1"}})
    new = a_pod_that_waits("InvalidImageName", name="new", metadata={**owner, "annotations": {"content": "2"}})
    template = {"metadata": {"annotations": {"content": "2"}}}
    deployment = an_object("apps/v1", "Deployment", {**UP, "availableReplicas": 0}, {"template": template})

    found = standing(deployment, Related(pods=[old, new]))

    assert found == Standing(WAITING, "new: Pending: InvalidImageName", 0)


# --- claims and groups -----------------------------------------------------------------------------------------------

LATE_BINDING = {"volumeBindingMode": "WaitForFirstConsumer"}


@pytest.mark.parametrize(
    ("phase", "related", "expected"),
    [
        ("Bound", Related(), Standing(READY, "Bound")),
        ("Lost", Related(), Standing(FAILED, "Lost: its volume is gone")),
        ("Pending", Related(), Standing(WAITING, "Pending")),
        ("Pending", Related(storage_class=LATE_BINDING), Standing(READY, "Waits for its first consumer")),
        ("Pending", Related(storage_class={"volumeBindingMode": "Immediate"}), Standing(WAITING, "Pending")),
        (
            "Pending",
            Related(events=[an_event("WaitForFirstConsumer")]),
            Standing(READY, "Waits for its first consumer"),
        ),
        (
            "Pending",
            Related(events=[an_event("ProvisioningFailed", "no such class")]),
            Standing(WAITING, "Pending: ProvisioningFailed: no such class"),
        ),
    ],
)
def test_a_claim_is_ready_when_it_is_bound_or_waits_for_a_pod(phase: str, related: Related, expected: Standing):
    assert standing(an_object("v1", "PersistentVolumeClaim", {"phase": phase}), related) == expected


NO_ROOM = {"conditions": [true("Unschedulable", "NotEnoughResources", "queue is full")]}


@pytest.mark.parametrize("api_version", ["scheduling.volcano.sh/v1beta1", "scheduling.x-k8s.io/v1alpha1"])
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({}, Standing(WAITING, "Waiting for its scheduler, 0 of 5 members")),
        ({"phase": "Pending", **NO_ROOM}, Standing(QUEUED, "Pending, 0 of 5 members: queue is full")),
        ({"phase": "Inqueue", "running": 2}, Standing(WAITING, "Inqueue, 2 of 5 members")),
        ({"phase": "Scheduling", "running": 4}, Standing(WAITING, "Scheduling, 4 of 5 members")),
        ({"phase": "Running", "running": 4, "succeeded": 1}, Standing(READY, "5 of 5 members")),
        ({"phase": "Unknown", "running": 3}, Standing(WAITING, "Unknown, 3 of 5 members")),
        ({"phase": "Completed"}, Standing(DONE, "Completed")),
        ({"phase": "Finished"}, Standing(DONE, "Finished")),
        ({"phase": "Failed", "running": 5}, Standing(READY, "5 of 5 members")),
        ({"phase": "Failed", "running": 2}, Standing(WAITING, "Failed, 2 of 5 members", SETTLING)),
    ],
)
def test_a_group_stands_as_its_phase_and_members_say(api_version: str, status: Any, expected: Standing):
    assert standing(an_object(api_version, "PodGroup", status, {"minMember": 5})) == expected


# --- other kinds -----------------------------------------------------------------------------------------------------


def test_a_podgroup_of_another_group_is_ready_when_it_exists():
    assert standing(an_object("scheduling.example.org/v1", "PodGroup", {"phase": "Pending"})).phase is READY


def test_any_object_whose_controller_lags_behind_is_waited_for():
    behind = an_object("example.org/v1", "Thing", {"observedGeneration": 1}, generation=2)

    assert standing(behind).phase is WAITING


@pytest.mark.parametrize("status", [None, "text", [], {"conditions": None, "containerStatuses": None, "phase": None}])
@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("apps/v1", "Deployment"),
        ("batch/v1", "CronJob"),
        ("batch/v1", "Job"),
        ("scheduling.volcano.sh/v1beta1", "PodGroup"),
        ("v1", "ConfigMap"),
        ("v1", "PersistentVolumeClaim"),
        ("v1", "Pod"),
    ],
)
def test_a_status_that_says_nothing_is_no_failure(api_version: str, kind: str, status: Any):
    manifest = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "etl"}, "status": status}

    assert standing(manifest).phase in (WAITING, READY)


@pytest.mark.parametrize(
    ("api_version", "kind", "expected"),
    [
        ("v1", "Secret", False),
        ("rbac.authorization.k8s.io/v1", "RoleBinding", False),
        ("v1", "Pod", True),
        ("example.org/v1", "Secret", True),
    ],
)
def test_only_what_has_a_status_is_watched(api_version: str, kind: str, expected: bool):
    assert is_worth_watching(Key(api_version, kind, "data", "a")) is expected


# --- pods of a workload ----------------------------------------------------------------------------------------------


def test_the_pods_of_an_application_share_its_label():
    template = {"metadata": {"labels": {"spark-app-selector": "spark-1", "team": "a"}}}

    assert pods_of(a_job(template=template)) == {"spark-app-selector": "spark-1"}
    assert pods_of(a_pod(metadata=template["metadata"])) == {"spark-app-selector": "spark-1"}


def test_the_pods_of_a_workload_without_that_label_are_those_that_it_selects():
    assert pods_of(a_job(selector={"matchLabels": {"job-name": "job"}})) == {"job-name": "job"}
    assert pods_of(a_pod()) == {}


def test_executors_are_not_a_workloads_own_pods():
    executor = a_running_pod("e1", metadata={"ownerReferences": [{"kind": "Pod", "uid": "d", "controller": True}]})
    driver = of_the_job(a_running_pod("job-x"))

    assert own_pods(a_job(), Related(pods=[executor, driver])) == [driver]
