from pathlib import Path

import pytest
from projects import JOB, Project

from openflow_render import __version__
from openflow_render.cli.exits import Exit

FILES = [
    ".github/workflows/openflow.yaml",
    ".gitignore",
    ".openflow/job.schema.json",
    ".openflow/overlay.schema.json",
    ".vscode/settings.json",
    "jobs/spark-pi.yaml",
    "overlays/prod.yaml",
]


def test_a_new_project_renders_as_it_is_told(project: Project):
    made = project.openflow("init", "mine")

    rendered = project.openflow("render", "mine/jobs", "-o", "prod", "--out", "mine/k8s")

    assert made.exit_code == Exit.DONE
    assert made.stdout == ""
    assert made.stderr.splitlines()[-1] == "Next: openflow render mine/jobs -o prod --out mine/k8s"
    assert rendered.exit_code == Exit.DONE
    assert [name for name in project.files("mine") if not name.startswith("k8s/")] == FILES


def test_a_new_project_has_no_findings_at_all(project: Project):
    project.openflow("init")

    assert project.openflow("validate", "jobs", "--strict").exit_code == Exit.DONE
    assert project.openflow("validate", "jobs", "-o", "prod", "--strict").exit_code == Exit.DONE


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

    result = project.openflow("validate", "jobs", "-o", "prod", "--set", "spec.run.as=job")

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
        "`drivr`, which is not there"
    ),
    'kind: Pod\nmetadata:\n  name: "{{ driver.pod_name.upper() }}"\n': (
        "templates/spark/driver-pod.yaml:3:9: error OF229: the expression `driver.pod_name.upper()` is not allowed: "
        "Call is not allowed"
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
