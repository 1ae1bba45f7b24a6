"""The plugin for Argo CD, run as its sidecar runs it: nothing but the files of the repository and the parameters."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from projects import Result
from repositories import PROGRAMS, ROOT, Repository

from openflow_render import __version__

FOLDER = ROOT / "integrations/argocd-plugin"
PLUGIN: dict[str, Any] = yaml.safe_load((FOLDER / "plugin.yaml").read_text(encoding="utf-8"))
CONTAINERFILE = (FOLDER / "Containerfile").read_text(encoding="utf-8")


IN_ARGO_CD = 'out: deploy/prod\n      to: argocd\n      argocd: {repoURL: "https://git.example/data/jobs.git"}'


def generate(repository: Repository, tmp_path_factory: pytest.TempPathFactory, **parameters: str) -> Result:
    """What the sidecar runs, in the folder of the application; a parameter is a variable that begins with PARAM_."""
    asked = PLUGIN["spec"]["generate"]
    home = tmp_path_factory.mktemp("home")
    repository.env = {
        "PATH": f"{PROGRAMS}{os.pathsep}{os.defpath}",
        "HOME": str(home),
        "ARGOCD_APP_NAME": "spark-jobs-prod",
        "ARGOCD_APP_SOURCE_PATH": ".",
        **{f"PARAM_{name.upper()}": value for name, value in parameters.items()},
    }
    result = repository.run([*asked["command"], *asked["args"]])
    assert list(home.iterdir()) == []
    return result


def test_a_target_becomes_its_objects_with_what_argo_cd_reads_on_them(
    repository: Repository, tmp_path_factory: pytest.TempPathFactory, record_property: Any
):
    repository.edit("openflow.yaml", "out: deploy/prod", IN_ARGO_CD)
    repository.render()
    before = repository.changed()

    start = time.monotonic()
    result = generate(repository, tmp_path_factory, target="prod")
    record_property("seconds", time.monotonic() - start)

    held = [path.read_text() for path in (repository.folder / "deploy/prod/data").rglob("*.yaml")]
    assert (result.exit_code, result.stderr) == (0, "")
    assert sorted(result.stdout.split("---\n")) == sorted(held)
    assert all("argocd.argoproj.io/" in text for text in held)
    assert repository.changed() == before


def test_a_target_of_another_form_becomes_the_same(repository: Repository, tmp_path_factory: pytest.TempPathFactory):
    result = generate(repository, tmp_path_factory, target="dev")

    documents = list(yaml.safe_load_all(result.stdout))
    assert result.exit_code == 0
    assert len(documents) == 16
    assert all(any(name.startswith("argocd.") for name in each["metadata"]["annotations"]) for each in documents)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"target": "pord"}, "error: the project has no target pord (did you mean `prod`?); it has dev, prod\n"),
        ({}, "PARAM_TARGET: the application names no target\n"),
        ({"target": ""}, "PARAM_TARGET: the application names no target\n"),
        ({"target": "$(touch stolen)"}, "error: the project has no target $(touch stolen); it has dev, prod\n"),
    ],
    ids=["misspelt", "missing", "empty", "hostile"],
)
def test_a_target_that_is_not_there_is_told_and_nothing_is_printed(
    repository: Repository, tmp_path_factory: pytest.TempPathFactory, parameters: dict[str, str], said: str
):
    result = generate(repository, tmp_path_factory, **parameters)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert said in result.stderr
    assert repository.changed() == {}


def test_a_job_at_fault_is_told_and_nothing_is_printed(
    repository: Repository, tmp_path_factory: pytest.TempPathFactory
):
    repository.edit("jobs/spark-pi.yaml", 'version: "4.3.0"', "version: new")

    result = generate(repository, tmp_path_factory, target="prod")

    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        'jobs/spark-pi.yaml:7:12: error OF210: version "new" is not a version\n'
        "  7 |   version: new\n"
        "    |            ^^^\n"
        '  hint: for example "4.3.0", in quotes\n'
    )


def test_the_plugin_is_found_by_the_project_file_and_announces_its_parameter(repository: Repository):
    spec = PLUGIN["spec"]

    assert (PLUGIN["apiVersion"], PLUGIN["kind"]) == ("argoproj.io/v1alpha1", "ConfigManagementPlugin")
    assert PLUGIN["metadata"] == {"name": "openflow"}
    assert sorted(spec) == ["discover", "generate", "parameters", "preserveFileMode", "provideGitCreds"]
    assert list(repository.folder.glob(spec["discover"]["fileName"])) == [repository.folder / "openflow.yaml"]
    assert [each["name"] for each in spec["parameters"]["static"]] == ["target"]
    assert (spec["preserveFileMode"], spec["provideGitCreds"]) == (False, False)


def test_the_application_in_the_docs_is_the_one_that_a_tree_has_but_for_its_source(repository: Repository):
    repository.edit("openflow.yaml", "out: deploy/prod", IN_ARGO_CD)
    repository.render()
    page = (ROOT / "docs/gitops-plugin.md").read_text(encoding="utf-8")
    shown = yaml.safe_load(page.split("```yaml\n")[-1].split("```")[0])

    written = yaml.safe_load((repository.folder / "deploy/prod/application.yaml").read_text())

    for source in (shown["spec"]["source"], written["spec"]["source"]):
        assert source.pop("path") in {".", "deploy/prod"}
    plugin, _ = shown["spec"]["source"].pop("plugin"), written["spec"]["source"].pop("directory")
    assert plugin == {"name": PLUGIN["metadata"]["name"], "parameters": [{"name": "target", "string": "prod"}]}
    assert shown == written


def test_the_image_holds_this_version_and_the_plugin_and_runs_as_argo_cd_does(wheel: Path):
    lines = [line for line in CONTAINERFILE.splitlines() if not line.startswith("#")]

    name, version = wheel.name.split("-")[:2]
    assert version == __version__
    assert lines == [
        "FROM python:3.12-slim-bookworm",
        f'RUN ["pip", "install", "--no-cache-dir", "{name.replace("_", "-")}=={version}"]',
        'COPY ["plugin.yaml", "/home/argocd/cmp-server/config/plugin.yaml"]',
        "USER 999",
        'ENTRYPOINT ["/var/run/argocd/argocd-cmp-server"]',
    ]
