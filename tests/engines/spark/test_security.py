"""Security profiles: Spark can run as confined as they say, and what the user says himself wins and is then told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from compiling import Compile, Compiled

from openflow_render.core import paths

WRITABLE = {"writable-tmp": "/tmp", "writable-work-dir": "/opt/spark/work-dir"}
PODS = ("driver", "executor")


def pod_of(result: Compiled, role: str) -> dict[str, Any]:
    return dict(result.pod if role == "driver" else result.executor["spec"])


def main_of(result: Compiled, role: str) -> dict[str, Any]:
    return dict(pod_of(result, role)["containers"][-1])


def writable(result: Compiled, role: str) -> dict[str, str]:
    """The paths of the empty volumes that the profile mounts, by volume."""
    empty = [each["name"] for each in pod_of(result, role).get("volumes", []) if each.get("emptyDir") == {}]
    mounts = main_of(result, role).get("volumeMounts", [])
    return {
        each["name"]: each["mountPath"]
        for each in mounts
        if each["name"] in empty and not each["name"].startswith("spark-local-dir")
    }


@pytest.mark.parametrize("role", PODS)
def test_a_read_only_root_has_the_folders_that_spark_writes_to(compile_spark: Compile, role: str):
    result = compile_spark("security: {profile: restricted}")

    assert main_of(result, role)["securityContext"]["readOnlyRootFilesystem"] is True
    assert writable(result, role) == WRITABLE


@pytest.mark.parametrize("role", PODS)
def test_the_other_distribution_works_in_a_folder_of_its_own(compile_spark: Compile, role: str):
    result = compile_spark("engine: openflow\nsecurity: {profile: restricted}")

    assert writable(result, role) == {**WRITABLE, "writable-work-dir": "/opt/openflow/work-dir"}


@pytest.mark.parametrize("role", PODS)
@pytest.mark.parametrize("profile", ["none", "baseline"])
def test_other_profiles_leave_the_root_alone(compile_spark: Compile, profile: str, role: str):
    result = compile_spark(
        f"security: {{profile: {profile}}}\n{role}: {{securityContext: {{readOnlyRootFilesystem: true}}}}"
    )

    assert writable(result, role) == {}


@pytest.mark.parametrize("role", PODS)
def test_a_root_that_may_be_written_needs_no_folders(compile_spark: Compile, role: str):
    result = compile_spark(
        f"security: {{profile: restricted}}\n{role}: {{securityContext: {{readOnlyRootFilesystem: false}}}}"
    )

    assert result.found == []
    assert main_of(result, role)["securityContext"]["readOnlyRootFilesystem"] is False
    assert writable(result, role) == {}


OWN = "{name: own, mountPath: PATH, emptyDir: {sizeLimit: 1Gi}}"
MOUNTED = {
    "a volume": f"volumes: [{OWN}]",
    "a volume of the template": (
        "template: {spec: {volumes: [{name: own, emptyDir: {sizeLimit: 1Gi}}], "
        "containers: [{name: main, volumeMounts: [{name: own, mountPath: PATH/}]}]}}"
    ),
    "a Secret": "secrets: {own: PATH}",
    "a Secret with a dot": "secrets: {own.it: PATH}",
}


@pytest.mark.parametrize("role", PODS)
@pytest.mark.parametrize("how", MOUNTED)
@pytest.mark.parametrize("volume", WRITABLE)
def test_a_volume_of_the_job_takes_the_place_of_an_empty_one(compile_spark: Compile, volume: str, how: str, role: str):
    fields = MOUNTED[how].replace("PATH", WRITABLE[volume])

    result = compile_spark(f"security: {{profile: restricted}}\n{role}: {{{fields}}}")

    assert [each for each in result.found if "OF336" in each] == []
    assert writable(result, role) == {name: path for name, path in WRITABLE.items() if name != volume}


@pytest.mark.parametrize("name", WRITABLE)
def test_the_names_of_the_empty_volumes_are_taken(compile_spark: Compile, name: str):
    result = compile_spark(
        f"security: {{profile: restricted}}\ndriver: {{volumes: [{{name: {name}, mountPath: /x, emptyDir: {{}}}}]}}"
    )

    assert [each.partition(": ")[2] for each in result.found] == [f"OF343 the volume name {name} is taken by Spark"]


def test_a_local_directory_takes_the_place_of_an_empty_volume(compile_spark: Compile):
    result = compile_spark("security: {profile: restricted}\nconf: {spark.local.dir: /tmp}")

    assert [writable(result, role) for role in PODS] == [{"writable-work-dir": "/opt/spark/work-dir"}] * 2


@pytest.mark.parametrize("role", PODS)
def test_what_the_template_says_wins_over_the_profile_and_the_role_over_both(compile_spark: Compile, role: str):
    template = (
        "{spec: {securityContext: {runAsUser: 1000, runAsGroup: 1000}, containers: "
        "[{name: x, securityContext: {readOnlyRootFilesystem: false, capabilities: {add: [NET_BIND_SERVICE]}}}]}}"
    )
    fields = f"template: {template}, securityContext: {{runAsUser: 2000}}"

    result = compile_spark(f"security: {{profile: restricted}}\n{role}: {{{fields}}}")

    assert result.found == []
    assert pod_of(result, role)["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 2000,
        "runAsGroup": 1000,
        "fsGroup": 185,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert main_of(result, role)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
        "readOnlyRootFilesystem": False,
    }


LOOSENED = {
    "executor: {securityContext: {runAsNonRoot: false}}": (
        "runAsNonRoot: false",
        "OF601 spec.securityContext.runAsNonRoot",
    ),
    "executor: {template: {spec: {securityContext: {runAsUser: 0}}}}": (
        "runAsUser: 0",
        "OF601 spec.securityContext.runAsUser",
    ),
    "driver: {template: {spec: {hostPID: true}}}": ("hostPID: true", "OF601 spec.hostPID"),
    "conf: {spark.kubernetes.executor.securityContext.allowPrivilegeEscalation: 'true'}": (
        "spark.kubernetes.executor.securityContext.allowPrivilegeEscalation: 'true'",
        "OF601 spec.containers[spark-kubernetes-executor].securityContext.allowPrivilegeEscalation",
    ),
}


@pytest.mark.parametrize("spec", LOOSENED)
def test_what_loosens_a_profile_is_told_with_its_line(compile_spark: Compile, spec: str):
    result = compile_spark(f"security: {{profile: restricted}}\n{spec}")

    lines = Path("job.yaml").read_text().splitlines()
    [finding] = result.findings
    assert finding.target is not None
    said = f"{finding.code.id} {paths.show(finding.target[1])}"
    assert (lines[finding.origin.line - 1].strip(), said) == LOOSENED[spec]


HIDDEN = {
    "application: {main: 'local:///opt/spark/work-dir/app.jar'}": "local:///opt/spark/work-dir/app.jar",
    "application: {main: 'local:///tmp/app.py', class: null}": "local:///tmp/app.py",
    "application: {jars: ['local:///opt/x.jar', 'local:///opt/spark/work-dir/lib/y.jar']}": (
        "local:///opt/spark/work-dir/lib/y.jar"
    ),
    "conf: {spark.files: 'local:/tmp/x.json'}": "local:/tmp/x.json",
}


@pytest.mark.parametrize("spec", HIDDEN)
def test_a_file_that_an_empty_volume_would_hide_is_refused(compile_spark: Compile, spec: str):
    folder = "/tmp" if "/tmp" in spec else "/opt/spark/work-dir"

    result = compile_spark(f"security: {{profile: restricted}}\n{spec}")

    told = f"OF608 {HIDDEN[spec]} lies in {folder}, where `security.profile: restricted` mounts an empty volume"
    assert [each.partition(": ")[2] for each in result.found] == [told]


SCRIPT = (
    "application: {main: 'local:///opt/spark/work-dir/app.py', class: null}\n"
    "driver: {volumes: [{name: code, mountPath: /opt/spark/work-dir, persistentVolumeClaim: {claimName: code}}]}"
)
"""A script in a volume of the driver's own; executors never read it."""


@pytest.mark.parametrize(
    "spec",
    [
        "application: {main: 'local:///opt/spark/work-dir/app.jar'}",
        "security: {profile: restricted}\napplication: {main: 'local:///opt/spark/work-directory/app.jar'}",
        "security: {profile: restricted}\napplication: {main: 's3a://tmp/app.jar'}",
        f"security: {{profile: restricted}}\n{SCRIPT}",
    ],
)
def test_a_file_that_nothing_hides_is_not(compile_spark: Compile, spec: str):
    result = compile_spark(spec)

    assert "OF608" not in " ".join(result.found)
