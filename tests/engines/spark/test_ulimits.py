"""Limits of processes: a shell sets them before the entrypoint; what only a node can do is told."""

from __future__ import annotations

import resource
import subprocess
from pathlib import Path

import pytest
from compiling import Compile, Compiled

from openflow_render.core import paths

BOTH = "ulimits: {nofile: 65536, nproc: 16384}"
TOLD = "OF379 the limits of {} are set as far as the hard limits of the node allow"


def found(result: Compiled) -> list[str]:
    return [each.partition(": ")[2] for each in result.found]


def test_driver_and_executors_start_in_a_shell_that_sets_them(compile_spark: Compile):
    result = compile_spark(BOTH)

    command = result.pod["containers"][0]["command"]
    steps = (
        'ulimit -Sn 65536 2>/dev/null || ulimit -Sn "$(ulimit -Hn)"; '
        'ulimit -Su 16384 2>/dev/null || ulimit -Su "$(ulimit -Hu)"; exec /opt/entrypoint.sh "$@"'
    )
    assert command == ["/bin/bash", "-c", steps, "entrypoint"]
    assert result.executor["spec"]["containers"][0]["command"] == command


@pytest.mark.parametrize("spec", ["", "ulimits: {}"])
def test_without_limits_the_image_starts_as_it_is(compile_spark: Compile, spec: str):
    result = compile_spark(spec)

    assert "command" not in result.pod["containers"][0]
    assert not [name for name in result.objects if name.endswith("podspec-conf-map")]
    assert result.found == []


def run(command: list[str], folder: Path, *arguments: str) -> list[str]:
    """What the entrypoint of an image would see: its soft limits of files and processes, and its arguments."""
    entrypoint = folder / "entrypoint.sh"
    entrypoint.write_text('#!/bin/bash\nulimit -Sn\nulimit -Su\nprintf "%s\\n" "$@"\n')
    entrypoint.chmod(0o755)
    words = [word.replace("/opt/entrypoint.sh", str(entrypoint)) for word in command]
    ended = subprocess.run([*words, *arguments], capture_output=True, text=True, check=True, preexec_fn=_limited)
    assert ended.stderr == ""
    return ended.stdout.splitlines()


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 512))
    resource.setrlimit(resource.RLIMIT_NPROC, (20000, 30000))


@pytest.mark.parametrize(
    ("limits", "seen"),
    [
        ("{nofile: 256, nproc: 25000}", ["256", "25000"]),
        ("{nofile: 32}", ["32", "20000"]),
        ("{nofile: 65536, nproc: 40000}", ["512", "30000"]),
    ],
)
def test_a_limit_is_what_was_asked_for_or_what_the_node_allows(
    compile_spark: Compile, tmp_path: Path, limits: str, seen: list[str]
):
    command = compile_spark(f"ulimits: {limits}").pod["containers"][0]["command"]

    said = run(command, tmp_path, "driver", "--class", "a b", "$HOME; exit")

    assert said == [*seen, "driver", "--class", "a b", "$HOME; exit"]


@pytest.mark.parametrize(
    ("limits", "named"),
    [("{nofile: 1}", "nofile"), ("{nofile: 1, nproc: 2}", "nofile and nproc"), ("{nproc: 2}", "nproc")],
)
def test_what_only_a_node_can_do_is_told(compile_spark: Compile, limits: str, named: str):
    result = compile_spark(f"ulimits: {limits}")

    assert found(result) == [TOLD.format(named)]
    assert str(result.findings[0].severity) == "note"


KEPT = "OF378 `{}` holds -XX:-MaxFDLimit: the JVM keeps the soft limit of open files, which is 1024 on many nodes"


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        ("driver: {javaOptions: '-Da=b -XX:-MaxFDLimit'}", "driver.javaOptions"),
        ("conf: {spark.executor.defaultJavaOptions: -XX:-MaxFDLimit}", "spark.executor.defaultJavaOptions"),
    ],
)
def test_a_jvm_that_keeps_a_low_limit_is_told(compile_spark: Compile, spec: str, named: str):
    result = compile_spark(spec)

    assert found(result) == [KEPT.format(named)]


@pytest.mark.parametrize(
    "spec",
    [
        "driver: {javaOptions: -XX:-MaxFDLimit}\nulimits: {nofile: 65536}",
        "driver: {javaOptions: -XX:+MaxFDLimit}",
        "driver: {javaOptions: -Dx=-XX:-MaxFDLimit}",
    ],
)
def test_a_jvm_that_keeps_a_limit_that_was_set_is_not(compile_spark: Compile, spec: str):
    result = compile_spark(spec)

    assert "OF378" not in " ".join(result.found)


PRIVILEGED = {
    "executor: {securityContext: {capabilities: {add: [SYS_RESOURCE]}}}": (
        "spec.containers[spark-kubernetes-executor].securityContext.capabilities.add"
    ),
    "driver: {template: {spec: {containers: [{name: x, securityContext: {capabilities: {add: [SYS_RESOURCE]}}}]}}}": (
        "spec.containers[x].securityContext.capabilities.add"
    ),
    "version: 4.2.1\ndriver: {securityContext: {privileged: true}}": (
        "spec.containers[spark-kubernetes-driver].securityContext.privileged"
    ),
}


@pytest.mark.parametrize("spec", PRIVILEGED)
def test_a_privilege_that_raises_no_limit_is_told(compile_spark: Compile, spec: str):
    result = compile_spark(f"{BOTH}\n{spec}")

    told = [each for each in result.findings if each.code.id == "OF606"]
    assert [paths.show(each.target[1]) for each in told if each.target] == [PRIVILEGED[spec]]
    line = Path("job.yaml").read_text().splitlines()[told[0].origin.line - 1]
    assert line.strip() in {"- SYS_RESOURCE", "add:", "privileged: true"}


@pytest.mark.parametrize(
    "spec",
    [
        "executor: {securityContext: {capabilities: {add: [SYS_RESOURCE]}}}",
        f"{BOTH}\nexecutor: {{securityContext: {{capabilities: {{add: [NET_RAW]}}}}}}",
        f"{BOTH}\nexecutor: {{sidecars: [{{name: s, image: i:1, securityContext: {{privileged: true}}}}]}}",
    ],
)
def test_a_privilege_for_something_else_is_not(compile_spark: Compile, spec: str):
    result = compile_spark(spec)

    assert "OF606" not in " ".join(result.found)


def test_a_field_that_no_kubernetes_has_is_refused(compile_spark: Compile):
    result = compile_spark("driver: {securityContext: {ulimits: [{name: nofile, soft: 1, hard: 2}]}}")

    assert "OF401 Pod/etl-driver has no field `spec.securityContext.ulimits`" in found(result)
