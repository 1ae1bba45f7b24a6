import json

import pytest
from projects import JOB, Project

from openflow_render.cli.exits import Exit

BAD = JOB.replace("memory: 1g", "memory: 12x").replace("instances: 2", "instancez: 2")

FINDINGS = """\
job.yaml:12:13: error OF210: driver.memory "12x" is not a memory size
  12 |     memory: 12x
     |             ^^^
  hint: write a whole number and k, m, g or t, for example 12g
job.yaml:14:5: error OF201: unknown field `executor.instancez` (did you mean `instances`?)
  14 |     instancez: 2
     |     ^^^^^^^^^
  hint: `openflow schema job` lists all fields
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
        "hint": "write a whole number and k, m, g or t, for example 12g",
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


# --- what is sound ---

BAD_OVERLAY = "apiVersion: openflow.io/v1\nkind: Overlay\nspec: {jobs: {}}\n"


def test_no_job_is_sound_under_a_broken_overlay(project: Project):
    project.write({"job.yaml": JOB, "overlays/o.yaml": BAD_OVERLAY})

    result = project.openflow("validate", "job.yaml", "-o", "o")

    assert result.exit_code == Exit.REFUSED
    assert "OF201: unknown field `jobs` (did you mean `job`?)" in result.stderr
    assert "hint: `openflow schema overlay` lists all fields" in result.stderr
    assert result.stderr.splitlines()[-1] == "0 of 1 job sound, 0 objects, 1 error"


def test_a_file_that_cannot_be_read_does_not_count_against_the_others(project: Project):
    project.write({"jobs/a.yaml": JOB, "jobs/b.yaml": "apiVersion: openflow.io/v1\nkind: [Job\n"})

    result = project.openflow("validate", "jobs")

    assert result.stderr.splitlines()[-1] == "1 of 1 job sound, 7 objects, 1 error"


def test_an_overlay_given_as_a_path_is_not_looked_up_as_a_name(project: Project):
    project.write({"job.yaml": JOB})

    result = project.openflow("validate", "job.yaml", "-o", "overlays/nope.yaml")

    assert result.stderr.splitlines()[:2] == [
        "-o overlays/nope.yaml: error OF150: there is no overlay overlays/nope.yaml",
        "  hint: it is looked up as overlays/nope.yaml",
    ]


# --- one finding for one fault ---


def findings(project: Project, *arguments: str) -> list[str]:
    report = json.loads(project.openflow("validate", "job.yaml", "--report", "json", *arguments).stdout)["findings"]
    return [f"{each['file']}:{each['line']} {each['code']}" for each in report]


def test_a_text_whose_expression_is_at_fault_is_not_judged_as_well(project: Project):
    project.write({"job.yaml": JOB.replace("memory: 1g", 'memory: "{{ vars.size }}"')})

    assert findings(project) == ["job.yaml:12 OF161"]


@pytest.mark.parametrize("name", ["spark.executor.instances", "spark.driver.cores", "spark.ui.port"])
def test_a_property_that_is_no_number_is_told_once(project: Project, name: str):
    project.write({"job.yaml": JOB})
    given = f"--set=spec.conf[{name}]=four"

    assert findings(project, given) == [f"--set spec.conf[{name}]=four:0 OF315"]


# --- assignments ---

MISPLACED = {
    "executor.instances=3": "spec.executor.instances",
    "spec.conf.spark.ui.enabled=false": "spec.conf[spark.ui.enabled]",
    "conf.spark.ui.enabled=false": "spec.conf[spark.ui.enabled]",
    "metadata.labels.example.team=a": "metadata.labels[example.team]",
}


@pytest.mark.parametrize("assignment", MISPLACED)
def test_an_assignment_beside_a_field_names_the_field(project: Project, assignment: str):
    project.write({"job.yaml": JOB})

    result = project.openflow("validate", "job.yaml", "--set", assignment)

    first, hint, _ = result.stderr.splitlines()
    assert first == f"--set {assignment}: error OF173: a job has no field {assignment.partition('=')[0]}"
    assert hint == f"  hint: write {MISPLACED[assignment]}"


def test_a_field_that_an_assignment_made_up_is_its_fault(project: Project):
    project.write({"job.yaml": JOB})

    result = project.openflow("validate", "job.yaml", "--set", "spec.executr.memory=3g")

    assert result.stderr.splitlines()[0] == (
        "--set spec.executr.memory=3g: error OF201: unknown field `executr` (did you mean `executor`?)"
    )


# --- patches ---


def test_what_a_patch_leaves_out_or_takes_away_is_its_fault(project: Project):
    head = "apiVersion: openflow.io/v1\nkind: Overlay\nspec:\n  patches:\n    - target: {kind: Pod}\n"
    half = "      merge: {spec: {volumes: [{name: v, configMap: {items: [{key: a}]}}]}}\n"
    gone = "      merge: {spec: {containers: null}}\n"
    project.write({"job.yaml": JOB, "overlays/half.yaml": head + half, "overlays/gone.yaml": head + gone})

    assert findings(project, "-o", "half") == ["overlays/half.yaml:6 OF404"]
    assert set(findings(project, "-o", "gone")) == {"overlays/gone.yaml:6 OF404"}


# --- types ---

TYPES = {
    ("memory: 1g", "memory: 8192"): "write a whole number and k, m, g or t, for example 12g",
    ("instances: 2", "instances: two"): "write a number, without quotes",
    ("instances: 2", "cores: 500m"): "write a whole number; for a share of a CPU set cpu.request",
    ("class: example.Main", "class: 7"): 'put it in quotes: "7"',
    ("class: example.Main", "class: true"): 'put it in quotes: "true"',
    ("class: example.Main", "class: [a]"): "write a text",
    ("class: example.Main", "args: a"): "write a list: [a]",
    ("instances: 2", "labels: a"): "write a map, such as {name: value}",
    ("name: etl", "name: 7"): 'put it in quotes: "7"',
}


@pytest.mark.parametrize("change", TYPES, ids=": ".join)
def test_what_to_do_about_a_wrong_type_depends_on_both_types(project: Project, change: tuple[str, str]):
    project.write({"job.yaml": JOB.replace(*change)})

    result = project.openflow("validate", "job.yaml")

    assert "error OF203: " in result.stderr
    assert f"  hint: {TYPES[change]}\n" in result.stderr


# --- targets ---

PROJECT = """\
apiVersion: openflow.io/v1
kind: Project
metadata: {name: jobs}
spec:
  targets:
    dev: {out: deploy/dev}
    prod: {out: deploy/prod, overlays: [prod]}
"""
BIGGER = "apiVersion: openflow.io/v1\nkind: Overlay\nspec: {job: {spec: {executor: {memory: 4x}}}}\n"


def test_what_is_wrong_for_all_targets_is_told_once_and_for_one_of_them_too(project: Project):
    project.write({"openflow.yaml": PROJECT, "jobs/job.yaml": BAD, "overlays/prod.yaml": BIGGER})

    result = project.openflow("validate", "--all-targets", "--report", "github")

    assert result.exit_code == Exit.REFUSED
    assert [line.split("::")[1] for line in result.stdout.splitlines()] == [
        "error file=jobs/job.yaml,line=12,col=13,title=OF210",
        "error file=jobs/job.yaml,line=14,col=5,title=OF201",
        "error file=overlays/prod.yaml,line=3,col=40,title=OF210",
    ]


def test_each_target_has_its_sum(project: Project):
    project.write({"openflow.yaml": PROJECT, "jobs/job.yaml": JOB, "overlays/prod.yaml": BIGGER})

    result = project.openflow("validate", "--all-targets")

    assert result.exit_code == Exit.REFUSED
    assert result.stderr.splitlines()[-1] == (
        "dev: 1 of 1 job sound, 7 objects; prod: 0 of 1 job sound, 0 objects; 1 error"
    )


def test_a_file_is_checked_once_however_many_targets_it_goes_to(project: Project):
    overlay = BIGGER.replace("4x", "4g")
    project.write({"openflow.yaml": PROJECT, "jobs/job.yaml": JOB, "overlays/prod.yaml": overlay})

    result = project.openflow("validate", "--all-targets", "--report", "junit")

    assert result.exit_code == Exit.DONE
    assert result.stdout.count("<testcase") == 1


def test_a_target_with_a_folder_is_held_to_what_may_stand_in_one(project: Project):
    token = "  conf: {spark.kubernetes.authenticate.driver.oauthToken: abc}\n  driver:"
    targets = PROJECT.replace("{out: deploy/dev}", "{}").replace(", overlays: [prod]", "")
    project.write({"openflow.yaml": targets, "jobs/job.yaml": JOB.replace("  driver:", token)})

    dev, prod = (project.openflow("validate", "--target", name) for name in ("dev", "prod"))

    assert (dev.exit_code, "OF604" in dev.stderr) == (Exit.DONE, False)
    assert (prod.exit_code, "error OF604" in prod.stderr) == (Exit.REFUSED, True)
