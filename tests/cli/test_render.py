import json
from pathlib import Path

import pytest
import yaml
from projects import JOB, Project

from openflow_render.cli.exits import Exit

OTHER = JOB.replace("name: etl", "name: load")
BAD = JOB.replace("memory: 1g", "memory: 12x")
WARNS = JOB.replace("spark:4.3.0\n", "spark:4.2.1\n")

WARNING = """\
job.yaml:7:10: warning OF305: the image registry.example/spark:4.2.1 looks like another version than 4.3.0 \
(job.yaml:6:12)
  7 |   image: registry.example/spark:4.2.1
    |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: let spec.version and the image's tag agree
"""


def kinds(text: str) -> list[str]:
    return [document["kind"] for document in yaml.safe_load_all(text)]


KINDS = ["ServiceAccount", "Role", "RoleBinding", "ConfigMap", "Service", "NetworkPolicy", "Pod"]


def test_objects_go_to_stdout_and_nothing_is_said(project: Project):
    project.write({"job.yaml": JOB})

    result = project.openflow("render", "job.yaml")

    assert (result.exit_code, kinds(result.stdout), result.stderr) == (Exit.DONE, KINDS, "")


def test_a_job_is_read_from_stdin(project: Project):
    project.write({"job.yaml": JOB})

    result = project.openflow("render", "-", stdin=JOB)

    assert result == project.openflow("render", "job.yaml")


def test_an_error_in_stdin_names_stdin(project: Project):
    result = project.openflow("render", "-", stdin=BAD)

    assert result == (
        Exit.REFUSED,
        "",
        (
            '<stdin>:12:13: error OF210: driver.memory "12x" is not a memory size\n'
            "  hint: write a whole number and k, m, g or t, for example 12g\n"
        ),
    )


def test_a_folder_gives_its_own_jobs_and_then_those_of_folders_below(project: Project):
    project.write({"jobs/b.yaml": JOB, "jobs/a/deep.yaml": OTHER, "jobs/note.yaml": "kind: Note\n"})

    result = project.openflow("render", "jobs")

    names = [document["metadata"]["labels"]["app.kubernetes.io/name"] for document in yaml.safe_load_all(result.stdout)]
    assert list(dict.fromkeys(names)) == ["etl", "load"]
    assert kinds(result.stdout) == KINDS * 2


def test_jobs_given_one_by_one_come_in_the_order_given(project: Project):
    project.write({"a.yaml": JOB, "b.yaml": OTHER})

    result = project.openflow("render", "b.yaml", "a.yaml")

    assert result.stdout == "---\n".join(project.openflow("render", name).stdout for name in ("b.yaml", "a.yaml"))


def test_one_bad_job_keeps_all_others_back(project: Project):
    project.write({"a.yaml": JOB, "b.yaml": BAD.replace("name: etl", "name: load")})

    result = project.openflow("render", "a.yaml", "b.yaml", "--out", "k8s")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert not Path("k8s").exists()


def test_all_findings_of_a_run_come_sorted_by_place(project: Project):
    worse = BAD.replace("instances: 2", "instances: 0\n    colour: red")
    project.write({"b.yaml": worse, "a.yaml": BAD.replace("name: etl", "name: load")})

    result = project.openflow("render", "b.yaml", "a.yaml", "gone.yaml")

    heads = [line.split(": error")[0] for line in result.stderr.splitlines() if ": error" in line]
    assert heads == ["a.yaml:12:13", "b.yaml:12:13", "b.yaml:14:16", "b.yaml:15:5", "gone.yaml"]


def test_a_warning_is_told_and_stops_nothing(project: Project):
    project.write({"job.yaml": WARNS})

    result = project.openflow("render", "job.yaml")

    assert (result.exit_code, kinds(result.stdout), result.stderr) == (Exit.DONE, KINDS, WARNING)


def test_strict_takes_a_warning_for_an_error(project: Project):
    project.write({"job.yaml": WARNS})

    result = project.openflow("render", "job.yaml", "--strict")

    assert result == (Exit.REFUSED, "", WARNING.replace("warning", "error"))


@pytest.mark.parametrize("quiet", ["-q", "--quiet"])
def test_quiet_leaves_warnings_out(project: Project, quiet: str):
    project.write({"job.yaml": WARNS})

    result = project.openflow("render", "job.yaml", quiet)

    assert (result.exit_code, result.stderr) == (Exit.DONE, "")


def test_quiet_still_tells_errors(project: Project):
    project.write({"job.yaml": BAD})

    assert project.openflow("render", "job.yaml", "-q") == project.openflow("render", "job.yaml")


def test_findings_that_jobs_share_are_told_once(project: Project):
    overlay = "apiVersion: openflow.io/v1\nkind: Overlay\nspec: {job: {spec: {image: '{{ vars.nope }}'}}}\n"
    project.write({"a.yaml": JOB, "b.yaml": OTHER, "o.yaml": overlay})

    result = project.openflow("render", "a.yaml", "b.yaml", "-o", "o.yaml")

    assert result.stderr.count("OF161") == 1


# --- --out ---


def test_out_writes_a_file_for_each_object(project: Project):
    project.write({"job.yaml": JOB})

    result = project.openflow("render", "job.yaml", "--out", "k8s")

    assert result == (Exit.DONE, "", "k8s: 7 written\n")
    assert list(project.files("k8s")) == [
        ".openflow.index",
        "data/etl/configmap-etl-conf-map.yaml",
        "data/etl/networkpolicy-etl-policy.yaml",
        "data/etl/pod-etl-driver.yaml",
        "data/etl/role-etl.yaml",
        "data/etl/rolebinding-etl.yaml",
        "data/etl/service-etl-driver-svc.yaml",
        "data/etl/serviceaccount-etl.yaml",
    ]


def test_out_by_job_writes_what_stdout_would_hold(project: Project):
    project.write({"job.yaml": JOB})

    project.openflow("render", "job.yaml", "--out", "k8s", "--by", "job")

    assert project.files("k8s")["data/etl.yaml"] == project.openflow("render", "job.yaml").stdout


def test_a_second_run_writes_nothing_and_removes_what_is_stale(project: Project):
    project.write({"job.yaml": JOB, "load.yaml": OTHER})
    project.openflow("render", "job.yaml", "load.yaml", "--out", "k8s")
    project.write({"k8s/mine.yaml": "kept: true\n"})

    again = project.openflow("render", "job.yaml", "--out", "k8s")

    assert again.stderr == "k8s: 7 unchanged, 7 removed\n"
    assert "mine.yaml" in project.files("k8s")
    assert not Path("k8s/data/load").exists()


def test_quiet_does_not_say_what_was_written(project: Project):
    project.write({"job.yaml": JOB})

    assert project.openflow("render", "job.yaml", "--out", "k8s", "-q") == (Exit.DONE, "", "")


def test_a_file_in_the_way_of_the_folder_is_told(project: Project):
    project.write({"job.yaml": JOB, "k8s": "a file"})

    result = project.openflow("render", "job.yaml", "--out", "k8s")

    assert result == (Exit.USAGE, "", "error: k8s: File exists\n")


def test_a_folder_that_cannot_be_made_is_told(project: Project):
    project.write({"job.yaml": JOB})

    result = project.openflow("render", "job.yaml", "--out", "/proc/nowhere/k8s")

    assert result.exit_code == Exit.USAGE
    assert result.stderr.startswith("error: /proc/nowhere")


# --- --check ---


def test_check_is_content_when_nothing_would_change(project: Project):
    project.write({"job.yaml": JOB})
    project.openflow("render", "job.yaml", "--out", "k8s")

    assert project.openflow("render", "job.yaml", "--out", "k8s", "--check") == (Exit.DONE, "", "")


def test_check_prints_the_difference_and_writes_nothing(project: Project):
    project.write({"job.yaml": JOB})
    project.openflow("render", "job.yaml", "--out", "k8s")
    before = project.files("k8s")

    result = project.openflow(
        "render", "job.yaml", "--out", "k8s", "--check", "-n", "x", "--set", "metadata.labels.a=b"
    )

    assert result.exit_code == Exit.DIFFERENT
    assert result.stderr == "k8s: 7 files differ; render without --check to write them\n"
    assert result.stdout.startswith(
        "--- k8s/data/etl/configmap-etl-conf-map.yaml\n+++ k8s/data/etl/configmap-etl-conf-map.yaml\n@@ -6,6 +6,7 @@\n"
    )
    assert result.stdout.count("\n+    a: b\n") == 7
    assert project.files("k8s") == before


def test_check_of_a_folder_that_is_not_there_shows_every_file_as_new(project: Project):
    project.write({"job.yaml": JOB})

    result = project.openflow("render", "job.yaml", "--out", "k8s", "--check")

    assert (result.exit_code, result.stdout.count("--- /dev/null\n")) == (Exit.DIFFERENT, 8)
    assert not Path("k8s").exists()


def test_check_as_json_names_the_fields(project: Project):
    project.write({"job.yaml": JOB})
    project.openflow("render", "job.yaml", "--out", "k8s")

    arguments = ("--set", "metadata.labels.a=b", "--check", "--report", "json")
    result = project.openflow("render", "job.yaml", "--out", "k8s", *arguments)

    found = {each["file"]: each for each in json.loads(result.stdout)["files"]}
    assert result.exit_code == Exit.DIFFERENT
    assert found["k8s/data/etl/role-etl.yaml"] == {
        "file": "k8s/data/etl/role-etl.yaml",
        "state": "different",
        "fields": [{"object": "Role/etl", "field": "metadata.labels.a", "old": None, "new": "b"}],
    }


def test_check_needs_a_folder(project: Project):
    project.write({"job.yaml": JOB})

    assert project.openflow("render", "job.yaml", "--check") == (
        Exit.USAGE,
        "",
        (
            "error: --check compares with a folder: give --out DIR\n"
            "  hint: `openflow render --help` tells how it is used\n"
        ),
    )


# --- overlays, --set, --var, namespace ---


def test_layers_apply_in_order_and_set_is_the_last(project: Project):
    overlay = "apiVersion: openflow.io/v1\nkind: Overlay\nspec: {{job: {{spec: {{driver: {{memory: {}}}}}}}}}\n"
    project.write({"job.yaml": JOB, "overlays/a.yaml": overlay.format("2g"), "overlays/b.yaml": overlay.format("3g")})

    def heap(*arguments: str) -> str:
        text = project.openflow("render", "job.yaml", *arguments).stdout
        return next(line.split("=")[1] for line in text.splitlines() if "spark.driver.memory=" in line)

    assert [heap(), heap("-o", "a"), heap("-o", "a", "-o", "b"), heap("-o", "b", "-o", "a")] == ["1g", "2g", "3g", "2g"]
    assert heap("-o", "a", "--set", "spec.driver.memory=5g") == "5g"


def test_variables_and_json_values_come_from_the_command_line(project: Project):
    project.write({"job.yaml": JOB.replace("example.Main", '"{{ vars.main }}"')})

    arguments = ("--var", "main=a.B", "--set-json", 'spec.application.args=["x"]')
    result = project.openflow("render", "job.yaml", *arguments)

    pod = list(yaml.safe_load_all(result.stdout))[-1]
    assert pod["spec"]["containers"][0]["args"][-4:] == ["--class", "a.B", "local:///opt/app.jar", "x"]


def test_a_job_without_a_namespace_takes_the_option_else_default_with_a_note(project: Project):
    project.write({"job.yaml": JOB.replace(", namespace: data", "")})

    given = project.openflow("render", "job.yaml", "-n", "prod")
    absent = project.openflow("render", "job.yaml")

    assert "namespace: prod" in given.stdout
    assert given.stderr == ""
    assert "namespace: default" in absent.stdout
    assert absent.stderr == (
        "job.yaml:3:1: note OF226: the job names no namespace; `default` is taken\n"
        "  3 | metadata: {name: etl}\n"
        "    | ^^^^^^^^\n"
        "  hint: set metadata.namespace, or give --namespace\n"
    )
