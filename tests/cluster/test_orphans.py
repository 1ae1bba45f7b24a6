"""What might be left behind, lost, or taken by mistake: jobs change their kind, records are lost, others interfere."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from controlplane import Api, ControlPlane, wait_until
from forked import Forks, forks
from jobs_of import ETL, FIXED, RECORD, Jobs, deep, is_write, once
from projects import Project
from proxy import FaultProxy, Match, answer, before, on, reset_after

from openflow_render.cli.exits import Exit
from openflow_render.cluster import discovery, record
from openflow_render.cluster.record import Holder

OTHER_CLASS = ("--set", "spec.application.class=example.Other")
LABELLED = ("--set", "metadata.labels.team=x")
CRONJOB = {"as": "cronjob", "schedule": "0 2 * * *"}
PLAIN = {"cronjob": CRONJOB, "pod": {"rerun": "never"}}
NOT_ANY_MORE = "the job does not hold it any more; --prune deletes it"
UNMANAGED: dict[str, Any] = {"metadata": {"managedFields": [{}]}}
FINALIZERS = {"metadata": {"finalizers": ["example.com/hold"]}}
LET_GO: dict[str, Any] = {"metadata": {"finalizers": []}}


@pytest.fixture
def jobs(
    project: Project, control_plane: ControlPlane, api: Api, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> Jobs:
    monkeypatch.setenv("XDG_CACHE_HOME", str(project.folder / "cache"))
    project.write({"core-site.xml": "<configuration/>\n"})
    found = Jobs(project, control_plane, api, namespace)
    found.write(etl=FIXED)
    return found


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Forks]:
    """Another process of openflow."""
    with forks(tmp_path) as found:
        yield found


def write_of(plural: str, method: str = "PATCH") -> Match:
    """Requests that change objects of a kind, dry runs left out."""
    return lambda request: request.method == method and f"/{plural}/" in request.path and is_write(request)


def pool() -> dict[str, str]:
    """The properties of a claim with a name that stays."""
    volume = "spark.kubernetes.driver.volumes.persistentVolumeClaim.pool"
    options = {"options.claimName": "pool", "options.storageClass": "fast", "options.sizeLimit": "1Gi"}
    return {f"{volume}.{name}": value for name, value in {**options, "mount.path": "/pool"}.items()}


def record_of(jobs: Jobs, job: str = "etl") -> Any:
    return jobs.api.get(f"{jobs.path('ConfigMap')}/openflow.{job}")


def entries(jobs: Jobs, job: str = "etl") -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(record_of(jobs, job)["data"]["objects"])
    return found


def lose_record(jobs: Jobs) -> None:
    jobs.api.delete(f"{jobs.path('ConfigMap')}/{RECORD}")


def left(stdout: str) -> list[str]:
    """What a plan leaves where it is."""
    return [line.strip() for line in stdout.splitlines() if line.startswith("  · leave ")]


# --- plain names -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", PLAIN)
def test_what_a_run_with_a_plain_name_drops_is_deleted_only_when_that_is_agreed_to(jobs: Jobs, kind: str):
    jobs.write(etl=deep(ETL, run=PLAIN[kind], hadoop={"files": ["core-site.xml"]}))
    jobs.applied()
    jobs.write(etl=deep(ETL, run=PLAIN[kind]))

    kept = jobs.apply("--replace")
    between = jobs.names("ConfigMap")
    pruned = jobs.apply("--replace", "--prune")

    assert kept.exit_code == Exit.DONE, kept
    assert left(kept.stdout) == [f"· leave ConfigMap/etl-hadoop-config: {NOT_ANY_MORE}"]
    assert "  run " not in kept.stdout
    assert "etl-hadoop-config" in between
    assert pruned.exit_code == Exit.DONE, pruned
    assert "deleted ConfigMap/etl-hadoop-config" in pruned.stderr
    assert "etl-hadoop-config" not in jobs.names("ConfigMap")
    assert jobs.diff().exit_code == Exit.DONE


@pytest.mark.parametrize("kind", PLAIN)
def test_a_claim_that_a_run_with_a_plain_name_drops_has_to_be_named(jobs: Jobs, kind: str):
    jobs.write(etl=deep(ETL, run=PLAIN[kind], conf=pool()))
    jobs.applied()
    jobs.write(etl=deep(ETL, run=PLAIN[kind]))

    kept = jobs.apply("--replace")
    refused = jobs.apply("--replace", "--prune")
    between = jobs.names("PersistentVolumeClaim")
    agreed = jobs.apply("--replace", "--prune", "--allow-deleting", "claims")

    assert kept.exit_code == Exit.DONE, kept
    assert refused.exit_code == Exit.UNDECIDED
    assert "error OF810: PersistentVolumeClaim/pool and all that is in it would be deleted" in refused.stderr
    assert between == ["pool"]
    assert agreed.exit_code == Exit.DONE, agreed
    assert "deleted PersistentVolumeClaim/pool" in agreed.stderr


@pytest.mark.parametrize(("kind", "run"), [("CronJob", CRONJOB), ("Deployment", {"as": "deployment"})])
def test_what_never_ends_by_itself_is_left_and_told_when_a_job_runs_otherwise(jobs: Jobs, kind: str, run: Any):
    jobs.write(etl=deep(ETL, run=run))
    jobs.applied()
    jobs.write(etl=ETL)

    kept = jobs.apply()
    between = jobs.names(kind)
    pruned = jobs.apply("--prune")

    assert kept.exit_code == Exit.DONE, kept
    assert f"· leave {kind}/etl: {NOT_ANY_MORE}" in left(kept.stdout)
    assert "goes on" not in kept.stdout + kept.stderr
    assert between == ["etl"]
    assert pruned.exit_code == Exit.DONE, pruned
    assert f"deleted {kind}/etl" in pruned.stderr
    assert jobs.diff().exit_code == Exit.DONE


# --- records ---------------------------------------------------------------------------------------------------------


def test_what_was_made_where_another_went_is_known_although_a_later_step_fails(jobs: Jobs, fault_proxy: FaultProxy):
    jobs.applied()
    path = jobs.path("Service", "etl")
    old = jobs.change("Service", "etl", FINALIZERS)["metadata"]["uid"]
    jobs.api.delete(path)
    jobs.api.delete(jobs.path("Pod", "etl"), {"gracePeriodSeconds": 0})
    fault_proxy.fault(lambda request: request.method == "PUT", before(once(lambda: jobs.api.patch(path, LET_GO))))
    no_room = 'pods "etl-driver" is forbidden: exceeded quota: none'
    status = {"kind": "Status", "apiVersion": "v1", "reason": "Forbidden", "message": no_room, "code": 403}
    fault_proxy.fault(write_of("pods"), answer(403, json.dumps(status)))

    failed = jobs.apply(to=fault_proxy.kubeconfig)
    new = jobs.get("Service", "etl")["metadata"]["uid"]
    recorded = {each["kind"]: each["uid"] for each in entries(jobs)}
    deleted = jobs.delete()

    assert failed.exit_code == Exit.CLUSTER
    assert "created Service/etl-driver-svc" in failed.stderr
    assert recorded["Service"] in ("", new)
    assert new != old
    assert deleted.exit_code == Exit.DONE, deleted
    wait_until(lambda: jobs.everything() == {}, "everything is gone")  # claims go when their finalizer does


def test_signs_of_life_never_undo_the_end_of_a_hold(jobs: Jobs, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(record, "BEAT", 0.02)
    names = [f"job{number}" for number in range(12)]
    jobs.write(**{name: FIXED.replace("name: etl", f"name: {name}") for name in names})

    result = jobs.apply(*(f"{name}.yaml" for name in names))

    assert result.exit_code == Exit.DONE, result
    assert [name for name in names if "annotations" in record_of(jobs, name)["metadata"]] == []
    assert [each for name in names for each in entries(jobs, name) if not each["uid"]] == []


def test_a_copy_of_a_record_is_told_of_and_ignored(jobs: Jobs):
    jobs.applied()
    real = record_of(jobs)
    metadata = {"name": "copy", "labels": real["metadata"]["labels"]}
    jobs.put_in({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"objects": "[]"}})

    looked = jobs.diff()
    deleted = jobs.delete()

    told = "the cluster warns: ConfigMap/copy in namespace data looks like the record of data/etl, and is ignored\n"
    assert looked == (Exit.DONE, "plan: 7 unchanged\n", told)
    assert deleted.exit_code == Exit.DONE, deleted
    assert told in deleted.stderr
    assert list(jobs.everything()) == ["ConfigMap/copy"]


def test_a_damaged_record_of_another_job_stops_nothing(jobs: Jobs):
    jobs.write(other=FIXED.replace("name: etl", "name: other"))
    jobs.applied("etl.yaml", "other.yaml")
    jobs.change("ConfigMap", "openflow.other", {"data": {"objects": "damaged"}})

    mine = jobs.apply(*LABELLED)
    theirs = jobs.apply("other.yaml")

    told = "ConfigMap/openflow.other in namespace data, the record of a job, is damaged"
    assert mine.exit_code == Exit.DONE, mine
    assert f"the cluster warns: {told}" in mine.stderr
    assert theirs.exit_code == Exit.CLUSTER
    assert f"error: {told}" in theirs.stderr


def test_a_lost_record_is_written_anew_without_asking(jobs: Jobs):
    jobs.applied()
    known = entries(jobs)
    lose_record(jobs)

    again = jobs.openflow("apply")
    anew = entries(jobs)
    deleted = jobs.delete()

    assert (again.exit_code, again.stdout) == (Exit.DONE, "plan: 7 unchanged\n")
    assert anew == known
    assert deleted.exit_code == Exit.DONE, deleted
    wait_until(lambda: jobs.everything() == {}, "everything is gone")  # claims go when their finalizer does


def test_what_only_a_lost_record_named_is_told_of_and_recorded(jobs: Jobs):
    jobs.write(etl=deep(FIXED, hadoop={"files": ["core-site.xml"]}))
    jobs.applied()
    jobs.write(etl=FIXED)
    jobs.applied("--replace")
    lose_record(jobs)

    told = jobs.openflow("apply")
    pruned = jobs.apply("--prune")

    why = "it was made for this job, and no record names it; --prune deletes it next time"
    assert told.exit_code == Exit.DONE, told
    assert left(told.stdout) == [f"· leave ConfigMap/etl-hadoop-config: {why}"]
    assert pruned.exit_code == Exit.DONE, pruned
    assert "deleted ConfigMap/etl-hadoop-config" in pruned.stderr
    assert jobs.diff() == (Exit.DONE, "plan: 7 unchanged\n", "")


def test_what_a_record_names_elsewhere_is_nothing_of_the_jobs(jobs: Jobs, namespace: str):
    elsewhere = f"{namespace}-else"
    jobs.api.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": elsewhere}})
    path = f"/api/v1/namespaces/{elsewhere}/serviceaccounts/etl"
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "etl", "labels": {"a": "b"}}}
    jobs.api.patch(f"{path}?fieldManager=openflow", account, "application/apply-patch+yaml")
    jobs.applied()
    foreign = {**account, "namespace": elsewhere, "name": "etl", "uid": "", "run": ""}
    foreign.pop("metadata")
    jobs.change("ConfigMap", RECORD, {"data": {"objects": json.dumps([*entries(jobs), foreign])}})

    looked = jobs.diff("--prune")
    deleted = jobs.delete()

    assert looked == (Exit.DONE, "plan: 7 unchanged\n", "")
    assert deleted.exit_code == Exit.DONE, deleted
    assert "deletionTimestamp" not in jobs.api.get(path)["metadata"]
    wait_until(lambda: jobs.everything() == {}, "everything is gone")  # claims go when their finalizer does
    jobs.api.delete(f"/api/v1/namespaces/{elsewhere}")


HERE = Holder("here", record._machine(), 0, "1", "2026-01-01T00:00:00Z")


def test_a_process_is_taken_for_dead_only_where_its_number_means_something():
    gone = next(pid for pid in range(2**22 - 1, 2, -1) if not Path(f"/proc/{pid}").exists())
    boot, _, numbers = HERE.machine.partition(" ")

    assert HERE._replace(pid=gone).is_dead
    assert not HERE._replace(pid=os.getpid()).is_dead
    for machine in ("", f"another-boot {numbers}", f"{boot} pid:[1]", "here", socket.gethostname()):
        assert not HERE._replace(pid=gone, machine=machine).is_dead


# --- who owns what ---------------------------------------------------------------------------------------------------


def test_an_object_of_which_nobody_owns_a_field_is_not_called_unchanged(jobs: Jobs):
    jobs.applied()
    jobs.change("ConfigMap", "etl-conf-map", UNMANAGED)

    looked = jobs.diff()
    again = jobs.apply()

    assert looked.exit_code == Exit.DIFFERENT
    assert "~ update ConfigMap/etl-conf-map" in looked.stdout
    assert again.exit_code == Exit.DONE, again
    assert jobs.diff() == (Exit.DONE, "plan: 7 unchanged\n", "")


def test_an_object_that_is_not_wanted_and_of_which_nothing_is_ours_is_left_and_told(jobs: Jobs):
    jobs.write(etl=deep(FIXED, hadoop={"files": ["core-site.xml"]}))
    jobs.applied()
    jobs.change("ConfigMap", "etl-hadoop-config", UNMANAGED)
    jobs.write(etl=FIXED)

    result = jobs.apply("--replace", "--prune")

    why = "openflow owns none of its fields any more, so it is left to whoever took them"
    assert result.exit_code == Exit.DONE, result
    assert left(result.stdout) == [f"· leave ConfigMap/etl-hadoop-config: {why}"]
    assert "etl-hadoop-config" in jobs.names("ConfigMap")


# --- in between ------------------------------------------------------------------------------------------------------


def test_an_object_of_nobody_that_comes_into_being_in_between_is_told(jobs: Jobs, fault_proxy: FaultProxy):
    def come() -> None:
        jobs.put_in({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "etl"}})
        jobs.change("ServiceAccount", "etl", UNMANAGED)

    fault_proxy.fault(write_of("serviceaccounts"), before(once(come)))

    result = jobs.apply(to=fault_proxy.kubeconfig)

    assert result.exit_code == Exit.UNDECIDED
    assert "ServiceAccount/etl in namespace data came into being in between, made by " in result.stderr


def test_an_object_on_which_others_write_before_we_hear_that_we_made_it_is_ours(jobs: Jobs, fault_proxy: FaultProxy):
    lost = fault_proxy.fault(write_of("serviceaccounts"), reset_after())
    label = {"metadata": {"labels": {"seen": "yes"}}}
    fault_proxy.fault(
        write_of("serviceaccounts"), before(once(lambda: jobs.change("ServiceAccount", "etl", label, by="controller")))
    )

    result = jobs.apply(to=fault_proxy.kubeconfig)

    assert result.exit_code == Exit.DONE, result
    assert lost.happened == 1
    assert jobs.get("ServiceAccount", "etl")["metadata"]["labels"]["seen"] == "yes"
    assert jobs.diff() == (Exit.DONE, "plan: 7 unchanged\n", "")


def test_a_status_that_moves_again_and_again_stops_no_update(jobs: Jobs, fault_proxy: FaultProxy):
    jobs.applied()
    times = iter(range(10))
    moved = fault_proxy.fault(
        lambda request: request.method == "PATCH" and "/pods/etl-driver" in request.path and is_write(request),
        before(once(lambda: jobs.status("Pod", "etl", phase="Running", message=f"{next(times)}"))),
        times=3,
    )

    result = jobs.apply(*LABELLED, to=fault_proxy.kubeconfig)

    assert result.exit_code == Exit.DONE, result
    assert moved.happened == 3
    assert jobs.get("Pod", "etl")["metadata"]["labels"]["team"] == "x"


def test_an_object_that_moves_while_it_is_tried_is_tried_again(jobs: Jobs, fault_proxy: FaultProxy):
    jobs.applied()
    times = iter(range(10))
    moved = fault_proxy.fault(
        lambda request: request.method == "PATCH" and "/pods/etl-driver" in request.path and not is_write(request),
        before(once(lambda: jobs.status("Pod", "etl", phase="Running", message=f"{next(times)}"))),
        times=3,
    )

    result = jobs.apply(*LABELLED, to=fault_proxy.kubeconfig)

    assert result.exit_code == Exit.DONE, result
    assert moved.happened == 3


def test_a_pod_is_replaced_although_a_quota_has_no_room_for_two(jobs: Jobs):
    jobs.applied()
    uid = jobs.get("Pod", "etl")["metadata"]["uid"]
    path = f"/api/v1/namespaces/{jobs.namespace}/resourcequotas"
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"pods": "1"}}}
    jobs.api.post(path, quota)
    wait_until(lambda: jobs.api.get(f"{path}/q").get("status", {}).get("used", {}).get("pods") == "1", "it counts")

    refused = jobs.apply(*OTHER_CLASS)
    agreed = jobs.apply("--replace", *OTHER_CLASS)

    assert refused.exit_code == Exit.UNDECIDED
    assert "error OF802: Pod/etl-driver cannot be changed in place" in refused.stderr
    assert "there is no room in a quota for it beside the one that it replaces" in refused.stdout
    assert agreed.exit_code == Exit.DONE, agreed
    assert jobs.get("Pod", "etl")["metadata"]["uid"] != uid


# --- interruptions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_who_is_interrupted_while_objects_go_tells_which_are_not_made_anew(jobs: Jobs, other: Forks, name: str):
    jobs.write(second=FIXED.replace("name: etl", "name: second"))
    jobs.applied("etl.yaml", "second.yaml")
    for job in ("etl", "second"):
        jobs.change("Pod", f"{job}-driver", FINALIZERS)
    place = ["-n", jobs.namespace, "--kubeconfig", str(jobs.kubeconfig)]
    other.start("apply", "etl.yaml", "second.yaml", "--yes", "--replace", *OTHER_CLASS, *place)
    wait_until(lambda: all("deletionTimestamp" in each["metadata"] for each in jobs.list("Pod")), "both are going")
    begin = time.monotonic()

    os.kill(other.pid, getattr(signal, name))
    result = other.wait()

    assert time.monotonic() - begin < 5
    assert result.exit_code == Exit.INTERRUPTED, result
    for job in ("etl", "second"):
        assert f"replace Pod/{job}-driver (it is deleted, and not made anew)" in result.stderr
        assert "annotations" not in record_of(jobs, job)["metadata"]
        jobs.change("Pod", f"{job}-driver", LET_GO)
    assert jobs.apply("etl.yaml", "second.yaml", *OTHER_CLASS).exit_code == Exit.DONE


# --- what may be done ------------------------------------------------------------------------------------------------


def test_who_may_not_create_may_change_what_is_there(jobs: Jobs, control_plane: ControlPlane, user_api: Api):
    jobs.applied()
    verbs = ["get", "list", "watch", "patch", "update"]
    about = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "tester"}}
    kinds = ["configmaps", "services", "pods", "serviceaccounts", "roles", "rolebindings", "networkpolicies"]
    groups = ["", "rbac.authorization.k8s.io", "networking.k8s.io"]
    rules = [{"apiGroups": groups, "resources": kinds, "verbs": [*verbs, "bind", "escalate"]}]
    jobs.put_in({**about, "kind": "Role", "rules": rules})
    subject = {"kind": "User", "name": "nobody-special", "apiGroup": "rbac.authorization.k8s.io"}
    role = {"kind": "Role", "name": "tester", "apiGroup": "rbac.authorization.k8s.io"}
    jobs.put_in({**about, "kind": "RoleBinding", "subjects": [subject], "roleRef": role})
    wait_until(lambda: user_api.get(jobs.path("Pod"), check=False)["kind"] == "PodList", "the rights count")

    result = jobs.apply(*LABELLED, to=control_plane.user_kubeconfig)

    assert result.exit_code == Exit.DONE, result
    assert jobs.get("Pod", "etl")["metadata"]["labels"]["team"] == "x"


def move_pod_groups(jobs: Jobs) -> None:
    """Have the cache of what was discovered say that they are where they are not."""
    [cache] = (jobs.project.folder / "cache" / "openflow" / "discovery").iterdir()
    rows = json.loads(cache.read_text())
    moved = [[api, kind, "oncegroups" if kind == "PodGroup" else plural, scoped] for api, kind, plural, scoped in rows]
    cache.write_text(json.dumps(moved))


def test_a_kind_that_is_served_elsewhere_now_is_found(jobs: Jobs):
    jobs.write(etl=deep(ETL, scheduling={"scheduler": "volcano", "gang": {}}))
    jobs.diff()
    move_pod_groups(jobs)

    result = jobs.diff()

    assert result.exit_code == Exit.DIFFERENT, result
    assert "create PodGroup/" in result.stdout


def test_a_kind_that_is_served_no_more_is_named_with_what_to_install(jobs: Jobs, monkeypatch: pytest.MonkeyPatch):
    jobs.write(etl=deep(ETL, scheduling={"scheduler": "volcano", "gang": {}}))
    jobs.diff()
    move_pod_groups(jobs)
    found = discovery._kinds
    monkeypatch.setattr(
        discovery,
        "_kinds",
        lambda listing: {key: each for key, each in found(listing).items() if key.kind != "PodGroup"},
    )

    result = jobs.diff()

    assert result.exit_code == Exit.CLUSTER
    assert "error OF807: the cluster does not know PodGroup of scheduling.volcano.sh/v1beta1" in result.stderr
    assert "hint: install Volcano" in result.stderr
    assert "404" not in result.stderr


def test_a_gateway_that_knows_no_path_is_not_asked_for_ever(jobs: Jobs, fault_proxy: FaultProxy):
    missing = {"kind": "Status", "apiVersion": "v1", "reason": "NotFound", "message": "no such page", "code": 404}
    asked = fault_proxy.fault(on("GET", "/services\\?"), answer(404, json.dumps(missing)), times=20)

    result = jobs.diff(to=fault_proxy.kubeconfig)

    assert result.exit_code == Exit.CLUSTER
    assert "the cluster refused to list Service objects in namespace data: no such page" in result.stderr
    assert asked.happened == 1


# --- delete --keep ---------------------------------------------------------------------------------------------------


def test_delete_can_keep_a_namespace_and_take_what_is_in_it(jobs: Jobs, namespace: str):
    jobs.namespace = f"{namespace}-new"
    jobs.write(etl=deep(FIXED, createNamespace=True))
    jobs.applied()

    kept = jobs.delete("--keep", "namespace")
    there = jobs.api.get(f"/api/v1/namespaces/{jobs.namespace}")["metadata"]
    recorded = jobs.recorded()
    jobs.api.delete(f"/api/v1/namespaces/{jobs.namespace}")

    assert kept.exit_code == Exit.DONE, kept
    assert "· leave Namespace/data: --keep namespace" in kept.stdout
    assert "deletionTimestamp" not in there
    assert recorded == [f"Namespace/{jobs.namespace}"]


def test_what_delete_may_keep_is_one_of_few_things(jobs: Jobs):
    result = jobs.delete("--keep", "everything")

    assert result.exit_code == Exit.USAGE
    assert "--keep" in result.stderr
