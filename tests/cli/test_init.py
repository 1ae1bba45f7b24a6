import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from projects import JOB, Project

from openflow_render import __version__
from openflow_render.cli.exits import Exit

FILES = [
    ".github/workflows/openflow.yaml",
    ".gitignore",
    ".openflow/job.schema.json",
    ".openflow/overlay.schema.json",
    ".openflow/project.schema.json",
    ".pre-commit-config.yaml",
    ".vscode/settings.json",
    "jobs/spark-pi.yaml",
    "openflow.yaml",
    "overlays/prod.yaml",
]


def test_a_new_project_renders_as_it_is_told(project: Project, monkeypatch: pytest.MonkeyPatch):
    made = project.openflow("init", "mine")
    monkeypatch.chdir("mine")

    rendered = project.openflow("render", "--all-targets")

    assert made.exit_code == Exit.DONE
    assert made.stdout == ""
    assert made.stderr.splitlines()[-1] == "Next: cd mine && openflow render --all-targets"
    assert rendered == (Exit.DONE, "", "deploy/dev: 8 written\ndeploy/prod: 8 written\n")
    assert [name for name in project.files("mine") if not name.startswith("deploy/")] == FILES


def test_a_project_made_in_place_is_rendered_in_place(project: Project):
    made = project.openflow("init")

    assert made.stderr.splitlines()[-1] == "Next: openflow render --all-targets"


def test_a_new_project_has_no_findings_at_all(project: Project):
    project.openflow("init")

    result = project.openflow("validate", "--all-targets", "--strict")

    assert result == (Exit.DONE, "", "dev: 1 of 1 job sound, 8 objects; prod: 1 of 1 job sound, 8 objects\n")
    assert project.openflow("validate", "jobs", "-n", "data", "--strict").exit_code == Exit.DONE


COMMENTED = {"cluster": ["cluster:"], "argocd": ["to: argocd", "argocd:"], "flux": ["to: flux", "flux:"]}


@pytest.mark.parametrize("form", COMMENTED)
def test_what_the_project_file_shows_in_comments_works_as_written(project: Project, form: str):
    project.openflow("init")
    file = Path("openflow.yaml")
    text = file.read_text()
    for shown in COMMENTED[form]:
        assert text.count(f"# {shown}") == 1
        text = text.replace(f"# {shown}", shown)
    file.write_text(text)

    result = project.openflow("render", "--all-targets", "--strict")

    assert result.exit_code == Exit.DONE


def read(file: Path) -> object:
    return yaml.safe_load(file.read_text())


def test_editors_check_every_file_with_a_schema_that_it_passes(project: Project):
    project.openflow("init")
    schemas = json.loads(Path(".vscode/settings.json").read_text())["yaml.schemas"]

    checked = {
        str(file): list(Draft202012Validator(json.loads(Path(schema).read_text())).iter_errors(read(file)))
        for schema, globs in schemas.items()
        for pattern in globs
        for file in Path().glob(pattern)
    }

    assert checked == {"jobs/spark-pi.yaml": [], "overlays/prod.yaml": [], "openflow.yaml": []}


def test_a_project_is_never_overwritten(project: Project):
    project.write({"overlays/prod.yaml": "mine\n"})

    result = project.openflow("init")

    assert result == (Exit.USAGE, "", "error: overlays/prod.yaml is there already; nothing was written\n")
    assert project.files() == {"overlays/prod.yaml": "mine\n"}


def test_a_folder_that_cannot_be_made_is_told(project: Project):
    project.write({"file": ""})

    result = project.openflow("init", "file/below")

    assert (result.exit_code, result.stderr) == (Exit.USAGE, "error: file/below/jobs: Not a directory\n")


def test_quiet_says_nothing(project: Project):
    assert project.openflow("init", "-q") == (Exit.DONE, "", "")


def test_the_workflow_asks_for_this_version(project: Project):
    project.openflow("init")

    assert f"pip install openflow-render=={__version__}\n" in project.files()[".github/workflows/openflow.yaml"]


def test_the_overlay_suits_jobs_without_a_driver_pod(project: Project):
    project.openflow("init")

    result = project.openflow("validate", "--target", "prod", "--set", "spec.run.as=job")

    assert result.exit_code == Exit.DONE


# --- templates ---


def test_copied_templates_change_nothing(project: Project):
    project.write({"job.yaml": JOB})
    before = project.openflow("render", "job.yaml")

    made = project.openflow("init", "--templates")

    assert made.exit_code == Exit.DONE
    assert "templates/spark/driver-pod.yaml" in project.files()
    assert not [name for name in project.files() if name.startswith(("templates/project", "templates/report"))]
    assert project.openflow("render", "job.yaml") == before


def test_a_template_of_the_project_replaces_the_built_in_one(project: Project):
    project.write({"job.yaml": JOB})
    project.openflow("init", "--templates")
    file = Path("templates/spark/driver-service.yaml")
    file.write_text(file.read_text().replace("spec:\n", "spec:\n  sessionAffinity: None\n"))

    result = project.openflow("render", "job.yaml")

    assert "  sessionAffinity: None\n" in result.stdout


NOT_ONE = "templates/spark/driver-pod.yaml: error OF228: the template templates/spark/driver-pod.yaml is not one object"
BROKEN = {
    "a: [1\n": (
        "templates/spark/driver-pod.yaml:2:1: error OF112: this is not YAML: a list that begins with `[` is not closed "
        "(begun at line 1)"
    ),
    "- a\n": NOT_ONE,
    "": NOT_ONE,
    "a: 1\n---\nb: 2\n": NOT_ONE,
    'kind: Pod\nmetadata:\n  name: "{{ driver.nope }}"\n': (
        "templates/spark/driver-pod.yaml:3:9: error OF230: the template templates/spark/driver-pod.yaml asks for "
        "`driver.nope`, which is not there"
    ),
    'kind: Pod\nmetadata:\n  name: "{{ drivr.pod_name }}"\n': (
        "templates/spark/driver-pod.yaml:3:9: error OF230: the template templates/spark/driver-pod.yaml asks for "
        "`drivr`, which is not there (did you mean `driver`?)"
    ),
    'kind: Pod\nmetadata:\n  name: "{{ driver.pod_name.upper() }}"\n': (
        "templates/spark/driver-pod.yaml:3:9: error OF229: the expression `driver.pod_name.upper()` is not allowed: "
        "a call is not allowed"
    ),
    'kind: Pod\nmetadata:\n  name: "x{{ driver.args }}"\n': (
        "templates/spark/driver-pod.yaml:3:9: error OF163: {{ driver.args }} is a list, which cannot stand inside text"
    ),
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_template_of_the_project_is_refused_at_its_line(project: Project, text: str):
    project.write({"job.yaml": JOB, "templates/spark/driver-pod.yaml": text})

    result = project.openflow("render", "job.yaml")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert result.stderr.splitlines()[0] == BROKEN[text]


def test_a_template_of_the_project_whose_object_is_wrong_is_refused_at_its_line(project: Project):
    project.write({"job.yaml": JOB})
    project.openflow("init", "--templates")
    file = Path("templates/spark/driver-service.yaml")
    file.write_text(file.read_text().replace("metadata:\n", "metadata:\n  lables: {a: b}\n"))

    result = project.openflow("render", "job.yaml")

    line = file.read_text().splitlines().index("  lables: {a: b}") + 1
    assert result.exit_code == Exit.REFUSED
    assert result.stderr.splitlines()[0].startswith(f"templates/spark/driver-service.yaml:{line}:")
    assert "OF401" in result.stderr
