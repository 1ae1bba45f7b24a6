"""Arguments and variables are bytes: what is no text, or draws on a terminal, ends a process in order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from projects import JOB, Project

from openflow_render.cli.exits import Exit

HOSTILE = b"a\xff\xed\xa0\x80\x1b[2J\xc2\x9b31m\n\r\xe2\x80\xae%b"
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
PATIENCE = 60
SUBMISSION = (
    *("import", "spark-submit", "--", "--master", "k8s://x", "--deploy-mode", "cluster", "--class", "a.B"),
    *("--conf", "spark.kubernetes.container.image=x/spark:4.3.0"),
)
OVERLAY = "apiVersion: openflow.io/v1\nkind: Overlay\nspec: {vars: {a: b}}\n"
PROJECT = "apiVersion: openflow.io/v1\nkind: Project\nmetadata: {name: p}\nspec: {targets: {t: {out: deploy}}}\n"

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("W",),
    *(("render", *words) for words in (("W",), ("./W",), ("W/W",), ("-W",), ("--W",), ("--W=W",))),
    *(
        ("render", "job.yaml", option, value)
        for option, value in (
            *(("-o", "W"), ("-o", "./W"), ("--set", "W"), ("--set", "spec.vars.a=W"), ("--set", "spec.W=1")),
            *(("--set", "spec.driver.memory=W"), ("--set-json", "W"), ("--set-json", 'spec.vars={"a":"W"}')),
            *(
                ("--var", "W"),
                ("--var", "a=W"),
                ("-n", "W"),
                ("--run-id", "W"),
                ("--given", "W"),
                ("--kubernetes", "W"),
            ),
            *(("--to", "W"), ("--by", "W"), ("--target", "W"), ("--out", "W"), ("--out", "job.yaml/W")),
        )
    ),
    *(("validate", "W.yaml", "--report", form) for form in ("text", "json", "sarif", "junit", "github")),
    ("validate", "job.yaml", "--report", "W"),
    ("explain", "job.yaml", "W"),
    ("explain", "job.yaml", "Pod.spec.W"),
    *(("diff", "job.yaml", "--against", revision) for revision in ("W", "-W", "HEAD:W", "--upload-pack=W")),
    ("diff", "W", "--against", "HEAD"),
    ("diff", "job.yaml", "--kubeconfig", "W"),
    ("diff", "job.yaml", "--kubeconfig", "kubeconfig", "--context", "W"),
    *((command, "W", "--kubeconfig", "kubeconfig") for command in ("list", "status", "logs", "kill", "ui", "apply")),
    ("delete", "W", "--yes", "--kubeconfig", "kubeconfig"),
    (*SUBMISSION, "W"),
    (*SUBMISSION, "local:///W.jar", "W"),
    (*SUBMISSION, "--conf", "spark.a=W", "--name", "W", "--W", "local:///x.jar"),
    (*SUBMISSION, "--properties-file", "W", "local:///x.jar"),
    ("import", "properties", "W"),
    ("import", "W"),
    *((command, "W") for command in ("schema", "codes", "completion", "init")),
)
VARIABLES = (
    *("HOME", "XDG_CACHE_HOME", "TMPDIR", "PATH", "LANG", "LC_ALL", "TERM", "COLUMNS", "NO_COLOR", "KUBECONFIG"),
    *("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "HTTPS_PROXY", "NO_PROXY", "GIT_DIR", "TZ"),
    *("COMP_WORDS", "SPARK_HOME"),
)


class Ended(NamedTuple):
    code: int
    stdout: str
    stderr: str


def run(*arguments: bytes, env: dict[bytes, bytes] | None = None) -> Ended:
    words = [os.fsencode(sys.executable), b"-m", b"openflow_render", *arguments]
    ended = subprocess.run(
        words,
        env={**os.environb, **(env or {})},
        capture_output=True,
        timeout=PATIENCE,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    # What is no UTF-8 would come out as surrogates.
    return Ended(ended.returncode, *(each.decode("utf-8", "surrogateescape") for each in (ended.stdout, ended.stderr)))


def expect_order(ended: Ended) -> None:
    assert ended.code in {each.value for each in Exit} - {Exit.CRASHED}, ended
    assert "Traceback" not in ended.stderr
    assert "defect" not in ended.stderr
    assert HARMFUL.findall(ended.stdout + ended.stderr) == []
    assert ended.code in {Exit.DONE, Exit.DIFFERENT} or ended.stderr or ended.stdout


@pytest.fixture
def files(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    project.write({"job.yaml": JOB, "o.yaml": OVERLAY, "openflow.yaml": PROJECT})
    project.write({"kubeconfig": "clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n"})
    for name in [name for name in os.environ if name.startswith(("GIT_", "KUBE"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(project.folder / "cache"))
    return project


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_argument_may_be_any_bytes(files: Project, words: tuple[str, ...]):
    ended = run(*(word.encode().replace(b"W", HOSTILE) for word in words))

    expect_order(ended)


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("words", [("render", "job.yaml"), ("list", "data"), ("diff", "job.yaml", "--against", "HEAD")])
def test_a_variable_may_be_any_bytes(files: Project, name: str, words: tuple[str, ...]):
    ended = run(*(word.encode() for word in words), env={name.encode(): HOSTILE})

    expect_order(ended)


def test_a_shell_that_asks_what_nobody_understands_is_told_nothing():
    assert run(b"render", env={b"_OPENFLOW_COMPLETE": HOSTILE}) == (Exit.USAGE, "", "")


@pytest.mark.parametrize("report", ["text", "json", "sarif", "junit", "github"])
def test_a_file_may_be_called_by_any_bytes(files: Project, report: str):
    Path(os.fsdecode(HOSTILE)).write_text(JOB.replace("memory: 1g", "memory: 12x"))
    folder = Path("folder") / os.fsdecode(HOSTILE)
    folder.mkdir(parents=True)
    (folder / "job.yaml").write_text(JOB)

    for words in ((HOSTILE,), (b"folder",), (b"folder/" + HOSTILE,)):
        expect_order(run(b"validate", *words, b"--report", report.encode()))
