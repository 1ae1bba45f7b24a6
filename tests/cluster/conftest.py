"""A real control plane, and what stands in front of it and behind it. `controlplane` says how it is run."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import binaries
import controlplane
import kubelet as kubelets
import pytest
from controlplane import MINOR, Api, ControlPlane
from jobs_of import ETL, Jobs
from projects import Project
from proxy import FaultProxy


@pytest.fixture(scope="session")
def control_plane(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ControlPlane:
    """The control plane of this run, which all workers of pytest-xdist share; who needs it first starts it."""
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if is_worker else base) / f"control-plane-{MINOR}"
    folder.mkdir(exist_ok=True)
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with (folder / "lock").open("w") as lock, capture.global_and_fixture_disabled():
        fcntl.flock(lock, fcntl.LOCK_EX)
        binaries.find(MINOR)  # here, as it may take minutes, and a supervisor is given one
        if not (folder / "supervisor.log").exists():
            controlplane.launch(MINOR, folder, os.getppid() if is_worker else os.getpid())
        return controlplane.outcome(folder)


@pytest.fixture(scope="session")
def api(control_plane: ControlPlane) -> Api:
    """The API as somebody who may do everything."""
    return Api(control_plane.server, control_plane.ca, control_plane.token)


@pytest.fixture(scope="session")
def user_api(control_plane: ControlPlane) -> Api:
    """The API as somebody whom nothing was permitted."""
    return Api(control_plane.server, control_plane.ca, control_plane.user_token)


@pytest.fixture
def namespace(api: Api) -> Iterator[str]:
    """A namespace of the test's own, which takes pods. Nobody waits for its end."""
    name = f"t-{secrets.token_hex(4)}"
    api.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    controlplane.wait_until(lambda: controlplane.has_account(api, name), f"{name} has a ServiceAccount")
    yield name
    api.delete(f"/api/v1/namespaces/{name}", check=False)


@pytest.fixture
def fault_proxy(control_plane: ControlPlane, tmp_path: Path) -> Iterator[FaultProxy]:
    """A proxy that fails when it is told to; the API server is behind ``fault_proxy.kubeconfig``."""
    proxy = FaultProxy(control_plane, tmp_path)
    yield proxy
    proxy.close()


@pytest.fixture
def kubelet(api: Api, tmp_path: Path) -> Iterator[kubelets.Kubelet]:
    """A node: logs and ports of the pods whose ``spec.nodeName`` is ``kubelet.node_name``."""
    with kubelets.registered(api, tmp_path) as kubelet:
        yield kubelet


@pytest.fixture
def jobs(
    project: Project, control_plane: ControlPlane, api: Api, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> Jobs:
    """Commands on jobs in the test's namespace, and a job ``etl`` to begin with; what is discovered is not kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(project.folder / "cache"))
    found = Jobs(project, control_plane, api, namespace)
    found.write(etl=ETL)
    return found
