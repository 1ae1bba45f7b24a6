"""`openflow completion`: real bash where it can be, and the variables by which zsh and fish ask."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from projects import JOB, Project, Result

from openflow_render.cli.app import COMMANDS
from openflow_render.cli.exits import Exit

OVERLAY = "apiVersion: openflow.io/v1\nkind: Overlay\nmetadata: {name: night}\nspec: {}\n"
PROJECT = """\
apiVersion: openflow.io/v1
kind: Project
metadata: {name: jobs}
spec:
  targets:
    prod-eu: {out: deploy/eu}
    prod-us: {out: deploy/us}
    dev: {}
"""
FILES = {"openflow.yaml": PROJECT, "jobs/etl.yaml": JOB, "jobs/daily/load.yaml": JOB, "overlays/night.yaml": OVERLAY}


def run(command: list[str], env: dict[str, str]) -> Result:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        command, env={**os.environ, "PATH": path, **env}, capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    return Result(ended.returncode, ended.stdout, ended.stderr)


BASH = """\
eval "$(openflow completion bash)"
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_openflow_completion openflow
printf '%s\\n' "${COMPREPLY[@]}"
"""


def bash(*words: str) -> list[str]:
    """What bash offers for the last of ``words``, of a line that begins with ``openflow``."""
    result = run(["bash", "--noprofile", "--norc", "-uc", BASH, "bash", "openflow", *words], {})
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout.split()


# --- bash ---


def test_bash_completes_commands_and_options(project: Project):
    assert bash("") == list(COMMANDS)
    assert bash("re") == ["render"]
    assert bash("import", "") == ["spark-submit", "properties"]
    assert bash("render", "--al") == ["--all-targets"]
    assert bash("no-such-command", "") == []


def test_bash_completes_choices(project: Project):
    assert bash("schema", "") == ["job", "overlay", "project"]
    assert bash("render", "--to", "k") == ["kustomize", "krm"]
    assert bash("completion", "") == ["bash", "zsh", "fish"]


def test_bash_completes_codes(project: Project):
    assert bash("codes", "OF10")[:3] == ["OF100", "OF101", "OF102"]


@pytest.mark.parametrize("command", ["render", "validate", "explain", "diff", "apply", "delete"])
def test_bash_completes_job_files_and_the_folders_that_hold_any(project: Project, command: str):
    project.write(FILES)

    assert bash(command, "") == ["jobs", "jobs/daily", "jobs/daily/load.yaml", "jobs/etl.yaml"]
    assert bash(command, "jobs/d") == ["jobs/daily", "jobs/daily/load.yaml"]


def test_no_file_is_offered_that_is_no_job(project: Project):
    pod = "apiVersion: batch/v1\nkind: Job\nmetadata: {annotations: {openflow.io/run: x}}\n"
    project.write({**FILES, "deploy/job.yaml": pod, ".hidden/etl.yaml": JOB, "jobs/notes.md": JOB, "a b.yaml": JOB})
    os.mkfifo("pipe.yaml")
    Path("loop").symlink_to(".")

    assert bash("render", "") == ["jobs", "jobs/daily", "jobs/daily/load.yaml", "jobs/etl.yaml"]


def test_a_path_is_completed_as_it_was_begun(project: Project, monkeypatch: pytest.MonkeyPatch):
    project.write(FILES)
    monkeypatch.chdir("overlays")

    assert bash("render", "../jobs/e") == ["../jobs/etl.yaml"]
    assert bash("render", f"{project.folder}/jobs/e") == [f"{project.folder}/jobs/etl.yaml"]
    assert bash("render", "") == []


def test_bash_completes_overlays_of_the_project_and_shipped_ones(project: Project, monkeypatch: pytest.MonkeyPatch):
    project.write(FILES)

    assert bash("render", "-o", "") == ["dev", "night", "prod-hardened", "spot-executors"]
    monkeypatch.chdir("jobs")
    assert bash("render", "--overlay", "n") == ["night"]


def test_bash_completes_targets(project: Project, monkeypatch: pytest.MonkeyPatch):
    project.write(FILES)

    assert bash("render", "--target", "") == ["prod-eu", "prod-us", "dev"]
    assert bash("apply", "-t", "prod-u") == ["prod-us"]
    monkeypatch.chdir("jobs/daily")
    assert bash("validate", "--target", "d") == ["dev"]


BROKEN = {"no YAML": "spec: {", "no map": "- a\n", "another kind": OVERLAY, "targets that are a list": "targets: [a]\n"}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_project_file_completes_nothing_and_says_nothing(project: Project, text: str):
    project.write({**FILES, "openflow.yaml": text})

    assert bash("render", "--target", "") == []
    assert bash("render", "jobs/e") == ["jobs/etl.yaml"]


def test_where_there_is_no_project_there_are_no_targets(project: Project):
    assert bash("render", "--target", "") == []


# --- zsh and fish ---


def ask(shell: str, line: str, **more: str) -> Result:
    return run(["openflow"], {"_OPENFLOW_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": line, **more})


def test_zsh_is_answered(project: Project):
    project.write(FILES)

    result = ask("zsh", "openflow render --target prod")

    assert result == (0, '_arguments \'*: :(("prod-eu"\n"prod-us"))\'\n', "")
    assert ask("zsh", "openflow no-such-command ").stderr == ""


def test_fish_is_answered(project: Project):
    project.write(FILES)

    assert ask("fish", "openflow render --target prod", _TYPER_COMPLETE_FISH_ACTION="get-args") == (
        0,
        "prod-eu\nprod-us\n",
        "",
    )
    assert ask("fish", "openflow render --target prod", _TYPER_COMPLETE_FISH_ACTION="is-args").exit_code == 0
    assert ask("fish", "openflow render --target x", _TYPER_COMPLETE_FISH_ACTION="is-args").exit_code == 1


@pytest.mark.parametrize(
    ("shell", "registers"),
    [
        ("bash", "complete -o default -F _openflow_completion openflow\n"),
        ("zsh", "compdef _openflow_completion openflow\n"),
        ("fish", "complete --command openflow "),
    ],
)
def test_each_shell_has_its_script(project: Project, shell: str, registers: str):
    result = project.openflow("completion", shell)

    assert (result.exit_code, result.stderr) == (Exit.DONE, "")
    assert registers in result.stdout
    assert f"_OPENFLOW_COMPLETE=complete_{shell}" in result.stdout


def test_no_other_shell_has_one(project: Project):
    result = project.openflow("completion", "tcsh")

    assert (result.exit_code, result.stdout) == (Exit.USAGE, "")


def test_what_a_shell_asks_wrongly_is_not_answered(project: Project):
    assert ask("tcsh", "openflow ").stdout == ""
    assert ask("tcsh", "openflow ").stderr == ""


def test_completion_adds_nothing_to_the_help_of_openflow(project: Project):
    assert "--install-completion" not in project.openflow("--help").stdout


# --- what no shell asks ---


@pytest.mark.parametrize("asked", ["x", "delete_bash", "\x1b[31m_bash", "complete_"])
def test_what_no_shell_asks_is_wrong_use(project: Project, monkeypatch: pytest.MonkeyPatch, asked: str):
    monkeypatch.setenv("_OPENFLOW_COMPLETE", asked)

    assert project.openflow("render", "job.yaml") == (Exit.USAGE, "", "")


@pytest.mark.parametrize(
    "variables", [{}, {"COMP_WORDS": "openflow"}, {"COMP_WORDS": "openflow 're", "COMP_CWORD": "x"}]
)
def test_a_shell_that_leaves_out_what_it_should_say_gets_no_answer(project: Project, variables: dict[str, str]):
    result = project.process(env={"_OPENFLOW_COMPLETE": "complete_bash", **variables})

    assert result == (Exit.USAGE, "", "")


def test_names_that_a_shell_would_run_are_not_offered(project: Project):
    project.write(
        {**FILES, "overlays/$(touch x).yaml": OVERLAY, "overlays/a b.yaml": OVERLAY, "overlays/\x1b[31m.yaml": OVERLAY}
    )

    assert "night" in bash("render", "-o", "n")
    assert [name for name in bash("render", "-o", "") if name[0] in "$a\x1b"] == []
