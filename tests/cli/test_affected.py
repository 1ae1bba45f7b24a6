"""`diff --against` over all targets, and over those that changed files affect."""

from __future__ import annotations

import json
import subprocess

import pytest

from openflow_render.cli.exits import Exit
from tests.projects import JOB, Project

OPENFLOW = """\
apiVersion: openflow.io/v1
kind: Project
metadata: {name: analytics}
spec:
  targets:
    dev: {out: deploy/dev, overlays: [dev]}
    prod: {out: deploy/prod, overlays: [prod]}
    other: {out: deploy/other, jobs: [others]}
"""

OVERLAY = "apiVersion: openflow.io/v1\nkind: Overlay\nspec: {{job: {{spec: {{driver: {{memory: {memory}}}}}}}}}\n"

FILES = {
    "openflow.yaml": OPENFLOW,
    "jobs/etl.yaml": JOB.replace("  driver:\n    memory: 1g\n", "  confFiles: [../conf/log.properties]\n"),
    "others/b.yaml": JOB.replace("name: etl", "name: b"),
    "overlays/dev.yaml": OVERLAY.format(memory="1g"),
    "overlays/prod.yaml": OVERLAY.format(memory="2g"),
    "conf/log.properties": "a=b\n",
    "README.md": "hello\n",
}


@pytest.fixture
def repository(project: Project) -> Project:
    project.write(FILES)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "jobs"]):
        subprocess.run([*git, *command], cwd=project.folder, check=True)
    return project


def compared(project: Project, *options: str) -> tuple[int, dict[str, list[str]]]:
    """The exit code, and the jobs that were compared by target, with their states."""
    result = project.openflow("diff", "--against", "HEAD", "--all-targets", "--report", "json", *options)
    found: dict[str, list[str]] = {}
    for job in json.loads(result.stdout)["jobs"]:
        found.setdefault(job["target"], []).append(f"{job['job']} {job['state']}")
    return result.exit_code, found


def test_every_target_is_compared(repository: Project):
    repository.write({"overlays/prod.yaml": OVERLAY.format(memory="3g")})

    assert compared(repository) == (
        Exit.DIFFERENT,
        {"dev": ["etl unchanged"], "prod": ["etl changed"], "other": ["b unchanged"]},
    )


def test_a_job_is_told_with_its_target(repository: Project):
    repository.write({"overlays/prod.yaml": OVERLAY.format(memory="3g")})

    result = repository.openflow("diff", "--against", "HEAD", "--all-targets", "--affected")

    assert result.stdout.startswith("~ prod: data/etl: changed")
    assert "spark.driver.memory=3g   # overlays/prod.yaml:3:38" in result.stdout


EDITS: dict[str, tuple[dict[str, str], set[str]]] = {
    "an overlay": ({"overlays/prod.yaml": OVERLAY.format(memory="3g")}, {"prod"}),
    "a job": ({"others/b.yaml": JOB.replace("name: etl", "name: c")}, {"other"}),
    "a new job": ({"jobs/deep/new.yaml": JOB.replace("name: etl", "name: new")}, {"dev", "prod"}),
    "a file that a job names": ({"conf/log.properties": "a=c\n"}, {"dev", "prod"}),
    "a template": ({"templates/spark/namespace.yaml": "kind: Namespace\n"}, {"dev", "prod", "other"}),
    "what the project says of one target": (
        {"openflow.yaml": OPENFLOW.replace("jobs: [others]", "jobs: [others], namespace: x")},
        {"other"},
    ),
    "what the project says of all": (
        {"openflow.yaml": OPENFLOW.replace("spec:\n", 'spec:\n  kubernetes: "1.36"\n')},
        {"dev", "prod", "other"},
    ),
    "a new target": (
        {"openflow.yaml": OPENFLOW + "    more: {out: deploy/more, jobs: [others]}\n"},
        {"more"},
    ),
    "the project's comments": ({"openflow.yaml": "# hello\n" + OPENFLOW}, set()),
    "what nobody reads": (
        {"README.md": "hi\n", "conf/other.properties": "a=b\n", "deploy/prod/x.yaml": "a: b\n"},
        set(),
    ),
}


@pytest.mark.parametrize("what", EDITS)
def test_only_targets_that_changed_files_affect_are_compared(repository: Project, what: str):
    edit, expected = EDITS[what]
    repository.write(edit)

    _, found = compared(repository, "--affected")

    assert set(found) == expected


def test_a_job_that_is_gone_affects_its_targets(repository: Project):
    repository.write({"others/c.yaml": JOB.replace("name: etl", "name: c")})
    (repository.folder / "others" / "b.yaml").unlink()

    assert compared(repository, "--affected") == (Exit.DIFFERENT, {"other": ["c new", "b gone"]})


def test_what_is_affected_does_not_depend_on_the_working_folder(repository: Project, monkeypatch: pytest.MonkeyPatch):
    repository.write({"overlays/prod.yaml": OVERLAY.format(memory="3g")})
    monkeypatch.chdir(repository.folder / "jobs")

    assert compared(repository, "--affected") == (Exit.DIFFERENT, {"prod": ["etl changed"]})


def test_nothing_is_compared_when_nothing_has_changed(repository: Project):
    assert compared(repository, "--affected") == (Exit.DONE, {})


def test_annotations_show_each_object_at_the_line_behind_it(repository: Project):
    repository.write({"overlays/prod.yaml": OVERLAY.format(memory="3g")})

    result = repository.openflow("diff", "--against", "HEAD", "--all-targets", "--report", "github")

    lines = result.stdout.splitlines()
    assert result.exit_code == Exit.DIFFERENT
    assert any(line.startswith("::notice file=overlays/prod.yaml,line=3,col=38") for line in lines)
    assert all(line.startswith("::notice ") for line in lines)


WRONG = {
    ("--all-targets", "jobs"): "--all-targets compares every target as a whole: give no PATH and no --target",
    ("--all-targets", "-t", "dev"): "--all-targets compares every target as a whole: give no PATH and no --target",
    ("--affected", "jobs"): "--affected chooses among targets: give --all-targets",
}


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_options_that_do_not_go_together_are_told(repository: Project, arguments: tuple[str, ...]):
    result = repository.openflow("diff", "--against", "HEAD", *arguments)

    assert (result.exit_code, result.stderr.splitlines()[0]) == (Exit.USAGE, f"error: {WRONG[arguments]}")


@pytest.mark.parametrize("arguments", [("--all-targets",), ("--affected", "jobs"), ("jobs", "--report", "sarif")])
def test_what_needs_a_revision_says_so(repository: Project, arguments: tuple[str, ...]):
    result = repository.openflow("diff", *arguments)

    assert (result.exit_code, "give --against REV" in result.stderr) == (Exit.USAGE, True)
