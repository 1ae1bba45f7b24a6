"""``openflow delete --old-runs``: what a GitOps controller was told to leave goes once it is over, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from controlplane import Api, ControlPlane, wait_until
from jobs_of import ETL, Jobs, deep, lines, once, with_claim, writes
from proxy import FaultProxy, before
from synced_of import Synced, driver, wait_until_older

from openflow_render.cli.exits import Exit

REPORT = ETL.replace("name: etl", "name: report")
ACCOUNT = ["Role/etl", "RoleBinding/etl", "ServiceAccount/etl"]


@pytest.fixture
def synced(jobs: Jobs) -> Synced:
    return Synced(jobs)


def of_run(names: list[str]) -> list[str]:
    return [each for each in names if each not in ACCOUNT]


def two_runs(synced: Synced, old: str, new: str = "Running") -> tuple[list[str], list[str]]:
    """Two runs of one job, of which git holds the second."""
    first = synced.sync()
    synced.write(etl=deep(ETL, executor={"instances": 3}))
    second = synced.sync()
    synced.drivers(old, driver(first))
    synced.drivers(new, driver(second))
    return first, second


# --- runs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("controller", ["argocd", "flux"])
@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_an_old_run_that_is_over_goes_and_the_current_one_stays_though_it_is_over_too(
    synced: Synced, controller: str, phase: str
):
    synced.project(controller)
    _, second = two_runs(synced, phase, "Succeeded")

    result = synced.retire()

    assert result.exit_code == Exit.DONE
    assert result.stdout == lines(
        "data/etl on https://cluster",
        f"  run <run1>: is over ({phase}): its 4 objects are deleted",
        "plan: 4 to delete",
    )
    assert sorted(result.stderr.splitlines()) == [
        "data/etl: done",
        "deleted ConfigMap/etl-<run1>-conf-map",
        "deleted NetworkPolicy/etl-<run1>-policy",
        "deleted Pod/etl-<run1>-driver",
        "deleted Service/etl-<run1>-driver-svc",
        "the target prod is bound to no cluster: `cluster` in openflow.yaml names one",
    ]
    wait_until(lambda: synced.names() == sorted(second), "the old run is gone")


@pytest.mark.parametrize("phase", ["Pending", "Running", "Unknown"])
def test_an_old_run_that_is_not_over_is_left_and_told(synced: Synced, phase: str):
    first, second = two_runs(synced, phase, "Succeeded")

    result = synced.retire("-q")

    assert result == (
        Exit.DONE,
        lines(
            "data/etl on https://cluster",
            f"  run <run1>: is {phase}, goes on, and is retired when it is over",
            "plan: 4 left",
        ),
        "",
    )
    assert synced.names() == sorted({*first, *second})


def test_a_driver_that_is_being_deleted_has_not_ended(synced: Synced):
    first, second = two_runs(synced, "Running")
    name = driver(first).removeprefix("Pod/")
    synced.jobs.change("Pod", name, {"metadata": {"finalizers": ["example.org/held"]}})
    synced.jobs.api.delete(synced.jobs.path("Pod", name))

    result = synced.retire("-q")

    assert "run <run1>: is Ending, goes on" in result.stdout
    assert synced.names() == sorted({*first, *second})
    synced.jobs.change("Pod", name, {"metadata": {"finalizers": None}})


def test_what_is_left_of_a_run_whose_driver_is_gone_goes(synced: Synced):
    first, second = two_runs(synced, "Running")
    synced.jobs.api.delete(synced.jobs.path("Pod", driver(first).removeprefix("Pod/")), {"gracePeriodSeconds": 0})

    result = synced.retire("-q")

    assert "run <run1>: is over (Gone): its 3 objects are deleted" in result.stdout
    wait_until(lambda: synced.names() == sorted(second), "the old run is gone")


def test_of_several_old_runs_those_that_are_over_go(synced: Synced):
    first, _ = two_runs(synced, "Running", "Failed")
    synced.write(etl=deep(ETL, executor={"instances": 4}))
    third = synced.sync()

    result = synced.retire()

    assert result.exit_code == Exit.DONE, result
    assert {line.partition(": ")[2] for line in result.stdout.splitlines()[1:]} == {
        "is Running, goes on, and is retired when it is over",
        "is over (Failed): its 4 objects are deleted",
        "4 to delete, 4 left",
    }
    wait_until(lambda: synced.names() == sorted({*first, *third}), "the second run is gone")


def test_a_run_as_a_job_goes_with_its_pods_once_it_has_ended(synced: Synced):
    synced.write(etl=deep(ETL, run={"as": "job"}))
    synced.sync()
    [pod] = wait_until(lambda: synced.jobs.names("Pod"), "the Job has its pod")
    synced.write(etl=deep(ETL, run={"as": "job"}, executor={"instances": 3}))
    second = synced.sync()

    running = synced.retire("-q")
    synced.jobs.status("Pod", pod, phase="Succeeded")
    job = synced.jobs.path("Job", pod.rpartition("-")[0])
    wait_until(lambda: synced.jobs.api.get(job)["status"].get("succeeded"), "the Job is complete")
    complete = synced.retire("-q")

    assert "run <run1>: is Running, goes on" in running.stdout
    assert "run <run1>: is over (Complete): its 4 objects are deleted" in complete.stdout
    left = {each for each in second if not each.startswith("Job/")}
    wait_until(lambda: left <= {*synced.names()} and pod not in synced.jobs.names("Pod"), "the old run is gone")


def test_a_second_call_finds_nothing_to_do(synced: Synced):
    two_runs(synced, "Succeeded")
    synced.retire()

    result = synced.retire("-q")
    told = synced.retire()

    assert result == (Exit.DONE, "", "")
    assert told.stderr.endswith("no old run of the target prod is there\n")


# --- which run is the current one ------------------------------------------------------------------------------------


def test_nothing_goes_before_the_controller_has_made_the_run_that_is_in_git(synced: Synced):
    first = synced.sync()
    synced.drivers("Succeeded", driver(first))
    synced.write(etl=deep(ETL, executor={"instances": 3}))

    result = synced.retire()

    assert result.exit_code == Exit.DONE
    assert result.stdout == "plan: nothing to do\n"
    assert "warning OF814: the old run <run1> of data/etl is left, as <run2>, the run that the job is now," in (
        result.stderr
    )
    assert synced.names() == sorted(first)


def test_a_checkout_that_is_behind_does_not_take_away_what_is_synced(synced: Synced):
    first = synced.sync()
    wait_until_older(synced, driver(first))
    synced.write(etl=deep(ETL, executor={"instances": 3}))
    second = synced.sync()
    synced.drivers("Succeeded", driver(first), driver(second))
    synced.write(etl=ETL)

    result = synced.retire()

    assert result.exit_code == Exit.DONE
    assert "warning OF815: the run <run1> of data/etl is left, as it is newer than <run2>" in result.stderr
    assert synced.names() == sorted({*first, *second})


def test_a_job_that_runs_at_each_call_has_the_run_of_its_id(synced: Synced):
    synced.write(etl=deep(ETL, run={"rerun": "always"}))
    first = synced.sync("--run-id", "monday")
    second = synced.sync("--run-id", "tuesday")
    synced.drivers("Succeeded", driver(first), driver(second))

    result = synced.retire("--run-id", "tuesday")

    assert result.exit_code == Exit.DONE, result
    wait_until(lambda: synced.names() == sorted(second), "monday is gone")


# --- jobs that are gone ----------------------------------------------------------------------------------------------


def test_a_job_that_is_gone_goes_with_its_account_once_its_runs_are_over(synced: Synced):
    synced.write(etl=ETL, report=REPORT)
    names = synced.sync()
    [etl] = [each for each in names if each.startswith("Pod/etl")]
    kept = sorted(each for each in names if "/report" in each)
    synced.write(report=REPORT)
    synced.drivers("Running", etl)

    running = synced.retire("-q")
    before_end = synced.names()
    synced.drivers("Succeeded", etl)
    over = synced.retire("-q")

    why = "a run of the job, which is gone, is not over"
    assert running.stdout == lines(
        "data/etl on https://cluster",
        *(f"  · leave {each}: {why}" for each in ACCOUNT),
        "  run <run1>: is Running, goes on, and is retired when it is over",
        "plan: 7 left",
    )
    assert before_end == sorted(names)
    assert over.stdout == lines(
        "data/etl on https://cluster",
        *(f"  - delete {each}" for each in ACCOUNT),
        "  run <run1>: is over (Succeeded): its 4 objects are deleted",
        "plan: 7 to delete",
    )
    wait_until(lambda: synced.names() == kept, "the job is gone")


def test_a_job_that_is_gone_is_left_where_only_other_jobs_are_named(synced: Synced):
    synced.write(etl=ETL, report=REPORT)
    names = synced.sync()
    synced.drivers("Succeeded", *(each for each in names if each.startswith("Pod/")))
    synced.write(report=REPORT)

    result = synced.retire("-q", "jobs/report.yaml")

    assert result == (Exit.DONE, "", "")
    assert synced.names() == sorted(names)


def test_a_job_with_a_plain_name_that_is_gone_goes_once_it_is_over(synced: Synced):
    synced.write(etl=deep(ETL, run={"rerun": "never"}), report=REPORT)
    names = synced.sync()
    synced.write(report=REPORT)
    synced.drivers("Running", "etl-driver")

    running = synced.retire("-q")
    before_end = synced.names()
    synced.drivers("Failed", "etl-driver")
    over = synced.retire("-q")

    assert running.stdout.endswith("plan: 7 left\n")
    assert before_end == sorted(names)
    assert over.stdout.endswith("plan: 7 to delete\n")
    wait_until(lambda: synced.names() == sorted(each for each in names if "/report" in each), "the job is gone")


def test_a_claim_of_a_job_that_is_gone_is_deleted_only_when_it_is_named(synced: Synced):
    synced.write(etl=with_claim(ETL), report=REPORT)
    names = synced.sync()
    synced.drivers("Succeeded", *(each for each in names if each.startswith("Pod/etl")))
    synced.write(report=REPORT)

    refused = synced.retire("-q")
    untouched = synced.names()
    kept = synced.retire("-q", "--keep", "claims")
    agreed = synced.retire("--allow-deleting", "claims")

    assert refused.exit_code == Exit.UNDECIDED
    assert "error OF810: PersistentVolumeClaim/pool and all that is in it would be deleted" in refused.stderr
    assert untouched == sorted(names)
    assert kept.exit_code == Exit.DONE, kept
    assert "  · leave PersistentVolumeClaim/pool: --keep claims\n" in kept.stdout
    assert agreed.exit_code == Exit.DONE, agreed
    assert "deleted PersistentVolumeClaim/pool\n" in agreed.stderr


def test_a_claim_that_another_job_holds_now_is_left(synced: Synced):
    synced.write(etl=with_claim(ETL), report=with_claim(REPORT))
    names = synced.sync()
    synced.drivers("Succeeded", *(each for each in names if each.startswith("Pod/etl")))
    synced.write(report=with_claim(REPORT))

    result = synced.retire("--allow-deleting", "claims")

    assert result.exit_code == Exit.DONE, result
    assert "deleted ServiceAccount/etl\n" in result.stderr
    assert "PersistentVolumeClaim" not in result.stdout


def test_a_claim_that_was_made_for_a_run_goes_with_it(synced: Synced):
    volume = "spark.kubernetes.driver.volumes.persistentVolumeClaim.scratch"
    options = {"claimName": "OnDemand", "storageClass": "fast", "sizeLimit": "1Gi"}
    conf = {f"{volume}.options.{name}": value for name, value in options.items()} | {f"{volume}.mount.path": "/scratch"}
    synced.write(etl=deep(ETL, conf=conf))
    first = synced.sync()
    synced.write(etl=deep(ETL, conf=conf, executor={"instances": 3}))
    synced.sync()
    synced.drivers("Succeeded", driver(first))

    result = synced.retire()

    assert result.exit_code == Exit.DONE, result
    assert "is over (Succeeded): its 5 objects are deleted" in result.stdout
    assert "deleted PersistentVolumeClaim/etl-<run1>-driver-pvc-0\n" in result.stderr


# --- what is not ours ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        {"app.kubernetes.io/name": None},
        {"app.kubernetes.io/managed-by": "Helm"},
        {"app.kubernetes.io/managed-by": None},
        {"openflow.io/project": "other"},
        {"openflow.io/target": "dev"},
        {"openflow.io/target": None},
    ],
)
def test_what_lacks_one_of_the_labels_is_somebody_elses(synced: Synced, other: dict[str, Any]):
    first, _ = two_runs(synced, "Succeeded")
    for each in of_run(first):
        kind, name = each.split("/")
        synced.jobs.change(kind, name, {"metadata": {"labels": other}})

    result = synced.retire("-q")

    assert result == (Exit.DONE, "", "")
    assert all(synced.jobs.path(*each.split("/")) for each in first)


def test_objects_with_similar_names_stay(synced: Synced):
    first, second = two_runs(synced, "Succeeded")
    names = ["etl-0123456789-conf-map", "etl-conf-map", "etl"]
    for name in names:
        synced.jobs.put_in({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})

    result = synced.retire("-q")

    assert result.exit_code == Exit.DONE, result
    assert {*names} <= {*synced.jobs.names("ConfigMap")}
    wait_until(lambda: synced.names() == sorted(second), "the old run is gone")
    assert first != second


def test_what_an_owner_takes_with_it_is_left_to_the_owner(synced: Synced):
    first, _ = two_runs(synced, "Succeeded")
    config = next(each for each in first if each.startswith("ConfigMap/")).removeprefix("ConfigMap/")
    account = synced.jobs.get("ServiceAccount", "etl")
    owner = {"apiVersion": "v1", "kind": "ServiceAccount", "name": "etl", "uid": account["metadata"]["uid"]}
    synced.jobs.change("ConfigMap", config, {"metadata": {"ownerReferences": [{**owner, "controller": True}]}})

    result = synced.retire("-q")

    assert "its 3 objects are deleted" in result.stdout
    assert config in synced.jobs.names("ConfigMap")


def test_a_run_that_a_record_names_is_left_to_apply(synced: Synced):
    synced.jobs.project.openflow("apply", "--yes", "--target", "prod", "--kubeconfig", str(synced.jobs.kubeconfig))
    synced.drivers("Succeeded", *synced.jobs.names("Pod"))
    applied = synced.names()
    synced.write(etl=deep(ETL, executor={"instances": 3}))
    second = synced.sync()

    present = synced.retire("-q")
    synced.write(report=REPORT)
    synced.drivers("Succeeded", driver(second))
    gone = synced.retire("-q")

    assert present == (Exit.DONE, "", "")
    assert gone.stdout.endswith("plan: 4 to delete\n")
    wait_until(lambda: synced.names() == applied, "only what was applied is there")


# --- doing it --------------------------------------------------------------------------------------------------------


def test_only_deletions_of_what_was_looked_at_are_sent_and_no_record_is_made(synced: Synced, fault_proxy: FaultProxy):
    two_runs(synced, "Succeeded")

    result = synced.retire(to=fault_proxy.kubeconfig)

    sent = [each for each in fault_proxy.requests if each.method == "DELETE"]
    assert result.exit_code == Exit.DONE, result
    assert len(writes(fault_proxy)) == len(sent) == 4
    assert {frozenset(json.loads(each.body)["preconditions"]) for each in sent} == {
        frozenset({"uid", "resourceVersion"})
    }
    assert "/pods/" in sent[0].path


def test_an_object_that_has_moved_in_between_is_left(synced: Synced, fault_proxy: FaultProxy):
    first, _ = two_runs(synced, "Succeeded")
    service = next(each for each in first if each.startswith("Service/")).removeprefix("Service/")
    change = {"metadata": {"labels": {"team": "theirs"}}}
    moved = fault_proxy.fault(
        lambda request: request.method == "DELETE" and "/services/" in request.path,
        before(once(lambda: synced.jobs.change("Service", service, change))),
    )

    result = synced.retire(to=fault_proxy.kubeconfig)
    again = synced.retire()

    assert moved.happened == 1
    assert result.exit_code == Exit.UNDECIDED
    assert "Service/etl-<run1>-driver-svc in namespace data has changed since the plan was made" in result.stderr
    assert again.exit_code == Exit.DONE, again
    assert "is over (Gone)" in again.stdout


def test_a_dry_run_of_old_runs_changes_nothing(synced: Synced, fault_proxy: FaultProxy):
    first, second = two_runs(synced, "Succeeded")

    result = synced.retire("-q", "--dry-run", to=fault_proxy.kubeconfig)

    assert result.exit_code == Exit.DONE
    assert result.stdout.endswith("plan: 4 to delete\n")
    assert writes(fault_proxy) == []
    assert synced.names() == sorted({*first, *second})


def test_old_runs_are_deleted_when_that_is_agreed_to(synced: Synced):
    first, second = two_runs(synced, "Succeeded")

    result = synced.jobs.openflow("delete", "--old-runs", "--target", "prod", "-q")

    assert result.exit_code == Exit.UNDECIDED
    assert result.stderr == lines(
        "error: Delete all this? There is nobody to ask", "  hint: give --yes to go on without asking"
    )
    assert synced.names() == sorted({*first, *second})


def test_rights_that_are_missing_for_old_runs_are_told_at_once(synced: Synced, control_plane: ControlPlane):
    first, second = two_runs(synced, "Succeeded")

    blind = synced.retire("-q", to=control_plane.user_kubeconfig)
    permit_to_look(synced.jobs, control_plane)
    powerless = synced.retire("-q", to=control_plane.user_kubeconfig)

    assert blind.exit_code == powerless.exit_code == Exit.CLUSTER
    assert blind.stderr.startswith(
        "error: you may not list configmaps, jobs.batch, networkpolicies.networking.k8s.io, "
    )
    assert [line.partition(": ")[2] for line in powerless.stderr.splitlines() if " OF8" in line] == [
        "error OF806: you may not delete configmaps in namespace data",
        "error OF806: you may not delete networkpolicies.networking.k8s.io in namespace data",
        "error OF806: you may not delete pods in namespace data",
        "error OF806: you may not delete services in namespace data",
    ]
    assert synced.names() == sorted({*first, *second})


def permit_to_look(jobs: Jobs, control_plane: ControlPlane) -> None:
    """Let the ordinary user list everything in the namespace."""
    group = "rbac.authorization.k8s.io"
    about = {"apiVersion": f"{group}/v1", "metadata": {"name": "looker"}}
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]}]
    jobs.put_in({**about, "kind": "Role", "rules": rules})
    subject = {"kind": "User", "name": "nobody-special", "apiGroup": group}
    role = {"kind": "Role", "name": "looker", "apiGroup": group}
    jobs.put_in({**about, "kind": "RoleBinding", "subjects": [subject], "roleRef": role})
    user = Api(control_plane.server, control_plane.ca, control_plane.user_token)
    wait_until(lambda: user.get(jobs.path("Pod"), check=False)["kind"] == "PodList", "the user may look")


# --- wrong use -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [("jobs/etl.yaml",), ("--target", "prod")])
def test_old_runs_are_those_of_a_target_that_a_controller_syncs(synced: Synced, arguments: tuple[str, ...]):
    synced.project("plain")

    result = synced.jobs.project.openflow("delete", "--old-runs", *arguments)

    assert result.exit_code == Exit.USAGE
    assert "--old-runs is about what Argo CD or Flux syncs: give the --target that they do" in result.stderr


def test_the_id_of_a_run_is_for_old_runs_alone(synced: Synced):
    result = synced.jobs.project.openflow("delete", "jobs/etl.yaml", "--run-id", "x")

    assert result.exit_code == Exit.USAGE
    assert "--run-id tells which run is none of the old ones: give --old-runs" in result.stderr


def test_a_job_that_is_refused_makes_nothing_old(synced: Synced):
    first, second = two_runs(synced, "Succeeded")
    synced.write(etl="apiVersion: openflow.io/v1\nkind: Job\nmetadata: {name: etl}\nspec: {engine: none}\n")

    result = synced.retire()

    assert result.exit_code == Exit.REFUSED
    assert synced.names() == sorted({*first, *second})
