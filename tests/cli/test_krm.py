"""openflow as a KRM function: what it makes of a ResourceList, and the real kustomize that runs it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import yaml
from programs import Program, objects
from projects import JOB, Project, Result

from openflow_render.cli.exits import Exit

OTHER = JOB.replace("name: etl, namespace: data", "name: load")
MORE = """\
apiVersion: openflow.io/v1
kind: Overlay
metadata: {name: more}
spec: {job: {spec: {executor: {instances: 7}}}}
"""
MOST = MORE.replace("more", "most").replace("7", "9")
NOTE = """\
apiVersion: v1
kind: ConfigMap   # "quoted", and žluťoučký 🐎
metadata:
    name: note
    annotations: {config.kubernetes.io/index: '2'}
data:
    # Kept as it is, though another reader would take offence.
    mode: 0644
    flag: yes
    text: |+
      a

       b

"""
"""An object that is none of ours."""

TRACKED = """\
  annotations:
    config.kubernetes.io/index: '1'
    internal.config.kubernetes.io/path: jobs/etl.yaml
    internal.config.kubernetes.io/index: '1'
    config.k8s.io/id: '3'
    kustomize.config.k8s.io/id: x
"""
"""What kustomize and others write on the items that they give."""


def tracked(job: str) -> str:
    return job.replace(
        "metadata: {name: etl, namespace: data}\n", f"metadata:\n  name: etl\n  namespace: data\n{TRACKED}"
    )


def a_list(*items: str, config: str = "") -> str:
    """A ResourceList as kustomize writes it."""
    listed = "".join(f"- {indent(item, '  ')[2:]}" for item in items) or "items: []\n"
    told = f"functionConfig:\n{indent(config, '  ')}" if config else ""
    lead = "items:\n" if items else ""
    return f"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n{lead}{listed}{told}"


def called(project: Project, stdin: str | bytes, *words: str) -> Result:
    return project.openflow("render", "--to", "krm", *words, stdin=stdin)


def items(result: Result) -> list[dict[str, Any]]:
    """The items that came out, when all went well and nothing had to be said."""
    assert (result.exit_code, result.stderr) == (Exit.DONE, ""), result
    found = yaml.load(result.stdout, yaml.CSafeLoader)
    assert set(found) == {"apiVersion", "kind", "items"}
    assert (found["apiVersion"], found["kind"]) == ("config.kubernetes.io/v1", "ResourceList")
    return list(found["items"])


def rendered(project: Project, *words: str) -> list[dict[str, Any]]:
    return list(yaml.load_all(project.openflow("render", *words).stdout, yaml.CSafeLoader))


# --- what becomes of a list ------------------------------------------------------------------------------------------


def test_jobs_are_replaced_by_their_objects_in_place(project: Project):
    project.write({"etl.yaml": JOB, "load.yaml": OTHER})
    note = yaml.safe_load(NOTE)

    result = called(project, a_list(NOTE, tracked(JOB), NOTE, OTHER), "-n", "lake")

    made = [rendered(project, name, "-n", "lake") for name in ("etl.yaml", "load.yaml")]
    assert items(result) == [note, *made[0], note, *made[1]]


def test_the_job_that_is_the_configuration_is_added_at_the_end(project: Project):
    project.write({"etl.yaml": JOB})

    result = called(project, a_list(NOTE, OTHER, config=tracked(JOB)))

    assert items(result) == [yaml.safe_load(NOTE), yaml.safe_load(OTHER), *rendered(project, "etl.yaml")]


def test_overlays_are_laid_over_all_jobs_in_their_order_and_taken_out(project: Project):
    project.write({"etl.yaml": JOB, "load.yaml": OTHER, "more.yaml": MORE, "most.yaml": MOST})

    result = called(project, a_list(MORE, JOB, MOST, OTHER), "-n", "lake")

    words = ["-n", "lake", "-o", "more.yaml", "-o", "most.yaml"]
    assert items(result) == rendered(project, "etl.yaml", "load.yaml", *words)
    assert "spark.executor.instances=9" in result.stdout


def test_an_overlay_in_the_list_may_extend_others(project: Project):
    extends = MORE.replace("spec: {job: {spec: {executor: {instances: 7}}}}", "spec: {extends: [base.yaml]}")
    project.write({"etl.yaml": JOB, "base.yaml": MOST})

    result = called(project, a_list(extends, JOB))

    assert items(result) == rendered(project, "etl.yaml", "-o", "base.yaml")


def test_the_command_line_holds_too(project: Project):
    text = JOB.replace("instances: 2", 'instances: 2\n  conf: {spark.x: "{{ vars.x }}"}')
    project.write({"etl.yaml": text, "more.yaml": MORE})
    words = ["-o", "more.yaml", "--set", "spec.driver.memory=3g", "--var", "x=y", "--kubernetes", "1.34"]

    result = called(project, a_list(text), *words)

    assert items(result) == rendered(project, "etl.yaml", *words)
    assert "spark.x=y" in result.stdout


def test_a_target_holds_too(project: Project):
    targets = {"prod": {"overlays": ["more.yaml"], "namespace": "lake", "to": "argocd", "provenance": True}}
    found = {
        "apiVersion": "openflow.io/v1",
        "kind": "Project",
        "metadata": {"name": "shop"},
        "spec": {"targets": targets},
    }
    project.write({"openflow.yaml": json.dumps(found), "more.yaml": MORE})

    result = called(project, a_list(OTHER), "--target", "prod")

    assert items(result) == list(
        yaml.safe_load_all(project.openflow("render", "-", "--target", "prod", stdin=OTHER).stdout)
    )
    assert all("argocd.argoproj.io/sync-options" in each["metadata"]["annotations"] for each in items(result))


def test_files_that_a_job_names_count_from_the_working_directory(project: Project):
    text = JOB.replace("instances: 2", "instances: 2\n  hadoop: {files: [core-site.xml]}")
    project.write({"etl.yaml": text, "core-site.xml": "<configuration/>\n"})

    result = called(project, a_list(text))

    assert items(result) == rendered(project, "etl.yaml")
    assert "<configuration/>" in result.stdout


def test_what_is_none_of_ours_keeps_its_text(project: Project):
    result = called(project, a_list(NOTE, NOTE.replace("note", "other")))

    assert result == (Exit.DONE, a_list(NOTE, NOTE.replace("note", "other")), "")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(json.dumps({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList"}), id="absent"),
        pytest.param(a_list(), id="empty"),
        pytest.param("kind: ResourceList\napiVersion: config.kubernetes.io/v1\nitems:\n", id="null"),
    ],
)
def test_no_items_give_none(project: Project, text: str):
    assert items(called(project, text)) == []


@pytest.mark.parametrize("spaces", [None, 1, 4])
def test_a_list_in_json_is_as_good(project: Project, spaces: int | None):
    project.write({"etl.yaml": JOB})
    tree = yaml.safe_load(a_list(NOTE, JOB, NOTE))

    result = called(project, json.dumps(tree, indent=spaces))

    note = yaml.safe_load(NOTE)
    assert items(result) == [note, *rendered(project, "etl.yaml"), note]


MOVED = [
    {
        "kind": "A",
        "keep": "a\n\n\n",
        "blank": "  \n    \n",
        "deep": "      a\n b\n",
        "none": "",
        "old": "ř\u2028ž\x85x\n" * 3,
    },
    {"kind": "B", "list": ["a\n", ["b", {"c": "\n\n"}]], "empty": [{}, []]},
]


@pytest.mark.parametrize("style", [None, "|", ">", '"', "'"])
@pytest.mark.parametrize("flow", [None, True])
def test_texts_move_with_their_items_unchanged(project: Project, style: str | None, flow: bool | None):
    tree = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": MOVED}
    text = yaml.dump(tree, default_style=style, default_flow_style=flow, indent=6, width=20, allow_unicode=True)

    result = called(project, text)

    assert items(result) == yaml.load(text, yaml.CSafeLoader)["items"]


def test_items_come_to_the_margin_whatever_their_indent_was(project: Project):
    item = "      -   kind: A\n          a: |2+\n              x\n             \n\n            y\n\n\n"

    result = called(project, f"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n{item}{item}")

    assert items(result) == [{"kind": "A", "a": "  x\n \n\ny\n\n\n"}] * 2


# --- what is found ---------------------------------------------------------------------------------------------------


def test_errors_are_told_to_people_and_to_orchestrators_and_the_items_stay(project: Project):
    bad = tracked(JOB).replace("memory: 1g", "memory: 12x")

    result = called(project, a_list(NOTE, bad, MORE))

    assert result == (
        Exit.REFUSED,
        a_list(NOTE, bad, MORE)
        + """\
results:
- message: "OF210: driver.memory \\"12x\\" is not a memory size (write a whole number and k, m, g or t, for example 12g)"
  severity: error
  resourceRef:
    apiVersion: openflow.io/v1
    kind: Job
    name: etl
    namespace: data
  field:
    path: spec.driver.memory
  file:
    path: jobs/etl.yaml
    index: 1
""",  # noqa: E501 - a line of the answer
        (
            'jobs/etl.yaml: Job/etl spec.driver.memory: error OF210: driver.memory "12x" is not a memory size\n'
            "  hint: write a whole number and k, m, g or t, for example 12g\n"
        ),
    )


def test_warnings_stop_nothing_unless_they_are_strict(project: Project):
    text = a_list(JOB.replace("spark:4.3.0\n", "spark:4.2.1\n"))

    found = called(project, text)
    strict = called(project, text, "--strict")

    results = [yaml.safe_load(each.stdout)["results"] for each in (found, strict)]
    assert [(each["severity"], each["field"]["path"]) for [each] in results] == [
        ("warning", "spec.image"),
        ("error", "spec.image"),
    ]
    assert found.exit_code == Exit.DONE
    assert found.stderr.startswith("Job/etl spec.image: warning OF305: ")
    assert (strict.exit_code, strict.stdout.partition("results:")[0]) == (Exit.REFUSED, text)


def test_a_fault_of_an_overlay_in_the_list_is_told_of_the_overlay(project: Project):
    result = called(project, a_list(JOB, MORE.replace("job:", "jobs:")))

    [found] = yaml.safe_load(result.stdout)["results"]
    assert result.exit_code == Exit.REFUSED
    assert result.stderr.startswith("Overlay/more spec.jobs: error OF")
    assert (found["resourceRef"]["kind"], found["field"]["path"]) == ("Overlay", "spec.jobs")


def test_a_fault_outside_of_the_list_is_told_at_its_place(project: Project):
    project.write({"more.yaml": MORE.replace("instances: 7", "instances: many")})

    result = called(project, a_list(JOB), "-o", "more.yaml")

    [found] = yaml.safe_load(result.stdout)["results"]
    assert result.exit_code == Exit.REFUSED
    assert result.stderr.startswith("more.yaml:4:")
    assert found["file"] == {"path": "more.yaml"}
    assert "field" not in found


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("openflow.io/v1", "openflow.io/v9", "OF105"),
        ("kind: Job", "kind: Jbo", "OF107"),
        ("memory: 1g", "memory: 01", ""),
    ],
)
def test_an_object_of_ours_that_cannot_be_read_is_refused(project: Project, old: str, new: str, code: str):
    text = a_list(JOB.replace(old, new))

    result = called(project, text)

    [found] = yaml.safe_load(result.stdout)["results"]
    assert (result.exit_code, result.stdout.partition("results:")[0]) == (Exit.REFUSED, text)
    assert f"error {code}" in result.stderr
    assert found["message"].startswith(code)


def test_secrets_in_the_clear_are_left_out_as_on_stdout(project: Project):
    text = f"{JOB}  kerberos: {{principal: me@EXAMPLE, keytab: user.keytab}}\n"
    project.write({"etl.yaml": text, "user.keytab": b"\x05\x02secret"})

    result = called(project, a_list(text))

    found = yaml.safe_load(result.stdout)
    assert (result.exit_code, found["items"]) == (Exit.DONE, rendered(project, "etl.yaml"))
    assert "Secret" not in {each["kind"] for each in found["items"]}
    assert "OF339" in {each["message"].partition(":")[0] for each in found["results"]}


@pytest.mark.parametrize(
    ("stdin", "reason"),
    [
        pytest.param("", "it holds no ResourceList of config.kubernetes.io/v1", id="nothing"),
        pytest.param("- a\n", "it holds no ResourceList of config.kubernetes.io/v1", id="a-list"),
        pytest.param(JOB, "it holds no ResourceList of config.kubernetes.io/v1", id="a-job"),
        pytest.param(
            a_list().replace("/v1", "/v7"), "it holds no ResourceList of config.kubernetes.io/v1", id="version"
        ),
        pytest.param(f"{a_list()}---\n{a_list()}", "it holds several documents", id="several"),
        pytest.param("a: [\n", "it is not YAML (line 2)", id="no-yaml"),
        pytest.param(b"a: \xff\n", "it is not UTF-8", id="no-text"),
        pytest.param("? {a: b}\n: c\n", "a key is no text (line 1)", id="key"),
        pytest.param("a: {x: &a b, *a : c}\n", "a key is no text (line 1)", id="alias-key"),
        pytest.param(
            f"{a_list('a: &x b' + chr(10), 'a: *x' + chr(10))}",
            "the alias *x means something outside of its object",
            id="alias",
        ),
    ],
)
def test_stdin_without_a_list_is_refused_in_a_line(project: Project, stdin: str | bytes, reason: str):
    result = called(project, stdin)

    assert result == (Exit.REFUSED, "", f"error: stdin cannot be used: {reason}\n")


def test_anchors_inside_an_object_stay(project: Project):
    text = a_list("a: &x {b: c}\nd: *x\n", config="metadata: {name: &n x}\nspec: {name: *n}\n")

    assert items(called(project, text)) == [{"a": {"b": "c"}, "d": {"b": "c"}}]


@pytest.mark.parametrize(
    "words",
    [
        ["etl.yaml"],
        ["--all-targets"],
        ["--out", "out"],
        ["--by", "job"],
        ["--check"],
        ["--commit-message"],
        ["--report", "json"],
    ],
)
def test_what_is_about_files_is_refused(project: Project, words: list[str]):
    result = called(project, a_list(), *words)

    name = words[0] if words[0].startswith("-") else "PATH"
    assert (result.exit_code, result.stdout) == (Exit.USAGE, "")
    assert f"--to krm turns stdin into stdout: leave {name} out" in result.stderr


# --- run by the real kustomize ---------------------------------------------------------------------------------------

FUNCTION = """\
  annotations:
    config.kubernetes.io/function: |
      exec: {path: openflow, args: [render, --to, krm, --set, spec.driver.memory=3g]}
"""
PATH = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def as_function(job: str) -> str:
    return job.replace(
        "metadata: {name: etl, namespace: data}\n", f"metadata:\n  name: etl\n  namespace: data\n{FUNCTION}"
    )


def build(kustomize: Program, folder: str = ".") -> Result:
    return kustomize("build", "--enable-alpha-plugins", "--enable-exec", folder, env=PATH)


def test_kustomize_generates_the_objects_of_a_job(project: Project, kustomize: Program):
    project.write(
        {
            "kustomization.yaml": "resources: [note.yaml]\ngenerators: [etl.yaml]\nsortOptions: {order: fifo}\n",
            "note.yaml": NOTE.replace("0644", "'0644'").replace(": yes", ": 'yes'"),
            "etl.yaml": as_function(JOB),
            "plain.yaml": JOB,
        }
    )

    built = build(kustomize)

    [note, *made] = objects(built)
    assert made == rendered(project, "plain.yaml", "--set", "spec.driver.memory=3g")
    assert note["metadata"]["name"] == "note"


def test_kustomize_turns_jobs_among_its_resources_into_objects(project: Project, kustomize: Program):
    function = f"apiVersion: openflow.example/v1\nkind: Openflow\nmetadata:\n  name: openflow\n{FUNCTION}"
    project.write(
        {
            "kustomization.yaml": (
                "resources: [note.yaml, etl.yaml, load.yaml, more.yaml]\ntransformers: [function.yaml]\n"
                "sortOptions: {order: fifo}\n"
            ),
            "note.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: note}\n",
            "etl.yaml": JOB,
            "load.yaml": OTHER.replace("name: load", "name: load, namespace: lake"),
            "more.yaml": MORE,
            "function.yaml": function,
        }
    )

    built = build(kustomize)

    [note, *made] = objects(built)
    words = ["-o", "more.yaml", "--set", "spec.driver.memory=3g"]
    assert made == rendered(project, "etl.yaml", "load.yaml", *words)
    assert note["metadata"]["name"] == "note"


def test_kustomize_shows_what_is_wrong_with_a_job(project: Project, kustomize: Program):
    project.write(
        {
            "kustomization.yaml": "generators: [etl.yaml]\n",
            "etl.yaml": as_function(JOB.replace("instances: 2", "instances: many")),
        }
    )

    built = build(kustomize)

    assert (built.exit_code, built.stdout) == (1, "")
    assert "Job/etl spec.executor.instances: error OF" in built.stderr
    assert "exit status 3" in built.stderr


# --- what no orchestrator sends ---


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("items: {a: {b: c}}", "its items are no list", id="a map of items"),
        pytest.param("items:\n- a: " + "[" * 60_000, "it is nested too deep (line 4)", id="nested deeply"),
        pytest.param("#" * (16 << 20), "it is larger than 16 MiB", id="large"),
    ],
)
def test_a_list_that_cannot_be_is_refused_at_once(project: Project, text: str, reason: str):
    result = called(project, f"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n{text}\n")

    assert result == (Exit.REFUSED, "", f"error: stdin cannot be used: {reason}\n")
