"""Commands about running applications, against a real API server."""

from __future__ import annotations

import http.server
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from controlplane import Api, ControlPlane, wait_until
from kubelet import Kubelet, pages
from pods_of import DRIVER, Submitted, container, labels_of
from projects import Project, Result
from proxy import CHUNK, Exchange, FaultProxy, answer, hang, nth, on, truncate

from openflow_render.cli.exits import Exit
from openflow_render.cluster.applications import duration, wanted
from openflow_render.cluster.logs import LONGEST, Place

Openflow = Callable[..., Result]

OPENFLOW = [sys.executable, "-m", "openflow_render"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def openflow(project: Project, control_plane: ControlPlane) -> Openflow:
    """Run a command on the cluster of the tests."""
    return lambda *arguments: project.openflow(*arguments, "--kubeconfig", str(control_plane.kubeconfig))


@pytest.fixture
def submitted(api: Api, namespace: str) -> Submitted:
    return Submitted(api, namespace)


# --- which applications ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "namespace", "everywhere", "meant"),
    [
        ("etl-driver", None, False, "default:etl-driver"),
        ("etl-driver", "data", False, "data:etl-driver"),
        ("data:etl-*", None, False, "data:etl-*"),
        ("data:etl-*", "data", False, "data:etl-*"),
        ("data:etl-*", None, True, "data:etl-*"),
        ("da?a:etl-[ab]*", None, True, "da?a:etl-[ab]*"),
        ("etl-*", None, True, "*:etl-*"),
    ],
)
def test_a_submission_id_means_applications(text: str, namespace: str | None, everywhere: bool, meant: str):
    assert str(wanted(text, namespace, everywhere=everywhere)) == meant


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("d*:etl",), "`d*` may mean many namespaces: allow that with --all-namespaces"),
        ((":etl",), "`:etl` is no submission id: write NAMESPACE:DRIVER, both may be globs"),
        (("data:",), "`data:` is no submission id: write NAMESPACE:DRIVER, both may be globs"),
        (("a:b:c",), "`a:b:c` is no submission id: write NAMESPACE:DRIVER, both may be globs"),
        (("",), "`` is no submission id: write NAMESPACE:DRIVER, both may be globs"),
        (("data/x:etl",), "`data/x:etl` is no submission id: write NAMESPACE:DRIVER, both may be globs"),
        (("etl", "-n", "../x"), "`../x` is no namespace"),
        (("data:etl", "-n", "other"), "`data:etl` is not in namespace other: leave one of the two out"),
        (("etl", "-n", "data", "-A"), "--all-namespaces and --namespace exclude each other"),
    ],
)
@pytest.mark.parametrize("command", ["status", "logs", "ui", "kill"])
def test_what_is_no_submission_id_is_a_wrong_use(
    project: Project, command: str, arguments: tuple[str, ...], message: str
):
    result = project.openflow(command, *arguments)

    assert result == (Exit.USAGE, "", f"error: {message}\n  hint: `openflow {command} --help` tells how it is used\n")


@pytest.mark.parametrize("command", ["status", "logs", "ui", "kill"])
def test_an_application_that_is_not_there_is_told(openflow: Openflow, namespace: str, command: str):
    result = openflow(command, f"{namespace}:etl-*")

    assert result == (
        Exit.CLUSTER,
        "",
        (
            f"error: no application matches {namespace}:etl-*\n"
            f"  hint: `openflow list -n {namespace}` tells what there is\n"
        ),
    )


def test_applications_that_match_a_glob_are_listed_the_newest_first(openflow: Openflow, submitted: Submitted):
    for name in ("etl-a", "etl-b", "report"):
        submitted.driver(name, node="nowhere")
    submitted.runs("etl-a-driver")
    submitted.ended("etl-b-driver")
    submitted.executors(2, "etl-a", phase="Running")

    result = openflow("list", f"{submitted.namespace}:etl-*")

    ns = submitted.namespace
    assert result == (
        Exit.DONE,
        (
            f"submission id{' ' * len(ns)}  name   state      age   executors  restarts  started by\n"
            f"{ns}:etl-b-driver  etl-b  Succeeded  1h5m  0/0        0         spark-submit\n"
            f"{ns}:etl-a-driver  etl-a  Running    2h5m  2/2        0         spark-submit\n"
        ),
        "",
    )


def test_a_namespace_without_applications_is_told(openflow: Openflow, namespace: str):
    result = openflow("list", namespace)

    assert result == (Exit.DONE, "", f"no application matches {namespace}:*\n")


def test_pods_of_all_namespaces_need_a_flag(openflow: Openflow, submitted: Submitted, api: Api, namespace: str):
    submitted.driver("here")
    other = f"{namespace}-other"
    api.post("/api/v1/namespaces", {"metadata": {"name": other}})
    wait_until(
        lambda: api.get(f"/api/v1/namespaces/{other}/serviceaccounts/default", check=False)["kind"] != "Status", ""
    )
    Submitted(api, other).driver("there")

    refused = openflow("list", f"{namespace}*")
    result = openflow("list", f"{namespace}*", "--all-namespaces", "--report", "json")
    api.delete(f"/api/v1/namespaces/{other}")

    assert refused.exit_code == Exit.USAGE
    assert "--all-namespaces" in refused.stderr
    found = {each["submissionId"] for each in json.loads(result.stdout)["applications"]}
    assert found == {f"{namespace}:here-driver", f"{other}:there-driver"}


# --- status ----------------------------------------------------------------------------------------------------------


def test_the_status_of_a_running_application(openflow: Openflow, submitted: Submitted):
    submitted.driver(node="nowhere", labels={"app.kubernetes.io/managed-by": "openflow"})
    submitted.runs()
    submitted.executors(3, phase="Running")
    submitted.status("etl-exec-3", phase="Failed")

    result = openflow("status", f"{submitted.namespace}:etl-driver")

    assert result == (
        Exit.DONE,
        (
            f"{submitted.namespace}:etl-driver\n"
            "  name        etl\n"
            "  id          spark-etl\n"
            "  state       Running\n"
            "  age         2h5m\n"
            "  executors   2 of 3 running, 1 failed\n"
            "  restarts    0\n"
            "  started by  openflow\n"
        ),
        "",
    )


UNSCHEDULABLE = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/3 nodes are available: 3 Insufficient cpu.",
}


def test_the_scheduler_says_why_a_driver_waits(openflow: Openflow, submitted: Submitted):
    submitted.driver()
    submitted.status("etl-driver", conditions=[UNSCHEDULABLE])

    result = openflow("status", f"{submitted.namespace}:*")

    assert "  state       Pending\n" in result.stdout
    assert "  waits for   Unschedulable: 0/3 nodes are available: 3 Insufficient cpu.\n" in result.stdout


def test_executors_that_wait_are_told_of_a_driver_that_runs(openflow: Openflow, submitted: Submitted):
    submitted.driver(node="nowhere")
    submitted.runs()
    submitted.executors(2, conditions=[UNSCHEDULABLE])

    result = openflow("status", f"{submitted.namespace}:*")

    assert "  executors   0 of 2 running\n" in result.stdout
    assert "  waits for   2 executors: Unschedulable: 0/3 nodes are available" in result.stdout


def allow(submitted: Submitted, *rules: tuple[str, str, list[str]]) -> None:
    """Allow `nobody-special` something: of an API group and a resource the verbs."""
    group = "rbac.authorization.k8s.io"
    path = f"/apis/{group}/v1/namespaces/{submitted.namespace}"
    granted = [{"apiGroups": [api], "resources": [resource], "verbs": verbs} for api, resource, verbs in rules]
    submitted.api.post(f"{path}/roles", {"metadata": {"name": "some"}, "rules": granted})
    role = {"apiGroup": group, "kind": "Role", "name": "some"}
    user = {"apiGroup": group, "kind": "User", "name": "nobody-special"}
    submitted.api.post(f"{path}/rolebindings", {"metadata": {"name": "some"}, "roleRef": role, "subjects": [user]})


def test_who_may_not_read_events_still_has_a_status(
    project: Project, submitted: Submitted, control_plane: ControlPlane
):
    allow(submitted, ("", "pods", ["list"]))
    submitted.driver()

    result = project.openflow("status", f"{submitted.namespace}:*", "--kubeconfig", str(control_plane.user_kubeconfig))

    assert result.exit_code == Exit.DONE
    assert "  waits for   a node; default-scheduler has found none yet\n" in result.stdout
    assert result.stderr.startswith("events might tell more: the cluster refused to list Event objects")


def test_an_image_that_cannot_be_pulled_is_told(openflow: Openflow, submitted: Submitted):
    submitted.driver(node="nowhere")
    why = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
    submitted.status("etl-driver", phase="Pending", containerStatuses=[container(waiting=why)])

    result = openflow("status", f"{submitted.namespace}:*")

    assert "  waits for   ImagePullBackOff: Back-off pulling image\n" in result.stdout


def test_a_queued_driver_waits_for_its_queue(openflow: Openflow, submitted: Submitted):
    submitted.pod(
        "etl-driver",
        DRIVER,
        labels=labels_of("etl", "driver"),
        spec={"schedulingGates": [{"name": "kueue.x-k8s.io/admission"}]},
    )

    result = openflow("status", f"{submitted.namespace}:*")

    assert "  state       Queued\n" in result.stdout
    assert "  waits for   admission by Kueue\n" in result.stdout


def test_events_say_what_a_kubelet_could_not_do(openflow: Openflow, submitted: Submitted, api: Api):
    driver = submitted.driver(node="nowhere")
    event = {
        "metadata": {"name": "etl-driver.1"},
        "involvedObject": {"kind": "Pod", "name": "etl-driver", **_of(driver), "apiVersion": "v1"},
        "type": "Warning",
        "reason": "FailedMount",
        "message": 'MountVolume.SetUp failed for volume "conf": configmap "x" not found',
        "lastTimestamp": "2026-01-01T00:00:00Z",
    }
    api.post(f"/api/v1/namespaces/{submitted.namespace}/events", event)

    result = openflow("status", f"{submitted.namespace}:*")

    assert (
        '  waits for   FailedMount: MountVolume.SetUp failed for volume "conf": configmap "x" not found'
        in result.stdout
    )


def _of(manifest: dict[str, Any]) -> dict[str, str]:
    return {field: manifest["metadata"][field] for field in ("namespace", "uid")}


def test_a_failed_application_tells_exit_code_and_last_words(openflow: Openflow, submitted: Submitted):
    submitted.driver(node="nowhere")
    submitted.ended(code=1, message='Exception in thread "main"\n\tat \x1b[2Jexample.Main\n')

    result = openflow("status", f"{submitted.namespace}:*")

    assert result.stdout.endswith(
        "  state       Failed\n"
        "  age         1h5m\n"
        "  executors   0 of 0 running\n"
        "  restarts    0\n"
        "  started by  spark-submit\n"
        f"  failure     exit code 1 of container {DRIVER}\n"
        '    | Exception in thread "main"\n'
        "    | \\tat \\x1b[2Jexample.Main\n"
    )


def operated(submitted: Submitted) -> dict[str, Any]:
    """Have an operator start a driver for its resource."""
    version, kind = "sparkoperator.k8s.io/v1beta2", "SparkApplication"
    made = submitted.api.post(
        f"/apis/{version}/namespaces/{submitted.namespace}/sparkapplications",
        {
            "apiVersion": version,
            "kind": kind,
            "metadata": {"name": "etl"},
            "spec": {
                "type": "Scala",
                "sparkVersion": "4.0.0",
                "mainApplicationFile": "local:///opt/app.jar",
                "driver": {},
                "executor": {},
            },
        },
    )
    owner = {"apiVersion": version, "kind": kind, "name": "etl", "uid": made["metadata"]["uid"], "controller": True}
    return submitted.driver(ownerReferences=[owner])


def test_an_operators_application_names_its_resource(openflow: Openflow, submitted: Submitted):
    operated(submitted)

    result = openflow("status", f"{submitted.namespace}:*")

    assert "  started by  operator, SparkApplication/etl\n" in result.stdout


def test_executors_belong_to_the_driver_that_owns_them(openflow: Openflow, submitted: Submitted):
    """A driver that is restarted gets its application id too late for a label."""
    labels = {"spark-role": "driver", "app.kubernetes.io/name": "server"}
    driver = submitted.pod("server-1", DRIVER, node="nowhere", labels=labels)
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "server-1", "controller": True, **_of(driver)}
    del owner["namespace"]
    submitted.pod("x-exec-1", "executor", labels=labels_of("of-uid", "executor"), ownerReferences=[owner])

    result = openflow("list", submitted.namespace, "--report", "json")

    (found,) = json.loads(result.stdout)["applications"]
    assert (found["name"], found["id"]) == ("server", "spark-of-uid")
    assert found["executors"] == {"running": 0, "total": 1, "failed": 0}


def test_a_status_can_be_read_by_programs(openflow: Openflow, submitted: Submitted):
    submitted.driver(node="nowhere")
    submitted.ended(code=137, reason="OOMKilled", startedAt="2026-01-01T00:00:00Z")
    submitted.status("etl-driver", startTime="2026-01-01T00:00:00Z")

    result = openflow("status", f"{submitted.namespace}:*", "--report", "json")

    (found,) = json.loads(result.stdout)["applications"]
    assert found.pop("ageSeconds") > 0
    assert found == {
        "submissionId": f"{submitted.namespace}:etl-driver",
        "namespace": submitted.namespace,
        "driver": "etl-driver",
        "id": "spark-etl",
        "name": "etl",
        "state": "Failed",
        "started": "2026-01-01T00:00:00Z",
        "executors": {"running": 0, "total": 0, "failed": 0},
        "restarts": {"total": 0, "containers": 0, "init": 0, "sidecars": 0},
        "startedBy": "spark-submit",
        "owner": None,
        "waitsFor": None,
        "failure": {"reason": "OOMKilled", "exitCode": 137, "container": DRIVER, "message": None},
    }


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0s"), (0.9, "0s"), (59, "59s"), (60, "1m"), (3661, "1h1m"), (86400 * 3 + 5, "3d"), (90000, "1d1h")],
)
def test_a_duration_has_two_units(seconds: float, text: str):
    assert duration(seconds) == text


# --- logs ------------------------------------------------------------------------------------------------------------


def at(second: int, text: str, fraction: str = "000000001") -> str:
    """A line as a kubelet sends it with times."""
    return f"2026-01-01T00:00:{second:02}.{fraction}Z {text}"


@pytest.fixture
def running(submitted: Submitted, kubelet: Kubelet) -> Submitted:
    """A driver that runs on the node of the tests."""
    submitted.driver(node=kubelet.node_name)
    submitted.runs()
    return submitted


def log_of(kubelet: Kubelet, submitted: Submitted, pod: str = "etl-driver") -> Any:
    return kubelet.logs[submitted.namespace, pod, DRIVER]


def test_the_log_of_a_driver_is_printed_without_its_times(openflow: Openflow, running: Submitted, kubelet: Kubelet):
    log_of(kubelet, running).append(at(1, "one"), at(2, ""), at(2, "two\tand  a half"), "the kubelet says")

    result = openflow("logs", f"{running.namespace}:etl-driver")

    assert result == (Exit.DONE, "one\n\ntwo\tand  a half\nthe kubelet says\n", "")


def test_the_last_lines_of_a_log(openflow: Openflow, running: Submitted, kubelet: Kubelet):
    log_of(kubelet, running).append(at(1, "one"), at(2, "two"), at(3, "three"))

    result = openflow("logs", f"{running.namespace}:etl-driver", "--tail", "2")

    assert result.stdout == "two\nthree\n"


def test_a_log_does_nothing_to_a_terminal(openflow: Openflow, running: Submitted, kubelet: Kubelet):
    log_of(kubelet, running).append(at(1, "\x1b[2J\x07 \x9b1m \u202eevil\u00a0\u3000 ok 数据 \r"), at(2, "a\rb"))

    result = openflow("logs", f"{running.namespace}:etl-driver")

    assert result.stdout == "\\x1b[2J\\x07 \\x9b1m \\u202eevil\u00a0\u3000 ok 数据 \na\\rb\n"


def test_lines_of_several_drivers_begin_with_their_names(openflow: Openflow, submitted: Submitted, kubelet: Kubelet):
    for name in ("a", "b"):
        submitted.driver(name, node=kubelet.node_name)
        submitted.ended(f"{name}-driver")
        log_of(kubelet, submitted, f"{name}-driver").append(at(1, f"I am {name}"))
        log_of(kubelet, submitted, f"{name}-driver").end()

    printed = openflow("logs", f"{submitted.namespace}:*")
    followed = openflow("logs", f"{submitted.namespace}:*", "--follow")

    assert sorted(printed.stdout.splitlines()) == ["a-driver: I am a", "b-driver: I am b"]
    assert sorted(followed.stdout.splitlines()) == ["a-driver: I am a", "b-driver: I am b"]


def test_a_driver_that_has_not_started_has_no_log(openflow: Openflow, submitted: Submitted):
    submitted.driver()

    result = openflow("logs", f"{submitted.namespace}:*")

    why = "a node; default-scheduler has found none yet"
    assert result == (Exit.DONE, "", f"etl-driver has not started yet: {why}\n")


@pytest.fixture
def later() -> Iterator[Callable[[Callable[[], object]], None]]:
    """Call something while the command runs."""
    threads: list[threading.Thread] = []

    def start(function: Callable[[], object]) -> None:
        threads.append(threading.Thread(target=function))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join(30)


def asked_for(kubelet: Kubelet, times: int = 1) -> Callable[[], bool]:
    """Whether somebody asked to follow a log so often."""
    return lambda: sum("follow=true" in each for each in kubelet.requests) >= times


def test_a_log_is_followed_from_before_the_start_to_the_end(
    openflow: Openflow, submitted: Submitted, kubelet: Kubelet, later: Callable[[Callable[[], object]], None]
):
    submitted.driver(node=kubelet.node_name)

    def live() -> None:
        time.sleep(0.3)
        log = log_of(kubelet, submitted)
        log.append(at(1, "one"))
        submitted.runs()
        wait_until(asked_for(kubelet), "the log is followed")
        log.append(at(2, "two"))
        submitted.ended()
        log.end()

    later(live)
    result = openflow("logs", f"{submitted.namespace}:etl-driver", "-f")

    assert result == (Exit.DONE, "one\ntwo\n", "etl-driver has not started yet\n")


def test_a_driver_that_starts_again_is_followed_on(
    openflow: Openflow, submitted: Submitted, kubelet: Kubelet, later: Callable[[Callable[[], object]], None]
):
    submitted.driver(node=kubelet.node_name, spec={"restartPolicy": "OnFailure"})
    submitted.runs()
    log = log_of(kubelet, submitted)
    log.append(at(1, "one"))

    def crash_and_start_again() -> None:
        wait_until(asked_for(kubelet), "the log is followed")
        again = container(waiting={"reason": "CrashLoopBackOff"}, last={"terminated": {"exitCode": 1}})
        submitted.status("etl-driver", containerStatuses=[again])
        log.end()
        wait_until(asked_for(kubelet, 2), "the log is followed again")
        log.append(at(30, "two"))
        submitted.ended()

    later(crash_and_start_again)
    result = openflow("logs", f"{submitted.namespace}:etl-driver", "-f")

    assert result == (Exit.DONE, "one\ntwo\n", "")


def test_a_connection_that_is_silent_for_long_is_made_again(
    openflow: Openflow,
    running: Submitted,
    kubelet: Kubelet,
    later: Callable[[Callable[[], object]], None],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("openflow_render.cluster.logs.SILENCE", 0.2)
    monkeypatch.setattr("openflow_render.cluster.logs._GOOD", 0.1)
    log_of(kubelet, running).append(at(1, "one"))

    def speak_again() -> None:
        wait_until(asked_for(kubelet, 3), "the log is followed for the third time")
        log_of(kubelet, running).append(at(1, "two"))
        running.ended()
        log_of(kubelet, running).end()

    later(speak_again)
    result = openflow("logs", f"{running.namespace}:etl-driver", "-f")

    assert result == (Exit.DONE, "one\ntwo\n", "")


def test_ctrl_c_ends_following(project: Project, running: Submitted, kubelet: Kubelet, control_plane: ControlPlane):
    log_of(kubelet, running).append(at(1, "one"))
    words = ["logs", f"{running.namespace}:*", "-f", "--kubeconfig", str(control_plane.kubeconfig)]
    process = subprocess.Popen(
        [*OPENFLOW, *words], cwd=project.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)

    out, err = process.communicate(timeout=20)

    assert (process.returncode, first + out, err) == (Exit.INTERRUPTED, "one\n", "error: interrupted\n")


def test_following_ends_when_the_pod_is_gone(
    openflow: Openflow, running: Submitted, kubelet: Kubelet, later: Callable[[Callable[[], object]], None]
):
    log_of(kubelet, running).append(at(1, "one"))

    def remove() -> None:
        wait_until(asked_for(kubelet), "the log is followed")
        running.api.delete(running.path("etl-driver"), {"gracePeriodSeconds": 0})
        log_of(kubelet, running).end()

    later(remove)
    result = openflow("logs", f"{running.namespace}:etl-driver", "-f")

    assert result == (Exit.DONE, "one\n", "")


def test_a_connection_that_breaks_loses_and_doubles_no_line(
    project: Project, running: Submitted, kubelet: Kubelet, fault_proxy: FaultProxy
):
    log = log_of(kubelet, running)
    log.append(at(1, "one"), at(2, "same"), at(2, "same"), at(2, "late", "000000000"))

    def break_off(exchange: Exchange) -> None:
        response = exchange.forward()
        part = response.read1(CHUNK)
        exchange.client.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        exchange.client.sendall(b"%x\r\n%b\r\n" % (len(part), part))
        log.append(at(2, "same"), at(3, "three"))
        log.end()
        running.ended()
        exchange.reset()

    fault_proxy.fault(on("GET", "/log"), break_off)
    result = project.openflow(
        "logs", f"{running.namespace}:etl-driver", "-f", "--kubeconfig", str(fault_proxy.kubeconfig)
    )

    assert result == (Exit.DONE, "one\nsame\nsame\nlate\nsame\nthree\n", "")
    assert "sinceTime=2026-01-01T00%3A00%3A02Z" in kubelet.requests[-1]


def test_a_log_that_is_cut_short_is_read_on(
    project: Project, running: Submitted, kubelet: Kubelet, fault_proxy: FaultProxy
):
    lines = [f"line {number}" for number in range(50)]
    log_of(kubelet, running).append(*(at(number, line) for number, line in enumerate(lines)))
    fault_proxy.fault(on("GET", "/log"), truncate())

    result = project.openflow("logs", f"{running.namespace}:*", "--kubeconfig", str(fault_proxy.kubeconfig))

    assert (result.exit_code, result.stdout.splitlines()) == (Exit.DONE, lines)


def test_a_node_that_does_not_answer_is_asked_again(
    project: Project, running: Submitted, kubelet: Kubelet, fault_proxy: FaultProxy
):
    log_of(kubelet, running).append(at(1, "one"))
    status = {"kind": "Status", "code": 500, "message": "dial tcp: connection refused"}
    fault_proxy.fault(on("GET", "/log"), answer(500, json.dumps(status)), times=2)

    result = project.openflow("logs", f"{running.namespace}:*", "--kubeconfig", str(fault_proxy.kubeconfig))

    assert (result.exit_code, result.stdout) == (Exit.DONE, "one\n")
    assert "the log of etl-driver broke off, trying again" in result.stderr
    assert "dial tcp: connection refused" in result.stderr


def test_more_than_a_few_logs_are_not_followed(openflow: Openflow, submitted: Submitted):
    for number in range(21):
        submitted.driver(f"etl-{number}")

    result = openflow("logs", f"{submitted.namespace}:*", "-f")

    assert result.exit_code == Exit.USAGE
    assert "matches 21 applications" in result.stderr


def test_a_place_in_a_log_survives_lines_out_of_order():
    place = Place()
    lines = [at(2, "b"), at(1, "a"), at(3, "d", "5"), at(3, "c", "1"), at(2, "late")]
    assert [place.fresh(line.encode()) for line in lines] == [b"b", b"a", b"d", b"c", b"late"]

    place.begin_again()
    again = [*lines[2:4], at(3, "e", "1"), at(2, "f")]

    assert place.since == "2026-01-01T00:00:03Z"
    assert [place.fresh(line.encode()) for line in again] == [None, None, b"e", b"f"]


def test_a_place_in_a_log_that_was_rotated_passes_over_nothing_new():
    place = Place()
    for line in (at(2, "a"), at(2, "b"), at(2, "c")):
        place.fresh(line.encode())

    place.begin_again()

    assert place.fresh(at(2, "d", "9").encode()) == b"d"


def test_a_line_without_end_is_cut(openflow: Openflow, running: Submitted, kubelet: Kubelet):
    log_of(kubelet, running).append(at(1, "x" * (3 * LONGEST)))

    result = openflow("logs", f"{running.namespace}:*")

    assert result.stdout.replace("\n", "") == "x" * (3 * LONGEST)
    assert 3 <= result.stdout.count("\n") <= 4


# --- ui --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def ui(
    project: Project, running: Submitted, control_plane: ControlPlane
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        words = ["ui", f"{running.namespace}:etl-driver", "--kubeconfig", str(control_plane.kubeconfig), *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        started.append(subprocess.Popen([*OPENFLOW, *words], cwd=project.folder, text=True, **pipes))  # type: ignore[call-overload]
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_ui_of_a_driver_is_on_this_machine_until_ctrl_c(
    ui: Callable[..., Any], running: Submitted, kubelet: Kubelet
):
    kubelet.listen(4040, pages({"/jobs/": "<h1>Jobs</h1>", "/large": "x" * 3_000_000}))

    process = ui()
    url = process.stdout.readline().strip()
    contents = [urllib.request.urlopen(f"{url}/{page}").read() for page in ("jobs/", "large", "jobs/")]
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)

    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
    assert [len(each) for each in contents] == [13, 3_000_000, 13]
    assert (process.returncode, err) == (
        Exit.INTERRUPTED,
        f"{running.namespace}:etl-driver is there until Ctrl-C\nerror: interrupted\n",
    )


def test_a_page_that_ends_with_its_connection_comes_whole(ui: Callable[..., Any], kubelet: Kubelet):
    class Closing(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"y" * 2_000_000)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    kubelet.listen(4040, Closing)

    url = ui().stdout.readline().strip()

    assert [len(urllib.request.urlopen(url).read()) for _ in range(3)] == [2_000_000] * 3


def test_a_ui_ends_with_its_application(ui: Callable[..., Any], running: Submitted, kubelet: Kubelet):
    process = ui("--port", "4041")
    url = process.stdout.readline().strip()
    for state in ("running", "running", "ended"):
        if state == "ended":
            running.ended()
        with pytest.raises((urllib.error.URLError, ConnectionError)):
            urllib.request.urlopen(url)
    _, err = process.communicate(timeout=20)

    assert process.returncode == Exit.DONE
    assert err.count("a connection to port 4041 of etl-driver failed: ") == 1
    assert "connect: connection refused\n" in err
    assert err.endswith("etl-driver has ended\n")


def test_a_ui_is_of_one_running_application(openflow: Openflow, submitted: Submitted):
    submitted.driver("a")
    submitted.driver("b")

    several = openflow("ui", f"{submitted.namespace}:*")
    pending = openflow("ui", f"{submitted.namespace}:a-driver")

    assert several.exit_code == Exit.USAGE
    assert "matches 2 applications\n" in several.stderr
    assert pending.exit_code == Exit.CLUSTER
    assert "a-driver does not run, it is Pending: a node;" in pending.stderr


def test_a_port_that_is_taken_is_told(openflow: Openflow, running: Submitted, fault_proxy: FaultProxy):
    taken = fault_proxy.server.rpartition(":")[2]

    result = openflow("ui", f"{running.namespace}:*", "--local-port", taken)

    assert result == (Exit.USAGE, "", f"error: port {taken} of 127.0.0.1 cannot be used: Address already in use\n")


# --- kill ------------------------------------------------------------------------------------------------------------


def test_without_a_terminal_ending_needs_a_yes(openflow: Openflow, submitted: Submitted):
    submitted.driver(node="nowhere")
    submitted.runs()

    result = openflow("kill", f"{submitted.namespace}:etl-*")

    ns = submitted.namespace
    assert result == (
        Exit.UNDECIDED,
        "",
        (
            f"submission id{' ' * (len(ns) - 2)}  name  state    age   executors  restarts  started by    deletes\n"
            f"{ns}:etl-driver  etl   Running  2h5m  0/0        0         spark-submit  Pod/etl-driver\n"
            "error: End this application? There is nobody to ask\n"
            "  hint: give --yes to go on without asking\n"
        ),
    )
    assert "deletionTimestamp" not in (submitted.live() or {})["metadata"]


@pytest.mark.parametrize(("answered", "code"), [("y", Exit.DONE), ("n", Exit.UNDECIDED), ("", Exit.UNDECIDED)])
def test_on_a_terminal_ending_is_asked_for(
    project: Project, submitted: Submitted, control_plane: ControlPlane, answered: str, code: Exit
):
    submitted.driver()
    leader, follower = pty.openpty()
    os.write(leader, f"{answered}\n".encode())

    ended = subprocess.run(
        [*OPENFLOW, "kill", f"{submitted.namespace}:*", "--kubeconfig", str(control_plane.kubeconfig)],
        stdin=follower,
        capture_output=True,
        cwd=project.folder,
        text=True,
        check=False,
    )
    os.close(leader)
    os.close(follower)

    assert ended.returncode == code
    assert "End this application? [y/N] " in ended.stderr
    assert (submitted.live() is None) is (code is Exit.DONE)


def test_a_driver_has_its_grace_period(openflow: Openflow, submitted: Submitted):
    submitted.driver("a", node="nowhere")
    submitted.driver("b", node="nowhere")

    as_asked = openflow("kill", f"{submitted.namespace}:a-driver", "--yes", "--grace", "7")
    as_made = openflow("kill", f"{submitted.namespace}:b-driver", "--yes")

    assert as_asked.stderr.endswith(f"{submitted.namespace}:a-driver ends within 7 s\n")
    assert as_made.stderr.endswith(f"{submitted.namespace}:b-driver ends within 30 s\n")
    periods = [submitted.live(pod)["metadata"]["deletionGracePeriodSeconds"] for pod in ("a-driver", "b-driver")]  # type: ignore[index]
    assert periods == [7, 30]
    assert "  state       Ending\n" in openflow("status", f"{submitted.namespace}:a-driver").stdout


def test_what_has_ended_is_left_alone(openflow: Openflow, submitted: Submitted):
    submitted.driver(node="nowhere")
    submitted.ended()

    result = openflow("kill", f"{submitted.namespace}:*", "--yes")

    assert result == (Exit.DONE, "", f"{submitted.namespace}:etl-driver has ended already: Succeeded\n")
    assert submitted.live()


def test_another_pod_of_the_same_name_is_left_alone(project: Project, submitted: Submitted, fault_proxy: FaultProxy):
    submitted.driver()

    def replace(exchange: Exchange) -> None:
        submitted.api.delete(submitted.path("etl-driver"), {"gracePeriodSeconds": 0})
        submitted.driver()
        exchange.pass_on(exchange.forward())

    fault_proxy.fault(on("DELETE"), replace)
    result = project.openflow(
        "kill", f"{submitted.namespace}:*", "-y", "-q", "--kubeconfig", str(fault_proxy.kubeconfig)
    )

    assert result == (
        Exit.CLUSTER,
        "",
        (
            f"error: {submitted.namespace}:etl-driver was left alone: it is another one now\n"
            "error: 1 of 1 applications could not be ended\n"
        ),
    )
    assert submitted.live()


def test_an_application_that_ends_meanwhile_is_fine(project: Project, submitted: Submitted, fault_proxy: FaultProxy):
    submitted.driver()

    def remove(exchange: Exchange) -> None:
        submitted.api.delete(submitted.path("etl-driver"), {"gracePeriodSeconds": 0})
        exchange.pass_on(exchange.forward())

    fault_proxy.fault(on("DELETE"), remove)
    result = project.openflow("kill", f"{submitted.namespace}:*", "-y", "--kubeconfig", str(fault_proxy.kubeconfig))

    assert result.exit_code == Exit.DONE
    assert result.stderr.endswith("etl-driver was gone already\n")


TEMPLATE = {
    "metadata": {"labels": labels_of("etl", "driver")},
    "spec": {"containers": [{"name": DRIVER, "image": "registry.example/spark:4.3.0"}]},
}
ONCE = {**TEMPLATE, "spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}


def made_pods(submitted: Submitted) -> list[str]:
    listed = submitted.api.get(f"/api/v1/namespaces/{submitted.namespace}/pods")["items"]
    return [each["metadata"]["name"] for each in listed]


def test_the_job_of_a_driver_is_ended_lest_it_start_another(openflow: Openflow, submitted: Submitted):
    jobs = f"/apis/batch/v1/namespaces/{submitted.namespace}/jobs"
    submitted.api.post(jobs, {"metadata": {"name": "etl"}, "spec": {"template": ONCE}})
    wait_until(lambda: made_pods(submitted), "the Job has a pod")
    (pod,) = made_pods(submitted)

    result = openflow("kill", f"{submitted.namespace}:*", "--yes")

    assert result.exit_code == Exit.DONE
    assert f"  Job/etl, Pod/{pod}\n" in result.stderr
    assert submitted.api.get(jobs)["items"] == []
    wait_until(lambda: not made_pods(submitted), "the pod is gone")


def test_who_may_only_delete_jobs_ends_them(project: Project, submitted: Submitted, control_plane: ControlPlane):
    allow(submitted, ("", "pods", ["list"]), ("batch", "jobs", ["get", "delete"]))
    jobs = f"/apis/batch/v1/namespaces/{submitted.namespace}/jobs"
    submitted.api.post(jobs, {"metadata": {"name": "etl"}, "spec": {"template": ONCE}})
    wait_until(lambda: made_pods(submitted), "the Job has a pod")

    result = project.openflow(
        "kill", f"{submitted.namespace}:*", "-y", "--kubeconfig", str(control_plane.user_kubeconfig)
    )

    assert result.exit_code == Exit.DONE
    assert "has the grace period that its pod gives itself: the cluster refused to delete Pod/etl-" in result.stderr
    assert submitted.api.get(jobs)["items"] == []


def test_who_may_delete_nothing_ends_nothing(project: Project, submitted: Submitted, control_plane: ControlPlane):
    allow(submitted, ("", "pods", ["list"]))
    submitted.driver()

    result = project.openflow(
        "kill", f"{submitted.namespace}:*", "-y", "--kubeconfig", str(control_plane.user_kubeconfig)
    )

    assert result.exit_code == Exit.CLUSTER
    assert f"error: {submitted.namespace}:etl-driver was left alone: the cluster refused to delete" in result.stderr
    assert submitted.live()


def test_an_interrupt_tells_what_was_not_ended(project: Project, submitted: Submitted, fault_proxy: FaultProxy):
    submitted.driver("a", node="nowhere")
    submitted.driver("b", node="nowhere")
    fault_proxy.fault(nth(2, on("DELETE")), hang())
    words = ["kill", f"{submitted.namespace}:*", "-y", "--kubeconfig", str(fault_proxy.kubeconfig)]
    process = subprocess.Popen([*OPENFLOW, *words], cwd=project.folder, text=True, stderr=subprocess.PIPE)
    wait_until(lambda: sum(each.method == "DELETE" for each in fault_proxy.requests) == 2, "both are to end")
    process.send_signal(signal.SIGINT)

    _, err = process.communicate(timeout=20)

    assert process.returncode == Exit.INTERRUPTED
    ended, left, said = err.splitlines()[-3:]
    assert ended.endswith("-driver ends within 30 s")
    assert re.fullmatch(f"error: not ended, or not known to be: {submitted.namespace}:[ab]-driver", left)
    assert said == "error: interrupted"


def test_a_cronjob_may_start_its_application_again(openflow: Openflow, submitted: Submitted):
    batch = f"/apis/batch/v1/namespaces/{submitted.namespace}"
    spec = {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": ONCE}}}
    cron = submitted.api.post(f"{batch}/cronjobs", {"metadata": {"name": "nightly"}, "spec": spec})
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "controller": True}
    owner["uid"] = cron["metadata"]["uid"]
    metadata = {"name": "nightly-1", "ownerReferences": [owner]}
    submitted.api.post(f"{batch}/jobs", {"metadata": metadata, "spec": {"template": ONCE}})
    wait_until(lambda: made_pods(submitted), "the Job has a pod")

    result = openflow("kill", f"{submitted.namespace}:*", "--yes")

    assert result.stderr.endswith("ends within 30 s; CronJob/nightly may start it again\n")
    assert submitted.api.get(f"{batch}/jobs")["items"] == []
    assert len(submitted.api.get(f"{batch}/cronjobs")["items"]) == 1


def test_the_deployment_of_a_server_is_ended(openflow: Openflow, submitted: Submitted):
    apps = f"/apis/apps/v1/namespaces/{submitted.namespace}"
    selector = {"matchLabels": labels_of("etl", "driver")}
    submitted.api.post(
        f"{apps}/deployments", {"metadata": {"name": "connect"}, "spec": {"selector": selector, "template": TEMPLATE}}
    )
    wait_until(lambda: made_pods(submitted), "the Deployment has a pod")

    result = openflow("kill", f"{submitted.namespace}:*", "--yes")

    assert re.search(r"  Deployment/connect, ReplicaSet/connect-\w+, Pod/connect-\w+-\w+\n", result.stderr)
    assert submitted.api.get(f"{apps}/deployments")["items"] == []
    wait_until(lambda: not made_pods(submitted), "the pod is gone")


def test_an_operator_may_start_its_application_again(openflow: Openflow, submitted: Submitted):
    operated(submitted)

    result = openflow("kill", f"{submitted.namespace}:*", "--yes")

    assert result.stderr.endswith("ends within 30 s; SparkApplication/etl may start it again\n")
    assert submitted.live() is None


def test_what_may_not_be_done_is_refused(project: Project, submitted: Submitted, control_plane: ControlPlane):
    result = project.openflow("list", submitted.namespace, "--kubeconfig", str(control_plane.user_kubeconfig))

    assert result.exit_code == Exit.CLUSTER
    assert f"error: the cluster refused to list Pod objects in namespace {submitted.namespace}: " in result.stderr
