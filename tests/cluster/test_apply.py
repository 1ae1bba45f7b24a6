"""``openflow apply`` against a real API server: what was shown and agreed to is done, and nothing else."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Sequence
from hashlib import sha256

import pytest
from controlplane import Api, ControlPlane
from jobs_of import ETL, FIXED, Jobs, deep, is_write, lines, once, writes
from proxy import FaultProxy, Match, Request, answer, before

from openflow_render.cli.exits import Exit

OTHER = ("--set", "spec.application.class=example.Other")
LABELLED = ("--set", "metadata.labels.team=x")

MOVED = "has changed since the plan was made, and the plan would be another one now"
RESTORED = "not today; the object that it was to replace was made again as it was"
FORBIDDEN = {
    "kind": "Status",
    "apiVersion": "v1",
    "status": "Failure",
    "reason": "Forbidden",
    "message": 'pods "etl-driver" is forbidden: not today',
    "code": 403,
}


def write_of(plural: str, method: str = "PATCH") -> Match:
    """Requests that change objects of a kind, dry runs left out."""
    return lambda request: request.method == method and f"/{plural}/" in request.path and is_write(request)


def position(requests: Sequence[Request], plural: str) -> int:
    """When an object of a kind was written."""
    return next(index for index, each in enumerate(requests) if write_of(plural)(each))


# --- agreeing --------------------------------------------------------------------------------------------------------


def test_a_plan_is_carried_out_and_told(jobs: Jobs):
    result = jobs.apply()

    assert result.exit_code == Exit.DONE
    assert result.stdout == jobs_plan()
    assert sorted(result.stderr.splitlines()) == [
        "created ConfigMap/etl-<run1>-conf-map",
        "created NetworkPolicy/etl-<run1>-policy",
        "created Pod/etl-<run1>-driver",
        "created Role/etl",
        "created RoleBinding/etl",
        "created Service/etl-<run1>-driver-svc",
        "created ServiceAccount/etl",
        "data/etl: done",
    ]


def jobs_plan() -> str:
    return lines(
        "data/etl on https://cluster",
        "  + create ServiceAccount/etl",
        "  + create Role/etl",
        "  + create RoleBinding/etl",
        "  + create ConfigMap/etl-<run1>-conf-map",
        "  + create Service/etl-<run1>-driver-svc",
        "  + create NetworkPolicy/etl-<run1>-policy",
        "  + create Pod/etl-<run1>-driver: not tried on the cluster, as ServiceAccount etl comes with the job",
        "plan: 7 to create",
    )


def test_without_anybody_to_ask_nothing_is_changed(jobs: Jobs):
    result = jobs.openflow("apply")

    assert result == (
        Exit.UNDECIDED,
        jobs_plan(),
        lines(
            "error: Apply this plan? There is nobody to ask",
            "  hint: give --yes to go on without asking",
        ),
    )
    assert jobs.everything() == {}


@pytest.mark.parametrize(("answered", "code"), [("n\n", Exit.UNDECIDED), ("y\n", Exit.DONE)])
def test_who_sits_at_a_terminal_is_asked(jobs: Jobs, answered: str, code: Exit):
    ours, theirs = pty.openpty()
    os.write(ours, answered.encode())
    words = [sys.executable, "-m", "openflow_render", "apply", "etl.yaml", "-n", jobs.namespace]
    words += ["--kubeconfig", str(jobs.kubeconfig)]

    ended = subprocess.run(words, stdin=theirs, capture_output=True, text=True, timeout=60, check=False)

    os.close(ours)
    os.close(theirs)
    assert ended.returncode == code
    assert ended.stderr.startswith("Apply this plan? [y/N] ")
    assert bool(jobs.everything()) == (code is Exit.DONE)


def test_without_differences_nobody_is_asked_and_nothing_is_written(jobs: Jobs, fault_proxy: FaultProxy):
    jobs.applied()

    result = jobs.openflow("apply", to=fault_proxy.kubeconfig)

    assert result == (Exit.DONE, "plan: 7 unchanged\n", "")
    assert writes(fault_proxy) == []


def test_a_dry_run_changes_nothing(jobs: Jobs, fault_proxy: FaultProxy):
    jobs.write(etl=FIXED)
    jobs.applied()
    before = jobs.everything()

    result = jobs.apply("--dry-run", "--replace", *OTHER, *LABELLED, to=fault_proxy.kubeconfig)

    assert result.exit_code == Exit.DONE
    assert result.stdout.endswith("plan: 6 to update, 1 to replace\n")
    assert writes(fault_proxy) == []
    assert jobs.everything() == before


def test_what_others_need_is_written_first(jobs: Jobs, fault_proxy: FaultProxy):
    jobs.apply(to=fault_proxy.kubeconfig)

    done = [each for each in fault_proxy.requests if is_write(each)]
    assert f"POST {jobs.path('ConfigMap')}?fieldManager=openflow" == f"{done[0].method} {done[0].path}"
    needed = [position(done, plural) for plural in ("serviceaccounts", "roles", "configmaps", "networkpolicies")]
    users = [position(done, plural) for plural in ("rolebindings", "services")]
    assert max(needed) < min(users)
    assert max(users) < position(done, "pods")


# --- what moves in between -------------------------------------------------------------------------------------------


def test_a_status_that_moves_in_between_stops_nothing(jobs: Jobs, fault_proxy: FaultProxy):
    jobs.applied()
    moved = fault_proxy.fault(write_of("pods"), before(once(lambda: jobs.status("Pod", "etl", phase="Running"))))

    result = jobs.apply(*LABELLED, to=fault_proxy.kubeconfig)

    assert result.exit_code == Exit.DONE
    assert moved.happened == 1
    assert jobs.get("Pod", "etl")["metadata"]["labels"]["team"] == "x"


def test_a_field_that_moves_in_between_stops_the_write(jobs: Jobs, fault_proxy: FaultProxy):
    jobs.applied()
    change = {"metadata": {"labels": {"team": "theirs"}}}
    fault_proxy.fault(write_of("services"), before(once(lambda: jobs.change("Service", "etl", change))))

    result = jobs.apply(*LABELLED, to=fault_proxy.kubeconfig)

    assert result.exit_code == Exit.UNDECIDED
    assert [each for each in result.stderr.splitlines() if not each.startswith("updated ")] == [
        f"error: data/etl: Service/etl-<run1>-driver-svc in namespace data {MOVED}",
        "  hint: nothing was done to it; look with `openflow diff`, then apply again",
        "error: not done: update Service/etl-<run1>-driver-svc, update Pod/etl-<run1>-driver",
        "error: not everything was done",
        "  hint: run it again: it goes on from here",
    ]
    assert jobs.get("Service", "etl")["metadata"]["labels"]["team"] == "theirs"


def test_an_object_that_comes_into_being_in_between_is_told(jobs: Jobs, fault_proxy: FaultProxy):
    theirs = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "etl", "labels": {"by": "hand"}}}
    fault_proxy.fault(write_of("serviceaccounts"), before(once(lambda: jobs.put_in(theirs))))

    result = jobs.apply(to=fault_proxy.kubeconfig)

    assert result.exit_code == Exit.UNDECIDED
    assert "ServiceAccount/etl in namespace data came into being in between, made by hand" in result.stderr


def test_an_object_that_is_made_anew_in_between_is_not_replaced(jobs: Jobs, fault_proxy: FaultProxy):
    jobs.write(etl=FIXED)
    jobs.applied()
    theirs = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "etl-driver"},
        "spec": {"containers": [{"name": "x", "image": "registry.example/x:1"}]},
    }

    def make_anew() -> None:
        jobs.api.delete(jobs.path("Pod", "etl"), {"gracePeriodSeconds": 0})
        jobs.put_in(theirs)

    fault_proxy.fault(write_of("pods", "DELETE"), before(once(make_anew)))

    result = jobs.apply("--replace", *OTHER, to=fault_proxy.kubeconfig)

    assert result.exit_code == Exit.UNDECIDED
    assert "Pod/etl-driver in namespace data has changed since the plan was made" in result.stderr
    assert jobs.get("Pod", "etl")["spec"]["containers"][0]["name"] == "x"


def test_an_object_that_is_to_be_replaced_and_moves_in_between_is_not_touched(jobs: Jobs, fault_proxy: FaultProxy):
    jobs.write(etl=FIXED)
    jobs.applied()
    change = {"metadata": {"labels": {"app.kubernetes.io/name": "theirs"}}}
    fault_proxy.fault(write_of("pods", "DELETE"), before(once(lambda: jobs.change("Pod", "etl", change))))

    result = jobs.apply("--replace", *OTHER, to=fault_proxy.kubeconfig)

    assert result.exit_code == Exit.UNDECIDED
    assert jobs.get("Pod", "etl")["metadata"]["labels"]["app.kubernetes.io/name"] == "theirs"


def test_a_status_that_moves_in_between_stops_no_replacement(jobs: Jobs, fault_proxy: FaultProxy):
    jobs.write(etl=FIXED)
    jobs.applied()
    uid = jobs.get("Pod", "etl")["metadata"]["uid"]
    run = once(lambda: jobs.status("Pod", "etl", phase="Running"))
    moved = fault_proxy.fault(write_of("pods", "DELETE"), before(run))

    result = jobs.apply("--replace", *OTHER, to=fault_proxy.kubeconfig)

    assert result.exit_code == Exit.DONE, result
    assert moved.happened == 1
    assert jobs.get("Pod", "etl")["metadata"]["uid"] != uid


# --- conflicts -------------------------------------------------------------------------------------------------------


def test_conflicts_are_listed_by_field_manager_and_line(jobs: Jobs):
    jobs.applied()
    jobs.change("ServiceAccount", "etl", {"metadata": {"labels": {"app.kubernetes.io/name": "theirs"}}})

    result = jobs.apply()

    assert result == (
        Exit.UNDECIDED,
        lines(
            "data/etl on https://cluster",
            "  ~ update ServiceAccount/etl: a running application is not touched",
            '    metadata.labels[app.kubernetes.io/name]: "theirs" → "etl"   # etl.yaml:3:18',
            "    hand loses metadata.labels[app.kubernetes.io/name]",
            "    openflow gains metadata.labels[app.kubernetes.io/name]",
            "  6 unchanged",
            "plan: 1 to update, 6 unchanged",
        ),
        lines(
            "etl.yaml:3:18: error OF801: `metadata.labels[app.kubernetes.io/name]` of ServiceAccount/etl belongs "
            'to hand, which set it to "theirs"',
            "  3 | metadata: {name: etl}",
            "    |                  ^^^",
            "  hint: take it with --force-conflicts, or leave it to hand: drop it from the job, or write the "
            "same value",
            "error: 1 decision needed",
            "  hint: nothing was changed; each hint above says how to go on",
        ),
    )


def test_conflicts_are_taken_when_that_is_agreed_to(jobs: Jobs):
    jobs.applied()
    jobs.change("ServiceAccount", "etl", {"metadata": {"labels": {"app.kubernetes.io/name": "theirs"}}})

    result = jobs.apply("--force-conflicts")

    assert result.exit_code == Exit.DONE
    assert jobs.get("ServiceAccount", "etl")["metadata"]["labels"]["app.kubernetes.io/name"] == "etl"
    assert jobs.diff().exit_code == Exit.DONE


# --- replacing -------------------------------------------------------------------------------------------------------


def test_what_cannot_change_in_place_is_replaced_when_that_is_agreed_to(jobs: Jobs):
    jobs.write(etl=FIXED)
    jobs.applied()
    uid = jobs.get("Pod", "etl")["metadata"]["uid"]

    refused = jobs.apply(*OTHER)
    between = jobs.get("Pod", "etl")["metadata"]["uid"]
    agreed = jobs.apply("--replace", *OTHER)

    assert refused.exit_code == Exit.UNDECIDED
    assert between == uid
    assert agreed.exit_code == Exit.DONE
    assert jobs.get("Pod", "etl")["metadata"]["uid"] != uid
    assert "example.Other" in jobs.get("Pod", "etl")["spec"]["containers"][0]["args"]


def test_a_replaced_object_is_made_again_if_its_successor_is_refused(jobs: Jobs, fault_proxy: FaultProxy):
    jobs.write(etl=FIXED)
    jobs.applied()
    fault_proxy.fault(write_of("pods"), answer(403, json.dumps(FORBIDDEN)))

    result = jobs.apply("--replace", *OTHER, to=fault_proxy.kubeconfig)

    assert result.exit_code == Exit.CLUSTER
    assert [each for each in result.stderr.splitlines() if not each.startswith("updated ")] == [
        f"error: data/etl: the cluster refused to apply Pod/etl-driver in namespace data: {RESTORED}",
        "error: not done: replace Pod/etl-driver",
        "error: not everything was done",
        "  hint: run it again: it goes on from here",
    ]
    assert "example.Main" in jobs.get("Pod", "etl")["spec"]["containers"][0]["args"]
    assert jobs.delete().exit_code == Exit.DONE
    assert jobs.names("Pod") == []


def test_that_neither_it_nor_its_successor_can_be_made_is_told(jobs: Jobs, fault_proxy: FaultProxy):
    jobs.write(etl=FIXED)
    jobs.applied()
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    path = f"/api/v1/namespaces/{jobs.namespace}/resourcequotas"
    fault_proxy.fault(write_of("pods", "DELETE"), before(once(lambda: jobs.api.post(path, quota))))

    result = jobs.apply("--replace", *OTHER, to=fault_proxy.kubeconfig)

    assert result.exit_code == Exit.CLUSTER
    assert "and the object that it was to replace is gone" in result.stderr
    assert "not done: replace Pod/etl-driver" in result.stderr


def test_an_old_run_is_ended_before_the_new_one_starts_when_that_is_agreed_to(jobs: Jobs, fault_proxy: FaultProxy):
    jobs.applied()
    jobs.status("Pod", "etl", phase="Running")

    result = jobs.apply("--replace", *OTHER, to=fault_proxy.kubeconfig)

    assert result.exit_code == Exit.DONE
    done = [each for each in fault_proxy.requests if is_write(each)]
    ended = next(index for index, each in enumerate(done) if write_of("pods", "DELETE")(each))
    assert ended < position(done, "pods")
    assert len(jobs.names("Pod")) == 1


# --- what belongs to others ------------------------------------------------------------------------------------------


def test_what_somebody_else_made_is_taken_over_only_when_that_is_agreed_to(jobs: Jobs):
    jobs.put_in({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "etl", "labels": {"by": "hand"}}})
    theirs = jobs.get("ServiceAccount", "etl")

    refused = jobs.apply()
    between = jobs.get("ServiceAccount", "etl")
    agreed = jobs.apply("--adopt")

    assert refused.exit_code == Exit.UNDECIDED
    assert refused.stderr == lines(
        "etl.yaml:3:18: error OF803: ServiceAccount/etl is there already, and not made by openflow (its "
        "managers: hand)",
        "  3 | metadata: {name: etl}",
        "    |                  ^^^",
        "  hint: take it over with --adopt, or give it another name",
        "error: 1 decision needed",
        "  hint: nothing was changed; each hint above says how to go on",
    )
    assert between == theirs
    assert agreed.exit_code == Exit.DONE
    assert jobs.get("ServiceAccount", "etl")["metadata"]["uid"] == theirs["metadata"]["uid"]
    assert "ServiceAccount/etl" in jobs.recorded()


def claim(size: str) -> dict[str, str]:
    """The properties of a claim that is called the same whichever job makes it."""
    volume = "spark.kubernetes.driver.volumes.persistentVolumeClaim.pool"
    options = {"options.claimName": "pool", "options.storageClass": "fast", "options.sizeLimit": size}
    return {f"{volume}.{name}": value for name, value in {**options, "mount.path": "/pool"}.items()}


def test_an_object_of_another_job_is_changed_only_when_that_is_agreed_to(jobs: Jobs):
    jobs.write(
        etl=deep(ETL, conf=claim("1Gi")),
        other=deep(ETL.replace("name: etl", "name: other"), conf=claim("2Gi")),
    )
    jobs.applied()

    result = jobs.apply("other.yaml")

    assert result.exit_code == Exit.UNDECIDED
    assert result.stderr == lines(
        "other.yaml:4:9: error OF804: PersistentVolumeClaim/pool belongs to the job data/etl as well, and would change",
        "  4 |   name: other",
        "    |         ^^^^^",
        "  hint: let the jobs agree on it, give it another name, or change it for both with --adopt",
        "other.yaml:4:9: error OF810: PersistentVolumeClaim/pool and all that is in it would be deleted",
        "  4 |   name: other",
        "    |         ^^^^^",
        "  hint: if that is meant: --allow-deleting claims; else leave the flag away that deletes it",
        "other.yaml:18:86: error OF802: PersistentVolumeClaim/pool cannot be changed in place: spec: Forbidden: "
        "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
        "  18 |     spark.kubernetes.driver.volumes.persistentVolumeClaim.pool.options.storageClass: fast",
        "     |                                                                                      ^^^^",
        "  hint: --replace deletes it and makes it anew; or set `run.rerun: on-change`, which makes a new run "
        "beside the old",
        "error: 3 decisions needed",
        "  hint: nothing was changed; each hint above says how to go on",
    )


def test_several_jobs_may_hold_an_object_that_they_agree_on(jobs: Jobs):
    jobs.write(
        etl=deep(ETL, conf=claim("1Gi")),
        other=deep(ETL.replace("name: etl", "name: other"), conf=claim("1Gi")),
    )
    jobs.applied()

    result = jobs.apply("other.yaml")

    assert result.exit_code == Exit.DONE, result
    assert all("PersistentVolumeClaim/pool" in jobs.recorded(job) for job in ("etl", "other"))
    assert jobs.diff("etl.yaml", "other.yaml").exit_code == Exit.DONE
    assert jobs.diff().exit_code == Exit.DONE


# --- which cluster ---------------------------------------------------------------------------------------------------


def by_url(plane: ControlPlane) -> str:
    return plane.server


def by_authority(plane: ControlPlane) -> str:
    return f"sha256:{sha256(plane.ca.read_bytes()).hexdigest()}"


@pytest.mark.parametrize("named", [by_url, by_authority])
def test_the_cluster_that_is_expected_is_changed(
    jobs: Jobs, control_plane: ControlPlane, named: Callable[[ControlPlane], str]
):
    result = jobs.apply("--expect-cluster", named(control_plane))

    assert result.exit_code == Exit.DONE, result


@pytest.mark.parametrize("other", ["https://elsewhere:6443", f"sha256:{'0' * 64}"])
@pytest.mark.parametrize("command", ["diff", "apply", "delete"])
def test_another_cluster_is_left_alone(jobs: Jobs, fault_proxy: FaultProxy, command: str, other: str):
    result = jobs.openflow(command, "--expect-cluster", other, to=fault_proxy.kubeconfig)

    assert result.exit_code == Exit.UNDECIDED
    assert result.stdout == ""
    assert result.stderr.startswith(f"error: this is another cluster than {other}\n")
    assert fault_proxy.requests == []


# --- several jobs ----------------------------------------------------------------------------------------------------


def test_a_job_that_fails_does_not_stop_the_others(jobs: Jobs, fault_proxy: FaultProxy):
    jobs.write(other=ETL.replace("name: etl", "name: other"))
    broken = fault_proxy.fault(
        lambda request: is_write(request) and "/serviceaccounts/etl" in request.path,
        answer(403, json.dumps({**FORBIDDEN, "message": "not today"})),
    )

    result = jobs.apply("etl.yaml", "other.yaml", to=fault_proxy.kubeconfig)
    again = jobs.apply("etl.yaml", "other.yaml")

    assert broken.happened == 1
    assert result.exit_code == Exit.CLUSTER
    assert [name.split("-")[0] for name in jobs.names("Pod")] == ["etl", "other"]
    assert again.exit_code == Exit.DONE
    assert again.stdout.endswith("plan: 4 to create, 10 unchanged\n")
    assert jobs.diff("etl.yaml", "other.yaml").exit_code == Exit.DONE


def test_a_namespace_that_several_jobs_make_is_made_once(jobs: Jobs, api: Api, namespace: str):
    jobs.namespace = f"{namespace}-new"
    both = {name: deep(ETL.replace("name: etl", f"name: {name}"), createNamespace=True) for name in ("one", "two")}
    jobs.write(**both)

    result = jobs.apply("one.yaml", "two.yaml")

    assert result.exit_code == Exit.DONE
    assert result.stderr.count("created Namespace/data") == 1
    assert all(f"Namespace/{jobs.namespace}" in jobs.recorded(name) for name in both)
    assert jobs.diff("one.yaml", "two.yaml").exit_code == Exit.DONE
    api.delete(f"/api/v1/namespaces/{jobs.namespace}")


@pytest.mark.parametrize("option", [("--until", "done"), ("--timeout", "3")])
def test_how_to_wait_says_nothing_without_wait(jobs: Jobs, option: tuple[str, str]):
    result = jobs.apply(*option)

    assert result.exit_code == Exit.USAGE
    assert "give --wait" in result.stderr
