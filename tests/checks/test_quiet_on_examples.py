"""Rules find nothing, not even a note, in jobs that have nothing wrong in them."""

import json
from pathlib import Path

import pytest
from projects import JOB, Project
from rendered import ROOT, cases, examples
from told import findings

from openflow_render.core.codes import catalogue

OF_RULES = {code.id for code in catalogue() if code.bad}

JOBS = [*((folder, "") for folder in cases()), *examples()]


@pytest.mark.parametrize(("folder", "overlay"), JOBS, ids=[f"{folder.name}-{overlay}" for folder, overlay in JOBS])
def test_rules_find_nothing_in_examples_and_golden_cases(project: Project, folder: Path, overlay: str):
    overlays = ["-o", str(folder / "overlays" / f"{overlay}.yaml")] if overlay else []

    result = project.openflow("validate", str(folder / "job.yaml"), *overlays, "--report", "json")

    # Golden cases use every field there is, and may be told what comes of it.
    weighed = {"error", "warning"} if folder in cases() else {"error", "warning", "note"}
    found = json.loads(result.stdout)["findings"]
    assert [each for each in found if each["code"] in OF_RULES and each["severity"] in weighed] == []


@pytest.mark.parametrize("overlay", sorted(each.stem for each in (ROOT / "overlays").glob("*.yaml")))
def test_rules_find_nothing_in_an_ordinary_job_under_a_shipped_overlay(project: Project, overlay: str):
    project.write({"job.yaml": JOB})

    result = project.openflow("validate", "job.yaml", "-o", overlay, "--report", "json")

    found = json.loads(result.stdout)["findings"]
    assert [each for each in found if each["code"] in OF_RULES] == []


def test_rules_find_nothing_in_an_ordinary_job(project: Project):
    assert findings(project) == []
