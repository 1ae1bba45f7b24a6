"""What a user is told for each code that needs a cluster; it stands with all others in ``tests/messages/told``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from controlplane import ControlPlane
from jobs_of import ETL, FIXED, Jobs, deep, with_claim
from limits_of import READ, WRITE, limit, may_do, permit, rule
from messages_of_codes import kept
from projects import Result
from synced_of import Synced, driver, wait_until_older

from openflow_render.cluster import discovery
from openflow_render.core.codes import catalogue

MORE = ("--set", "spec.executor.instances=3")


class Stage:
    """A job, a cluster, and what may be done to both before a command is run."""

    def __init__(self, jobs: Jobs, plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
        self.jobs = jobs
        self.plane = plane
        self.monkeypatch = monkeypatch


@pytest.fixture
def stage(jobs: Jobs, control_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(jobs, control_plane, monkeypatch)


def field_conflict(stage: Stage) -> Result:
    stage.jobs.applied()
    stage.jobs.change("ServiceAccount", "etl", {"metadata": {"labels": {"app.kubernetes.io/name": "theirs"}}})
    return stage.jobs.apply()


def needs_replacement(stage: Stage) -> Result:
    stage.jobs.write(etl=FIXED)
    stage.jobs.applied()
    stage.jobs.write(etl=FIXED.replace("example.Main", "example.Other"))
    return stage.jobs.apply()


def not_ours(stage: Stage) -> Result:
    stage.jobs.put_in(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "etl", "labels": {"by": "hand"}}}
    )
    return stage.jobs.apply()


def another_jobs(stage: Stage) -> Result:
    stage.jobs.write(etl=with_claim(ETL))
    stage.jobs.applied()
    stage.jobs.write(other=with_claim(ETL.replace("name: etl", "name: other")).replace("1Gi", "2Gi"))
    return stage.jobs.apply("other.yaml", "--replace", "--allow-deleting", "claims")


def cluster_refuses(stage: Stage) -> Result:
    limit(stage.jobs, **{"count/services": "0"})
    return stage.jobs.apply()


def not_allowed(stage: Stage) -> Result:
    permit(
        stage.jobs,
        rule("", "configmaps services serviceaccounts", WRITE),
        rule("", "pods", [*READ, "patch"]),
        rule("rbac.authorization.k8s.io", "roles rolebindings", [*WRITE, "bind", "escalate"]),
        rule("networking.k8s.io", "networkpolicies", WRITE),
    )
    may_do(stage.jobs, stage.plane)
    return stage.jobs.apply(to=stage.plane.user_kubeconfig)


def kind_not_served(stage: Stage) -> Result:
    found = discovery._kinds
    stage.monkeypatch.setattr(
        discovery,
        "_kinds",
        lambda listing: {key: each for key, each in found(listing).items() if "volcano" not in key.api_version},
    )
    stage.jobs.write(etl=f"{ETL}  scheduling: {{scheduler: volcano, gang: {{}}}}\n")
    return stage.jobs.apply()


def quota_too_small(stage: Stage) -> Result:
    limit(stage.jobs, pods="2")
    return stage.jobs.diff()


def pods_refused(stage: Stage) -> Result:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    stage.jobs.api.patch(f"/api/v1/namespaces/{stage.jobs.namespace}", {"metadata": {"labels": labels}})
    stage.jobs.write(etl=f"{ETL}  run: {{as: job}}\n")
    return stage.jobs.apply()


def deletion_held_back(stage: Stage) -> Result:
    stage.jobs.write(etl=with_claim(FIXED))
    stage.jobs.applied()
    return stage.jobs.delete()


def old_run_goes_on(stage: Stage) -> Result:
    stage.jobs.applied()
    stage.jobs.status("Pod", "etl", phase="Running")
    return stage.jobs.diff(*MORE)


def namespace_missing(stage: Stage) -> Result:
    stage.jobs.write(etl=ETL.replace("name: etl", "name: etl, namespace: nowhere"))
    return stage.jobs.apply()


def secret_withheld(stage: Stage) -> Result:
    stage.jobs.write(etl=f"{ETL}  kerberos: {{keytab: user.keytab, principal: me@EXAMPLE}}\n")
    stage.jobs.project.write({"user.keytab": "not a real one"})
    return stage.jobs.apply()


def run_not_synced(stage: Stage) -> Result:
    synced = Synced(stage.jobs)
    synced.drivers("Succeeded", driver(synced.sync()))
    synced.write(etl=deep(ETL, executor={"instances": 3}))
    return synced.retire()


def run_is_newer(stage: Stage) -> Result:
    synced = Synced(stage.jobs)
    first = synced.sync()
    wait_until_older(synced, driver(first))
    synced.write(etl=deep(ETL, executor={"instances": 3}))
    second = synced.sync()
    synced.drivers("Succeeded", driver(first), driver(second))
    synced.write(etl=ETL)
    return synced.retire()


CASES: Mapping[str, Callable[[Stage], Result]] = {
    "OF801": field_conflict,
    "OF802": needs_replacement,
    "OF803": not_ours,
    "OF804": another_jobs,
    "OF805": cluster_refuses,
    "OF806": not_allowed,
    "OF807": kind_not_served,
    "OF808": quota_too_small,
    "OF809": pods_refused,
    "OF810": deletion_held_back,
    "OF811": old_run_goes_on,
    "OF812": namespace_missing,
    "OF813": secret_withheld,
    "OF814": run_not_synced,
    "OF815": run_is_newer,
}


@pytest.mark.parametrize("code", CASES)
def test_this_is_what_is_told_with_a_cluster(stage: Stage, code: str):
    result = CASES[code](stage)

    assert f" {code}: " in result.stderr
    assert result.stderr == kept(code, result.stderr)


def test_every_code_of_the_cluster_has_a_case():
    assert list(CASES) == [code.id for code in catalogue() if code.id.startswith("OF8")]
