"""A project from `openflow init`: the commands of its CI workflow, run as they are written there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from projects import Result
from repositories import Repository

WORKFLOW = ".github/workflows/openflow.yaml"
TREE = "deploy/{target}/{namespace}/{job}/{file}.yaml"
TARGETS = {"dev": "data-dev", "prod": "data"}

GH = """\
#!/bin/sh
printf '%s\\n' "$@" >"$RUNNER_TEMP/gh"
"""
"""A `gh` that only notes what it was asked: the real one talks to GitHub."""


def steps(repository: Repository) -> list[dict[str, Any]]:
    """The steps that run a script, but the one that installs openflow."""
    [job] = yaml.safe_load((repository.folder / WORKFLOW).read_text())["jobs"].values()
    scripts = [step for step in job["steps"] if "run" in step]
    assert scripts[0]["run"].startswith("pip install openflow-render==")
    return scripts[1:]


@pytest.fixture
def runner(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a runner's environment holds, with a `gh` on its PATH."""
    folder = tmp_path_factory.mktemp("runner")
    (folder / "bin").mkdir()
    (folder / "bin" / "gh").write_text(GH)
    (folder / "bin" / "gh").chmod(0o755)
    return {"RUNNER_TEMP": str(folder), "PATH": f"{folder / 'bin'}:{repository.env['PATH']}"}


def check(repository: Repository, runner: Mapping[str, str]) -> Result:
    """The step that compares what is committed with what would be rendered."""
    return repository.bash(steps(repository)[1]["run"], runner)


def files(job: str, *names: str) -> list[str]:
    return [
        TREE.format(target=target, namespace=namespace, job=job, file=name.format(job=job))
        for target, namespace in TARGETS.items()
        for name in names
    ]


RUN_SCOPED = (
    "configmap-{job}-conf-map",
    "configmap-{job}-driver-podspec-conf-map",
    "networkpolicy-{job}-policy",
    "pod-{job}-driver",
    "service-{job}-driver-svc",
)
ALL = (*RUN_SCOPED, "role-{job}", "rolebinding-{job}", "serviceaccount-{job}")


def differences(repository: Repository, runner: Mapping[str, str]) -> list[str]:
    """What the check says, which fails, of each file."""
    result = check(repository, runner)
    assert result.exit_code == 1
    return result.stdout.splitlines()


def annotation(file: str, message: str) -> str:
    return f"::error file={file},title=openflow/difference::{message}"


DIFFERENT = "the file is not what the jobs become; `openflow render` without --check writes it"
MISSING = "the file is missing; `openflow render` without --check writes it"
STALE = "no job becomes this file any more; `openflow render` without --check removes it"
FOREIGN = "openflow did not write this file, and what syncs the folder would take it; move it away"


def test_every_command_of_the_workflow_passes_once_the_targets_are_rendered(
    repository: Repository, runner: dict[str, str]
):
    repository.edit("overlays/prod.yaml", 'slices: "1000"', 'slices: "2000"')
    repository.render()
    repository.commit()

    results = [repository.bash(step["run"], {**runner, **asked(step)}) for step in steps(repository)]

    assert [(result.exit_code, result.stdout) for result in results] == [(0, "")] * 3
    comment = Path(runner["RUNNER_TEMP"], "changes.md")
    assert comment.read_text().splitlines()[0] == "### openflow: jobs since HEAD^: 2 changed, 2 unchanged"
    assert "| prod: data/spark-pi | changed |" in comment.read_text()
    assert "dev: " not in comment.read_text()
    assert Path(runner["RUNNER_TEMP"], "gh").read_text().split() == [
        *("pr", "comment", "https://git.example/pull/7", "--edit-last", "--create-if-none", "--body-file"),
        str(comment),
    ]


def asked(step: Mapping[str, Any]) -> dict[str, str]:
    """The variables of a step, with values in place of GitHub's expressions."""
    known = {
        "${{ github.token }}": "token",
        "${{ github.event.pull_request.html_url }}": "https://git.example/pull/7",
    }
    return {name: known[text] for name, text in step.get("env", {}).items()}


def test_a_job_at_fault_is_annotated_once_for_all_targets(repository: Repository, runner: dict[str, str]):
    repository.edit("jobs/spark-pi.yaml", "    memory: 1g\n  executor", "    memory: 12x\n  executor")

    result = repository.bash(steps(repository)[0]["run"], runner)

    place = "file=jobs/spark-pi.yaml,line=15,col=13,title=OF210"
    hint = "hint: write a whole number and k, m, g or t, for example 12g"
    assert result == (3, f'::error {place}::driver.memory "12x" is not a memory size%0A{hint}\n', "")


def test_an_edited_field_changes_exactly_the_files_that_the_check_names(repository: Repository, runner: dict[str, str]):
    repository.edit("jobs/spark-pi.yaml", "    memory: 1g\n  executor", "    memory: 2g\n  executor")
    expected = sorted(files("spark-pi", *RUN_SCOPED))

    told = differences(repository, runner)
    repository.render()

    assert told == [annotation(file, DIFFERENT) for file in expected]
    assert repository.changed() == {"jobs/spark-pi.yaml": "M", **dict.fromkeys(expected, "M")}
    assert check(repository, runner) == (0, "", "")


def test_a_job_that_goes_takes_exactly_its_files_along(repository: Repository, runner: dict[str, str]):
    (repository.folder / "jobs/spark-pi.yaml").unlink()
    gone = sorted(files("spark-pi", *ALL))
    indexes = [f"deploy/{target}/.openflow.index" for target in TARGETS]

    told = differences(repository, runner)
    repository.render()

    assert told == sorted(
        [*(annotation(file, STALE) for file in gone), *(annotation(file, DIFFERENT) for file in indexes)]
    )
    assert repository.changed() == {
        "jobs/spark-pi.yaml": "D",
        **dict.fromkeys(gone, "D"),
        **dict.fromkeys(indexes, "M"),
    }
    assert check(repository, runner) == (0, "", "")


def test_the_last_job_cannot_go_unnoticed(repository: Repository, runner: dict[str, str]):
    for job in (repository.folder / "jobs").iterdir():
        job.unlink()

    result = repository.project.openflow("render", "--all-targets")

    assert result.exit_code == 3
    assert not any(name.startswith("deploy/") for name in repository.changed())


def test_a_hand_edit_is_caught_and_undone(repository: Repository, runner: dict[str, str]):
    [file, _] = files("second", "pod-second-driver")
    repository.edit(file, "restartPolicy: Never", "restartPolicy: Always")

    told = differences(repository, runner)
    repository.render()

    assert told == [annotation(file, DIFFERENT)]
    assert repository.changed() == {}


def test_a_missing_file_is_caught_and_written(repository: Repository, runner: dict[str, str]):
    [file, _] = files("second", "role-second")
    (repository.folder / file).unlink()

    told = differences(repository, runner)
    repository.render()

    assert told == [annotation(file, MISSING)]
    assert repository.changed() == {}


def test_a_file_of_an_earlier_run_is_caught_and_removed(repository: Repository, runner: dict[str, str]):
    [file, _] = files("second", "job-second")
    owned = '"data-dev/second/networkpolicy-second-policy.yaml": "data-dev/second",'
    repository.edit(
        "deploy/dev/.openflow.index", owned, f'"data-dev/second/job-second.yaml": "data-dev/second",{owned}'
    )
    repository.project.write({file: "kind: Job\n"})

    told = differences(repository, runner)
    repository.render()

    assert told == [annotation("deploy/dev/.openflow.index", DIFFERENT), annotation(file, STALE)]
    assert repository.changed() == {}


def test_a_file_of_somebody_else_is_caught_among_ours_and_never_touched(repository: Repository, runner: dict[str, str]):
    [file, _] = files("second", "mine")
    repository.project.write({file: "kind: Secret\n", "deploy/dev/README.md": "ours\n"})

    told = differences(repository, runner)
    repository.render()

    assert told == [annotation(file, FOREIGN)]
    assert repository.changed() == {file: "??", "deploy/dev/README.md": "??"}


def test_a_target_prints_what_its_folder_holds(repository: Repository):
    printed = repository.run(["openflow", "render", "--target", "prod", "--out", "-"])

    held = [path.read_text() for path in (repository.folder / "deploy/prod").rglob("*.yaml")]
    assert printed.exit_code == 0
    assert sorted(printed.stdout.split("---\n")) == sorted(held)
    assert len(held) == 2 * len(ALL)
