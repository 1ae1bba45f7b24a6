"""What is said to controllers about single objects, by rule and not by cell."""

from __future__ import annotations

from typing import Any

import pytest

from openflow_render.core.identity import APPLICATION, SUFFIX
from openflow_render.core.report import Origin, Report
from openflow_render.core.resource import Bundle, Resource
from openflow_render.spec.job import Job, Run, Scheduling
from openflow_render.transforms.gitops import GitOps


def told(controller: str, resource: Resource, old_run: str = "finish", **job: Any) -> dict[str, str]:
    """The annotations of ``resource`` in a job of its own."""
    bundle = Bundle("etl", "data", [resource])
    fields: dict[str, Any] = {"name": "etl", "engine": "spark", "version": "4.3.0", **job}
    GitOps(Job(**fields), controller, old_run, {})(bundle, Report(lambda path: Origin(str(path))))
    return dict(resource["metadata"].get("annotations", {}))


def an(kind: str, name: str = f"etl-{SUFFIX}", *, run_scoped: bool = True, **fields: Any) -> Resource:
    return Resource({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **fields}, run_scoped=run_scoped)


IS_KEPT = {
    "argocd": {
        "argocd.argoproj.io/compare-options": "IgnoreExtraneous",
        "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
    },
    "flux": {"kustomize.toolkit.fluxcd.io/prune": "disabled"},
}

both = pytest.mark.parametrize("controller", ["argocd", "flux"])


@both
def test_a_job_says_for_itself_what_becomes_of_its_old_run(controller: str):
    ends = told(controller, an("Service"), "finish", run=Run(old_run="end"))
    finishes = told(controller, an("Service"), "end", run=Run(old_run="finish"))

    assert ends == {}
    assert finishes == IS_KEPT[controller]


@both
def test_a_claim_with_a_fixed_name_stays_whatever_becomes_of_runs(controller: str):
    fixed = told(controller, an("PersistentVolumeClaim", "lake", run_scoped=False), "end")
    of_a_run = told(controller, an("PersistentVolumeClaim"), "end")

    assert IS_KEPT[controller].items() <= fixed.items()
    assert not IS_KEPT[controller].items() & of_a_run.items()


@both
def test_a_namespace_stays_whatever_becomes_of_runs(controller: str):
    assert told(controller, an("Namespace", "data", run_scoped=False), "end") == IS_KEPT[controller]


@pytest.mark.parametrize("run_as", ["cronjob", "deployment"])
@both
def test_what_would_go_on_for_ever_is_not_kept(controller: str, run_as: str):
    assert told(controller, an("Service", "etl"), "finish", run=Run(as_=run_as)) == {}


@pytest.mark.parametrize("kind", ["Pod", "Job"])
def test_flux_leaves_alone_what_kueue_has_changed(kind: str):
    found = told("flux", an(kind), "end", scheduling=Scheduling(scheduler="kueue", queue="q"))

    assert found == {"kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent"}


def test_flux_looks_at_the_health_of_a_driver_that_nobody_changes():
    assert told("flux", an("Pod"), "end") == {}


@pytest.mark.parametrize("name", [f"etl-{SUFFIX}-driver", f"spark-{APPLICATION}-podgroup"])
@both
def test_what_is_of_one_run_says_of_which(controller: str, name: str):
    group = an("PodGroup", name)

    told(controller, group)

    assert group["metadata"]["labels"] == {"openflow.io/run": SUFFIX}


@both
def test_what_all_runs_share_names_none(controller: str):
    account = an("ServiceAccount", "etl", run_scoped=False)

    told(controller, account)

    assert "labels" not in account["metadata"]


@both
def test_what_the_job_says_to_a_controller_itself_stands(controller: str):
    prefix = {"argocd": "argocd.argoproj.io/sync-options", "flux": "kustomize.toolkit.fluxcd.io/prune"}[controller]
    service = an("Service")
    service["metadata"]["annotations"] = {prefix: "mine"}

    assert told(controller, service)[prefix] == "mine"


@both
def test_a_preview_is_told_nothing(controller: str):
    executor = Resource({"kind": "Pod", "metadata": {"name": "exec-1"}}, preview=True)

    assert told(controller, executor) == {}


@pytest.mark.parametrize("kind", ["ConfigMap", "Pod"])
def test_flux_substitutes_nothing_in_texts_of_sparks(kind: str):
    holds = an(kind, data={"a": "${env:HOME}"})

    assert told("flux", holds, "end")["kustomize.toolkit.fluxcd.io/substitute"] == "disabled"
