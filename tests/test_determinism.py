"""The same input gives the same bytes, whatever is around it; and what must make another run does."""

from __future__ import annotations

import os
import random
import re

import pytest
from projects import JOB, Project

from openflow_render.cli.exits import Exit

RICH = (
    JOB.replace("name: etl,", "name: etl, labels: {b: '1', a: '2'}, annotations: {d: '1', c: '2'},")
    + """\
    tolerations: [{key: spot, operator: Exists}]
    nodeSelector: {z: "1", y: "2", x: "3"}
  conf:
    spark.z: "1"
    spark.a: "2"
    spark.kubernetes.driver.label.q: "1"
    spark.kubernetes.driver.label.p: "2"
    spark.kubernetes.driver.volumes.emptyDir.v.mount.path: /v
    spark.kubernetes.driver.volumes.emptyDir.u.mount.path: /u
    spark.kubernetes.driverEnv.N: "1"
    spark.kubernetes.driverEnv.M: "2"
  scheduling: {scheduler: volcano, queue: q, gang: {}}
  security: {profile: restricted}
"""
)


@pytest.fixture
def rich(project: Project) -> Project:
    project.write({"job.yaml": RICH})
    return project


def rendered(project: Project, *arguments: str) -> str:
    result = project.openflow("render", "job.yaml", *arguments)
    assert result.exit_code == Exit.DONE, result.stderr
    return result.stdout


SURROUNDINGS = {
    "another seed of hashes": {"PYTHONHASHSEED": "1"},
    "yet another seed": {"PYTHONHASHSEED": "4242"},
    "another place and time": {"TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "LANG": "de_DE.UTF-8"},
    "another user": {"HOME": "/tmp", "USER": "mallory", "LOGNAME": "mallory", "USERNAME": "mallory"},
    "a cluster in reach": {"KUBECONFIG": "/nonexistent", "KUBERNETES_SERVICE_HOST": "10.0.0.1", "SPARK_HOME": "/x"},
}


@pytest.mark.parametrize("case", SURROUNDINGS)
def test_what_is_around_the_process_does_not_count(rich: Project, case: str) -> None:
    assert rich.process("render", "job.yaml", env=SURROUNDINGS[case]).stdout == rendered(rich)


def test_the_working_directory_does_not_count(rich: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    before = rendered(rich)
    rich.write({"elsewhere/note.txt": ""})
    monkeypatch.chdir(rich.folder / "elsewhere")

    assert rich.openflow("render", "../job.yaml").stdout == before
    assert rich.openflow("render", str(rich.folder / "job.yaml")).stdout == before


def test_the_mask_of_new_files_counts_for_their_mode_and_nothing_else(rich: Project) -> None:
    old = os.umask(0o077)
    try:
        rich.openflow("render", "job.yaml", "--out", "private")
    finally:
        os.umask(old)
    rich.openflow("render", "job.yaml", "--out", "public")

    assert rich.files("private") == rich.files("public")


def test_twice_in_one_process_is_twice_the_same(rich: Project) -> None:
    assert rendered(rich) == rendered(rich)


def test_the_order_in_which_a_folder_lists_its_files_does_not_count(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write({f"jobs/{name}.yaml": JOB.replace("name: etl", f"name: {name}") for name in "dbca"})
    before = project.openflow("render", "jobs").stdout
    scandir = os.scandir

    class Shuffled:
        def __init__(self, folder: str) -> None:
            with scandir(folder) as found:
                self.entries = list(found)
            random.Random(7).shuffle(self.entries)

        def __enter__(self) -> list[os.DirEntry[str]]:
            return self.entries

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(os, "scandir", Shuffled)

    assert project.openflow("render", "jobs").stdout == before


def turned(text: str) -> str:
    """The job with the properties in its conf the other way round."""
    lines = text.splitlines(keepends=True)
    first = lines.index("  conf:\n") + 1
    last = next(number for number in range(first, len(lines)) if not lines[number].startswith("    "))
    return "".join([*lines[:first], *reversed(lines[first:last]), *lines[last:]])


def settled(text: str) -> list[str]:
    """Lines in sorted order, digests left out: equal where objects differ in order alone."""
    return sorted(re.sub(r"\b[0-9a-f]{32}\b|\b[0-9a-f]{10}\b", "*", line) for line in text.splitlines())


def test_properties_in_another_order_give_the_same_objects(rich: Project) -> None:
    before = rendered(rich)
    rich.write({"job.yaml": turned(RICH)})

    assert turned(RICH) != RICH
    assert settled(rendered(rich)) == settled(before)


# --- the identity of a run ---


def identity(project: Project, *arguments: str) -> str:
    """The suffix in the names of the run's objects; empty when they have none."""
    names = re.findall(r"name: etl(?:-([0-9a-f]{10}))?-driver$", rendered(project, *arguments), re.MULTILINE)
    assert len(set(names)) == 1
    return str(names[0])


@pytest.mark.parametrize(
    "change",
    ["metadata.labels.a=x", "metadata.annotations.new=x", "metadata.labels[app.kubernetes.io/part-of]=x"],
)
def test_a_relabelling_runs_nothing_again(rich: Project, change: str) -> None:
    assert identity(rich, "--set", change) == identity(rich)


CHANGES = [
    "spec.application.class=example.Other",
    "spec.driver.memory=2g",
    "spec.driver.labels.new=x",
    "spec.executor.instances=3",
    "spec.executor.nodeSelector.x=4",
    "spec.conf[spark.a]=3",
    "spec.image=registry.example/other:4.3.0",
    "metadata.namespace=other",
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_what_is_run_makes_another_run(rich: Project, change: str) -> None:
    assert identity(rich, "--set", change) != identity(rich)


def test_arguments_make_another_run(rich: Project) -> None:
    assert identity(rich, "--set-json", 'spec.application.args=["1"]') != identity(rich)


def test_an_account_of_ones_own_is_no_part_of_the_run_but_its_name_is(rich: Project) -> None:
    assert identity(rich, "--set", "spec.driver.serviceAccount=mine") != identity(rich)


def test_never_means_plain_names(rich: Project) -> None:
    text = rendered(rich, "--set", "spec.run.rerun=never")

    assert identity(rich, "--set", "spec.run.rerun=never") == ""
    assert "immutable: true" not in text


def test_always_takes_its_identity_from_the_run_id(rich: Project) -> None:
    always = ("--set", "spec.run.rerun=always", "--run-id")

    assert identity(rich, *always, "1") == identity(rich, *always, "1") != identity(rich, *always, "2")


def test_a_run_id_means_nothing_to_other_jobs(rich: Project) -> None:
    assert rendered(rich, "--run-id", "1") == rendered(rich)


def test_the_version_of_kubernetes_that_is_checked_for_changes_no_byte(rich: Project) -> None:
    assert rendered(rich, "--kubernetes", "1.30") == rendered(rich)
