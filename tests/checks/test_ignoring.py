"""What a user has chosen to live with, in a job and in the project."""

from __future__ import annotations

import json
from typing import Any

import pytest
from projects import JOB, Project

from openflow_render.cli import jobs
from openflow_render.cli.exits import Exit

OTHER_IMAGE = JOB.replace("spark:4.3.0", "spark:4.2.1")
"""A job with a warning about its image: OF305."""

NO_POD = """\
apiVersion: openflow.io/v1
kind: Overlay
spec:
  patches:
    - target: {kind: Service}
      merge: {spec: {selector: {spark-role: nobody}}}
"""
"""Gives a job an error that may be ignored, OF505, about its Service."""

PROJECT = """\
apiVersion: openflow.io/v1
kind: Project
metadata: {name: analytics}
spec:
  targets: {all: {}}
"""


def ignoring(job: str, *entries: str) -> str:
    """``job`` with entries in ``spec.ignore``."""
    return job + "  ignore:\n" + "".join(f"    - {{{entry}}}\n" for entry in entries)


def project_ignoring(*entries: str) -> str:
    return ignoring(PROJECT, *entries)


WEIGHED = 'code: OF305, reason: "our own build, tagged by its base"'


def findings(project: Project, *arguments: str) -> list[dict[str, Any]]:
    result = project.openflow("validate", *arguments, "--report", "json")
    return list(json.loads(result.stdout)["findings"])


def told(project: Project, *arguments: str) -> list[str]:
    """What is not ignored: place, severity and code."""
    found = findings(project, *arguments)
    return [
        f"{each['file']}:{each['line']} {each['severity']} {each['code']}" for each in found if "ignored" not in each
    ]


def test_what_a_job_ignores_is_not_told_but_counted(project: Project):
    project.write({"job.yaml": ignoring(OTHER_IMAGE, WEIGHED)})

    result = project.openflow("validate", "job.yaml", "--strict")

    assert result == (Exit.DONE, "", "1 of 1 job sound, 7 objects, 1 ignored\n")


def test_reports_for_programs_carry_it_with_the_reason(project: Project):
    project.write({"job.yaml": ignoring(OTHER_IMAGE, WEIGHED)})

    [finding] = findings(project, "job.yaml")

    assert finding["code"] == "OF305"
    assert finding["severity"] == "note"
    assert finding["ignored"] == "our own build, tagged by its base"


def test_sarif_carries_it_as_suppressed(project: Project):
    project.write({"job.yaml": ignoring(OTHER_IMAGE, WEIGHED)})

    [result] = json.loads(project.openflow("validate", "job.yaml", "--report", "sarif").stdout)["runs"][0]["results"]

    assert result["suppressions"] == [{"kind": "external", "justification": "our own build, tagged by its base"}]


@pytest.mark.parametrize("form", ["junit", "github"])
def test_forms_that_know_no_suppression_leave_it_out(project: Project, form: str):
    project.write({"job.yaml": ignoring(OTHER_IMAGE, WEIGHED)})

    result = project.openflow("validate", "job.yaml", "--report", form)

    assert "OF305" not in result.stdout


@pytest.mark.parametrize(
    ("glob", "left"),
    [
        ("Service/etl-driver-svc", []),
        ("Service/*", []),
        ("Pod/*", ["job.yaml:16 warning OF251", "overlay.yaml:6 error OF505"]),
    ],
)
def test_objects_are_named_without_the_identity_of_the_run(project: Project, glob: str, left: list[str]):
    project.write({"job.yaml": ignoring(JOB, f'code: OF505, object: "{glob}", reason: made elsewhere')})
    project.write({"overlay.yaml": NO_POD})

    assert told(project, "job.yaml", "-o", "./overlay.yaml") == left


def test_what_would_be_refused_for_certain_cannot_be_ignored(project: Project):
    project.write({"job.yaml": ignoring(JOB, "code: OF421, reason: we know better")})

    assert told(project, "job.yaml") == ["job.yaml:16 error OF252"]


def test_an_unknown_code_is_refused(project: Project):
    project.write({"job.yaml": ignoring(JOB, "code: OF999, reason: none")})

    assert told(project, "job.yaml") == ["job.yaml:16 error OF141"]


@pytest.mark.parametrize("entry", ["code: OF305", 'code: OF305, reason: ""', 'code: OF305, reason: " "'])
def test_an_entry_needs_a_reason(project: Project, entry: str):
    project.write({"job.yaml": ignoring(OTHER_IMAGE, entry)})

    assert project.openflow("validate", "job.yaml").exit_code == Exit.REFUSED


def test_an_entry_that_matches_nothing_is_told_where_it_stands(project: Project):
    project.write({"job.yaml": ignoring(JOB, WEIGHED)})

    result = project.openflow("validate", "job.yaml")

    assert result.exit_code == Exit.DONE
    assert result.stderr.startswith("job.yaml:16:7: warning OF251: there is no OF305 to ignore here\n")


def test_the_project_ignores_in_the_jobs_that_it_names(project: Project):
    project.write({"openflow.yaml": project_ignoring(f'job: "data/e*", {WEIGHED}')})
    project.write({"jobs/a.yaml": OTHER_IMAGE, "jobs/b.yaml": OTHER_IMAGE.replace("name: etl", "name: load")})

    assert told(project, "jobs") == ["jobs/b.yaml:7 warning OF305"]


def test_an_error_that_may_be_ignored_keeps_nothing_from_being_rendered(project: Project):
    project.write({"openflow.yaml": project_ignoring("code: OF505, reason: made elsewhere")})
    project.write({"job.yaml": JOB, "overlay.yaml": NO_POD})

    result = project.openflow("render", "job.yaml", "-o", "./overlay.yaml")

    assert result.exit_code == Exit.DONE
    assert result.stderr == ""
    assert "spark-role: nobody" in result.stdout


def test_what_the_project_ignores_in_vain_is_told_when_all_targets_were_looked_at(project: Project):
    project.write({"openflow.yaml": project_ignoring(WEIGHED), "jobs/a.yaml": JOB})

    assert told(project, "jobs/a.yaml") == []
    assert told(project, "--target", "all") == []
    assert told(project, "--all-targets") == ["openflow.yaml:7 warning OF251"]


def test_other_processes_send_back_what_was_ignored(project: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jobs, "MANY", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    project.write({"openflow.yaml": project_ignoring(WEIGHED)})
    project.write({"jobs/a.yaml": OTHER_IMAGE, "jobs/b.yaml": OTHER_IMAGE.replace("name: etl", "name: load")})

    result = project.openflow("validate", "--all-targets")

    assert result.stderr.endswith("; 2 ignored\n")
    assert "OF251" not in result.stderr
