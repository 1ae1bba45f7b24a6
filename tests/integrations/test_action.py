"""`action.yml`: its inputs reach the scripts as GitHub hands them over, and the scripts do what they say."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from projects import Result
from repositories import ROOT, Repository

from openflow_render import __version__

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
EXPRESSION = re.compile(r"\$\{\{ *(.+?) *\}\}")


class Runner:
    """What of GitHub's runner an action sees: its folders and files, and expressions filled in."""

    def __init__(self, repository: Repository, folder: Path, inputs: Mapping[str, str]) -> None:
        self.repository = repository
        self.folder = folder
        self.values = {f"inputs.{name}": inputs.get(name, each["default"]) for name, each in ACTION["inputs"].items()}
        self.files = {name: folder / name for name in ("GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")}

    def run(self, name: str) -> Result:
        """The script of one step."""
        [step] = [each for each in STEPS if each["name"] == name]
        assert step["shell"] == "bash"
        given = {variable: self.filled(text) for variable, text in step.get("env", {}).items()}
        paths = {variable: str(path) for variable, path in self.files.items()}
        place = self.filled(step.get("working-directory", "."))
        return self.repository.bash(f"cd {place}\n{step['run']}", {"RUNNER_TEMP": str(self.folder), **paths, **given})

    def filled(self, text: str) -> str:
        return EXPRESSION.sub(lambda found: self.values[found[1]], text)

    def said(self, file: str) -> str:
        return self.files[file].read_text()


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runner")


def expressions(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for below in value.values():
            yield from expressions(below)
    elif isinstance(value, list):
        for below in value:
            yield from expressions(below)
    else:
        yield from EXPRESSION.findall(str(value))


VALIDATE, CHECK, SUMMARY = (step["name"] for step in STEPS[2:])


def test_every_expression_names_something_that_is_there():
    known = {f"inputs.{name}" for name in ACTION["inputs"]}
    known |= {"steps.python.outputs.python-path", "steps.validate.outputs.findings"}

    assert set(expressions(ACTION)) == known


def test_no_script_is_pasted_together():
    scripts = [step["run"] for step in STEPS if "run" in step]

    assert len(scripts) == 4
    assert [script for script in scripts if "${{" in script] == []


def test_this_version_is_installed_where_the_next_steps_find_it(repository: Repository, folder: Path, wheel: Path):
    runner = Runner(repository, folder, {})
    runner.values["steps.python.outputs.python-path"] = sys.executable
    # What it depends on is left out: the other steps run with what is here.
    repository.env |= {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_FIND_LINKS": str(wheel.parent)}

    result = runner.run("Install openflow")

    assert result == (0, "", "")
    assert runner.said("GITHUB_PATH") == f"{folder}/openflow/bin\n"
    assert (folder / "openflow/bin/openflow").is_file()
    assert list(folder.glob(f"openflow/lib/*/site-packages/openflow_render-{__version__}.dist-info"))


def test_a_project_that_is_as_it_should_be_passes(repository: Repository, folder: Path):
    runner = Runner(repository, folder, {})

    assert [runner.run(name) for name in (VALIDATE, CHECK)] == [(0, "", ""), (0, "", "")]


def test_a_finding_is_annotated_and_kept_for_upload(repository: Repository, folder: Path):
    repository.edit("jobs/spark-pi.yaml", 'version: "4.3.0"', "version: new")
    runner = Runner(repository, folder, {})

    result = runner.run(VALIDATE)

    place = "file=jobs/spark-pi.yaml,line=7,col=12,title=OF210"
    told = f'::error {place}::version "new" is not a version%0Ahint: for example "4.3.0", in quotes\n'
    assert result == (3, told, "")
    assert runner.said("GITHUB_OUTPUT") == f"findings={folder}/openflow-findings\n"
    assert (folder / "openflow-findings").read_text() == told


def test_a_tree_that_is_stale_fails_for_the_target_that_is_asked_for(repository: Repository, folder: Path):
    repository.edit("overlays/prod.yaml", 'slices: "1000"', 'slices: "2000"')

    dev = Runner(repository, folder, {"target": "dev"}).run(CHECK)
    prod = Runner(repository, folder, {"target": "prod"}).run(CHECK)

    assert dev == (0, "", "")
    assert prod.exit_code == 1
    assert "::error file=deploy/prod/data/spark-pi/pod-spark-pi-driver.yaml," in prod.stdout


def test_arguments_and_form_are_passed_on(repository: Repository, folder: Path):
    repository.edit("openflow.yaml", "      namespace: data-dev\n", "")
    given = {"target": "dev", "arguments": "--strict  --namespace other", "report": "junit"}

    result = Runner(repository, folder, given).run(VALIDATE)

    assert result.exit_code == 0
    assert result.stdout.startswith('<?xml version="1.0" encoding="utf-8"?>\n')


def test_an_input_is_never_run(repository: Repository, folder: Path):
    evil = "dev'; touch stolen; $(touch stolen) `touch stolen`"
    given = {"target": evil, "arguments": evil, "report": evil}

    result = Runner(repository, folder, given).run(VALIDATE)

    assert result.exit_code == 2
    assert not (repository.folder / "stolen").exists()


@pytest.mark.parametrize(("target", "jobs"), [("", "2 changed, 2 unchanged"), ("prod", "2 changed")])
def test_the_summary_tells_what_changes(repository: Repository, folder: Path, target: str, jobs: str):
    repository.edit("overlays/prod.yaml", 'slices: "1000"', 'slices: "2000"')
    repository.render()
    repository.commit()
    runner = Runner(repository, folder, {"target": target})

    result = runner.run(SUMMARY)

    assert (result.exit_code, result.stdout) == (0, "")
    assert runner.said("GITHUB_STEP_SUMMARY").splitlines()[0] == f"### openflow: jobs since HEAD^: {jobs}"


def test_a_project_below_the_root_is_found_by_its_folder(repository: Repository, folder: Path):
    for name in ("jobs", "overlays", "openflow.yaml", "deploy"):
        (repository.folder / "data").mkdir(exist_ok=True)
        (repository.folder / name).rename(repository.folder / "data" / name)
    runner = Runner(repository, folder, {"working-directory": "data"})

    assert [runner.run(name).exit_code for name in (VALIDATE, CHECK)] == [0, 0]


def test_the_version_is_that_of_this_checkout():
    assert ACTION["inputs"]["version"]["default"] == __version__
