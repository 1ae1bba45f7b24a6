"""What openflow leaves alone: the network, other programs, credentials, and files that are none of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from projects import JOB, Project, Result

from openflow_render.cli.exits import Exit

WATCHED = """\
import json, os, sys
events = []

def look(event, arguments):
    if event == "open":
        path, _, flags = arguments
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        if isinstance(path, (str, bytes)):
            events.append(["write" if writes else "read", os.path.abspath(os.fsdecode(path))])
    elif event.partition(".")[0] in ("socket", "subprocess", "ctypes", "urllib", "http", "ftplib", "smtplib"):
        events.append([event, ascii(arguments)])
    elif event in ("os.exec", "os.posix_spawn", "os.spawn", "os.system", "pty.spawn", "import webbrowser"):
        events.append([event, ascii(arguments)])
    elif event.removeprefix("os.") in ("mkdir", "rename", "remove", "rmdir", "symlink", "link", "truncate", "chmod"):
        named = [each for each in arguments[:2] if not isinstance(each, int)]
        folders = arguments[2:4] if len(named) == 2 else (-1,) if event == "os.truncate" else arguments[-1:]
        events.extend(["write", place(each, folder)] for each, folder in zip(named, folders))

def place(path, folder):
    \"\"\"Where a path leads, perhaps from the open folder ``folder``.\"\"\"
    around = os.readlink(f"/proc/self/fd/{folder}") if isinstance(folder, int) and folder > 2 else ""
    return os.path.abspath(os.path.join(around, os.fsdecode(path)))

sys.addaudithook(look)
from openflow_render.cli.app import run
code = 1
try:
    code = run(sys.argv[2:])
finally:
    sys.stdout.flush(), sys.stderr.flush()
    text = json.dumps(events)
    with open(sys.argv[1], "w") as told:
        told.write(text)
    os._exit(code)
"""


class Watched(NamedTuple):
    """What a command said, and what it asked the operating system for: the kind, and what it was about."""

    result: Result
    events: list[tuple[str, str]]

    def all(self, kind: str) -> list[str]:
        return [what for each, what in self.events if each == kind]


@pytest.fixture
def home(project: Project) -> Path:
    """A home with credentials, which the environment names in every way."""
    project.write(
        {"home/.kube/config": "hidden", "home/.netrc": "hidden", "home/.gitconfig": "", "elsewhere/kubeconfig": "x"}
    )
    return project.folder / "home"


@pytest.fixture
def sandbox(project: Project, home: Path) -> Project:
    """A project made by `openflow init`, with a given cluster and an overlay."""
    project.openflow("init", "work")
    project.write(
        {
            "work/etl.yaml": JOB + "  confFiles: [log.properties]\n",
            "work/log.properties": "rootLogger.level = info\n",
            "work/spark.conf": "spark.kubernetes.container.image x/spark:4.3.0\n",
            "work/cluster.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, namespace: data}\n",
        }
    )
    return project


def watched(project: Project, home: Path, *arguments: str) -> Watched:
    told = project.folder / "told.json"
    env = {
        **os.environ,
        "HOME": str(home),
        "XDG_CACHE_HOME": str(project.folder / "cache"),
        "KUBECONFIG": str(project.folder / "elsewhere/kubeconfig"),
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": "1",
        "HTTPS_PROXY": "http://127.0.0.1:1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-c", WATCHED, str(told), *arguments]
    folder = project.folder / "work"
    ended = subprocess.run(command, cwd=folder, env=env, capture_output=True, encoding="utf-8", timeout=60, check=False)
    events = [(kind, what) for kind, what in json.loads(told.read_text())]
    return Watched(Result(ended.returncode, ended.stdout, ended.stderr), events)


OFFLINE: Sequence[Sequence[str]] = (
    ("render", "etl.yaml"),
    ("render", "etl.yaml", "--given", "cluster.yaml", "--strict"),
    ("render", "etl.yaml", "--out", "out"),
    ("render", "--all-targets"),
    ("render", "--all-targets", "--check"),
    ("validate", "."),
    ("validate", "--all-targets", "--report", "sarif"),
    ("explain", "etl.yaml"),
    ("explain", "etl.yaml", "Pod.spec"),
    ("import", "properties", "spark.conf"),
    (
        "import",
        "spark-submit",
        "--",
        "--master",
        "k8s://x",
        "--deploy-mode",
        "cluster",
        "--class",
        "a.B",
        "--conf",
        "spark.kubernetes.container.image=x/spark:4.3.0",
        "local:///a.jar",
    ),
    ("schema", "job"),
    ("codes", "OF210"),
    ("init", "new"),
    ("init", "--templates", "new"),
    ("completion", "bash"),
    ("--help",),
    ("--version",),
)


@pytest.mark.parametrize("arguments", OFFLINE, ids=" ".join)
def test_what_needs_no_cluster_is_done_alone(sandbox: Project, home: Path, arguments: Sequence[str]):
    seen = watched(sandbox, home, *arguments)

    assert seen.result.exit_code in {Exit.DONE, Exit.DIFFERENT}, seen.result.stderr
    assert [(kind, what) for kind, what in seen.events if kind not in {"read", "write"}] == []
    assert [
        path
        for path in seen.all("read")
        if "kube" in path.lower()
        and "/site-packages/" not in path
        and not path.startswith(str(Path(__file__).parents[1]))
    ] == []
    assert [path for path in seen.all("read") if path.startswith(str(home))] == []


@pytest.mark.parametrize("arguments", OFFLINE, ids=" ".join)
def test_only_what_was_asked_for_is_written(sandbox: Project, home: Path, arguments: Sequence[str]):
    seen = watched(sandbox, home, *arguments)

    work = sandbox.folder / "work"
    allowed = {"render": [work / "out", work / "deploy", sandbox.folder / "cache"], "init": [work / "new"]}
    own = (
        [str(each) for each in allowed.get(arguments[0], [])]
        if "--check" not in arguments
        else [str(sandbox.folder / "cache")]
    )
    strays = [path for path in seen.all("write") if not path.startswith((*own, os.devnull))]
    assert strays == []


def test_git_is_the_one_program_that_is_asked_and_only_when_it_must_be(sandbox: Project, home: Path):
    git = {**os.environ, "HOME": str(home), "GIT_CONFIG_GLOBAL": os.devnull}
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *command], cwd=sandbox.folder / "work", env=git, check=True)

    for arguments in (
        ("diff", "etl.yaml", "--against", "HEAD"),
        ("render", "etl.yaml", "--out", "out", "--commit-message"),
    ):
        seen = watched(sandbox, home, *arguments)

        assert seen.result.exit_code == Exit.DONE, seen.result.stderr
        programs = {what.split("'")[1].rpartition("/")[2] for what in seen.all("subprocess.Popen")}
        assert programs == {"git"}
        assert not any(kind.startswith("socket") for kind, _ in seen.events)


# --- what is secret ---

CANARY = "kanarienvogel"
SECRETIVE = (
    JOB.replace(
        "    memory: 1g\n",
        f"""\
    memory: 1g
    env: {{DB_PASSWORD: {CANARY}1, API_TOKEN: {{valueFrom: {CANARY}2}}}}
    javaOptions: -Djavax.net.ssl.keyStorePassword={CANARY}3
""",
    ).replace(
        "    class: example.Main\n",
        f"""\
    class: example.Main
    args: ["--password", "{CANARY}4", "--api-key={CANARY}5"]
""",
    )
    + f"""\
  conf:
    spark.hadoop.fs.s3a.secret.key: {CANARY}6
    spark.ssl.keyPassword: {CANARY}7
    spark.hadoop.javax.jdo.option.ConnectionURL: jdbc://user:{CANARY}8@db/x
    spark.kubernetes.driverEnv.AWS_SECRET_ACCESS_KEY: {CANARY}9
"""
)
SPOILT = {
    "as it is": SECRETIVE,
    "an unknown field beside it": SECRETIVE + "  colour: blue\n",
    "a bad line": SECRETIVE.replace("spark.ssl.keyPassword: ", "spark.ssl.keyPassword: ["),
    "a bad value": SECRETIVE.replace("keyPassword: ", "keyPassword: 0755"),
    "an expression": SECRETIVE.replace(f"{CANARY}6", f"\"{{{{ vars.nope ~ '{CANARY}6' }}}}\""),
    "a wrong type": SECRETIVE.replace(f"DB_PASSWORD: {CANARY}1", f"DB_PASSWORD: [{CANARY}1]"),
    "a wrong argument": SECRETIVE.replace('"--password"', '7, "--password"'),
    "a duplicate": SECRETIVE + f"    spark.ssl.keyPassword: {CANARY}7\n",
    "a duplicate in quotes": SECRETIVE + f'    "spark.ssl.keyPassword": "{CANARY}7"\n',
}
TALKS: Sequence[Sequence[str]] = (
    ("render", "job.yaml"),
    ("render", "job.yaml", "-v", "--strict"),
    ("validate", "job.yaml", "-v"),
    *(("validate", "job.yaml", "--report", form) for form in ("json", "sarif", "junit", "github")),
    ("explain", "job.yaml"),
    *(
        ("explain", "job.yaml", wanted)
        for wanted in ("Pod", "Pod.spec.containers[spark-kubernetes-driver]", "ConfigMap")
    ),
)


@pytest.mark.parametrize("case", SPOILT)
@pytest.mark.parametrize("arguments", TALKS, ids=" ".join)
def test_a_secret_is_told_by_nobody(project: Project, case: str, arguments: Sequence[str]):
    project.write({"job.yaml": SPOILT[case]})

    result = project.openflow(*arguments)

    said = result.stderr if arguments[0] == "render" else result.stdout + result.stderr
    assert CANARY not in said
