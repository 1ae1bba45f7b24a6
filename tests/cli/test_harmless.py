"""What is printed does nothing to a terminal and is taken for no markup, whoever chose the names in it."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys

import pytest
from projects import JOB, Project

from openflow_render.cli.exits import Exit

NAMES = {
    "an escape": "a\x1b[31mb",
    "a window title": "a\x1b]0;x\x07b",
    "an eight-bit escape": "a\x9b31mb",
    "another direction": "a\u202eb",
    "a line end": "a\nb",
    "a carriage return": "a\rb",
    "no character": os.fsdecode(b"a\xffb"),
}
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
BAD = JOB.replace("memory: 1g", "memory: 12x")


def lines_of(text: str) -> list[str]:
    return [line for line in text.split("\n") if HARMFUL.search(line)]


@pytest.mark.parametrize("case", NAMES)
@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github"])
def test_a_file_may_be_called_anything(project: Project, case: str, form: str):
    name = f"{NAMES[case]}.yaml"
    project.write({name: BAD})

    result = project.openflow("validate", name, "--report", form)

    assert result.exit_code == Exit.REFUSED
    assert lines_of(result.stdout + result.stderr) == []
    assert "OF210" in result.stdout + result.stderr


@pytest.mark.parametrize("case", NAMES)
def test_a_folder_may_be_called_anything(project: Project, case: str):
    project.write({"job.yaml": JOB})
    out = NAMES[case]

    written = project.openflow("render", "job.yaml", "--out", out)
    place = project.folder / out / "data/etl/pod-etl-driver.yaml"
    place.write_bytes(b"a: \x1b[2J\xff\n" + "b: \u202e\u2028c\n".encode())
    compared = project.openflow("render", "job.yaml", "--out", out, "--check")
    for_programs = project.openflow("render", "job.yaml", "--out", out, "--check", "--report", "json")

    assert [each.exit_code for each in (written, compared, for_programs)] == [Exit.DONE, Exit.DIFFERENT, Exit.DIFFERENT]
    for each in (written, compared, for_programs):
        assert lines_of(each.stdout + each.stderr) == []
    assert "-a: \\x1b[2J\\xff\n-b: \\u202e\\u2028c\n" in compared.stdout


def test_json_holds_the_names_that_it_does_not_show(project: Project):
    project.write({"a\x9b\u202e\U000e0001.yaml": BAD})

    result = project.openflow("validate", "a\x9b\u202e\U000e0001.yaml", "--report", "json")

    assert "a\\u009b\\u202e\\udb40\\udc01.yaml" in result.stdout
    assert json.loads(result.stdout)["findings"][0]["file"] == "a\x9b\u202e\U000e0001.yaml"


def test_values_are_explained_without_their_escapes(project: Project):
    project.write(
        {
            "job.yaml": JOB.replace("class: example.Main", r'class: example.Main, args: ["a\e[31m\u202eb"]')
            .replace("    main: local:///opt/app.jar\n    class", "    {main: 'local:///opt/app.jar', class")
            .replace('b"]', 'b"]}')
        }
    )

    for wanted in ("Pod", "Pod.spec.containers[spark-kubernetes-driver].args[-1]"):
        result = project.openflow("explain", "job.yaml", wanted)

        assert lines_of(result.stdout + result.stderr) == []


def test_a_crash_is_told_without_escapes(project: Project):
    code = "import openflow_render.cli.app as a; a.run = lambda _: exec('raise ValueError(\"\\x1b[31m\\u202e\")')"
    call = f"{code}; from openflow_render.cli import main; main()"

    ended = subprocess.run([sys.executable, "-c", call], capture_output=True, encoding="utf-8", check=False)

    assert ended.returncode == Exit.CRASHED
    assert ended.stderr.startswith("openflow: a defect of ours, please report it: ValueError: \\x1b[31m\\u202e\n")


def on_a_terminal(project: Project, *arguments: str, env: dict[str, str]) -> str:
    """What the command writes to stdout when that is a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "openflow_render", *arguments]
    with subprocess.Popen(command, stdout=theirs, cwd=project.folder, env={**os.environ, **env}) as process:
        os.close(theirs)
        text = b""
        while select.select([ours], [], [], 30)[0]:
            try:
                text += os.read(ours, 1 << 16)
            except OSError:  # nobody writes any more
                break
        process.wait()
    os.close(ours)
    return text.decode()


@pytest.mark.parametrize("columns", ["200", "0", "-1", "x", "9" * 30, ""])
def test_names_in_a_table_are_no_markup(project: Project, columns: str):
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: '[red]x[/red][/]'}\nspec: {}\n"
    project.write({"job.yaml": JOB, "templates/spark/driver-service.yaml": service})

    text = on_a_terminal(project, "explain", "job.yaml", env={"COLUMNS": columns, "NO_COLOR": "1"})

    assert "Traceback" not in text
    if columns == "200":
        assert "Service/[red]x[/red][/]" in text
