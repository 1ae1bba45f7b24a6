from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import Any

import pytest
import yaml

from openflow_render.core.paths import parse
from openflow_render.source.load import Source

JOB = """\
apiVersion: openflow.io/v1
kind: Job
metadata: {name: etl, namespace: data}
spec:
  version: "4.0.0"
  proxyUser: null
  driver:
    memory: 1g
    env:
      A: 1
      B: true
  executor:
    instances: 5
"""


def overlay(spec: str) -> str:
    return f"apiVersion: openflow.io/v1\nkind: Overlay\nspec: {spec}\n"


def at(source: Any, path: str) -> str:
    return str(source.origin(parse(path)))


def said(source: Source, field: str) -> list[str]:
    """Where a field was given a value, layer by layer, each followed by the vars in it."""
    return [str(origin) for each in source.history(parse(field)) for origin in (each.origin, *each.variables)]


def test_a_job_is_a_plain_tree_without_nulls(project):
    project.write({"job.yaml": JOB})

    source = project.one()

    assert source.name == "job.yaml"
    assert source.tree["spec"] == {
        "version": "4.0.0",
        "driver": {"memory": "1g", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "true"}]},
        "executor": {"instances": 5},
    }


def test_every_value_tells_its_place(project):
    project.write({"job.yaml": JOB, "prod.yaml": overlay("{job: {spec: {driver: {memory: 2g, env: {B: no}}}}}")})

    source = project.one(overlays=["prod.yaml"], sets=["spec.executor.instances=3"])

    assert source.tree["spec"]["driver"] == {
        "memory": "2g",
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "no"}],
    }
    assert source.tree["spec"]["executor"] == {"instances": 3}
    assert at(source, "spec.driver.memory") == "prod.yaml:3:38"
    assert at(source, "spec.driver.env[A].value") == "job.yaml:10:10"
    assert at(source, "spec.driver.env[B].value") == "prod.yaml:3:51"
    assert at(source, "spec.executor.instances") == "--set spec.executor.instances=3"
    assert at(source, "spec.executor.memory") == "job.yaml:12:3"
    assert at(source, "spec.nothing.at.all") == "job.yaml:4:1"
    assert str(source.key_origin(parse("spec.version"))) == "job.yaml:5:3"
    assert said(source, "spec.driver.memory") == ["job.yaml:8:13", "prod.yaml:3:38"]


def test_overlays_come_in_order_each_once_after_those_they_extend(project):
    project.write(
        {
            "job.yaml": JOB,
            "openflow.yaml": "",
            "overlays/base.yaml": overlay("{job: {spec: {conf: {a: base, b: base, c: base}}}}"),
            "overlays/prod.yaml": overlay("{extends: [base], job: {spec: {conf: {b: prod, c: prod}}}}"),
            "other/last.yaml": overlay("{extends: [../overlays/base.yaml, near], job: {spec: {conf: {c: last}}}}"),
            "other/near.yaml": overlay("{job: {spec: {conf: {d: near}}}}"),
        }
    )

    source = project.one(overlays=["prod", "other/last.yaml", "prod"])

    assert source.tree["spec"]["conf"] == {"a": "base", "b": "prod", "c": "last", "d": "near"}
    assert len(source.layers) == 5


@pytest.mark.parametrize(
    ("files", "overlays", "found"),
    [
        ({}, ["prdo"], ["-o prdo OF150 there is no overlay prdo (did you mean `prod`?)"]),
        ({}, ["./x.yaml"], ["-o ./x.yaml OF150 there is no overlay ./x.yaml"]),
        ({"o.yaml": "kind: ConfigMap\n"}, ["o.yaml"], ["o.yaml OF151 the file must hold one overlay, and holds none"]),
        (
            {"o.yaml": "apiVersion: openflow.io/v2\nkind: Overlay\n"},
            ["o.yaml"],
            ["o.yaml:1:13 OF105 Overlay of openflow.io/v2 is not a version this openflow knows"],
        ),
        (
            {"a.yaml": overlay("{extends: [./b.yaml]}"), "b.yaml": overlay("{extends: [./a.yaml]}")},
            ["a.yaml"],
            ["b.yaml:3:18 OF152 overlays extend each other in a circle: a.yaml → b.yaml → a.yaml"],
        ),
        ({"o.yaml": overlay("{extends: [x/]}")}, ["o.yaml"], ["o.yaml:3:18 OF150 there is no overlay x/"]),
    ],
)
def test_an_overlay_that_cannot_be_used_is_a_finding(project, files, overlays, found):
    project.write({"job.yaml": JOB, "overlays/prod.yaml": overlay("{}"), **files})

    project.load(overlays=overlays)

    assert project.found == found


@pytest.mark.parametrize("name", ["dev", "prod-hardened", "spot-executors"])
def test_the_shipped_overlays_apply(project, name):
    project.write({"job.yaml": JOB})

    source = project.one(overlays=[name])

    assert source.tree["spec"] != project.one().tree["spec"]
    assert "{{" not in str(source.tree)


def test_a_shipped_overlay_tells_its_place(project):
    project.write({"job.yaml": JOB})

    assert at(project.one(overlays=["dev"]), "spec.executor.memory").startswith("openflow:overlays/dev.yaml:")


def test_vars_of_the_job_of_overlays_and_of_the_command_line_win_in_this_order(project):
    job = JOB + '  vars: {a: job, b: job, c: job, n: 1, m: {x: 1}}\n  conf: "{{ vars }}"\n'
    project.write({"job.yaml": job, "o.yaml": overlay("{vars: {b: over, c: over, m: {y: 2}}}")})

    source = project.one(overlays=["o.yaml"], variables={"c": "set", "n": "3", "new": "yes"})

    conf = {"a": "job", "b": "over", "c": "set", "n": 3, "m": {"x": 1, "y": 2}, "new": "yes"}
    assert source.tree["spec"]["conf"] == conf
    assert "vars" not in source.tree["spec"]


def test_expressions_are_evaluated_in_job_overlay_and_patch(project):
    job = JOB.replace("memory: 1g", 'memory: "{{ vars.size }}g"').replace(
        "instances: 5", 'instances: "{{ vars.n + 1 }}"'
    )
    project.write(
        {
            "job.yaml": job + "  vars: {n: 1, none: null}\n  queue: '{{ vars.none }}'\n  conf: {id: '{{APP_ID}}'}\n",
            "o.yaml": overlay(
                "{vars: {size: 4, labels: {a: b}}, job: {metadata: {labels: '{{ vars.labels }}'}}, "
                "patches: [{target: {kind: Pod}, merge: {metadata: {name: 'x-{{ vars.size }}'}}}]}"
            ),
        }
    )

    source = project.one(overlays=["o.yaml"])

    assert source.tree["spec"]["driver"]["memory"] == "4g"
    assert source.tree["spec"]["executor"]["instances"] == 2
    assert source.tree["metadata"]["labels"] == {"a": "b"}
    assert source.tree["spec"]["conf"] == {"id": "{{APP_ID}}"}
    assert "queue" not in source.tree["spec"]
    assert source.patches[0].merge == {"metadata": {"name": "x-4"}}
    assert said(source, "spec.driver.memory") == ["job.yaml:8:13", "o.yaml:3:21"]
    assert said(source, "metadata.labels.a") == ["o.yaml:3:66", "o.yaml:3:24"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("x: '{{ vars.buckt }}'", "job.yaml:14:6 OF161 vars.buckt is not defined (did you mean `vars.bucket`?)"),
        ("x: 'a{{ vars.map }}'", "job.yaml:14:6 OF163 {{ vars.map }} is a map, which cannot stand inside text"),
        (
            "x: '{{ vars.bucket() }}'",
            "job.yaml:14:6 OF160 {{ vars.bucket() }} is not an expression that openflow knows: a call is not allowed",
        ),
        (
            "x: '{{ vars.bucket * 2 }}'",
            "job.yaml:14:6 OF162 {{ vars.bucket * 2 }} cannot be computed: arithmetic needs numbers",
        ),
        ("env: [{name: A}, {name: A}]", "job.yaml:14:20 OF156 the list spec.env holds two items called A"),
        ("x: {$patch: delete}", "job.yaml:14:15 OF157 $patch: delete has no meaning here"),
        ("args: [{$patch: delete, a: b}]", "job.yaml:14:19 OF157 $patch: delete has no meaning here"),
    ],
)
def test_a_fault_inside_a_job_is_found_at_its_place(project, line, found):
    project.write({"job.yaml": JOB + f"  {line}\n  vars: {{bucket: x, map: {{a: 1}}}}\n"})

    project.load()

    assert [text.split(";")[0] for text in project.found] == [found]


def test_vars_may_not_use_vars(project):
    project.write({"job.yaml": JOB + "  vars: {a: x, b: ['{{ vars.a }}'], c: '{{APP_ID}}'}\n"})

    project.load()

    assert project.found == ["job.yaml:14:16 OF165 the var b uses other vars"]


def test_expressions_may_not_repeat_without_end(project):
    big = "x" * 100_000
    project.write({"job.yaml": JOB + f"  vars: {{a: [{big}]}}\n  b:\n" + "  - '{{ vars.a }}'\n" * 50})

    project.load()

    assert {finding.split()[1] for finding in project.found} == {"OF162"}


def test_a_fault_in_an_overlay_is_told_once_for_all_jobs(project):
    other = JOB.replace("etl", "other")
    project.write({"job.yaml": f"{JOB}---\n{other}", "o.yaml": overlay("{job: {spec: {a: '{{ vars.x }}'}}}")})

    assert len(project.load(overlays=["o.yaml"])) == 2
    assert project.found == ["o.yaml:3:24 OF161 vars.x is not defined"]


# --- files and folders ----------------------------------------------------------------------------------------------


def test_a_folder_is_searched_for_jobs(project):
    jobs = {name: JOB.replace("etl", f"j{index}") for index, name in enumerate(["b/z.yml", "a.yaml", "c/d/e.json"])}
    jobs["c/d/e.json"] = __import__("json").dumps(yaml.safe_load(jobs["c/d/e.json"]))
    others = {
        "chart/templates/x.yaml": "{{- if .Values.x }}\na: 1\n",
        "map.yaml": "apiVersion: batch/v1\nkind: Job\nmetadata: {name: etl}\n",
        "openflow.yaml": "apiVersion: openflow.io/v1\nkind: Project\n",
        ".hidden/x.yaml": JOB,
        "notes.txt": "openflow.io/v1",
    }
    project.write({**jobs, **others})
    (project.folder / "c/loop").symlink_to(project.folder)
    (project.folder / "c/self").symlink_to("self")
    os.mkfifo(project.folder / "c/pipe.yaml")

    sources = project.load(".", "a.yaml")

    assert [source.name for source in sources] == ["a.yaml", "b/z.yml", "c/d/e.json"]
    assert project.found == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "job.yaml OF102 the file is empty"),
        ("# nothing\n", "job.yaml OF102 the file is empty"),
        ("a: 1\nkind: Pod\n", "job.yaml:2:7 OF103 the file holds no openflow job: it holds a Pod"),
        ("kind: SparkApplication\n", "job.yaml:1:7 OF103 the file holds no openflow job: it holds a SparkApplication"),
        (
            "apiVersion: openflow.io/v1\nkind: Overlay\n",
            "job.yaml:2:7 OF103 the file holds no openflow job: it holds an Overlay",
        ),
        (
            "apiVersion: batch/v1\nkind: Job\n",
            "job.yaml:1:13 OF103 the file holds no openflow job: it holds a Job of batch/v1",
        ),
        (
            "apiversion: openflow.io/v1\nkind: Job\n",
            "job.yaml:1:1 OF103 the file holds no openflow job: it holds a Job without apiVersion",
        ),
        ("spark.a=b", "job.yaml OF103 the file holds no openflow job"),
        ("[1]", "job.yaml OF103 the file holds no openflow job"),
        (
            "kind: Job\napiVersion: openflow.io/v2\n",
            "job.yaml:2:13 OF105 Job of openflow.io/v2 is not a version this openflow knows",
        ),
    ],
)
def test_a_file_that_is_named_must_hold_a_job(project, text, found):
    project.write({"job.yaml": text})

    assert project.load() == []
    assert [text.split(";")[0] for text in project.found] == [found]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("x: '{{ var.bucket }}'", "job.yaml:4:6 OF166 {{ var.bucket }} looks like an expression, and is left as it is"),
        (
            "'{{ vars.x }}': x",
            "job.yaml:4:3 OF168 the key {{ vars.x }} is left as it is: expressions stand in values only",
        ),
        ("x: ['{{ ds }}']", "job.yaml:4:7 OF167 {{ ds }} names no vars, so it is left as it is"),
    ],
)
def test_what_looks_like_an_expression_is_told_and_kept(project, line, found):
    project.write({"job.yaml": f"apiVersion: openflow.io/v1\nkind: Job\nspec:\n  {line}\n"})

    [source] = project.load()

    assert source.sound
    assert "{{" in str(source.tree["spec"])
    assert [text.split(";")[0] for text in project.found] == [found]


def test_what_is_not_there_is_a_finding(project):
    (project.folder / "empty").mkdir()

    project.load("no.yaml", "empty", "a\udcffb")

    assert [finding.split()[1] for finding in project.found] == ["OF100", "OF104", "OF100"]


@contextmanager
def somebody_else() -> Iterator[None]:
    """Root may read everything, so it becomes another user for a while."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


def test_what_may_not_be_read_is_not_called_absent(project):
    project.write({"job.yaml": JOB, "closed/job.yaml": JOB})
    (project.folder / "job.yaml").chmod(0)
    (project.folder / "closed").chmod(0)

    with somebody_else():
        project.load("job.yaml", "closed/job.yaml", "closed", overlays=["closed/o.yaml"])
    (project.folder / "closed").chmod(0o700)

    assert project.found
    assert all(" OF101 " in finding for finding in project.found)


def test_two_jobs_with_one_name_are_refused(project):
    project.write({"a.yaml": JOB, "b.yaml": JOB, "c.yaml": JOB.replace("namespace: data", "namespace: other")})

    project.load("a.yaml", "b.yaml", "c.yaml")

    assert project.found == ["b.yaml:3:18 OF106 the job etl stands in a.yaml:3:18 already"]


def test_a_job_is_read_from_standard_input(project, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(JOB.encode())))

    [source] = project.load("-")

    assert source.name == "<stdin>"
    assert source.files.root == FilePath(project.folder).resolve()


# --- assignments ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "path", "value"),
    [
        ("spec.version=4.0", "version", "4.0"),
        ("spec.executor.instances=7", "executor", {"instances": 7}),
        ("spec.executor.instances=null", "executor", {}),
        ("spec.conf[spark.sql.x]=-Dx=y", "conf", {"spark.sql.x": "-Dx=y"}),
        ("spec.conf.n=400", "conf", {"n": 400}),
        ("spec.conf.v=1.10", "conf", {"v": "1.10"}),
        ("spec.conf.o=0755", "conf", {"o": "0755"}),
        ("spec.conf.t=true", "conf", {"t": True}),
        ("spec.application.args[0]=x", "application", {"args": ["x"]}),
        ("spec.a.b.c=null", "a", None),
    ],
)
def test_the_schema_decides_what_a_text_becomes(project, option, path, value):
    project.write({"job.yaml": JOB})

    assert project.one(sets=[option]).tree["spec"].get(path) == value


@pytest.mark.parametrize(
    ("option", "env"),
    [
        ("spec.driver.env[A].value=x", [{"name": "A", "value": "x"}, {"name": "B", "value": "true"}]),
        ("spec.driver.env.A=x", [{"name": "A", "value": "x"}, {"name": "B", "value": "true"}]),
        ("spec.driver.env[A]=null", [{"name": "B", "value": "true"}]),
        ("spec.driver.env[X]=null", [{"name": "A", "value": "1"}, {"name": "B", "value": "true"}]),
    ],
)
def test_list_items_are_addressed_by_name(project, option, env):
    project.write({"job.yaml": JOB})

    assert project.one(sets=[option]).tree["spec"]["driver"]["env"] == env


def test_items_that_are_not_there_are_made(project):
    project.write({"job.yaml": JOB})

    source = project.one(sets=["spec.executor.env[N].value=x"], set_json=['spec.driver={"env": {"C": 1}, "x": null}'])

    assert source.tree["spec"]["executor"]["env"] == [{"name": "N", "value": "x"}]
    assert source.tree["spec"]["driver"] == {"env": [{"name": "C", "value": "1"}]}
    assert at(source, "spec.driver.env[C].value").startswith("--set-json")


@pytest.mark.parametrize(
    ("option", "found"),
    [
        (
            "spec.executor.instances=many",
            'OF170 spec.executor.instances needs a whole number, and "many" is not',
        ),
        ("spec.driver=x", 'OF170 spec.driver needs a map, and "x" is not'),
        ("spec.driver.memory.x=1", "OF171 spec.driver.memory.x cannot be set: spec.driver.memory is no map or list"),
        (
            "spec.application.args[1]=x",
            "OF171 spec.application.args[1] cannot be set: spec.application.args has no item 1",
        ),
        ("spec.vars.x=1", "OF172 vars are not set with --set"),
    ],
)
def test_what_cannot_be_set_is_a_finding(project, option, found):
    project.write({"job.yaml": JOB})

    project.load(sets=[option])

    assert project.found == [f"--set {option} {found}"]
