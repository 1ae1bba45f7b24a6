"""What would stop an application is told before anything is written: rights, quotas, kinds, refused pods."""

from __future__ import annotations

import pytest
from controlplane import ControlPlane, wait_until
from jobs_of import ETL, FIXED, Jobs, deep, lines
from limits_of import READ, WRITE, limit, may_do, permit, rule

from openflow_render.cli.exits import Exit

MAKES = "the cluster would refuse the pods that"
RESTRICTED = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}


def said(text: str) -> list[str]:
    """The findings of a command, without where they are and how they go on."""
    return [line.partition(": ")[2] for line in text.splitlines() if " OF8" in line]


# --- rights ----------------------------------------------------------------------------------------------------------


def test_missing_rights_are_told_by_kind_and_verb_all_at_once(jobs: Jobs, control_plane: ControlPlane):
    permit(
        jobs,
        rule("", "configmaps services", WRITE),
        rule("", "pods", [*READ, "patch"]),
        rule("", "serviceaccounts", READ),
        rule("rbac.authorization.k8s.io", "roles rolebindings", READ),
        rule("networking.k8s.io", "networkpolicies", READ),
    )
    may_do(jobs, control_plane)

    result = jobs.diff(to=control_plane.user_kubeconfig)

    assert result.exit_code == Exit.CLUSTER
    assert said(result.stderr) == [
        "error OF806: you may not create pods in namespace data",
        "error OF806: you may not create, patch networkpolicies.networking.k8s.io in namespace data",
        "error OF806: you may not create, patch rolebindings.rbac.authorization.k8s.io in namespace data",
        "error OF806: you may not create, patch roles.rbac.authorization.k8s.io in namespace data",
        "error OF806: you may not create, patch serviceaccounts in namespace data",
    ]
    assert result.stdout == lines(
        "data/etl on https://cluster",
        "  + create ServiceAccount/etl: not tried on the cluster, as you may not ask the cluster about it",
        "  + create Role/etl: not tried on the cluster, as you may not ask the cluster about it",
        "  + create RoleBinding/etl: not tried on the cluster, as you may not ask the cluster about it",
        "  + create ConfigMap/etl-<run1>-conf-map",
        "  + create Service/etl-<run1>-driver-svc",
        "  + create NetworkPolicy/etl-<run1>-policy: not tried on the cluster, as you may not ask the cluster about it",
        "  + create Pod/etl-<run1>-driver: not tried on the cluster, as you may not ask the cluster about it",
        "plan: 7 to create",
    )


def test_kinds_that_may_not_be_listed_are_told_all_at_once(jobs: Jobs, control_plane: ControlPlane):
    permit(jobs, rule("", "configmaps services", WRITE))
    may_do(jobs, control_plane)

    result = jobs.diff(to=control_plane.user_kubeconfig)

    assert result.exit_code == Exit.CLUSTER
    assert result.stderr == lines(
        "error: you may not list networkpolicies.networking.k8s.io, pods, "
        "rolebindings.rbac.authorization.k8s.io, roles.rbac.authorization.k8s.io, serviceaccounts in namespace data",
        "  hint: ask for a Role with this verb, or use another account: --context",
    )


def test_the_right_to_delete_is_asked_for_only_where_something_is_deleted(jobs: Jobs, control_plane: ControlPlane):
    jobs.write(etl=FIXED)
    jobs.applied()
    permit(
        jobs,
        rule("", "configmaps services pods serviceaccounts", [*READ, "create", "patch", "update"]),
        rule("rbac.authorization.k8s.io", "roles rolebindings", [*READ, "create", "patch", "bind", "escalate"]),
        rule("networking.k8s.io", "networkpolicies", [*READ, "create", "patch"]),
    )
    may_do(jobs, control_plane)

    label = jobs.diff("--set", "metadata.labels.team=x", to=control_plane.user_kubeconfig)
    other = jobs.diff("--set", "spec.application.class=Other", "--replace", to=control_plane.user_kubeconfig)

    assert label.exit_code == Exit.DIFFERENT, label
    assert other.exit_code == Exit.CLUSTER
    assert said(other.stderr) == ["error OF806: you may not delete pods in namespace data"]


# --- quotas ----------------------------------------------------------------------------------------------------------


NO_ROOM = "the application will not fit into the quota q: it asks for"


def test_an_application_that_does_not_fit_into_a_quota_is_warned_about(jobs: Jobs):
    """One driver and two executors, each with a core and 1408 MiB."""
    limit(jobs, pods="2", requests_cpu="2500m", memory="4Gi")

    result = jobs.diff()

    assert result.exit_code == Exit.DIFFERENT
    assert said(result.stderr) == [
        f"warning OF808: {NO_ROOM} {each}"
        for each in (
            "3 pods, 2 of 2 is left",
            "3 requests.cpu, 2500m of 2500m is left",
            "4224Mi requests.memory, 4096Mi of 4096Mi is left",
        )
    ]


def test_an_application_that_fits_into_a_quota_is_not(jobs: Jobs):
    limit(jobs, pods="3", requests_cpu="3", memory="4224Mi")

    result = jobs.diff()

    assert result.exit_code == Exit.DIFFERENT
    assert result.stderr == ""


def test_a_driver_that_alone_does_not_fit_into_a_quota_is_refused(jobs: Jobs):
    limit(jobs, requests_cpu="500m")

    result = jobs.diff()

    amounts = "requested: requests.cpu=1, used: requests.cpu=0, limited: requests.cpu=500m"
    assert result.exit_code == Exit.CLUSTER
    assert said(result.stderr) == [
        f"error OF805: the cluster refuses Pod/etl-<run1>-driver: exceeded quota: q, {amounts}",
        f"warning OF808: {NO_ROOM} 3 requests.cpu, 500m of 500m is left",
    ]


def test_what_already_runs_counts_as_used(jobs: Jobs):
    limit(jobs, requests_cpu="4")
    jobs.applied()
    path = f"/api/v1/namespaces/{jobs.namespace}/resourcequotas/q"
    wait_until(lambda: jobs.api.get(path)["status"]["used"]["requests.cpu"] == "1", "the driver counts")

    result = jobs.diff("--set", "spec.executor.instances=3")

    assert [each for each in said(result.stderr) if "OF808" in each] == [
        f"warning OF808: {NO_ROOM} 4 requests.cpu, 3 of 4 is left"
    ]


def test_what_a_job_before_it_asks_for_is_not_left_for_the_next(jobs: Jobs):
    limit(jobs, pods="5")
    jobs.write(again=ETL.replace("name: etl", "name: again"))

    result = jobs.openflow("diff", "again.yaml", "etl.yaml")

    assert said(result.stderr) == [f"warning OF808: {NO_ROOM} 3 pods, 2 of 5 is left"]


def test_what_runs_by_a_schedule_takes_nothing_from_the_next(jobs: Jobs):
    limit(jobs, pods="5")
    jobs.write(again=ETL.replace("name: etl", "name: again") + "  run: {as: cronjob, schedule: '0 2 * * *'}\n")

    result = jobs.openflow("diff", "again.yaml", "etl.yaml")

    assert result.stderr == ""


def test_a_quota_with_scopes_counts_only_the_pods_in_them(jobs: Jobs):
    limit(jobs, "Terminating", pods="1")

    result = jobs.diff()

    assert result.stderr == ""


# --- kinds -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheduler", "kind", "group", "served"),
    [
        ("volcano", "PodGroup of scheduling.volcano.sh/v1beta1", "scheduling.volcano.sh", "install Volcano"),
        ("coscheduling", "PodGroup of scheduling.x-k8s.io/v1alpha1", "scheduling.x-k8s.io", "the scheduler plugins"),
    ],
)
def test_a_kind_that_is_not_there_is_named_with_what_to_install(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch, scheduler: str, kind: str, group: str, served: str
):
    """All kinds are there in the cluster of the tests, so one of them is hidden from its discovery."""
    from openflow_render.cluster import discovery

    found = discovery._kinds
    monkeypatch.setattr(
        discovery,
        "_kinds",
        lambda listing: {key: each for key, each in found(listing).items() if not key.api_version.startswith(group)},
    )
    jobs.write(etl=deep(ETL, scheduling={"scheduler": scheduler, "gang": {}}))

    result = jobs.diff()

    assert result.exit_code == Exit.CLUSTER
    [finding] = said(result.stderr)
    assert finding.startswith(f"error OF807: the cluster does not know {kind}, which PodGroup/etl-")
    assert served in result.stderr


# --- pods ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", [None, "default"])
@pytest.mark.parametrize("kind", ["pod", "job", "deployment"])
def test_pods_that_the_level_of_the_namespace_refuses_are_told_beforehand(jobs: Jobs, kind: str, account: str | None):
    jobs.api.patch(f"/api/v1/namespaces/{jobs.namespace}", RESTRICTED)
    driver = {"memory": "1g"} | ({"serviceAccount": account} if account else {})
    jobs.write(etl=deep(ETL, run={"as": kind}, driver=driver))

    result = jobs.diff()

    assert result.exit_code == Exit.CLUSTER
    refused = [each.partition(': violates PodSecurity "restricted')[0] for each in said(result.stderr)]
    maker = {"pod": "the cluster refuses Pod/etl-<run1>-driver", "job": f"{MAKES} Job/etl-<run1> makes"}
    assert refused == [
        f"error {'OF805' if kind == 'pod' else 'OF809'}: {maker.get(kind, f'{MAKES} Deployment/etl makes')}",
        f"error OF809: {MAKES} Pod/{'etl-exec' if kind == 'deployment' else 'etl-<run1>-exec'}-1 makes",
    ]


def test_pods_that_the_level_of_the_namespace_allows_are_not(jobs: Jobs):
    jobs.api.patch(f"/api/v1/namespaces/{jobs.namespace}", RESTRICTED)

    result = jobs.diff("--set", "spec.security.profile=restricted")

    assert result.exit_code == Exit.DIFFERENT
    assert result.stderr == ""


def test_the_finding_about_refused_pods_says_what_to_do(jobs: Jobs):
    jobs.api.patch(f"/api/v1/namespaces/{jobs.namespace}", RESTRICTED)

    result = jobs.diff("--set", "spec.security.profile=baseline")

    assert result.exit_code == Exit.CLUSTER
    hint = "  hint: choose the security.profile that the namespace enforces, or another namespace"
    assert result.stderr.splitlines().count(hint) == 2


def test_executors_that_do_not_fit_for_now_are_no_mistake(jobs: Jobs):
    limit(jobs, requests_cpu="1")
    jobs.write(etl=deep(ETL, run={"as": "job"}))

    result = jobs.diff()

    assert result.exit_code == Exit.DIFFERENT
    assert said(result.stderr) == [f"warning OF808: {NO_ROOM} 3 requests.cpu, 1 of 1 is left"]
