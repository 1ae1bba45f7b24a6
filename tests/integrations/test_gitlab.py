"""The GitLab CI template: its scripts, run with its variables."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from projects import Result
from repositories import ROOT, Repository

from openflow_render import __version__

TEMPLATE: dict[str, Any] = yaml.safe_load((ROOT / "integrations/gitlab/openflow.gitlab-ci.yml").read_text("utf-8"))
COMMON = TEMPLATE[".openflow"]
JOBS = [name for name in TEMPLATE if not name.startswith(".")]


def run(repository: Repository, job: str, **variables: str) -> Result:
    """The script of a job, as the runner puts its lines together."""
    assert TEMPLATE[job]["extends"] == ".openflow"
    return repository.bash("\n".join(TEMPLATE[job]["script"]), {**COMMON["variables"], **variables})


def test_this_version_is_installed():
    assert COMMON["before_script"] == ['pip install --quiet "openflow-render==$OPENFLOW_VERSION"']
    assert COMMON["variables"]["OPENFLOW_VERSION"] == __version__


@pytest.mark.parametrize("job", JOBS)
def test_a_project_that_is_as_it_should_be_passes(repository: Repository, job: str):
    assert run(repository, job).exit_code == 0


def test_findings_are_among_the_tests_of_the_pipeline(repository: Repository):
    repository.edit("jobs/spark-pi.yaml", 'version: "4.3.0"', "version: new")

    result = run(repository, "openflow validate")

    report = TEMPLATE["openflow validate"]["artifacts"]
    cases = ET.parse(repository.folder / report["reports"]["junit"]).getroot().iter("testcase")
    assert result.exit_code == 3
    assert {case.get("name"): len(case.findall("failure")) for case in cases} == {
        "jobs/second.yaml": 0,
        "jobs/spark-pi.yaml": 1,
    }
    assert report["when"] == "always"


def test_a_stale_tree_fails_with_the_change_in_the_log(repository: Repository):
    repository.edit("overlays/prod.yaml", 'slices: "1000"', 'slices: "2000"')

    result = run(repository, "openflow check")

    assert result.exit_code == 1
    assert '+    - "2000"\n' in result.stdout


def test_options_can_name_one_target(repository: Repository):
    repository.edit("overlays/prod.yaml", 'slices: "1000"', 'slices: "2000"')

    result = run(repository, "openflow check", OPENFLOW_OPTIONS="--target dev --strict")

    assert result == (0, "", "")
