"""A message points at the line that caused it, wherever the value comes from."""

import re

import pytest
from projects import JOB, Project

from openflow_render.cli.exits import Exit

OVERLAY = "apiVersion: openflow.io/v1\nkind: Overlay\nspec:\n"


def places(text: str) -> list[str]:
    return [match[1] for match in re.finditer(r"^(.+?): error OF\d{3}: ", text, re.MULTILINE)]


def marked(text: str) -> list[str]:
    """What stands above the marks of each excerpt."""
    lines = text.splitlines()
    pairs = [(lines[number - 1], line) for number, line in enumerate(lines) if re.fullmatch(r" +\| +\^+", line)]
    return [above[marks.index("^") : len(marks)] for above, marks in pairs]


def test_the_job_file_itself(project: Project):
    project.write({"job.yaml": JOB.replace("1g", "12x")})

    result = project.openflow("render", "job.yaml")

    assert (places(result.stderr), marked(result.stderr)) == (["job.yaml:12:13"], ["12x"])


def test_an_overlay(project: Project):
    project.write({"job.yaml": JOB, "o.yaml": OVERLAY + "  job: {spec: {driver: {memory: 12x, cores: 2}}}\n"})

    result = project.openflow("render", "job.yaml", "-o", "o.yaml")

    assert (places(result.stderr), marked(result.stderr)) == (["o.yaml:4:33"], ["12x"])


def test_the_last_of_two_overlays(project: Project):
    text = OVERLAY + "  job: {spec: {driver: {memory: 12x}}}\n"
    project.write({"job.yaml": JOB, "a.yaml": text, "b.yaml": text})

    result = project.openflow("render", "job.yaml", "-o", "a.yaml", "-o", "b.yaml")

    assert places(result.stderr) == ["b.yaml:4:33"]


def test_the_command_line(project: Project):
    project.write({"job.yaml": JOB})

    result = project.openflow("render", "job.yaml", "--set", "spec.driver.memory=12x")

    assert places(result.stderr) == ["--set spec.driver.memory=12x"]


def test_an_expression_points_at_where_it_is_used(project: Project):
    project.write({"job.yaml": JOB.replace("1g", '"{{ vars.heap }}"') + "  vars: {heap: 12x}\n"})

    result = project.openflow("render", "job.yaml")

    assert (places(result.stderr), marked(result.stderr)) == (["job.yaml:12:13"], ['"{{ vars.heap }}"'])


def test_a_finding_without_a_value_points_at_what_is_around_it(project: Project):
    project.write({"job.yaml": JOB.replace('  version: "4.3.0"\n', "")})

    result = project.openflow("render", "job.yaml")

    assert (places(result.stderr), marked(result.stderr)) == (["job.yaml:4:1"], ["spec"])


def test_two_values_that_clash_name_both_places(project: Project):
    project.write({"job.yaml": JOB + "  conf: {spark.driver.memory: 2g}\n"})

    result = project.openflow("render", "job.yaml")

    assert result == (
        Exit.REFUSED,
        "",
        (
            "job.yaml:12:13: error OF220: driver.memory is 1g, but conf[spark.driver.memory] is 2g (job.yaml:15:31)\n"
            "  12 |     memory: 1g\n"
            "     |             ^^\n"
            "  hint: keep one of them\n"
        ),
    )


# --- findings about output fields ---

FIELDS = {
    "a pod template in the job": (
        JOB.replace("  driver:\n", "  driver:\n    template: {spec: {nodeSelektor: {a: b}}}\n"),
        "",
        "job.yaml:12:",
    ),
    "a sidecar": (
        JOB.replace(
            "  driver:\n", "  driver:\n    sidecars:\n      - {name: a, image: b}\n      - {name: c, image: 7}\n"
        ),
        "",
        "job.yaml:14:26",
    ),
    "a toleration": (
        JOB.replace("  driver:\n", "  driver:\n    tolerations:\n      - key: a\n        operater: Exists\n"),
        "",
        "job.yaml:14:19",
    ),
    "a label of the job": (JOB.replace("name: etl", "name: etl, labels: {a: b c}"), "", "job.yaml:3:35"),
    "a label by a property": (
        JOB + "  conf:\n    spark.kubernetes.driver.label.a: b c\n",
        "",
        "job.yaml:16:38",
    ),
    "a merge of an overlay": (
        JOB,
        "  patches:\n    - target: {kind: Pod}\n      merge:\n        spec:\n          hostNetwork: 'yes'\n",
        "o.yaml:8:24",
    ),
    "operations of an overlay": (
        JOB,
        "  patches:\n    - target: {kind: Pod}\n      json: [{op: add, path: /spec/hostname, value: 7}]\n",
        "o.yaml:6:53",
    ),
    "the operation of several that leads there": (
        JOB,
        (
            "  patches:\n    - target: {kind: Pod}\n      json:\n"
            "        - {op: add, path: /spec/dnsPolicy, value: Default}\n"
            "        - {op: add, path: /spec/containers/0/stdin, value: 7}\n"
            "        - {op: remove, path: /spec/containers/0/args}\n"
        ),
        "o.yaml:8:60",
    ),
    "a label of an overlay": (JOB, "  job:\n    metadata:\n      labels: {a: b c}\n", "o.yaml:6:19"),
}


@pytest.mark.parametrize("case", FIELDS)
def test_a_finding_about_an_output_field_points_at_the_input(project: Project, case: str):
    job, overlay, place = FIELDS[case]
    project.write({"job.yaml": job, "o.yaml": OVERLAY + (overlay or "  vars: {}\n")})

    result = project.openflow("render", "job.yaml", "-o", "o.yaml")

    assert result.exit_code == Exit.REFUSED
    assert places(result.stderr)
    assert [each for each in places(result.stderr) if not each.startswith(place)] == []


def test_a_file_that_a_job_names_is_named_in_what_is_wrong_with_it(project: Project):
    project.write(
        {
            "job.yaml": JOB.replace("  driver:\n", "  driver:\n    template: pod.yaml\n"),
            "pod.yaml": "kind: Pod\nspec: {a: [}\n",
        }
    )

    result = project.openflow("render", "job.yaml")

    assert places(result.stderr) == ["pod.yaml:2:12"]
