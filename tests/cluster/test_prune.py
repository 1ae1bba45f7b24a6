"""What a job owns in a cluster, and how it comes to own less: records, pruning, old runs, ``openflow delete``."""

from __future__ import annotations

import json

import pytest
from controlplane import wait_until
from jobs_of import ETL, FIXED, Jobs, deep, is_write, lines, once, with_claim, writes
from proxy import FaultProxy, Request, before

from openflow_render.cli.exits import Exit

ACCOUNT = ["ServiceAccount/etl", "Role/etl", "RoleBinding/etl"]
FIXED_OBJECTS = [
    *ACCOUNT,
    "ConfigMap/etl-conf-map",
    "Service/etl-driver-svc",
    "NetworkPolicy/etl-policy",
    "Pod/etl-driver",
]
WITHOUT_ACCOUNT = ("--set", "spec.driver.serviceAccount=default")


@pytest.fixture
def jobs(jobs: Jobs) -> Jobs:
    """The job has a plain name here."""
    jobs.write(etl=FIXED)
    return jobs


def is_delete(request: Request) -> bool:
    return request.method == "DELETE" and is_write(request)


# --- the record ------------------------------------------------------------------------------------------------------


def test_a_record_names_what_is_to_come_before_anything_is_written(jobs: Jobs, fault_proxy: FaultProxy):
    seen: list[list[str]] = []
    fault_proxy.fault(
        lambda request: request.method == "PATCH" and is_write(request),
        before(once(lambda: seen.append(jobs.recorded()))),
    )

    jobs.apply(to=fault_proxy.kubeconfig)

    assert sorted(seen[0]) == sorted(FIXED_OBJECTS)


def test_a_record_names_what_is_deleted_until_it_is_gone(jobs: Jobs, fault_proxy: FaultProxy):
    jobs.applied()
    seen: list[list[str]] = []
    fault_proxy.fault(is_delete, before(once(lambda: seen.append(jobs.recorded()))), times=None)

    result = jobs.apply("--prune", "--replace", *WITHOUT_ACCOUNT, to=fault_proxy.kubeconfig)

    assert result.exit_code == Exit.DONE, result
    assert len(seen) == 4  # the replaced Pod too
    assert {tuple(sorted(each)) for each in seen} == {tuple(sorted(FIXED_OBJECTS))}
    assert sorted(jobs.recorded()) == sorted(set(FIXED_OBJECTS) - set(ACCOUNT))


# --- pruning ---------------------------------------------------------------------------------------------------------


def test_what_a_job_does_not_hold_any_more_is_left_and_told(jobs: Jobs):
    jobs.applied()

    result = jobs.apply("--replace", *WITHOUT_ACCOUNT)

    assert result.exit_code == Exit.DONE
    assert [each for each in result.stdout.splitlines() if "leave" in each] == [
        "  · leave Role/etl: the job does not hold it any more; --prune deletes it",
        "  · leave RoleBinding/etl: the job does not hold it any more; --prune deletes it",
        "  · leave ServiceAccount/etl: the job does not hold it any more; --prune deletes it",
    ]
    assert "etl" in jobs.names("ServiceAccount")
    assert sorted(jobs.recorded()) == sorted(FIXED_OBJECTS)


def test_what_a_job_does_not_hold_any_more_is_pruned_when_that_is_agreed_to(jobs: Jobs):
    jobs.applied()

    result = jobs.apply("--replace", "--prune", *WITHOUT_ACCOUNT)

    assert result.exit_code == Exit.DONE
    assert {"deleted Role/etl", "deleted RoleBinding/etl", "deleted ServiceAccount/etl"} <= {
        *result.stderr.splitlines()
    }
    assert "etl" not in jobs.names("ServiceAccount")
    assert jobs.diff(*WITHOUT_ACCOUNT, "-q") == (Exit.DONE, "plan: 4 unchanged\n", "")


def test_what_is_made_anew_by_somebody_else_in_between_is_not_touched(jobs: Jobs, fault_proxy: FaultProxy):
    jobs.applied()

    def make_anew() -> None:
        jobs.api.delete(jobs.path("Role", "etl"))
        jobs.put_in({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "etl"}})

    fault_proxy.fault(lambda request: is_delete(request) and "/roles/" in request.path, before(once(make_anew)))

    result = jobs.apply("--replace", "--prune", *WITHOUT_ACCOUNT, to=fault_proxy.kubeconfig)

    assert result.exit_code == Exit.UNDECIDED
    assert "Role/etl in namespace data has changed since the plan was made" in result.stderr
    assert jobs.names("Role") == ["etl"]


def test_what_was_made_anew_by_somebody_else_before_is_theirs(jobs: Jobs):
    jobs.applied()
    jobs.api.delete(jobs.path("Role", "etl"))
    jobs.put_in({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "etl"}})

    result = jobs.apply("--replace", "--prune", *WITHOUT_ACCOUNT)

    assert result.exit_code == Exit.DONE, result
    assert jobs.names("Role") == ["etl"]


def test_a_claim_is_pruned_only_when_it_is_named(jobs: Jobs):
    jobs.write(etl=with_claim(FIXED))
    jobs.applied()
    jobs.write(etl=FIXED)

    refused = jobs.apply("--prune", "--replace")
    agreed = jobs.apply("--prune", "--replace", "--allow-deleting", "claims")

    assert refused.exit_code == Exit.UNDECIDED
    assert refused.stderr == lines(
        "etl.yaml:3:18: error OF810: PersistentVolumeClaim/pool and all that is in it would be deleted",
        "  3 | metadata: {name: etl}",
        "    |                  ^^^",
        "  hint: if that is meant: --allow-deleting claims; else leave the flag away that deletes it",
        "error: 1 decision needed",
        "  hint: nothing was changed; each hint above says how to go on",
    )
    assert agreed.exit_code == Exit.DONE, agreed
    assert jobs.diff().exit_code == Exit.DONE


def test_most_of_what_a_job_owns_is_pruned_only_when_that_is_said(jobs: Jobs):
    """Here nothing is left of an earlier state but what a new run does not need."""
    jobs.write(etl=ETL)
    jobs.applied()

    refused = jobs.diff("--prune", *WITHOUT_ACCOUNT)
    agreed = jobs.diff("--prune", "--allow-deleting", "most", *WITHOUT_ACCOUNT)

    assert refused.exit_code == Exit.UNDECIDED
    assert "most of what the job owns, 3 of 3 objects, would be deleted" in refused.stderr
    assert "hint: if that is meant: --allow-deleting most" in refused.stderr
    assert agreed.exit_code == Exit.DIFFERENT


def test_what_may_be_deleted_is_one_of_three_things(jobs: Jobs):
    result = jobs.diff("--allow-deleting", "everything")

    assert result.exit_code == Exit.USAGE
    assert "it takes claims, namespace, most" in result.stderr


# --- sharing and handing over ----------------------------------------------------------------------------------------


def test_what_another_job_holds_too_survives_the_deletion_of_one(jobs: Jobs):
    jobs.write(etl=with_claim(FIXED), other=with_claim(FIXED.replace("name: etl", "name: other")))
    jobs.applied("etl.yaml", "other.yaml")

    first = jobs.delete("etl.yaml", "--allow-deleting", "claims")
    between = jobs.names("PersistentVolumeClaim"), jobs.names("Pod")
    second = jobs.delete("other.yaml", "--allow-deleting", "claims")

    assert first.exit_code == Exit.DONE
    assert between == (["pool"], ["other-driver"])
    assert second.exit_code == Exit.DONE
    assert "deleted PersistentVolumeClaim/pool" in second.stderr
    wait_until(lambda: jobs.everything() == {}, "everything is gone")  # claims go when their finalizer does


@pytest.mark.parametrize("together", [True, False])
def test_what_goes_over_to_another_job_is_not_pruned(jobs: Jobs, together: bool):
    other = FIXED.replace("name: etl", "name: other")
    jobs.write(etl=with_claim(FIXED), other=other)
    jobs.applied("etl.yaml", "other.yaml")
    uid = jobs.get("PersistentVolumeClaim", "pool")["metadata"]["uid"]
    jobs.write(etl=FIXED, other=with_claim(other))
    agreed = ("--prune", "--replace", "--allow-deleting", "claims")

    if together:
        results = [jobs.apply("etl.yaml", "other.yaml", *agreed)]
    else:
        results = [jobs.apply(file, *agreed) for file in ("other.yaml", "etl.yaml")]

    assert {each.exit_code for each in results} == {Exit.DONE}, results
    assert jobs.get("PersistentVolumeClaim", "pool")["metadata"]["uid"] == uid
    assert "deletionTimestamp" not in jobs.get("PersistentVolumeClaim", "pool")["metadata"]
    assert "PersistentVolumeClaim/pool" not in jobs.recorded("etl")
    assert "PersistentVolumeClaim/pool" in jobs.recorded("other")
    jobs.applied("etl.yaml", "other.yaml")  # the other may name it its own only when the first has let go
    assert jobs.diff("etl.yaml", "other.yaml").exit_code == Exit.DONE


def test_what_jobs_share_is_deleted_with_the_last_of_them(jobs: Jobs):
    jobs.write(etl=with_claim(FIXED), other=with_claim(FIXED.replace("name: etl", "name: other")))
    jobs.applied("etl.yaml", "other.yaml")

    result = jobs.delete("etl.yaml", "other.yaml", "--allow-deleting", "claims")

    assert result.exit_code == Exit.DONE, result
    wait_until(lambda: jobs.everything() == {}, "everything is gone")  # claims go when their finalizer does


# --- old runs --------------------------------------------------------------------------------------------------------


def test_a_running_driver_is_never_pruned_without_a_word(jobs: Jobs):
    jobs.write(etl=ETL)
    jobs.applied()
    jobs.status("Pod", "etl", phase="Running")
    [running] = jobs.names("Pod")

    result = jobs.apply("--prune", "--set", "spec.executor.instances=3")

    assert result.exit_code == Exit.DONE
    assert running in jobs.names("Pod")
    assert len(jobs.names("Pod")) == 2


def test_runs_that_have_finished_are_retired_by_a_later_apply(jobs: Jobs):
    jobs.write(etl=ETL)
    jobs.applied()
    jobs.status("Pod", "etl", phase="Running")
    jobs.applied("--set", "spec.executor.instances=3")
    for pod in jobs.names("Pod"):
        jobs.status("Pod", pod, phase="Succeeded")

    result = jobs.apply("--set", "spec.executor.instances=4")

    assert result.exit_code == Exit.DONE
    assert [len(jobs.names(kind)) for kind in ("Pod", "Service", "NetworkPolicy")] == [1, 1, 1]
    assert len(jobs.recorded()) == 7
    assert jobs.diff("--set", "spec.executor.instances=4").exit_code == Exit.DONE


def test_an_old_run_that_has_finished_is_retired_though_nothing_else_changes(jobs: Jobs):
    jobs.write(etl=ETL)
    jobs.applied()
    jobs.status("Pod", "etl", phase="Running")
    [old] = jobs.names("Pod")
    jobs.applied("--set", "spec.executor.instances=3")
    jobs.status("Pod", old, phase="Failed")

    result = jobs.apply("--set", "spec.executor.instances=3")

    assert result.exit_code == Exit.DONE
    assert result.stdout == lines(
        "data/etl on https://cluster",
        "  run <run1>: is over (Failed): its 4 objects are deleted",
        "  7 unchanged",
        "plan: 4 to delete, 7 unchanged",
    )
    assert len(jobs.names("Pod")) == 1


# --- delete ----------------------------------------------------------------------------------------------------------


def test_delete_removes_all_that_was_applied_and_the_record(jobs: Jobs):
    jobs.write(etl=ETL)
    jobs.applied()
    jobs.applied("--set", "spec.executor.instances=3")

    result = jobs.delete()

    assert result.exit_code == Exit.DONE
    assert result.stdout == lines(
        "data/etl on https://cluster",
        "  - delete Role/etl",
        "  - delete RoleBinding/etl",
        "  - delete ServiceAccount/etl",
        "  run <run1>: is Pending and is ended: its 4 objects are deleted first",
        "  run <run2>: is Pending and is ended: its 4 objects are deleted first",
        "plan: 11 to delete",
    )
    wait_until(lambda: jobs.everything() == {}, "everything is gone")  # claims go when their finalizer does


def test_delete_leaves_what_others_made(jobs: Jobs):
    jobs.applied()
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs"}}
    jobs.put_in(theirs)

    jobs.delete()

    assert "theirs" in jobs.names("ConfigMap")
    assert "default" in jobs.names("ServiceAccount")


def test_delete_needs_no_sound_job(jobs: Jobs):
    jobs.applied()
    jobs.write(etl="apiVersion: openflow.io/v1\nkind: Job\nmetadata: {name: etl}\nspec: {engine: none}\n")

    result = jobs.delete()

    assert result.exit_code == Exit.DONE, result
    wait_until(lambda: jobs.everything() == {}, "everything is gone")  # claims go when their finalizer does


def test_delete_of_what_was_never_applied_does_nothing(jobs: Jobs):
    result = jobs.delete()

    assert result == (Exit.DONE, "", "data/etl: nothing is recorded of it in this cluster\n")


def test_a_dry_run_of_delete_changes_nothing(jobs: Jobs, fault_proxy: FaultProxy):
    jobs.applied()
    there = jobs.everything()

    result = jobs.openflow("delete", "--dry-run", to=fault_proxy.kubeconfig)

    assert result.exit_code == Exit.DONE
    assert writes(fault_proxy) == []
    assert jobs.everything() == there


def test_delete_asks(jobs: Jobs):
    jobs.applied()

    result = jobs.openflow("delete")

    assert result.exit_code == Exit.UNDECIDED
    assert result.stderr == lines(
        "error: Delete all this? There is nobody to ask", "  hint: give --yes to go on without asking"
    )


def test_delete_keeps_a_claim_that_nobody_named(jobs: Jobs):
    jobs.write(etl=with_claim(FIXED))
    jobs.applied()

    refused = jobs.delete()
    agreed = jobs.delete("--allow-deleting", "claims")

    assert refused.exit_code == Exit.UNDECIDED
    assert refused.stderr == lines(
        "data/etl: error OF810: PersistentVolumeClaim/pool and all that is in it would be deleted",
        "  hint: if that is meant: --allow-deleting claims; to keep it, --keep claims",
        "error: 1 decision needed",
        "  hint: nothing was changed; each hint above says how to go on",
    )
    assert agreed.exit_code == Exit.DONE
    assert "deleted PersistentVolumeClaim/pool" in agreed.stderr


def test_delete_can_keep_a_claim_and_take_the_rest(jobs: Jobs):
    jobs.write(etl=with_claim(FIXED))
    jobs.applied()

    kept = jobs.delete("--keep", "claims")
    taken = jobs.delete("--allow-deleting", "claims")

    assert kept.exit_code == Exit.DONE, kept
    assert "· leave PersistentVolumeClaim/pool: --keep claims" in kept.stdout
    assert "deleted Pod/etl-driver" in kept.stderr
    assert "deleted PersistentVolumeClaim" not in kept.stderr
    assert taken.stdout.count("delete") == 2, "the record still knows the claim"
    assert taken.exit_code == Exit.DONE


def test_delete_keeps_a_namespace_that_nobody_named(jobs: Jobs, namespace: str):
    jobs.namespace = f"{namespace}-new"
    jobs.write(etl=deep(FIXED, createNamespace=True))
    jobs.applied()

    refused = jobs.delete()
    agreed = jobs.delete("--allow-deleting", "namespace")

    assert refused.exit_code == Exit.UNDECIDED
    assert "hint: if that is meant: --allow-deleting namespace" in refused.stderr
    assert agreed.exit_code == Exit.DONE, agreed
    assert jobs.api.get(f"/api/v1/namespaces/{jobs.namespace}")["metadata"]["deletionTimestamp"]


def test_delete_ends_the_driver_first(jobs: Jobs, fault_proxy: FaultProxy):
    jobs.applied()

    jobs.openflow("delete", "--yes", to=fault_proxy.kubeconfig)

    deleted = [each.path.split("/")[-2] for each in fault_proxy.requests if is_delete(each)]
    assert deleted[0] == "pods"
    assert deleted[-1] == "configmaps"  # the record
    assert json.loads(fault_proxy.requests[-1].body)["preconditions"]["uid"]


def test_what_was_left_once_is_left_until_it_is_pruned(jobs: Jobs):
    jobs.write(etl=FIXED)
    jobs.applied()
    other = ("--set", "spec.driver.serviceAccount=default", "--set", "spec.driver.memory=2g")

    left = jobs.apply("--replace", *other)
    again = jobs.diff(*other)
    pruned = jobs.apply("--prune", "--allow-deleting", "most", *other)

    assert left.exit_code == Exit.DONE, left
    assert "· leave Role/etl: the job does not hold it any more; --prune deletes it" in left.stdout
    assert again.exit_code == Exit.DONE
    assert "delete" not in again.stdout.replace("--prune deletes it", "")
    assert "deleted Role/etl" in pruned.stderr


def test_what_a_run_with_a_plain_name_dropped_is_left_until_it_is_pruned(jobs: Jobs):
    jobs.write(etl=FIXED)
    jobs.applied()
    older = ("--set", "spec.version=4.1.1", "--set", "spec.image=apache/spark:4.1.1")

    left = jobs.apply("--replace", *older)
    again = jobs.apply(*older)
    pruned = jobs.apply("--prune", *older)

    assert left.exit_code == Exit.DONE, left
    assert "· leave NetworkPolicy/etl-policy: the job does not hold it any more; --prune deletes it" in left.stdout
    assert "deleted" not in again.stderr
    assert "deleted NetworkPolicy/etl-policy" in pruned.stderr
