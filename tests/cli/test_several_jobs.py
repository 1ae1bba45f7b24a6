"""What several jobs of one call, or the other files in their folder, do to each other."""

from pathlib import Path

import pytest
import yaml
from projects import JOB, Project

from openflow_render.cli import jobs
from openflow_render.cli.exits import Exit

OTHER = JOB.replace("name: etl", "name: load")
NAMESPACE = "  createNamespace: true\n"
POD_NAME = "  conf: {spark.kubernetes.driver.pod.name: same}\n"
SHARED = JOB.replace("memory: 1g", "memory: 1g\n    serviceAccount: sa") + "  rbac: {create: true}\n"


def objects(text: str) -> list[str]:
    return [f"{each['kind']}/{each['metadata']['name']}" for each in yaml.safe_load_all(text)]


# --- objects that jobs share ---


@pytest.mark.parametrize("many", [100, 2])
def test_a_namespace_that_all_jobs_make_is_written_once(project: Project, monkeypatch: pytest.MonkeyPatch, many: int):
    monkeypatch.setattr(jobs, "MANY", many)
    project.write({"a.yaml": JOB + NAMESPACE, "b.yaml": OTHER + NAMESPACE})

    shown = project.openflow("render", ".")
    written = project.openflow("render", ".", "--out", "k8s")

    assert (shown.exit_code, written.exit_code) == (Exit.DONE, Exit.DONE)
    assert objects(shown.stdout).count("Namespace/data") == 1
    assert [name for name in project.files("k8s") if "namespace" in name] == ["data/etl/namespace-data.yaml"]
    assert project.openflow("validate", ".").stderr == "2 of 2 jobs sound, 15 objects\n"


def test_labels_of_the_jobs_do_not_tell_what_they_share_apart(project: Project):
    labelled = OTHER.replace("namespace: data}", "namespace: data, labels: {team: x}, annotations: {a: b}}")
    project.write({"a.yaml": JOB + NAMESPACE, "b.yaml": labelled + NAMESPACE})

    assert objects(project.openflow("render", ".").stdout).count("Namespace/data") == 1


def test_an_account_that_jobs_make_is_written_once(project: Project):
    project.write({"a.yaml": SHARED, "b.yaml": SHARED.replace("name: etl", "name: load")})

    result = project.openflow("render", ".")

    assert result.exit_code == Exit.DONE
    assert objects(result.stdout).count("ServiceAccount/sa") == 1


@pytest.mark.parametrize("many", [100, 2])
def test_two_pods_of_one_name_are_refused(project: Project, monkeypatch: pytest.MonkeyPatch, many: int):
    monkeypatch.setattr(jobs, "MANY", many)
    project.write({"a.yaml": JOB + POD_NAME, "b.yaml": OTHER + POD_NAME})

    for command in ("render", "validate"):
        result = project.openflow(command, ".")

        assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
        assert (
            "b.yaml:3:18: error OF509: the job load makes Pod/same, which the job etl at a.yaml:3:18 makes too\n"
        ) in result.stderr


def test_jobs_that_disagree_about_a_namespace_are_refused(project: Project):
    strict = OTHER + NAMESPACE + "  security: {profile: baseline}\n"
    project.write({"a.yaml": JOB + NAMESPACE, "b.yaml": strict})

    result = project.openflow("validate", ".")

    assert result.exit_code == Exit.REFUSED
    assert "OF509: the job load makes Namespace/data" in result.stderr
    assert "hint: let only one of the jobs make it" in result.stderr


def test_one_job_twice_is_told_once(project: Project):
    project.write({"a.yaml": JOB, "b.yaml": JOB})

    result = project.openflow("validate", ".")

    assert result.stderr.count("error") == 2  # the finding and the count below it
    assert "OF106" in result.stderr


# --- files in a folder ---


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_a_job_in_another_encoding_is_not_passed_over(project: Project, encoding: str):
    project.write({"jobs/a.yaml": JOB, "jobs/b.yaml": OTHER.encode(encoding)})

    result = project.openflow("render", "jobs")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert (
        f"jobs/b.yaml:1:1: error OF110: the file is not UTF-8: it begins like {encoding[:6].upper()}\n" in result.stderr
    )


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("kind: job", "2:7: error OF107: openflow.io has no kind job (did you mean `Job`?)"),
        ("kind: Jobs", "2:7: error OF107: openflow.io has no kind Jobs (did you mean `Job`?)"),
        ("kind: Workflow", "2:7: error OF107: openflow.io has no kind Workflow\n"),
        ("kynd: Job", "1:1: error OF107: openflow.io has no kind none\n"),
        ("kind: [Job]", "2:1: error OF107: openflow.io has no kind ['Job']"),
    ],
)
def test_an_unknown_kind_of_ours_is_an_error(project: Project, kind: str, told: str):
    project.write({"jobs/a.yaml": JOB, "jobs/b.yaml": OTHER.replace("kind: Job", kind)})

    for path in ("jobs", "jobs/b.yaml"):
        result = project.openflow("render", path)

        assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
        assert f"jobs/b.yaml:{told}" in result.stderr


@pytest.mark.parametrize(
    "foreign",
    [
        "# for openflow.io/v1\nkey: !Ref x\n",
        "# for openflow.io/v1\nbase: &base {a: 1}\nother:\n  <<: *base\n",
        "# for openflow.io/v1\n{{ if .Values.x }}\na: [\n",
        'data: "openflow.io/"\n\x00\n',
        "# größe of openflow.io/v1\n".encode("latin-1"),
        "# openflow.io/v1\na: b\n".encode("utf-16"),
    ],
)
def test_a_file_of_somebody_else_that_mentions_us_does_no_harm(project: Project, foreign: str | bytes):
    project.write({"jobs/a.yaml": JOB, "jobs/values.yaml": foreign})

    result = project.openflow("render", "jobs")

    assert (result.exit_code, result.stderr) == (Exit.DONE, "")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("apiVersion: openflow.io/v1\nkind: [\n", "OF112"),
        ("kind: Job\napiVersion: openflow.io/v1\nmetadata: !x {}\n", "OF122"),
        ("---\n'apiVersion':  'openflow.io/v1'\n\tkind: Job\n", "OF112"),
        ('{\n  "kind": "Job",\n  "apiVersion": "openflow.io/v1",\n', "OF112"),
        ("{apiVersion: openflow.io/v1, kind: Job, kind: Job}\n", "OF121"),
        (b"apiVersion: openflow.io/v1\n# gr\xf6\xdfe\n", "OF110"),
    ],
)
def test_a_job_that_cannot_be_read_is_not_passed_over(project: Project, text: str | bytes, code: str):
    project.write({"jobs/a.yaml": JOB, "jobs/b.yaml": text})

    result = project.openflow("render", "jobs")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert f"error {code}: " in result.stderr


# --- files in the way ---


def test_a_file_of_somebody_else_is_not_overwritten(project: Project):
    project.write({"job.yaml": JOB, "k8s/data/etl/pod-etl-driver.yaml": "mine\n"})

    result = project.openflow("render", "job.yaml", "--out", "k8s")

    assert (result.exit_code, result.stdout) == (Exit.USAGE, "")
    assert result.stderr.startswith(
        "error: k8s/data/etl/pod-etl-driver.yaml: is not openflow's and would be overwritten"
    )
    assert project.files("k8s") == {"data/etl/pod-etl-driver.yaml": "mine\n"}


# --- files that a command line of spark-submit names, and values that spark-submit refuses ---

SUBMISSION = (
    "--master",
    "k8s://x",
    "--deploy-mode",
    "cluster",
    "--conf",
    "spark.kubernetes.container.image=x/spark:4.3.0",
)
PROPERTY = "spark.kubernetes.driver."


@pytest.mark.parametrize(
    "conf",
    [
        f"{PROPERTY}secretKeyRef.A=secret",
        f"{PROPERTY}podTemplateFile=gone.yaml",
        f"{PROPERTY}volumes.emptyDir.a.options.sizeLimit=1Gi",
        f"{PROPERTY}service.ipFamilyPolicy=Twice",
        "spark.kubernetes.driver.pod.featureSteps=a.B",
        "spark.driver.resource.gpu.amount=1",
        "spark.eventLog.enabled=perhaps",
    ],
)
def test_what_could_not_be_rendered_is_not_imported(project: Project, conf: str):
    arguments = (*SUBMISSION, "--conf", conf, "--class", "a.B", "local:///a.jar")

    result = project.openflow("import", "spark-submit", "--", *arguments)

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert f"--conf {conf.partition('=')[0]}: error OF" in result.stderr


def test_what_an_import_has_to_say_is_said_once(project: Project):
    project.write({"t.yaml": "spec: {}\n"})
    template = ("--conf", f"{PROPERTY}podTemplateFile=t.yaml", "--conf", "spark.kubernetes.x=1")

    result = project.openflow(
        "import", "spark-submit", "--", *SUBMISSION, *template, "--class", "a.B", "local:///a.jar"
    )

    assert result.exit_code == Exit.DONE
    assert "OF3" in result.stderr
    assert len(result.stderr.splitlines()) == len(set(result.stderr.splitlines()))


@pytest.mark.parametrize("other", [("--master", "k8s://x"), ("--deploy-mode", "cluster")])
def test_a_server_to_submit_to_excludes_a_master(project: Project, other: tuple[str, str]):
    result = project.openflow("import", "spark-submit", "--", "--remote", "sc://x", *other, "local:///a.jar")

    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert "--remote: error OF383: " in result.stderr


# --- vars that give numbers ---


@pytest.mark.parametrize(("given", "place"), [((), "job.yaml:16:13"), (("--var", "n=3"), "--var n=3")])
def test_a_number_out_of_a_var_is_told_where_it_comes_from(project: Project, given: tuple[str, ...], place: str):
    job = JOB.replace("class: example.Main", 'class: example.Main\n    args: ["{{ vars.n }}"]') + "  vars: {n: 3}\n"
    project.write({"job.yaml": job})

    result = project.openflow("validate", "job.yaml", *given)

    assert "OF203: application.args[0] must be text, not a whole number" in result.stderr
    assert "hint: add `| string` to the expression" in result.stderr
    assert place in result.stderr
    project.write({"job.yaml": job.replace("vars.n }}", "vars.n | string }}")})
    assert project.openflow("validate", "job.yaml", *given).exit_code == Exit.DONE


def test_a_pod_template_may_be_named_by_a_uri(project: Project):
    project.write({"t.yaml": "spec: {hostname: here}\n"})
    conf = f"  conf: {{{PROPERTY}podTemplateFile: 'file://{Path(project.folder, 't.yaml')}'}}\n"
    project.write({"job.yaml": JOB + conf})

    assert "hostname: here" in project.openflow("render", "job.yaml").stdout
