"""What `openflow` says before it reads any job."""

import pytest
from projects import JOB, Project

from openflow_render import __version__
from openflow_render.cli.app import COMMANDS
from openflow_render.cli.exits import Exit


def test_without_arguments_it_tells_what_there_is_and_what_to_do_next(project: Project):
    result = project.openflow()

    assert (result.exit_code, result.stderr) == (Exit.DONE, "")
    assert "openflow init my-project" in result.stdout
    assert [name for name in COMMANDS if f"│ {name} " not in result.stdout] == []


def test_help_is_the_same_as_no_arguments(project: Project):
    assert project.openflow() == project.openflow("--help") == project.openflow("-h")


@pytest.mark.parametrize("command", [*COMMANDS, "import spark-submit", "import properties"])
def test_every_command_has_help(project: Project, command: str):
    result = project.openflow(*command.split(), "--help")

    assert (result.exit_code, result.stderr) == (Exit.DONE, "")
    assert f"Usage: openflow {command}" in result.stdout


def test_import_without_a_source_tells_what_there_is(project: Project):
    result = project.openflow("import")

    assert (result.exit_code, result.stderr) == (Exit.DONE, "")
    assert result.stdout.strip() == project.openflow("import", "--help").stdout.strip()


def test_the_version_is_printed(project: Project):
    assert project.openflow("--version") == (Exit.DONE, f"openflow {__version__}\n", "")


WRONG = {
    ("rendr", "job.yaml"): ("there is no command `rendr` (did you mean `render`?)", ""),
    ("xyz",): ("there is no command `xyz`", ""),
    ("render",): ("name a job file or a folder of them", " render"),
    ("render", "job.yaml", "--outt", "x"): (
        "No such option: --outt (Possible options: --out, --quiet, --to)",
        " render",
    ),
    ("-x",): ("No such option: -x", ""),
    ("--target", "dev", "render"): ("No such option: --target: options stand after the command", ""),
    ("job.yaml", "render"): ("there is no command `job.yaml`: the command comes first, `openflow render job.yaml`", ""),
    ("submit", "--name", "etl"): (
        (
            "there is no command `submit`: `openflow import spark-submit -- ARGS` makes a job file of it, "
            "`openflow apply` starts that"
        ),
        "",
    ),
    ("apply", "-f", "job.yaml"): ("there is no option -f: files are named without an option", " apply"),
    ("render", "job.yaml", "--conf", "spark.a=b"): (
        (
            "there is no option --conf: properties stand under `spec.conf` of the job, "
            "or `--set 'spec.conf[spark.name]=value'` sets one"
        ),
        " render",
    ),
    ("render", "job.yaml", "--set-json", "spec.application.args=[a]"): (
        "--set-json spec.application.args: the value is no JSON from character 2 on; texts stand in double quotes",
        " render",
    ),
    ("render", "job.yaml", "--out"): ("Option '--out' requires an argument.", " render"),
    ("render", "job.yaml", "--by", "kind"): (
        "Invalid value for '--by': 'kind' is not one of 'object', 'job'.",
        " render",
    ),
    ("render", "job.yaml", "--set", "x"): (
        "--set x: write path=value, for example spec.executor.instances=3",
        " render",
    ),
    ("render", "job.yaml", "--set", "a[=1"): (
        "--set a[=1: write path=value, for example spec.executor.instances=3",
        " render",
    ),
    ("render", "job.yaml", "--set-json", "a={"): (
        "--set-json a: this is not YAML: a value should stand here",
        " render",
    ),
    ("render", "job.yaml", "--var", "a-b=c"): (
        "--var a-b=c: write name=value, for example bucket=s3a://data",
        " render",
    ),
    ("render", "job.yaml", "--kubernetes", "abc"): ("'abc' is not a Kubernetes version such as 1.34", " render"),
    ("validate", "job.yaml", "--report", "xml"): (
        "Invalid value for '--report': 'xml' is not one of 'text', 'json', 'sarif', 'junit', 'github'.",
        " validate",
    ),
    ("render", "-", "job.yaml", "-"): ("stdin can only be read once: give - once", " render"),
    ("render", ""): ("a path is empty: write . for the working directory", " render"),
    ("render", "job.yaml", "--out", ""): ("the folder is empty: write . for the working directory", " render"),
    ("init", ""): ("Invalid value for '[DIR]': the folder is empty: write . for the working directory", " init"),
    ("render", "job.yaml", "--check"): ("--check compares with a folder: give --out DIR", " render"),
    ("render", "job.yaml", "--by", "job"): ("--by spreads objects over files: give --out DIR", " render"),
    ("render", "job.yaml", "--out", "k8s", "--report", "json"): (
        "--report json tells what would change: give --check",
        " render",
    ),
    ("schema", "jobb"): ("Invalid value for 'kind': 'jobb' is not one of 'job', 'overlay', 'project'.", " schema"),
    ("explain", "job.yaml", "Pod", "x"): ("Got unexpected extra argument(s) (x)", " explain"),
    ("import", "helm"): ("No such command 'helm'.", " import"),
}


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_use_is_told_in_a_line_with_a_way_on(project: Project, arguments: tuple[str, ...]):
    project.write({"job.yaml": JOB})
    message, command = WRONG[arguments]

    result = project.openflow(*arguments)

    assert result == (
        Exit.USAGE,
        "",
        f"error: {message}\n  hint: `openflow{command} --help` tells how it is used\n",
    )


def test_a_code_that_is_none_leads_to_those_that_are(project: Project):
    hint = "  hint: `openflow codes` lists them all\n"

    said = f"error: there is no code OF99 (did you mean `OF399`?)\n{hint}"
    assert project.openflow("codes", "OF99") == (Exit.USAGE, "", said)


# --- options without effect ---


def test_a_run_id_that_no_job_uses_is_noted(project: Project):
    project.write({"job.yaml": JOB, "again.yaml": JOB + "  run: {rerun: always}\n"})

    assert project.openflow("validate", "job.yaml", "--run-id", "7").stderr.startswith("--run-id 7: note OF174: ")
    assert "OF174" not in project.openflow("validate", "again.yaml", "--run-id", "7").stderr


def test_a_var_that_nothing_names_is_noted(project: Project):
    project.write({"job.yaml": JOB.replace("example.Main", '"{{ vars.main }}"')})

    result = project.openflow("validate", "job.yaml", "--var", "main=a.B", "--var", "mian=a.B")

    assert result.exit_code == Exit.DONE
    assert (
        result.stderr.splitlines()[0]
        == "--var mian=a.B: note OF175: the var mian is used nowhere (did you mean `main`?)"
    )
    assert result.stderr.count("OF175") == 1


def test_a_var_that_only_a_patch_names_is_used(project: Project):
    overlay = """\
apiVersion: openflow.io/v1
kind: Overlay
spec:
  patches:
    - target: {kind: Pod}
      merge: {spec: {hostname: "{{ vars.host }}"}}
"""
    project.write({"job.yaml": JOB, "overlays/o.yaml": overlay})

    result = project.openflow("validate", "job.yaml", "-o", "o", "--var", "host=a")

    assert result == (Exit.DONE, "", "1 of 1 job sound, 7 objects\n")
