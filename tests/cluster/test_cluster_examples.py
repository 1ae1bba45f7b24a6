"""Every example can be applied to a real API server, and is then just as it was written."""

from __future__ import annotations

from pathlib import Path

import pytest
from controlplane import Api, ControlPlane, wait_until
from jobs_of import Jobs
from projects import Project
from rendered import examples, expected_of

from openflow_render.cli.exits import Exit

ALL = [pytest.param(folder, overlay, id=expected_of(folder, overlay).stem) for folder, overlay in examples()]

CLASSES = {
    "/apis/scheduling.k8s.io/v1/priorityclasses": [
        {"metadata": {"name": "batch"}, "value": 100},
        {"metadata": {"name": "high"}, "value": 1000},
    ],
    "/apis/node.k8s.io/v1/runtimeclasses": [{"metadata": {"name": "gvisor"}, "handler": "runsc"}],
}
"""What examples take to be in the cluster."""


@pytest.fixture
def classes(api: Api, namespace: str) -> None:
    """Make what examples need, once for all workers, and wait until pods may name it."""
    for path, found in CLASSES.items():
        for each in found:
            api.post(path, each, check=False)
    pods = [
        {
            "metadata": {"name": "p"},
            "spec": {field: each["metadata"]["name"], "containers": [{"name": "c", "image": "i"}]},
        }
        for field, found in zip(("priorityClassName", "runtimeClassName"), CLASSES.values(), strict=True)
        for each in found
    ]
    path = f"/api/v1/namespaces/{namespace}/pods?dryRun=All"
    wait_until(lambda: all(api.post(path, pod, check=False)["kind"] == "Pod" for pod in pods), "pods may name classes")


@pytest.fixture
def jobs(
    project: Project, control_plane: ControlPlane, api: Api, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> Jobs:
    monkeypatch.setenv("XDG_CACHE_HOME", str(project.folder / "cache"))
    return Jobs(project, control_plane, api, namespace)


@pytest.mark.usefixtures("classes")
@pytest.mark.parametrize(("folder", "overlay"), ALL)
def test_an_example_is_applied_once_and_then_as_it_was_written(jobs: Jobs, folder: Path, overlay: str):
    words = [str(folder / "job.yaml"), "--set", f"metadata.namespace={jobs.namespace}"]
    words += ["-o", str(folder / "overlays" / f"{overlay}.yaml")] if overlay else []

    first = jobs.apply(*words)
    applied = jobs.settled()
    difference = jobs.diff(*words)
    second = jobs.apply(*words)

    assert first.exit_code == Exit.DONE, first
    assert difference.exit_code == Exit.DONE, difference
    assert difference.stdout == f"plan: {len(jobs.recorded(job_of(applied)))} unchanged\n"
    assert second == (Exit.DONE, difference.stdout, difference.stderr)
    assert jobs.everything() == applied


RESTRICTED = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}


@pytest.mark.usefixtures("classes")
@pytest.mark.parametrize("how", [("-o", "prod-hardened"), ("--set", "spec.security.profile=restricted")], ids=" ".join)
@pytest.mark.parametrize(("folder", "overlay"), ALL)
def test_a_confined_example_is_taken_where_the_strictest_standard_is_enforced(
    jobs: Jobs, folder: Path, overlay: str, how: tuple[str, str]
):
    jobs.api.patch(f"/api/v1/namespaces/{jobs.namespace}", RESTRICTED)
    words = [str(folder / "job.yaml"), "--set", f"metadata.namespace={jobs.namespace}", *how]
    words += ["-o", str(folder / "overlays" / f"{overlay}.yaml")] if overlay else []

    result = jobs.diff(*words)

    assert result.exit_code == Exit.DIFFERENT, result
    assert " OF8" not in result.stderr


def job_of(objects: dict[str, str]) -> str:
    """The job whose record is among the objects."""
    [name] = [each.removeprefix("ConfigMap/openflow.") for each in objects if each.startswith("ConfigMap/openflow.")]
    return name


def test_examples_that_share_a_namespace_leave_each_other_alone(jobs: Jobs, control_plane: ControlPlane, classes: None):
    files = [str(folder / "job.yaml") for folder, overlay in examples() if not overlay]
    words = [*files, "--set", f"metadata.namespace={jobs.namespace}"]

    first = jobs.apply(*words)
    second = jobs.diff(*words)
    deleted = jobs.delete(*words)

    assert first.exit_code == Exit.DONE, first
    assert second.exit_code == Exit.DONE, second
    assert deleted.exit_code == Exit.DONE, deleted
    wait_until(lambda: jobs.everything() == {}, "what controllers made is gone too")
