"""Waiting at a real API server. The tests do what schedulers and kubelets would: they write the status of pods."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from controlplane import Api, ControlPlane, wait_until
from kubelet import Kubelet
from proxy import FaultProxy, answer, hang, nth, on, reset

from openflow_render.cli import console, progress
from openflow_render.cluster import readiness, wait
from openflow_render.cluster.cluster import Cluster, UnknownKind
from openflow_render.cluster.connection import Connection, Login
from openflow_render.cluster.outcome import Failed, Refused, Unreachable
from openflow_render.cluster.readiness import Phase
from openflow_render.cluster.wait import Row
from openflow_render.core.resource import Key, Manifest

STRATEGIC = "application/strategic-merge-patch+json"
RUNNING = {
    "phase": "Running",
    "containerStatuses": [
        {"name": "main", "ready": True, "state": {"running": {}}, "image": "a", "imageID": "", "restartCount": 0}
    ],
}
EXPIRED = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": 410}


# --- arranging -------------------------------------------------------------------------------------------------------


@pytest.fixture
def cluster(control_plane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with Connection(Login(str(control_plane.kubeconfig))) as connection:
        yield Cluster(connection)


@pytest.fixture
def faulty(fault_proxy: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """The same cluster behind the proxy."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with Connection(Login(str(fault_proxy.kubeconfig))) as connection:
        yield Cluster(connection)


class Objects:
    """Objects of one namespace."""

    def __init__(self, api: Api, namespace: str) -> None:
        self.api = api
        self.namespace = namespace

    def pod(self, name: str = "etl", **more: Any) -> Key:
        return self.make("api/v1", "pods", a_pod(name, **more))

    def job(self, name: str = "etl", **more: Any) -> Key:
        pod = a_pod(name, **more.pop("pod", {}))
        template = {"metadata": {"labels": pod["metadata"]["labels"]}, "spec": pod["spec"]}
        job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}}
        return self.make("apis/batch/v1", "jobs", {**job, "spec": {"template": template, "backoffLimit": 0, **more}})

    def make(self, root: str, plural: str, manifest: Manifest) -> Key:
        made = self.api.post(f"/{root}/namespaces/{self.namespace}/{plural}", manifest)
        return Key(made["apiVersion"], made["kind"], self.namespace, made["metadata"]["name"])

    def status(self, key: Key | str, status: Mapping[str, Any], plural: str = "") -> None:
        """Write the status of an object; of a pod, when only its name is given."""
        path = f"/api/v1/namespaces/{self.namespace}/pods/{key}" if isinstance(key, str) else self.path(key, plural)
        kind = STRATEGIC if isinstance(key, str) else "application/merge-patch+json"
        self.api.patch(f"{path}/status", {"status": status}, kind)

    def path(self, key: Key, plural: str) -> str:
        return f"/apis/{key.api_version}/namespaces/{key.namespace}/{plural}/{key.name}"

    def pods(self) -> list[Manifest]:
        return list(self.api.get(f"/api/v1/namespaces/{self.namespace}/pods")["items"])

    def delete(self, key: Key, plural: str) -> None:
        root = "api" if key.api_version == "v1" else "apis"
        options = {"gracePeriodSeconds": 0, "propagationPolicy": "Background"}
        self.api.delete(f"/{root}/{key.api_version}/namespaces/{key.namespace}/{plural}/{key.name}", options)


@pytest.fixture
def objects(api: Api, namespace: str) -> Objects:
    return Objects(api, namespace)


def a_pod(name: str, application: str = "spark-1", **spec: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"spark-app-selector": application}},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "a"}], **spec},
    }


def a_container(**more: Any) -> Manifest:
    return {"name": "main", "ready": False, "image": "a", "imageID": "", "restartCount": 0, **more}


def that_waits(reason: str, message: str = "", phase: str = "Pending", **more: Any) -> Manifest:
    state = {"waiting": {"reason": reason, "message": message}}
    return {"phase": phase, "containerStatuses": [a_container(state=state, **more)]}


def that_failed(code: int) -> Manifest:
    terminated = {"exitCode": code, "reason": "Error"}
    return {"phase": "Failed", "containerStatuses": [a_container(state={"terminated": terminated})]}


class Waiting:
    """A wait in a thread of its own."""

    def __init__(self, cluster: Cluster, *keys: Key, timeout: float = 20.0, **more: Any) -> None:
        self.told: list[Sequence[Row]] = []
        self._error: BaseException | None = None

        def run() -> None:
            try:
                wait.wait(cluster, keys, timeout=timeout, tell=self.told.append, **more)
            except Exception as error:
                self._error = error

        self._thread = threading.Thread(target=run, name="waits")
        self._thread.start()

    @property
    def texts(self) -> list[str]:
        """Everything that was told."""
        return [row.text for rows in self.told for row in rows]

    def until(self, text: str) -> None:
        """Go on when something with ``text`` was told."""
        wait_until(lambda: self._error or any(text in each for each in self.texts), f"{text!r} in {self.texts}", 20.0)

    def end(self) -> list[str]:
        """What was told until the wait ended well."""
        self._thread.join(30.0)
        assert not self._thread.is_alive(), self.texts
        if self._error is not None:
            raise self._error
        return self.texts

    def failure(self) -> str:
        with pytest.raises(Failed) as failed:
            self.end()
        return str(failed.value)


# --- pods ------------------------------------------------------------------------------------------------------------


def test_a_pod_that_runs_is_ready(cluster: Cluster, objects: Objects):
    waiting = Waiting(cluster, objects.pod())
    waiting.until("Pending")
    objects.status("etl", RUNNING)

    assert waiting.end()[-1] == "Running"


def test_done_is_waited_for_until_the_pod_has_succeeded(cluster: Cluster, objects: Objects):
    waiting = Waiting(cluster, objects.pod(), until="done")
    objects.status("etl", RUNNING)
    waiting.until("Running")
    objects.status("etl", {"phase": "Succeeded"})

    assert waiting.end()[-1] == "Succeeded"


def test_a_pod_that_failed_is_told_with_its_exit_code_and_the_end_of_its_log(
    cluster: Cluster, objects: Objects, kubelet: Kubelet
):
    key = objects.pod(nodeName=kubelet.node_name)
    kubelet.logs[objects.namespace, "etl", "main"].append(*(f"line {each}" for each in range(20)), "\x1b[31mboom")
    waiting = Waiting(cluster, key)
    waiting.until("Pending")
    objects.status("etl", that_failed(3))

    failure = waiting.failure()

    assert failure.splitlines() == [
        f"Pod/etl in namespace {objects.namespace}: Failed: exit code 3 of container main",
        *(f"  | line {each}" for each in range(11, 20)),
        "  | \\x1b[31mboom",
    ]


def test_a_pod_that_failed_without_a_log_is_told_all_the_same(cluster: Cluster, objects: Objects):
    key = objects.pod(nodeName="nowhere")
    objects.status("etl", that_failed(3))

    failure = Waiting(cluster, key).failure()

    assert failure.splitlines()[0].endswith("Failed: exit code 3 of container main")
    assert "its log cannot be had" in failure.splitlines()[1]


@pytest.mark.parametrize("reason", ["ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError"])
def test_a_pod_that_is_hopeless_is_not_waited_for(cluster: Cluster, objects: Objects, reason: str):
    waiting = Waiting(cluster, objects.pod())
    waiting.until("Pending")
    objects.status("etl", that_waits(reason, "it says why"))

    assert waiting.failure() == f"Pod/etl in namespace {objects.namespace}: Pending: {reason}: it says why"


def test_a_pod_that_crashes_again_and_again_is_told_with_the_log_of_its_last_run(
    cluster: Cluster, objects: Objects, kubelet: Kubelet
):
    key = objects.pod(nodeName=kubelet.node_name, restartPolicy="Always")
    kubelet.logs[objects.namespace, "etl", "main"].append("no such class")
    last = {"terminated": {"exitCode": 101, "reason": "Error"}}
    objects.status("etl", that_waits("CrashLoopBackOff", "back-off", "Running", lastState=last, restartCount=2))

    failure = Waiting(cluster, key).failure()

    assert "exit code 101 of container main" in failure
    assert failure.endswith("\n  | no such class")


def test_an_image_that_was_not_pulled_once_is_waited_for(cluster: Cluster, objects: Objects):
    waiting = Waiting(cluster, objects.pod())
    objects.status("etl", that_waits("ErrImagePull"))
    waiting.until("ErrImagePull")
    objects.status("etl", RUNNING)

    waiting.end()


def test_an_unschedulable_pod_is_waited_for_until_time_is_up(cluster: Cluster, objects: Objects):
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes fit."}
    key = objects.pod()
    objects.status("etl", {"conditions": [condition]})

    failure = Waiting(cluster, key, timeout=1).failure()

    where = f"Pod/etl in namespace {objects.namespace}"
    assert failure == f"not ready after 1 s: {where}: Pending: Unschedulable: 0/3 nodes fit."


def test_what_is_queued_has_not_failed(cluster: Cluster, objects: Objects):
    key = objects.pod(schedulingGates=[{"name": "kueue.x-k8s.io/admission"}])
    waiting = Waiting(cluster, key, timeout=1)

    with pytest.raises(Failed, match="not ready after 1 s") as failed:
        waiting.end()

    assert [row.phase for row in waiting.told[-1]] == [Phase.QUEUED]
    assert "Queued: admission by Kueue" in str(failed.value)
    assert "has not failed" in failed.value.hint


def test_events_tell_what_a_status_does_not(cluster: Cluster, objects: Objects):
    key = objects.pod(nodeName="nowhere")
    pod = objects.pods()[0]
    about = {"kind": "Pod", "name": "etl", "namespace": objects.namespace, "uid": pod["metadata"]["uid"]}
    event = {"metadata": {"name": "etl.1"}, "involvedObject": about, "type": "Warning", "reason": "FailedMount"}
    objects.make("api/v1", "events", {**event, "apiVersion": "v1", "kind": "Event", "message": "no such\nsecret"})

    waiting = Waiting(cluster, key)
    waiting.until("Pending: FailedMount: no such secret")
    objects.status("etl", RUNNING)

    waiting.end()


# --- gangs -----------------------------------------------------------------------------------------------------------


def test_an_application_is_ready_when_its_gang_is(cluster: Cluster, objects: Objects):
    driver = objects.pod()
    waiting = Waiting(cluster, driver, members={driver: 3})
    objects.status("etl", RUNNING)
    waiting.until("1 of 3 members")
    objects.pod("etl-exec-1")
    objects.pod("etl-exec-2")
    objects.pod("other", application="spark-2")
    objects.status("etl-exec-1", RUNNING)
    waiting.until("2 of 3 members; etl-exec-2: Pending")
    objects.status("etl-exec-2", RUNNING)

    assert waiting.end()[-1] == "3 of 3 members"


def test_an_executor_that_is_hopeless_ends_the_wait(cluster: Cluster, objects: Objects):
    driver = objects.pod()
    objects.status("etl", RUNNING)
    objects.pod("etl-exec-1")
    objects.status("etl-exec-1", that_waits("ImagePullBackOff", "no such image"))

    failure = Waiting(cluster, driver, members={driver: 2}).failure()

    assert failure.endswith(": 1 of 2 members; etl-exec-1: Pending: ImagePullBackOff: no such image")


def test_a_podgroup_of_volcano_is_ready_when_it_runs(cluster: Cluster, objects: Objects):
    manifest = {"apiVersion": "scheduling.volcano.sh/v1beta1", "kind": "PodGroup", "metadata": {"name": "etl"}}
    group = objects.make("apis/scheduling.volcano.sh/v1beta1", "podgroups", {**manifest, "spec": {"minMember": 2}})
    waiting = Waiting(cluster, group)
    for status in ({"phase": "Inqueue", "running": 1}, {"phase": "Running", "running": 2}):
        waiting.until("of 2 members")
        objects.api.patch(objects.path(group, "podgroups"), {"status": status})

    assert waiting.end()[-1] == "2 of 2 members"


# --- Jobs ------------------------------------------------------------------------------------------------------------


def its_pod(objects: Objects) -> str:
    """The pod that the controller manager made for a Job."""
    return str(wait_until(objects.pods, "the Job has a pod", 20.0)[0]["metadata"]["name"])


def test_a_job_is_done_when_its_pod_has_succeeded(cluster: Cluster, objects: Objects):
    waiting = Waiting(cluster, objects.job(), until="done")
    pod = its_pod(objects)
    ready = [{"type": "Ready", "status": "True"}]
    objects.status(pod, {**RUNNING, "conditions": ready})
    waiting.until("Running")
    objects.status(pod, {"phase": "Succeeded"})

    assert waiting.end()[-1] == "Complete"


def test_a_job_that_failed_is_told_with_the_log_of_its_pod(cluster: Cluster, objects: Objects, kubelet: Kubelet):
    waiting = Waiting(cluster, objects.job(pod={"nodeName": kubelet.node_name}))
    pod = its_pod(objects)
    kubelet.logs[objects.namespace, pod, "main"].append("boom")
    objects.status(pod, that_failed(4))

    first, *rest = waiting.failure().splitlines()

    assert first.startswith(f"Job/etl in namespace {objects.namespace}: Failed: BackoffLimitExceeded: ")
    assert rest == [f"  {pod}: exit code 4 of container main", "  | boom"]


def test_a_job_that_failed_before_its_pods_were_heard_of_is_told_with_them(
    faulty: Cluster, fault_proxy: FaultProxy, objects: Objects
):
    fault_proxy.fault(nth(1, on("GET", r"/pods\?labelSelector")), hang())
    waiting = Waiting(faulty, objects.job(backoffLimit=0))
    pod = its_pod(objects)
    objects.status(pod, that_failed(4))

    assert waiting.failure().endswith(f"\n  {pod}: exit code 4 of container main")


def test_who_may_not_see_pods_can_wait_for_a_job(
    control_plane: ControlPlane, objects: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    root, group = "apis/rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io"
    rules = [{"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["list", "watch"]}]
    meta = {"apiVersion": f"{group}/v1", "metadata": {"name": "etl"}}
    objects.make(root, "roles", {**meta, "kind": "Role", "rules": rules})
    role = {"apiGroup": group, "kind": "Role", "name": "etl"}
    users = [{"apiGroup": group, "kind": "User", "name": "nobody-special"}]
    objects.make(root, "rolebindings", {**meta, "kind": "RoleBinding", "roleRef": role, "subjects": users})
    with Connection(Login(str(control_plane.user_kubeconfig))) as connection:
        waiting = Waiting(Cluster(connection), objects.job(), until="done")
        waiting.until("0 of 1 pods ready")
        objects.status(its_pod(objects), {"phase": "Succeeded"})

        assert waiting.end()[-1] == "Complete"


def test_a_job_is_hopeless_with_its_pod(cluster: Cluster, objects: Objects):
    waiting = Waiting(cluster, objects.job())
    pod = its_pod(objects)
    objects.status(pod, that_waits("InvalidImageName"))

    assert waiting.failure().endswith(f": {pod}: Pending: InvalidImageName")


def test_a_job_is_not_waited_for_when_a_quota_forbids_its_pods(
    cluster: Cluster, objects: Objects, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(readiness, "SETTLING", 0.2)
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    key = objects.make("api/v1", "resourcequotas", quota)
    path = f"/api/v1/namespaces/{key.namespace}/resourcequotas/none"
    wait_until(lambda: objects.api.get(path).get("status", {}).get("hard"), "the quota is counted")

    failure = Waiting(cluster, objects.job()).failure()

    assert "Job/etl" in failure
    assert "exceeded quota: none, requested: pods=1, used: pods=0, limited: pods=0" in failure


def test_a_suspended_job_is_queued_until_it_is_resumed(cluster: Cluster, objects: Objects):
    key = objects.job(suspend=True)
    waiting = Waiting(cluster, key)
    waiting.until("Suspended")
    assert waiting.told[-1][0].phase is Phase.QUEUED
    objects.api.patch(objects.path(key, "jobs"), {"spec": {"suspend": False}})
    objects.status(its_pod(objects), {**RUNNING, "conditions": [{"type": "Ready", "status": "True"}]})

    assert waiting.end()[-1] == "Running"


def test_a_job_that_is_deleted_after_its_end_was_done(cluster: Cluster, objects: Objects):
    key = objects.job(ttlSecondsAfterFinished=0)
    pod = its_pod(objects)
    waiting = Waiting(cluster, key, objects.pod("other"), until="done")
    objects.status(pod, {"phase": "Succeeded"})
    path = objects.path(key, "jobs")
    wait_until(lambda: objects.api.get(path, check=False)["kind"] == "Status", "the Job is gone", 20.0)
    objects.status("other", {"phase": "Succeeded"})

    assert waiting.end()[-2:] == ["Complete", "Succeeded"]


def test_a_job_whose_end_nobody_saw_is_known_by_its_events(faulty: Cluster, fault_proxy: FaultProxy, objects: Objects):
    key = objects.job(ttlSecondsAfterFinished=0)
    pod = its_pod(objects)
    blind = fault_proxy.fault(on("GET", r"/jobs\?.*watch=true"), answer(200, ""), times=None)
    fault_proxy.fault(on("GET", r"/jobs\?.*watch=true"), answer(410, json.dumps(EXPIRED)))
    waiting = Waiting(faulty, key, until="done")
    waiting.until("pods ready")
    objects.status(pod, {"phase": "Succeeded"})
    path = objects.path(key, "jobs")
    wait_until(lambda: objects.api.get(path, check=False)["kind"] == "Status", "the Job is gone", 20.0)
    blind.times = blind.happened

    assert waiting.end()[-1] == "Complete"


# --- other objects ---------------------------------------------------------------------------------------------------


def a_claim(class_name: str) -> Manifest:
    resources = {"requests": {"storage": "1Gi"}}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": resources, "storageClassName": class_name}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "scratch"}, "spec": spec}


def test_a_claim_that_waits_for_a_pod_is_not_waited_for(cluster: Cluster, objects: Objects):
    name = objects.namespace
    path = "/apis/storage.k8s.io/v1/storageclasses"
    kind = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name}}
    objects.api.post(path, {**kind, "provisioner": "example.org/none", "volumeBindingMode": "WaitForFirstConsumer"})
    key = objects.make("api/v1", "persistentvolumeclaims", a_claim(name))

    told = Waiting(cluster, key).end()

    objects.api.delete(f"{path}/{name}")
    assert told[-1] == "Waits for its first consumer"


def test_a_claim_that_nobody_serves_is_told_with_the_reason(cluster: Cluster, objects: Objects):
    key = objects.make("api/v1", "persistentvolumeclaims", a_claim("missing"))
    waiting = Waiting(cluster, key, timeout=5)
    waiting.until("ProvisioningFailed")

    assert 'storageclass.storage.k8s.io "missing" not found' in waiting.failure()


def test_a_deployment_is_ready_when_its_pods_are(cluster: Cluster, objects: Objects):
    pod = a_pod("server", restartPolicy="Always")
    labels = {"matchLabels": {"spark-app-selector": "spark-1"}}
    template = {"metadata": {"labels": pod["metadata"]["labels"]}, "spec": pod["spec"]}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "server"}}
    spec = {"replicas": 1, "selector": labels, "template": template}
    waiting = Waiting(cluster, objects.make("apis/apps/v1", "deployments", {**deployment, "spec": spec}))
    name = its_pod(objects)
    waiting.until("0 of 1 pods available")
    objects.status(name, {**RUNNING, "conditions": [{"type": "Ready", "status": "True"}]})

    assert waiting.end()[-1] == "Available"


def test_what_has_no_status_is_ready_without_a_look(cluster: Cluster, objects: Objects):
    keys = [Key("v1", kind, objects.namespace, "etl") for kind in ("Secret", "ConfigMap")]

    assert Waiting(cluster, *keys).end() == ["Exists", "Exists"]


def test_objects_of_one_kind_are_watched_together(faulty: Cluster, fault_proxy: FaultProxy, objects: Objects):
    keys = [objects.pod(name) for name in ("one", "two", "three")]
    for key in keys:
        objects.status(key.name, RUNNING)

    told = Waiting(faulty, *keys).end()

    lists = [each for each in fault_proxy.requests if "/pods?" in each.path and "watch=true" not in each.path]
    assert len(lists) == 1
    assert told == ["Running"] * 3


def test_an_object_that_somebody_deletes_has_failed(cluster: Cluster, objects: Objects):
    key = objects.pod()
    waiting = Waiting(cluster, key)
    waiting.until("Pending")
    objects.delete(key, "pods")

    assert waiting.failure() == f"Pod/etl in namespace {objects.namespace}: Gone"


def test_an_object_that_is_not_there_has_failed(cluster: Cluster, objects: Objects):
    key = Key("v1", "Pod", objects.namespace, "none")

    assert Waiting(cluster, key).failure() == f"Pod/none in namespace {objects.namespace}: Not there"


def test_a_kind_that_the_cluster_does_not_know_is_told(cluster: Cluster, objects: Objects):
    with pytest.raises(UnknownKind):
        Waiting(cluster, Key("example.org/v1", "Thing", objects.namespace, "none")).end()


def test_who_may_not_look_is_told(
    control_plane: ControlPlane, objects: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with Connection(Login(str(control_plane.user_kubeconfig))) as connection, pytest.raises(Refused) as refused:
        Waiting(Cluster(connection), objects.pod()).end()

    assert refused.value.code == 403


# --- faults ----------------------------------------------------------------------------------------------------------

WATCH = on("GET", r"watch=true")


def in_a_stream(kind: str, thing: Mapping[str, Any]) -> str:
    return json.dumps({"type": kind, "object": thing}) + "\n"


@pytest.mark.parametrize(
    "fault",
    [
        answer(410, json.dumps(EXPIRED)),
        answer(200, in_a_stream("ERROR", EXPIRED)),
        answer(200, ""),
        answer(200, "<html>"),
        answer(200, in_a_stream("SURPRISE", {"kind": "Pod", "metadata": {"resourceVersion": "1"}})),
        answer(200, in_a_stream("MODIFIED", {})),
        answer(403, json.dumps({**EXPIRED, "reason": "Forbidden", "code": 403})),
        answer(429, json.dumps({**EXPIRED, "reason": "TooManyRequests", "code": 429})),
        answer(502, "<html>"),
        reset(),
    ],
    ids=["410", "410 in 200", "closed", "no event", "unknown", "no object", "403", "429", "502", "reset"],
)
def test_a_watch_that_breaks_off_again_and_again_loses_nothing(
    faulty: Cluster, fault_proxy: FaultProxy, objects: Objects, fault: Callable[[Any], None]
):
    broken = fault_proxy.fault(WATCH, fault, times=4)
    waiting = Waiting(faulty, objects.pod())
    wait_until(lambda: broken.happened >= 3, "the watch broke three times", 20.0)
    objects.status("etl", RUNNING)

    waiting.end()


def test_what_happened_while_the_watch_had_expired_is_known(faulty: Cluster, fault_proxy: FaultProxy, objects: Objects):
    key = objects.pod()

    def meanwhile(exchange: Any) -> None:
        objects.status("etl", {"phase": "Succeeded"})
        objects.delete(key, "pods")
        answer(410, json.dumps(EXPIRED))(exchange)

    fault_proxy.fault(WATCH, meanwhile)

    assert Waiting(faulty, key).failure().endswith(": Gone")


def test_a_watch_goes_on_from_a_bookmark(faulty: Cluster, fault_proxy: FaultProxy, objects: Objects):
    versions: list[str] = []

    def bookmark(exchange: Any) -> None:
        objects.pod("other")
        pods = objects.api.get(f"/api/v1/namespaces/{objects.namespace}/pods")
        versions.append(pods["metadata"]["resourceVersion"])
        thing = {"kind": "Pod", "apiVersion": "v1", "metadata": {"resourceVersion": versions[0]}}
        answer(200, in_a_stream("BOOKMARK", thing))(exchange)

    fault_proxy.fault(WATCH, bookmark)
    waiting = Waiting(faulty, objects.pod())
    wait_until(lambda: len(watched(fault_proxy)) >= 2, "it watches again")
    objects.status("etl", RUNNING)

    waiting.end()

    assert f"resourceVersion={versions[0]}&" in watched(fault_proxy)[1]


def watched(proxy: FaultProxy) -> list[str]:
    return [each.path for each in proxy.requests if "watch=true" in each.path]


def test_watches_that_end_at_once_are_opened_less_and_less_often(
    faulty: Cluster, fault_proxy: FaultProxy, objects: Objects
):
    broken = fault_proxy.fault(WATCH, answer(200, ""), times=None)

    Waiting(faulty, objects.pod(), timeout=3).failure()

    assert 3 <= broken.happened < 25


def test_a_server_that_stops_answering_is_told_when_time_is_up(
    faulty: Cluster, fault_proxy: FaultProxy, objects: Objects
):
    fault_proxy.fault(WATCH, reset(), times=None)

    failure = Waiting(faulty, objects.pod(), timeout=1).failure()

    assert "Pod/etl" in failure
    assert f"the cluster does not answer: {fault_proxy.server}" in failure


def test_a_server_that_never_answered_is_unreachable(faulty: Cluster, fault_proxy: FaultProxy, objects: Objects):
    key = objects.pod()
    fault_proxy.fault(on("GET", "/pods"), answer(200, "<html>"), times=None)

    with pytest.raises(Unreachable, match="not as a Kubernetes API server"):
        Waiting(faulty, key).end()


def test_a_list_that_hangs_does_not_outlast_the_deadline(faulty: Cluster, fault_proxy: FaultProxy, objects: Objects):
    key = objects.pod()
    fault_proxy.fault(nth(1, on("GET", "/pods")), hang())

    began = time.monotonic()
    failure = Waiting(faulty, key, timeout=1).failure()

    assert failure == "not ready after 1 s: the cluster has not told yet how things are"
    assert time.monotonic() - began < 5


def left_running() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith(("watch of", "look"))]


def test_nothing_is_left_running(cluster: Cluster, objects: Objects):
    key = objects.pod()
    Waiting(cluster, key, timeout=0.5).failure()

    assert left_running() == []


def test_ctrl_c_ends_the_wait_at_once(cluster: Cluster, objects: Objects):
    key = objects.pod()
    interrupt = threading.Timer(0.5, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT])
    interrupt.start()

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        wait.wait(cluster, [key], timeout=20.0, tell=lambda _: None)

    assert time.monotonic() - began < 5
    assert left_running() == []


# --- how it looks ----------------------------------------------------------------------------------------------------

ROWS = [Row(Key("v1", "Pod", "data", "etl"), Phase.WAITING, "Pending")]
LATER = [Row(ROWS[0].key, Phase.READY, "Running")]


def test_a_line_is_said_for_each_change(capsys: pytest.CaptureFixture[str]):
    with progress.told() as tell:
        for rows in (ROWS, ROWS, LATER):
            tell(rows)

    assert capsys.readouterr() == ("", "Pod/etl: Pending\nPod/etl: Running\n")


def test_nothing_is_said_when_quiet(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(console, "QUIET", True)

    with progress.told() as tell:
        tell(ROWS)

    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_a_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")

    with progress.told() as tell:
        tell(ROWS)
        tell(LATER)

    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Pod/etl" in shown.err
    assert "Running" in shown.err
