"""Logs and forwarded ports, through the real API server, from a kubelet that is not one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from controlplane import Api, ApiError, ControlPlane, wait_until
from kubelet import Kubelet, pages
from kubernetes import client, config, stream
from proxy import FaultProxy


@pytest.fixture
def pod(api: Api, namespace: str, kubelet: Kubelet) -> str:
    """The path of a pod on the node of the kubelet; it has a container ``main``, and runs."""
    path = f"/api/v1/namespaces/{namespace}/pods"
    spec = {"nodeName": kubelet.node_name, "containers": [{"name": "main", "image": "example.invalid/image"}]}
    api.post(path, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}, "spec": spec})
    api.patch(f"{path}/one/status", {"status": {"phase": "Running"}})
    return f"{path}/one"


@pytest.fixture
def core(control_plane: ControlPlane) -> Iterator[client.CoreV1Api]:
    with config.new_client_from_config(str(control_plane.kubeconfig)) as connection:
        yield client.CoreV1Api(connection)


def test_the_node_is_there_and_ready(api: Api, kubelet: Kubelet):
    node = api.get(f"/api/v1/nodes/{kubelet.node_name}")

    assert node["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"] == kubelet.port
    assert [one["status"] for one in node["status"]["conditions"] if one["type"] == "Ready"] == ["True"]


def test_a_log_is_what_the_container_wrote(api: Api, namespace: str, kubelet: Kubelet, pod: str):
    kubelet.logs[namespace, "one", "main"].append("first", "second", "third")

    assert api.get(f"{pod}/log") == "first\nsecond\nthird\n"
    assert api.get(f"{pod}/log?tailLines=2&container=main") == "second\nthird\n"
    assert api.get(f"{pod}/log?tailLines=9") == "first\nsecond\nthird\n"
    assert api.get(f"{pod}/log?tailLines=0") == ""


def test_a_restarted_container_has_a_previous_log(api: Api, namespace: str, kubelet: Kubelet, pod: str):
    kubelet.logs[namespace, "one", "main"].previous = "it failed\n"

    assert api.get(f"{pod}/log?previous=true") == "it failed\n"
    assert api.get(f"{pod}/log") == ""


def test_without_a_previous_log_the_server_says_so(api: Api, namespace: str, kubelet: Kubelet, pod: str):
    kubelet.logs[namespace, "one", "main"].append("first")

    with pytest.raises(ApiError, match='previous terminated container "main" in pod "one" not found') as refused:
        api.get(f"{pod}/log?previous=true")

    assert refused.value.status == 400


def test_a_container_that_has_not_started_has_no_log(api: Api, pod: str):
    with pytest.raises(ApiError, match='container "main" in pod "one" is waiting to start: ContainerCreating'):
        api.get(f"{pod}/log")


def test_a_log_is_followed_to_its_end(core: client.CoreV1Api, namespace: str, kubelet: Kubelet, pod: str):
    log = kubelet.logs[namespace, "one", "main"]
    log.append("zeroth", "first")
    seen: list[str] = []

    following = core.read_namespaced_pod_log(
        "one", namespace, follow=True, tail_lines=1, _preload_content=False, _request_timeout=30
    )
    for line in following:
        seen.append(line.decode())
        log.append("second") if len(seen) == 1 else log.end()
    following.release_conn()

    assert "".join(seen) == "first\nsecond\n"


def test_a_follower_that_goes_does_not_keep_the_kubelet(
    fault_proxy: FaultProxy, namespace: str, kubelet: Kubelet, pod: str
):
    kubelet.logs[namespace, "one", "main"].append("first")
    with config.new_client_from_config(str(fault_proxy.kubeconfig)) as connection:
        following = client.CoreV1Api(connection).read_namespaced_pod_log(
            "one", namespace, follow=True, _preload_content=False, _request_timeout=30
        )
        assert following.read(6) == b"first\n"
        following.close()

    assert fault_proxy.requests[-1].done.wait(5)


@pytest.fixture(params=["server", "proxy"])
def forwarded(
    request: pytest.FixtureRequest, control_plane: ControlPlane, fault_proxy: FaultProxy, namespace: str, pod: str
) -> Iterator[Callable[..., stream.ws_client.PortForward]]:
    """Opens ports of the pod with the Python client: at the server, and through the proxy."""
    place = control_plane.kubeconfig if request.param == "server" else fault_proxy.kubeconfig
    opened: list[stream.ws_client.PortForward] = []
    before = set(threading.enumerate())

    def forward(*ports: int) -> stream.ws_client.PortForward:
        with config.new_client_from_config(str(place)) as connection:
            call = client.CoreV1Api(connection).connect_get_namespaced_pod_portforward
            opened.append(stream.portforward(call, "one", namespace, ports=",".join(map(str, ports))))
        return opened[-1]

    yield forward
    for one in opened:
        one.close()
    ours = [thread for thread in set(threading.enumerate()) - before if "port forward" in thread.name]
    for thread in ours:
        thread.join(10)


def fetch(forwarding: stream.ws_client.PortForward, port: int, *paths: str) -> list[tuple[int, str]]:
    """Ask the HTTP server behind a forwarded port for pages, over one connection."""
    connection = HTTPConnection("pod", timeout=20)
    connection.sock = forwarding.socket(port)
    connection.sock.settimeout(20)
    answers = []
    for path in paths:
        connection.request("GET", path)
        with connection.getresponse() as response:
            answers.append((response.status, response.read().decode()))
    return answers


def test_a_server_in_a_pod_can_be_asked(forwarded, kubelet: Kubelet):
    kubelet.listen(4040, pages({"/api/v1/version": {"spark": "4.0.1"}, "/jobs/": "<html>jobs</html>"}))

    answers = fetch(forwarded(4040), 4040, "/api/v1/version", "/jobs/", "/other")

    assert answers == [(200, '{"spark": "4.0.1"}'), (200, "<html>jobs</html>"), (404, "null")]


def test_much_can_be_forwarded(forwarded, kubelet: Kubelet):
    kubelet.listen(4040, pages({"/": "x" * 3_000_000}))

    [(status, body)] = fetch(forwarded(4040), 4040, "/")

    assert (status, len(body)) == (200, 3_000_000)


def test_two_ports_are_two_servers(forwarded, kubelet: Kubelet):
    kubelet.listen(4040, pages({"/": "driver"}))
    kubelet.listen(8081, pages({"/": "flink"}))

    both = forwarded(4040, 8081)

    assert fetch(both, 8081, "/") == [(200, "flink")]
    assert fetch(both, 4040, "/") == [(200, "driver")]


def test_a_port_where_nobody_listens_is_an_error(forwarded):
    forwarding = forwarded(4040)

    error = wait_until(lambda: forwarding.error(4040), "the error is there", 10)

    assert "error forwarding port 4040 to pod one" in error
    assert "connection refused" in error


def test_a_kubelet_takes_its_node_and_threads_with_it(api: Api, tmp_path: Path):
    import kubelet as kubelets

    before = threading.active_count()
    with kubelets.registered(api, tmp_path) as kubelet:
        kubelet.listen(4040, pages({}))

    assert threading.active_count() == before
    assert api.get(f"/api/v1/nodes/{kubelet.node_name}", check=False)["code"] == 404
