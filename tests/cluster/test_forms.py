"""What trees hold is what API servers take, and `openflow diff` then has nothing to say about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jobs_of import ETL, Jobs, deep, writes
from programs import Program
from projects import Result
from proxy import FaultProxy

from openflow_render.checks import kubernetes, schemas
from openflow_render.cli.exits import Exit

GIT = {"git": {"url": "https://git.example/shop"}}
REPOSITORY = {"repoURL": "https://git.example/shop"}


def a_project(jobs: Jobs, /, *, around: Mapping[str, Any] | None = None, **target: Any) -> None:
    """The job etl in a project with one target, `prod`; Argo CD and Flux are in the namespace of the test too."""
    here = {"namespace": jobs.namespace}
    target = {**target, **{name: {**target[name], **here} for name in ("argocd", "flux") if name in target}}
    targets = {"prod": {"out": "deploy", "jobs": ["etl.yaml"], **here, **target}}
    spec = {**(around or {}), "targets": targets}
    found = {"apiVersion": "openflow.io/v1", "kind": "Project", "metadata": {"name": "shop"}, "spec": spec}
    jobs.write(openflow=json.dumps(found))


def rendered(jobs: Jobs, *words: str) -> None:
    result = jobs.project.openflow("render", *(words or ("--target", "prod")))
    assert result.exit_code == Exit.DONE, result


def on_cluster(jobs: Jobs, command: str, *words: str) -> Result:
    return jobs.project.openflow(command, "--target", "prod", *words, "--kubeconfig", str(jobs.kubeconfig))


def apply(jobs: Jobs, kubectl: Program, *words: str) -> Result:
    return kubectl("--kubeconfig", str(jobs.kubeconfig), "apply", "--server-side", "--validate=strict", *words)


# --- objects for the controllers -------------------------------------------------------------------------------------

OPTIONS = [
    pytest.param({"to": "argocd", "argocd": REPOSITORY}, ["Application"], id="argocd"),
    pytest.param(
        {
            "to": "argocd",
            "argocd": {
                **REPOSITORY,
                "name": "etl-prod",
                "revision": "release",
                "project": "data",
                "path": "trees/prod",
                "destination": {"name": "prod"},
                "automated": {"prune": False},
            },
        },
        ["Application"],
        id="argocd-all",
    ),
    pytest.param(
        {
            "to": "argocd",
            "argocd": {**REPOSITORY, "destination": {"server": "https://k8s.example"}, "automated": False},
        },
        ["Application"],
        id="argocd-by-hand",
    ),
    pytest.param(
        {"to": "argocd", "argocd": REPOSITORY, "cluster": {"server": "https://k8s.example"}},
        ["Application"],
        id="argocd-cluster",
    ),
    pytest.param(
        {"to": "flux", "flux": {"source": GIT}}, ["GitRepository", "Kustomization", "Kustomization"], id="git"
    ),
    pytest.param(
        {
            "to": "flux",
            "oldRun": "end",
            "flux": {
                "source": {"git": {"url": "ssh://git@git.example/shop", "branch": "release", "secret": "key"}},
                "name": "etl-prod",
                "interval": "1h30m",
                "timeout": "90s",
                "serviceAccount": "flux",
                "decryption": "age",
                "path": "trees/prod",
            },
        },
        ["GitRepository", "Kustomization", "Kustomization"],
        id="git-all",
    ),
    pytest.param(
        {"to": "flux", "flux": {"source": {"oci": {"url": "oci://registry.example/shop"}}}},
        ["Kustomization", "Kustomization", "OCIRepository"],
        id="oci",
    ),
    pytest.param(
        {
            "to": "flux",
            "flux": {"source": {"oci": {"url": "oci://registry.example/shop", "tag": "v1", "secret": "key"}}},
        },
        ["Kustomization", "Kustomization", "OCIRepository"],
        id="oci-all",
    ),
    pytest.param(
        {"to": "flux", "flux": {"source": {"existing": {"kind": "Bucket", "name": "b", "namespace": "s3"}}}},
        ["Kustomization", "Kustomization"],
        id="existing",
    ),
]
"""What a target may say of its controller, and the objects that are for this one."""


@pytest.mark.parametrize(("target", "kinds"), OPTIONS)
def test_objects_for_a_controller_are_valid_and_accepted(
    jobs: Jobs, kubectl: Program, target: dict[str, Any], kinds: list[str]
):
    a_project(jobs, **target)
    rendered(jobs)

    accepted = apply(jobs, kubectl, *files(jobs, "deploy"))

    assert (accepted.exit_code, accepted.stderr) == (0, ""), accepted
    assert accepted.stdout.count("serverside-applied\n") == len(kinds)
    assert judged(jobs, "deploy") == {kind: [] for kind in kinds}


@pytest.mark.parametrize("said", [{}, {"project": "data"}, {"automated": False}])
def test_an_application_set_and_its_project_are_valid_and_accepted(jobs: Jobs, kubectl: Program, said: dict[str, Any]):
    around = {"argocd": {**REPOSITORY, "applicationSet": "argocd", **said}}
    a_project(jobs, around=around, to="argocd", argocd={})
    rendered(jobs, "--all-targets")

    accepted = apply(jobs, kubectl, *files(jobs, "argocd"))

    assert (accepted.exit_code, accepted.stderr) == (0, ""), accepted
    assert judged(jobs, "argocd") == {"AppProject": [], "ApplicationSet": []}


def files(jobs: Jobs, folder: str) -> list[str]:
    """The files for controllers in a folder, as words for kubectl."""
    found = sorted((jobs.project.folder / folder).glob("*.yaml"))
    return [f"--filename={each}" for each in found if each.name != "kustomization.yaml"]


def judged(jobs: Jobs, folder: str) -> dict[str, list[str]]:
    """What our own schemas say of the objects in the files of a folder, by kind."""
    texts = [Path(each.partition("=")[2]).read_text() for each in files(jobs, folder)]
    found: dict[str, list[str]] = {}
    for each in sorted((each for text in texts for each in yaml.safe_load_all(text)), key=lambda each: each["kind"]):
        validator = schemas.validator(each["apiVersion"], each["kind"], kubernetes.DEFAULT)
        assert validator is not None, each
        found.setdefault(each["kind"], []).extend(error.message for error in validator.iter_errors(each))
    return found


# --- whole trees -----------------------------------------------------------------------------------------------------

TREES = [
    pytest.param({"by": "job"}, [["-R", "-f", "deploy"]], id="plain"),
    pytest.param({"to": "kustomize"}, [["-k", "deploy"]], id="kustomize"),
    pytest.param({"to": "argocd", "by": "job", "argocd": REPOSITORY}, [["-R", "-f", "deploy"]], id="argocd"),
    pytest.param(
        {"to": "flux", "flux": {"source": GIT}},
        [["-k", "deploy/accounts"], ["-k", "deploy/runs"], ["-k", "deploy"]],
        id="flux",
    ),
]
"""Targets, and how kubectl applies what they are rendered to."""


@pytest.mark.parametrize(("target", "steps"), TREES)
def test_a_tree_that_kubectl_applies_is_no_difference_any_more(
    jobs: Jobs, kubectl: Program, target: dict[str, Any], steps: list[list[str]]
):
    a_project(jobs, **target)
    rendered(jobs)
    before = on_cluster(jobs, "diff")
    applied = [apply(jobs, kubectl, *words) for words in steps]

    after = on_cluster(jobs, "diff")

    assert before.exit_code == Exit.DIFFERENT, before
    assert [each.exit_code for each in applied] == [0] * len(steps), applied
    assert (after.exit_code, after.stdout) == (Exit.DONE, "plan: 7 unchanged\n"), after


# --- objects that somebody else applied ------------------------------------------------------------------------------


@pytest.fixture
def theirs(jobs: Jobs, kubectl: Program) -> dict[str, str]:
    """The objects of the job, which kubectl has made."""
    a_project(jobs, to="kustomize")
    rendered(jobs)
    assert apply(jobs, kubectl, "-k", "deploy").exit_code == 0
    return jobs.settled()


def test_what_somebody_else_applied_just_so_is_not_touched(jobs: Jobs, theirs: dict[str, str], fault_proxy: FaultProxy):
    words = ["--target", "prod", "--kubeconfig", str(fault_proxy.kubeconfig)]

    result = jobs.project.openflow("apply", "--yes", *words)

    assert (result.exit_code, result.stdout) == (Exit.DONE, "plan: 7 unchanged\n"), result
    assert writes(fault_proxy) == []
    assert jobs.everything() == theirs
    assert len(theirs) == 7


def test_it_is_taken_over_when_that_is_agreed_to(jobs: Jobs, theirs: dict[str, str]):
    taken = on_cluster(jobs, "apply", "--yes", "--adopt", "--force-conflicts")
    after = on_cluster(jobs, "diff")

    assert (taken.exit_code, taken.stdout.splitlines()[-1]) == (Exit.DONE, "plan: 7 to update"), taken
    assert sorted(jobs.recorded()) == sorted(theirs)
    assert (after.exit_code, after.stdout) == (Exit.DONE, "plan: 7 unchanged\n")


def test_a_difference_in_it_needs_a_decision(jobs: Jobs, theirs: dict[str, str]):
    jobs.change("ServiceAccount", "etl", {"metadata": {"labels": {"app.kubernetes.io/name": "other"}}})

    result = on_cluster(jobs, "diff")

    assert (result.exit_code, result.stdout.splitlines()[-1]) == (Exit.UNDECIDED, "plan: 1 to update, 6 unchanged")
    assert "OF803: ServiceAccount/etl is there already, and not made by openflow (its managers: hand, kubectl)" in (
        result.stderr
    )


def test_what_is_made_beside_it_is_recorded_alone(jobs: Jobs, theirs: dict[str, str]):
    jobs.api.delete(jobs.path("ConfigMap", "etl-"))

    result = on_cluster(jobs, "apply", "--yes")
    deleted = on_cluster(jobs, "delete", "--yes")

    assert (result.exit_code, result.stdout.splitlines()[-1]) == (Exit.DONE, "plan: 1 to create, 6 unchanged"), result
    assert deleted.stdout.splitlines()[-1] == "plan: 1 to delete", deleted
    assert [each for each in theirs if each not in jobs.everything()] == [
        each for each in theirs if each.startswith("ConfigMap/")
    ]


def test_what_two_jobs_share_and_somebody_else_made_is_recorded_of_neither(jobs: Jobs, kubectl: Program):
    volume = "spark.kubernetes.driver.volumes.persistentVolumeClaim.pool"
    options = {"claimName": "pool", "storageClass": "fast", "sizeLimit": "1Gi"}
    conf = {**{f"{volume}.options.{name}": text for name, text in options.items()}, f"{volume}.mount.path": "/pool"}
    etl = deep(ETL, conf=conf)
    jobs.write(etl=etl, load=etl.replace("name: etl", "name: load"))
    a_project(jobs, to="kustomize", jobs=["etl.yaml", "load.yaml"])
    rendered(jobs)
    assert apply(jobs, kubectl, "-k", "deploy").exit_code == 0
    for job in ("etl", "load"):
        jobs.api.delete(jobs.path("ConfigMap", f"{job}-"))

    result = on_cluster(jobs, "apply", "--yes")

    assert (result.exit_code, result.stdout.splitlines()[-1]) == (Exit.DONE, "plan: 2 to create, 14 unchanged"), result
    assert [[each.split("-")[0] for each in jobs.recorded(job)] for job in ("etl", "load")] == [
        ["ConfigMap/etl"],
        ["ConfigMap/load"],
    ]
