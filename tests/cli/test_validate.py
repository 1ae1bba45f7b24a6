import json

import pytest
from projects import JOB, Project

from openflow_render.cli.exits import Exit

BAD = JOB.replace("memory: 1g", "memory: 12x").replace("instances: 2", "instancez: 2")

FINDINGS = """\
job.yaml:12:13: error OF210: driver.memory "12x" is not a memory size
  12 |     memory: 12x
     |             ^^^
  hint: write a whole number and a unit, for example 12g
job.yaml:14:5: error OF201: unknown field `executor.instancez` (did you mean `instances`?)
  14 |     instancez: 2
     |     ^^^^^^^^^
  hint: `openflow schema job` lists the fields of a job
"""


def test_a_sound_job_is_said_to_be_sound(project: Project):
    project.write({"job.yaml": JOB})

    assert project.openflow("validate", "job.yaml") == (Exit.DONE, "", "1 of 1 job sound, 7 objects\n")


def test_every_finding_comes_with_place_excerpt_and_hint(project: Project):
    project.write({"job.yaml": BAD, "load.yaml": JOB.replace("name: etl", "name: load")})

    result = project.openflow("validate", ".")

    assert result == (Exit.REFUSED, "", FINDINGS + "1 of 2 jobs sound, 7 objects, 2 errors\n")


def test_quiet_says_nothing_of_a_sound_job(project: Project):
    project.write({"job.yaml": JOB})

    assert project.openflow("validate", "job.yaml", "-q") == (Exit.DONE, "", "")


def test_quiet_leaves_errors(project: Project):
    project.write({"job.yaml": BAD})

    assert project.openflow("validate", "job.yaml", "-q") == (Exit.REFUSED, "", FINDINGS)


def test_findings_as_json_go_to_stdout(project: Project):
    project.write({"job.yaml": BAD})

    result = project.openflow("validate", "job.yaml", "--report", "json")

    assert (result.exit_code, result.stderr) == (Exit.REFUSED, "")
    assert json.loads(result.stdout)["findings"][0] == {
        "code": "OF210",
        "severity": "error",
        "file": "job.yaml",
        "line": 12,
        "column": 13,
        "message": 'driver.memory "12x" is not a memory size',
        "hint": "write a whole number and a unit, for example 12g",
    }


def test_json_of_nothing_found_is_an_empty_list(project: Project):
    project.write({"job.yaml": JOB})

    assert project.openflow("validate", "job.yaml", "--report", "json") == (Exit.DONE, '{\n  "findings": []\n}\n', "")


def test_a_finding_about_an_object_names_object_and_field_in_json(project: Project):
    project.write({"job.yaml": JOB})

    result = project.openflow("validate", "job.yaml", "--set", "metadata.labels.a=b c", "--report", "json")

    findings = json.loads(result.stdout)["findings"]
    assert {each["code"] for each in findings} == {"OF411"}
    assert findings[-1]["object"] == "ServiceAccount/etl"
    assert findings[-1]["field"] == "metadata.labels.a"
    assert findings[-1]["file"] == "--set metadata.labels.a=b c"


@pytest.mark.parametrize("minor", ["1.25", "1.34", "v1.30.2-eks-1", "1.99"])
def test_any_known_version_of_kubernetes_can_be_checked_for(project: Project, minor: str):
    project.write({"job.yaml": JOB})

    assert project.openflow("validate", "job.yaml", "--kubernetes", minor).exit_code == Exit.DONE


def test_strict_fails_on_warnings(project: Project):
    project.write({"job.yaml": JOB.replace("spark:4.3.0\n", "spark:4.2.1\n")})

    assert project.openflow("validate", "job.yaml").exit_code == Exit.DONE
    assert project.openflow("validate", "job.yaml", "--strict").exit_code == Exit.REFUSED
