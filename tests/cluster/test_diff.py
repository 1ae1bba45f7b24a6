"""``openflow diff`` against a real API server: what it says would happen, and that this is so."""

from __future__ import annotations

import json

import pytest
from controlplane import Api
from jobs_of import ETL, FIXED, Jobs, deep, lines, writes
from proxy import FaultProxy

from openflow_render.cli.exits import Exit

PATCH = """\
apiVersion: openflow.io/v1
kind: Overlay
metadata: {{name: patch}}
spec:
  patches:
    - target: {{kind: {kind}}}
      merge: {merge}
"""


def asked(proxy: FaultProxy, begin: int = 0) -> list[str]:
    """The requests of a plan besides discovery, without their queries."""
    plain = (f"{each.method} {each.path.partition('?')[0]}" for each in proxy.requests[begin:])
    return sorted(each for each in plain if each not in ("GET /api", "GET /apis"))


# --- creating --------------------------------------------------------------------------------------------------------


def test_what_is_not_there_is_created(jobs: Jobs):
    result = jobs.diff()

    assert result == (
        Exit.DIFFERENT,
        lines(
            "data/etl on https://cluster",
            "  + create ServiceAccount/etl",
            "  + create Role/etl",
            "  + create RoleBinding/etl",
            "  + create ConfigMap/etl-<run1>-conf-map",
            "  + create Service/etl-<run1>-driver-svc",
            "  + create NetworkPolicy/etl-<run1>-policy",
            "  + create Pod/etl-<run1>-driver: not tried on the cluster, as ServiceAccount etl comes with the job",
            "plan: 7 to create",
        ),
        "",
    )


def test_a_diff_changes_nothing(jobs: Jobs, fault_proxy: FaultProxy):
    jobs.applied()
    before = jobs.everything()

    jobs.diff("--set", "spec.executor.instances=5", "--set", "metadata.labels.team=x", to=fault_proxy.kubeconfig)

    assert writes(fault_proxy) == []
    assert jobs.everything() == before


def test_a_first_deployment_into_a_namespace_of_its_own_is_told_exactly(jobs: Jobs, api: Api, namespace: str):
    jobs.write(etl=deep(ETL, createNamespace=True))
    jobs.namespace = f"{namespace}-new"
    waits = "not tried on the cluster, as Namespace data comes with the job"

    first = jobs.diff()
    applied = jobs.apply()
    second = jobs.diff()

    assert first == (
        Exit.DIFFERENT,
        lines(
            "data/etl on https://cluster",
            "  + create Namespace/data",
            f"  + create ServiceAccount/etl: {waits}",
            f"  + create Role/etl: {waits}",
            f"  + create RoleBinding/etl: {waits}",
            f"  + create ConfigMap/etl-<run1>-conf-map: {waits}",
            f"  + create Service/etl-<run1>-driver-svc: {waits}",
            f"  + create NetworkPolicy/etl-<run1>-policy: {waits}",
            f"  + create Pod/etl-<run1>-driver: {waits}",
            "plan: 8 to create",
        ),
        "",
    )
    assert applied.exit_code == Exit.DONE
    assert second == (Exit.DONE, "plan: 8 unchanged\n", "")
    api.delete(f"/api/v1/namespaces/{jobs.namespace}")


def test_a_namespace_that_nobody_makes_is_a_mistake_that_is_told_once(jobs: Jobs):
    jobs.write(etl=ETL.replace("name: etl", "name: etl, namespace: nowhere"))

    result = jobs.diff()

    assert result.exit_code == Exit.CLUSTER
    assert result.stderr == lines(
        "etl.yaml:3:34: error OF812: the namespace nowhere is not there",
        "  3 | metadata: {name: etl, namespace: nowhere}",
        "    |                                  ^^^^^^^",
        "  hint: make it, or let the job do it: spec.createNamespace: true",
        "error: the job nowhere/etl cannot be applied as it is",
        "  hint: nothing was changed",
    )


def test_what_the_cluster_refuses_is_told_at_the_line_behind_it(jobs: Jobs):
    volumes = "[{name: v, azureDisk: {diskName: a, diskURI: b, kind: Managed}}]"
    jobs.write(bad=PATCH.format(kind="Job", merge=f"{{spec: {{template: {{spec: {{volumes: {volumes}}}}}}}}}"))

    result = jobs.diff("etl.yaml", "-o", "bad.yaml", "--set", "spec.run.as=job")

    assert result.exit_code == Exit.CLUSTER
    assert result.stderr == lines(
        "bad.yaml:7:94: error OF805: the cluster refuses Job/etl-<run1>: "
        'spec.template.spec.volumes[2].azureDisk.diskURI: Unsupported value: "b": supported values: '
        '"/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"',
        f"  7 |       merge: {{spec: {{template: {{spec: {{volumes: {volumes}}}}}}}}}",
        f"    | {' ' * 93}^",
        "  hint: `openflow explain` tells which line of the job is behind a field",
        "error: the job data/etl cannot be applied as it is",
        "  hint: nothing was changed",
    )


# --- unchanged -------------------------------------------------------------------------------------------------------


def test_what_was_applied_does_not_differ(jobs: Jobs):
    jobs.applied()

    result = jobs.diff()

    assert result == (Exit.DONE, "plan: 7 unchanged\n", "")


def test_unchanged_objects_cost_no_request_each(jobs: Jobs, fault_proxy: FaultProxy):
    jobs.applied()
    jobs.diff(to=fault_proxy.kubeconfig)  # learns the kinds of this server
    begin = len(fault_proxy.requests)

    result = jobs.diff(to=fault_proxy.kubeconfig)

    assert result.exit_code == Exit.DONE
    # The record is in a list of its own.
    assert asked(fault_proxy, begin) == sorted(
        f"GET {jobs.path(kind)}"
        for kind in (
            "ServiceAccount",
            "Role",
            "RoleBinding",
            "ConfigMap",
            "ConfigMap",
            "Service",
            "NetworkPolicy",
            "Pod",
        )
    )


def test_ten_jobs_cost_no_more_lists_than_one(jobs: Jobs, fault_proxy: FaultProxy):
    names = [f"etl{number}" for number in range(10)]
    jobs.write(**{name: ETL.replace("name: etl", f"name: {name}") for name in names})
    files = [f"{name}.yaml" for name in names]
    jobs.applied(*files)
    jobs.diff(*files, to=fault_proxy.kubeconfig)
    begin = len(fault_proxy.requests)

    result = jobs.diff(*files, to=fault_proxy.kubeconfig)

    assert result == (Exit.DONE, "plan: 70 unchanged\n", "")
    assert len(asked(fault_proxy, begin)) == 8


def test_a_status_that_moves_is_no_difference(jobs: Jobs):
    jobs.applied()
    jobs.status("Pod", "etl", phase="Running")

    result = jobs.diff()

    assert result == (Exit.DONE, "plan: 7 unchanged\n", "")


def test_fields_that_others_add_are_no_difference(jobs: Jobs):
    jobs.applied()
    jobs.change("Service", "etl", {"metadata": {"annotations": {"seen": "yes"}}})

    result = jobs.diff()

    assert result == (Exit.DONE, "plan: 7 unchanged\n", "")


# --- updating --------------------------------------------------------------------------------------------------------

OVERLAY = """\
apiVersion: openflow.io/v1
kind: Overlay
metadata: {name: more}
spec:
  job:
    spec:
      executor: {instances: 3}
  patches:
    - target: {kind: Service}
      merge: {spec: {publishNotReadyAddresses: true}}
"""


def test_a_changed_field_is_told_with_the_line_behind_it(jobs: Jobs):
    """In the job file, in an overlay, in a patch, and on the command line."""
    jobs.write(etl=FIXED)
    jobs.applied()
    text = FIXED.replace("name: etl", "name: etl, labels: {owner: me}").replace(
        "memory: 1g", "memory: 1g\n    cores: 2"
    )
    jobs.write(etl=text, more=OVERLAY)

    result = jobs.diff("etl.yaml", "-o", "more.yaml", "--set", "metadata.labels.team=data", "--replace")

    assert result == (
        Exit.DIFFERENT,
        lines(
            "data/etl on https://cluster",
            "  ~ update ServiceAccount/etl: a running application is not touched",
            '    metadata.labels.owner: (none) → "me"   # etl.yaml:3:39',
            '    metadata.labels.team: (none) → "data"   # --set metadata.labels.team=data',
            "  ~ update Role/etl: a running application is not touched",
            '    metadata.labels.owner: (none) → "me"   # etl.yaml:3:39',
            '    metadata.labels.team: (none) → "data"   # --set metadata.labels.team=data',
            "  ~ update RoleBinding/etl: a running application is not touched",
            '    metadata.labels.owner: (none) → "me"   # etl.yaml:3:39',
            '    metadata.labels.team: (none) → "data"   # --set metadata.labels.team=data',
            "  ~ update ConfigMap/etl-conf-map: a running driver has read it at its start; it counts from the "
            "next run on",
            "    data[spark.properties]:",
            "      +spark.driver.cores=2   # etl.yaml:13:12",
            "      -spark.executor.instances=2",
            "      +spark.executor.instances=3   # more.yaml:7:29",
            '    metadata.labels.owner: (none) → "me"   # etl.yaml:3:39',
            '    metadata.labels.team: (none) → "data"   # --set metadata.labels.team=data',
            "  ~ update Service/etl-driver-svc: executors that connect from now on are affected",
            '    metadata.labels.owner: (none) → "me"   # etl.yaml:3:39',
            '    metadata.labels.team: (none) → "data"   # --set metadata.labels.team=data',
            "    spec.publishNotReadyAddresses: (none) → true   # more.yaml:10:48",
            "  ~ update NetworkPolicy/etl-policy: a running application is not touched",
            '    metadata.labels.owner: (none) → "me"   # etl.yaml:3:39',
            '    metadata.labels.team: (none) → "data"   # --set metadata.labels.team=data',
            "  ± replace Pod/etl-driver: of a Pod that is there, little more than its images can change; the "
            "driver pod is replaced: the application restarts",
            '    metadata.labels.owner: (none) → "me"   # etl.yaml:3:39',
            '    metadata.labels.team: (none) → "data"   # --set metadata.labels.team=data',
            '    spec.containers[spark-kubernetes-driver].resources.requests.cpu: "1" → "2"   # etl.yaml:13:12',
            "plan: 6 to update, 1 to replace",
        ),
        "",
    )


def test_a_job_that_says_less_takes_fields_away(jobs: Jobs):
    jobs.applied("--set", "metadata.labels.team=x")

    plan = jobs.planned()

    assert [each["action"] for each in plan["objects"]] == ["update"] * 7
    assert [[field["field"], field["old"], field["new"]] for each in plan["objects"] for field in each["fields"]] == [
        ["metadata.labels.team", "x", None]
    ] * 7


def test_the_value_of_another_manager_is_noticed_though_the_job_is_the_same(jobs: Jobs):
    jobs.write(etl=FIXED)
    jobs.applied()
    jobs.change("Service", "etl", {"spec": {"publishNotReadyAddresses": True}})

    result = jobs.diff()

    assert result == (
        Exit.UNDECIDED,
        lines(
            "data/etl on https://cluster",
            "  ~ update Service/etl-driver-svc: executors that connect from now on are affected",
            "    spec.publishNotReadyAddresses: true → (none)   # etl.yaml:6:12",
            "    hand loses spec.publishNotReadyAddresses",
            "    openflow gains spec.publishNotReadyAddresses",
            "  6 unchanged",
            "plan: 1 to update, 6 unchanged",
        ),
        lines(
            "etl.yaml:6:12: error OF801: `spec.publishNotReadyAddresses` of Service/etl-driver-svc belongs to "
            "hand, which set it to true",
            '  6 |   version: "4.3.0"',
            "    |            ^^^^^^^",
            "  hint: take it with --force-conflicts, or leave it to hand: drop it from the job, or write the "
            "same value",
            "error: 1 decision needed",
            "  hint: nothing was changed; each hint above says how to go on",
        ),
    )


def test_who_gains_and_who_loses_a_field_is_told(jobs: Jobs):
    jobs.write(etl=FIXED)
    jobs.applied()
    jobs.change("Service", "etl", {"metadata": {"labels": {"app.kubernetes.io/name": "x"}}})

    result = jobs.diff("--force-conflicts")

    assert result == (
        Exit.DIFFERENT,
        lines(
            "data/etl on https://cluster",
            "  ~ update Service/etl-driver-svc: a running application is not touched",
            '    metadata.labels[app.kubernetes.io/name]: "x" → "etl"   # etl.yaml:3:18',
            "    hand loses metadata.labels[app.kubernetes.io/name]",
            "    openflow gains metadata.labels[app.kubernetes.io/name]",
            "  6 unchanged",
            "plan: 1 to update, 6 unchanged",
        ),
        "",
    )


def test_a_field_that_another_manager_keeps_changes_hands_only(jobs: Jobs):
    jobs.applied("--set", "metadata.labels.team=x")
    patch = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"labels": {"team": "x"}}}
    jobs.api.patch(f"{jobs.path('ServiceAccount', 'etl')}?fieldManager=hand", patch, "application/apply-patch+yaml")

    [account] = [each for each in jobs.planned()["objects"] if each["kind"] == "ServiceAccount"]

    assert account["action"] == "update"
    assert account["consequence"] == "no value changes, only who owns it"
    assert account["fields"] == []
    assert account["managers"] == [{"manager": "openflow", "gains": [], "loses": ["metadata.labels.team"]}]


def test_a_value_that_the_server_writes_in_its_own_way_is_no_difference(jobs: Jobs):
    jobs.write(etl=deep(ETL, driver={"memory": "1g", "cpu": {"request": "1000m", "limit": "2000m"}}))
    jobs.applied()

    result = jobs.diff()

    assert result == (Exit.DONE, "plan: 7 unchanged\n", "")


# --- replacing -------------------------------------------------------------------------------------------------------


def test_what_cannot_change_in_place_needs_a_decision_and_says_why(jobs: Jobs):
    jobs.write(etl=FIXED)
    jobs.applied()

    result = jobs.diff("--set", "spec.application.class=example.Other")

    assert result == (
        Exit.UNDECIDED,
        lines(
            "data/etl on https://cluster",
            "  ~ update ConfigMap/etl-conf-map: only the id of the run changes",
            "  ~ update Service/etl-driver-svc: only the id of the run changes",
            "  ~ update NetworkPolicy/etl-policy: only the id of the run changes",
            "  ± replace Pod/etl-driver: of a Pod that is there, little more than its images can change; the "
            "driver pod is replaced: the application restarts",
            '    spec.containers[spark-kubernetes-driver].args: …/spark.properties", "--class", "example.Main", '
            '"local:///opt/app.jar"] → …/spark.properties", "--class", "example.Other", "local:///opt/app.jar"]  '
            " # --set spec.application.class=example.Other",
            "  3 unchanged",
            "plan: 3 to update, 1 to replace, 3 unchanged",
        ),
        lines(
            "--set spec.application.class=example.Other: error OF802: Pod/etl-driver cannot be changed in place: "
            "of a Pod that is there, little more than its images can change",
            "  hint: --replace deletes it and makes it anew; or set `run.rerun: on-change`, which makes a new "
            "run beside the old",
            "error: 1 decision needed",
            "  hint: nothing was changed; each hint above says how to go on",
        ),
    )


def test_a_replacement_that_is_agreed_to_is_a_difference(jobs: Jobs):
    jobs.write(etl=FIXED)
    jobs.applied()

    result = jobs.diff("--set", "spec.application.class=example.Other", "--replace")

    assert result.exit_code == Exit.DIFFERENT
    assert result.stderr == ""


# --- runs ------------------------------------------------------------------------------------------------------------


def test_a_new_run_is_one_change(jobs: Jobs):
    jobs.applied()
    jobs.status("Pod", "etl", phase="Succeeded")

    result = jobs.diff("--set", "spec.executor.instances=3")

    assert result == (
        Exit.DIFFERENT,
        lines(
            "data/etl on https://cluster",
            "  run <run1> → <run2>: the old one is over (Succeeded): its 4 objects are deleted",
            "    ConfigMap/etl-conf-map data[spark.properties]:",
            "      -spark.executor.instances=2",
            "      +spark.executor.instances=3   # --set spec.executor.instances=3",
            "  3 unchanged",
            "plan: 1 new run, 4 to create, 4 to delete, 3 unchanged",
        ),
        "",
    )


def test_an_old_run_that_is_running_goes_on_with_a_warning(jobs: Jobs):
    jobs.applied()
    jobs.status("Pod", "etl", phase="Running")

    result = jobs.diff("--set", "spec.executor.instances=3")

    assert result == (
        Exit.DIFFERENT,
        lines(
            "data/etl on https://cluster",
            "  run <run1> → <run2>: the old one is Running, goes on, and is retired when it is over",
            "    ConfigMap/etl-conf-map data[spark.properties]:",
            "      -spark.executor.instances=2",
            "      +spark.executor.instances=3   # --set spec.executor.instances=3",
            "  3 unchanged",
            "plan: 1 new run, 4 to create, 3 unchanged, 4 left",
        ),
        lines(
            "etl.yaml:3:18: warning OF811: the run <run1> is still Running and goes on beside the new one",
            "  3 | metadata: {name: etl}",
            "    |                  ^^^",
            "  hint: --replace ends it first; else a later apply retires it when it has finished",
        ),
    )


def test_an_old_run_that_is_running_is_ended_if_that_is_agreed_to(jobs: Jobs):
    jobs.applied()
    jobs.status("Pod", "etl", phase="Running")

    result = jobs.diff("--set", "spec.executor.instances=3", "--replace")

    assert result == (
        Exit.DIFFERENT,
        lines(
            "data/etl on https://cluster",
            "  run <run1> → <run2>: the old one is Running and is ended: its 4 objects are deleted first",
            "    ConfigMap/etl-conf-map data[spark.properties]:",
            "      -spark.executor.instances=2",
            "      +spark.executor.instances=3   # --set spec.executor.instances=3",
            "  3 unchanged",
            "plan: 1 new run, 4 to create, 4 to delete, 3 unchanged",
        ),
        "",
    )


def test_a_new_run_tells_what_only_one_of_the_runs_has(jobs: Jobs):
    jobs.applied()

    result = jobs.diff("--set", "spec.driver.template.spec.hostname=x")

    assert result == (
        Exit.DIFFERENT,
        lines(
            "data/etl on https://cluster",
            "  run <run1> → <run2>: the old one is Pending, goes on, and is retired when it is over",
            '    Pod/etl-driver spec.hostname: (none) → "x"   # --set spec.driver.template.spec.hostname=x',
            "  3 unchanged",
            "plan: 1 new run, 4 to create, 3 unchanged, 4 left",
        ),
        lines(
            "etl.yaml:3:18: warning OF811: the run <run1> is still Pending and goes on beside the new one",
            "  3 | metadata: {name: etl}",
            "    |                  ^^^",
            "  hint: --replace ends it first; else a later apply retires it when it has finished",
        ),
    )


# --- secrets ---------------------------------------------------------------------------------------------------------

KEYTAB = FIXED + "  kerberos: {principal: etl@EXAMPLE, keytab: etl.keytab}\n"


def test_secret_values_are_masked_and_equal_and_unequal_ones_are_told_apart(jobs: Jobs):
    jobs.write(etl=KEYTAB)
    jobs.project.write({"etl.keytab": "first"})
    jobs.applied("--literal-secrets")

    same = jobs.diff("--literal-secrets")
    jobs.project.write({"etl.keytab": "other"})
    other = jobs.diff("--literal-secrets", "--replace")
    by_program = jobs.openflow("diff", "--literal-secrets", "--replace", "--report", "json")

    assert same == (Exit.DONE, "plan: 8 unchanged\n", "")
    assert other == (
        Exit.DIFFERENT,
        lines(
            "data/etl on https://cluster",
            "  ~ update Secret/etl-kerberos-keytab: what mounts it sees the new values within minutes; variables "
            "keep the old ones until a restart",
            '    data[etl.keytab]: "*** (before)" → "*** (after)"   # etl.yaml:16:46',
            "  ~ update ConfigMap/etl-conf-map: only the id of the run changes",
            "  ~ update Service/etl-driver-svc: only the id of the run changes",
            "  ~ update NetworkPolicy/etl-policy: only the id of the run changes",
            "  ± replace Pod/etl-driver: of a Pod that is there, little more than its images can change; the "
            "driver pod is replaced: the application restarts",
            "  3 unchanged",
            "plan: 4 to update, 1 to replace, 3 unchanged",
        ),
        "",
    )
    assert "first" not in by_program.stdout


def test_a_secret_of_somebody_else_is_masked_too(jobs: Jobs):
    jobs.write(etl=KEYTAB)
    jobs.project.write({"etl.keytab": "mine"})
    theirs = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "etl-kerberos-keytab"}}
    jobs.put_in({**theirs, "stringData": {"etl.keytab": "theirs"}})

    result = jobs.diff("--literal-secrets")

    assert result == (
        Exit.UNDECIDED,
        lines(
            "data/etl on https://cluster",
            "  + create ServiceAccount/etl",
            "  + create Role/etl",
            "  + create RoleBinding/etl",
            "  ~ update Secret/etl-kerberos-keytab: what mounts it sees the new values within minutes; variables "
            "keep the old ones until a restart",
            '    data[etl.keytab]: "*** (before)" → "*** (after)"   # etl.yaml:16:46',
            '    metadata.labels: (none) → {"app.kubernetes.io/managed-by": "openflow", '
            '"app.kubernetes.io/name": "etl"}   # etl.yaml:3:18',
            "    hand loses data[etl.keytab]",
            "    openflow gains data[etl.keytab]",
            "  + create ConfigMap/etl-conf-map",
            "  + create Service/etl-driver-svc",
            "  + create NetworkPolicy/etl-policy",
            "  + create Pod/etl-driver: not tried on the cluster, as ServiceAccount etl comes with the job",
            "plan: 7 to create, 1 to update",
        ),
        lines(
            "etl.yaml:3:18: error OF803: Secret/etl-kerberos-keytab is there already, and not made by openflow "
            "(its managers: hand)",
            "  3 | metadata: {name: etl}",
            "    |                  ^^^",
            "  hint: take it over with --adopt, or give it another name",
            "etl.yaml:16:46: error OF801: `data[etl.keytab]` of Secret/etl-kerberos-keytab belongs to hand, "
            'which set it to "***"',
            "  16 |   kerberos: {principal: etl@EXAMPLE, keytab: etl.keytab}",
            "     |                                              ^^^^^^^^^^",
            "  hint: take it with --force-conflicts, or leave it to hand: drop it from the job, or write the "
            "same value",
            "error: 2 decisions needed",
            "  hint: nothing was changed; each hint above says how to go on",
        ),
    )


def test_a_secret_that_is_kept_back_stays_even_when_pruning(jobs: Jobs):
    jobs.write(etl=KEYTAB)
    jobs.project.write({"etl.keytab": "first"})
    jobs.applied("--literal-secrets")

    result = jobs.diff("--prune")

    assert result == (
        Exit.DONE,
        lines(
            "data/etl on https://cluster",
            "  · leave Secret/etl-kerberos-keytab: the job still holds it; only --literal-secrets changes it",
            "  7 unchanged",
            "plan: 7 unchanged, 1 left",
        ),
        lines(
            "etl.yaml:16:46: note OF339: Secret etl-kerberos-keytab holds literal data and is not written",
            "  16 |   kerberos: {principal: etl@EXAMPLE, keytab: etl.keytab}",
            "     |                                              ^^^^^^^^^^",
            "  hint: make it in the cluster by hand, or let your secret store do so",
        ),
    )


# --- how a job runs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("run", "changed", "code"),
    [
        ({"as": "pod", "rerun": "never"}, "spec.application.class=Other", Exit.UNDECIDED),
        ({"as": "pod", "rerun": "on-change"}, "spec.application.class=Other", Exit.DIFFERENT),
        ({"as": "job"}, "spec.application.class=Other", Exit.DIFFERENT),
        ({"as": "job", "rerun": "never"}, "spec.application.class=Other", Exit.UNDECIDED),
        ({"as": "cronjob", "schedule": "0 2 * * *"}, "spec.application.class=Other", Exit.DIFFERENT),
        ({"as": "deployment"}, "spec.application.class=org.apache.spark.sql.connect.service.Other", Exit.DIFFERENT),
    ],
)
def test_every_way_to_run_is_applied_changed_and_replaced(jobs: Jobs, run: dict[str, str], changed: str, code: Exit):
    jobs.write(etl=deep(ETL, run=run, driver={"memory": "1g"}))
    jobs.applied()

    unchanged = jobs.diff()
    change = jobs.diff("--set", changed)
    applied = jobs.apply("--set", changed, "--replace")
    again = jobs.diff("--set", changed)

    assert unchanged.exit_code == Exit.DONE, unchanged
    assert change.exit_code == code, change
    assert applied.exit_code == Exit.DONE, applied
    assert again.exit_code == Exit.DONE, again


def test_a_job_that_always_runs_anew_does_so_with_every_run_id(jobs: Jobs):
    jobs.write(etl=deep(ETL, run={"rerun": "always"}))
    jobs.applied("--run-id", "monday")

    same = jobs.diff("--run-id", "monday")
    other = jobs.diff("--run-id", "tuesday")

    assert same == (Exit.DONE, "plan: 7 unchanged\n", "")
    assert other == (
        Exit.DIFFERENT,
        lines(
            "data/etl on https://cluster",
            "  run <run1> → <run2>: the old one is Pending, goes on, and is retired when it is over",
            "  3 unchanged",
            "plan: 1 new run, 4 to create, 3 unchanged, 4 left",
        ),
        lines(
            "etl.yaml:4:9: warning OF811: the run <run1> is still Pending and goes on beside the new one",
            "  4 |   name: etl",
            "    |         ^^^",
            "  hint: --replace ends it first; else a later apply retires it when it has finished",
        ),
    )


# --- for programs and for comments -----------------------------------------------------------------------------------


def test_the_report_for_programs_says_all_that_the_text_says(jobs: Jobs):
    jobs.applied()

    result = jobs.openflow("diff", "--report", "json", "--set", "spec.executor.instances=3")

    tree = json.loads(result.stdout)
    [job] = tree.pop("jobs")
    [old] = job["oldRuns"]
    [field] = job["newRun"].pop("fields")
    assert tree == {
        "cluster": "https://cluster",
        "summary": {"create": 4, "update": 0, "replace": 0, "delete": 0, "keep": 3, "leave": 4},
    }
    assert [*job] == ["job", "namespace", "run", "newRun", "oldRuns", "objects", "findings"]
    assert job["newRun"] == {"from": old["run"], "to": job["run"], "new": [], "gone": []}
    assert [*field] == ["object", "field", "old", "new", "file", "line", "column", "lines"]
    assert field["lines"] == [
        {"change": "-spark.executor.instances=2"},
        {
            "change": "+spark.executor.instances=3",
            "file": "--set spec.executor.instances=3",
            "line": 0,
            "column": 0,
        },
    ]
    assert (old["state"], old["isOver"], {each["action"] for each in old["objects"]}) == ("Pending", False, {"leave"})
    assert job["objects"][3] == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "namespace": "data",
        "name": "etl-<run1>-conf-map",
        "action": "create",
        "simulated": None,
        "why": None,
        "consequence": None,
        "fields": [],
        "conflicts": [],
        "managers": [],
    }
    assert [each["code"] for each in job["findings"]] == ["OF811"]


def test_the_report_for_programs_is_the_same_every_time(jobs: Jobs):
    first, second = (jobs.openflow("diff", "--report", "json") for _ in range(2))

    assert first == second


def test_the_report_for_a_comment_folds_each_job(jobs: Jobs):
    jobs.applied()

    result = jobs.openflow("diff", "--report", "markdown", "--set", "spec.executor.instances=3")

    assert result == (
        Exit.DIFFERENT,
        lines(
            "### openflow: 1 new run, 4 to create, 3 unchanged, 4 left",
            "",
            "Cluster: `https://cluster`",
            "",
            "- **warning** OF811 etl.yaml:3:18: the run <run1> is still Pending and goes on beside the new one",
            "",
            "| job | new run | create | update | replace | delete | unchanged |",
            "|---|---|--:|--:|--:|--:|--:|",
            "| data/etl | `<run1>` → `<run2>` | 4 | 0 | 0 | 0 | 3 |",
            "",
            "<details><summary>data/etl</summary>",
            "",
            "~~~~",
            "data/etl on https://cluster",
            "  run <run1> → <run2>: the old one is Pending, goes on, and is retired when it is over",
            "    ConfigMap/etl-conf-map data[spark.properties]:",
            "      -spark.executor.instances=2",
            "      +spark.executor.instances=3   # --set spec.executor.instances=3",
            "  3 unchanged",
            "~~~~",
            "",
            "</details>",
        ),
        lines(
            "etl.yaml:3:18: warning OF811: the run <run1> is still Pending and goes on beside the new one",
            "  3 | metadata: {name: etl}",
            "    |                  ^^^",
            "  hint: --replace ends it first; else a later apply retires it when it has finished",
        ),
    )
