import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from projects import JOB, Project

from openflow_render.cli.exits import Exit
from openflow_render.core.codes import catalogue

EXAMPLES = Path(__file__).parents[2] / "examples"
KINDS = {"Job": "job", "Overlay": "overlay"}


def schema(project: Project, *kind: str) -> dict[str, object]:
    return dict(json.loads(project.openflow("schema", *kind).stdout))


@pytest.mark.parametrize("kind", ["job", "overlay"])
def test_a_schema_is_valid_2020_12(project: Project, kind: str):
    Draft202012Validator.check_schema(schema(project, kind))


def test_the_schema_is_that_of_a_job_unless_asked_for_another(project: Project):
    assert schema(project) == schema(project, "job")


def test_the_schemas_accept_every_example(project: Project):
    validators = {name: Draft202012Validator(schema(project, kind)) for name, kind in KINDS.items()}
    files = [file for file in EXAMPLES.rglob("*.yaml") if b"openflow.io/v1" in file.read_bytes()]
    documents = [
        (file, each) for file in files for each in yaml.safe_load_all(file.read_text()) if isinstance(each, dict)
    ]

    wrong = [
        f"{file}: {error.message}"
        for file, document in documents
        if document.get("kind") in KINDS
        for error in validators[document["kind"]].iter_errors(document)
    ]

    assert documents
    assert wrong == []


def test_the_schema_accepts_a_job_and_refuses_a_misspelt_one(project: Project):
    validator = Draft202012Validator(schema(project, "job"))

    assert validator.is_valid(yaml.safe_load(JOB))
    assert not validator.is_valid(yaml.safe_load(JOB.replace("executor:", "executors:")))


def test_the_table_of_codes_has_a_line_for_each(project: Project):
    result = project.openflow("codes")

    lines = result.stdout.splitlines()
    assert lines[0] == "code   severity  message"
    assert [line.split()[0] for line in lines[1:]] == [code.id for code in catalogue()]


def test_one_code_is_explained(project: Project):
    assert project.openflow("codes", "of121") == (
        Exit.DONE,
        """\
OF121 (error): the key <key> stands at line <line> already

  Most readers silently keep the last of two equal keys, so the first would be lost.

  what to do: keep one of the two
""",
        "",
    )


def test_a_rule_is_explained_with_where_it_comes_from_and_two_examples(project: Project):
    assert (
        project.openflow("codes", "OF505").stdout
        == """\
OF505 (error, may be ignored): the selector of <object> matches no pod of this job

  A Service without a pod leaves clients waiting for a connection.

  what to do: let the selector name labels that the pod has

  where it comes from: how Kubernetes finds the endpoints of a Service

  found here, laid over a sound job:

    patches:
      - target: {kind: Service}
        merge: {spec: {selector: {spark-role: drivers}}}

  not here:

    patches:
      - target: {kind: Service}
        merge: {spec: {selector: {spark-role: driver}}}
"""
    )


def test_codes_as_json_are_for_programs(project: Project):
    assert json.loads(project.openflow("codes", "OF102", "--report", "json").stdout) == [
        {
            "code": "OF102",
            "severity": "error",
            "message": "the file is empty",
            "hint": "`openflow init` writes a job file to start from",
            "about": "A file named on the command line holds no document.",
            "mayBeIgnored": False,
        }
    ]


@pytest.mark.parametrize("code", catalogue(), ids=lambda code: code.id)
def test_every_code_says_what_it_means(project: Project, code: object):
    result = project.openflow("codes", code.id)

    assert result.exit_code == Exit.DONE
    assert code.about
    assert code.about in result.stdout
    said, _, _ = result.stdout.partition("\n  found here")
    assert "{" not in said.replace("{{", "").replace("{bucket", "").replace("{as", "").replace("{sch", "")
