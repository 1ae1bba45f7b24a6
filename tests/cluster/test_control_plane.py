"""The control plane that other tests stand on is a real one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import binaries
import controlplane
import crds
import pytest
from controlplane import Api, ApiError, ControlPlane, wait_until

PODS = "/api/v1/namespaces/{}/pods"
GROUPS = "/apis/scheduling.volcano.sh/v1beta1/namespaces/{}/podgroups"


def a_pod(name: str, **metadata: object) -> dict[str, object]:
    spec = {"containers": [{"name": "main", "image": "example.invalid/image"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata}, "spec": spec}


def a_group(**spec: object) -> dict[str, object]:
    metadata = {"name": "group"}
    return {"apiVersion": "scheduling.volcano.sh/v1beta1", "kind": "PodGroup", "metadata": metadata, "spec": spec}


def test_the_server_is_of_the_version_that_was_asked_for(control_plane: ControlPlane, api: Api):
    version = api.get("/version")

    assert f"{version['major']}.{version['minor']}" == control_plane.minor
    assert version["gitVersion"].startswith(f"v{control_plane.minor}.")


def test_the_status_of_a_pod_can_be_written(api: Api, namespace: str):
    api.post(PODS.format(namespace), a_pod("one"))

    api.patch(f"{PODS.format(namespace)}/one/status", {"status": {"phase": "Succeeded"}})

    assert api.get(f"{PODS.format(namespace)}/one")["status"]["phase"] == "Succeeded"


@pytest.mark.parametrize("kind", ["pods", "podgroups"])
def test_what_an_object_owns_goes_with_it(api: Api, namespace: str, kind: str):
    owner = api.post(PODS.format(namespace), a_pod("owner"))
    reference = {"apiVersion": "v1", "kind": "Pod", "name": "owner", "uid": owner["metadata"]["uid"]}
    path, owned = (PODS, a_pod("group")) if kind == "pods" else (GROUPS, a_group(minMember=1))
    owned["metadata"]["ownerReferences"] = [reference]
    api.post(path.format(namespace), owned)

    api.delete(f"{PODS.format(namespace)}/owner")

    wait_until(lambda: api.get(f"{path.format(namespace)}/group", check=False)["kind"] == "Status", "it is gone")


def test_a_job_gets_a_pod(api: Api, namespace: str):
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "example.invalid/image"}]}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "one"}, "spec": {"template": template}}

    api.post(f"/apis/batch/v1/namespaces/{namespace}/jobs", job)

    wait_until(lambda: api.get(PODS.format(namespace))["items"], "the job has a pod")


def test_a_namespace_can_be_removed(api: Api, namespace: str):
    api.post(PODS.format(namespace), a_pod("one"))

    api.delete(f"/api/v1/namespaces/{namespace}")

    wait_until(lambda: api.get(f"/api/v1/namespaces/{namespace}", check=False)["kind"] == "Status", "it is gone")


def test_an_ordinary_user_may_do_nothing(user_api: Api, namespace: str):
    with pytest.raises(ApiError, match=r'User "nobody-special" cannot list resource "pods"') as refused:
        user_api.get(PODS.format(namespace))

    assert refused.value.status == 403


def test_a_kubeconfig_leads_to_the_server(control_plane: ControlPlane):
    from kubernetes import client, config

    with config.new_client_from_config(str(control_plane.kubeconfig), context="test-admin") as admin:
        names = [item.metadata.name for item in client.CoreV1Api(admin).list_namespace().items]

    assert "default" in names


def test_a_pod_group_of_volcano_is_taken(api: Api, namespace: str):
    made = api.post(GROUPS.format(namespace), a_group(minMember=3, minResources={"cpu": 4, "memory": "8Gi"}))

    assert made["spec"] == {"minMember": 3, "minResources": {"cpu": 4, "memory": "8Gi"}}


def test_a_wrong_type_in_a_custom_resource_is_refused(api: Api, namespace: str):
    with pytest.raises(ApiError, match=r"spec.minMember: Invalid value.*must be of type integer") as refused:
        api.post(GROUPS.format(namespace), a_group(minMember="three"))

    assert refused.value.status == 422


def test_an_unknown_field_in_a_custom_resource_is_dropped_or_refused(api: Api, namespace: str):
    path = GROUPS.format(namespace)

    kept = api.post(f"{path}?dryRun=All", a_group(minMembers=3))
    refused = api.post(f"{path}?fieldValidation=Strict", a_group(minMembers=3), check=False)

    assert kept["spec"] == {}
    assert 'unknown field "spec.minMembers"' in refused["message"]


def test_every_kind_that_openflow_has_a_schema_for_is_there(api: Api):
    wanted = {definition["metadata"]["name"] for definition in crds.definitions()}

    found = {item["metadata"]["name"] for item in api.get(crds.DEFINITIONS)["items"]}

    assert wanted <= found
    assert len(wanted) == 20


@pytest.mark.parametrize(
    ("path", "spec"),
    [
        ("/apis/scheduling.volcano.sh/v1beta1/queues", {"weight": 1}),
        ("/apis/kueue.x-k8s.io/v1beta2/clusterqueues", {}),
        ("/apis/kueue.x-k8s.io/v1beta2/namespaces/{}/localqueues", {"clusterQueue": "one"}),
        ("/apis/scheduling.x-k8s.io/v1alpha1/namespaces/{}/podgroups", {"minMember": 1}),
    ],
)
def test_the_status_of_a_custom_resource_is_a_subresource(api: Api, namespace: str, path: str, spec: object):
    place = path.format(namespace)
    kind = {"queues": "Queue", "clusterqueues": "ClusterQueue", "localqueues": "LocalQueue"}
    resource = {
        "apiVersion": "/".join(path.split("/")[2:4]),
        "kind": kind.get(path.rpartition("/")[2], "PodGroup"),
        "metadata": {"name": namespace},
        "spec": spec,
    }
    made = api.post(place, {**resource, "status": {"dropped": "yes"}})

    written = api.patch(f"{place}/{namespace}/status", {"status": {"phase": "Running"}})
    api.delete(f"{place}/{namespace}")

    assert "status" not in made
    assert written["status"] == {"phase": "Running"}
    assert written["metadata"]["generation"] == 1


def test_a_supervisor_ends_with_its_owner(tmp_path: Path):
    minor = os.environ.get("OPENFLOW_TEST_KUBERNETES") or "1.36"
    binaries.find(minor)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as owner:
        controlplane.launch(minor, tmp_path, owner.pid)
        plane = controlplane.outcome(tmp_path)
        api = Api(plane.server, plane.ca, plane.token)
        assert api.get("/readyz") == "ok"

        owner.send_signal(signal.SIGKILL)

    wait_until(lambda: not (tmp_path / "data").exists(), "its data is removed")
    with pytest.raises(ConnectionRefusedError):
        api.get("/readyz")


def test_a_failed_start_says_why(tmp_path: Path):
    controlplane.launch("1.2", tmp_path, os.getpid())

    with pytest.raises(controlplane.StartError, match=r"no Kubernetes 1\.2 is pinned"):
        controlplane.outcome(tmp_path)


def test_programs_of_kubebuilder_assets_are_used_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "etcd").touch()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))

    assert binaries.etcd() == tmp_path / "etcd"


def test_without_go_the_error_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")

    with pytest.raises(binaries.BuildError, match=r"etcd is neither in KUBEBUILDER_ASSETS nor in .* and Go"):
        binaries.etcd()


def test_a_program_is_built_once_and_with_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text(
        f'#!/bin/sh\necho "$CGO_ENABLED $@" >> {tmp_path}/calls\nwhile [ "$1" != -o ]; do shift; done\n: > "$2"\n'
    )
    go.chmod(0o755)
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(go.parent))

    first, second = (binaries.kubernetes("kubectl", "1.36") for _ in range(2))

    version = first.parent.name.removeprefix("kubernetes-")
    stamp = "k8s.io/component-base/version"
    assert first == second == tmp_path / "cache" / "openflow-test" / f"kubernetes-{version}" / "kubectl"
    assert (tmp_path / "calls").read_text() == (
        f"0 build -trimpath -ldflags -s -w -X {stamp}.gitVersion=v{version} -X {stamp}.gitMajor=1"
        f" -X {stamp}.gitMinor=36 -o {first}.unfinished k8s.io/kubernetes/cmd/kubectl\n"
    )


def test_a_ready_file_says_all_that_is_needed(control_plane: ControlPlane):
    said = json.loads((control_plane.folder / "ready.json").read_text())

    assert ControlPlane.read(control_plane.folder) == control_plane
    assert said["minor"] == control_plane.minor
