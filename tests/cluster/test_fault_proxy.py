"""What each fault of the proxy looks like to a plain client, and what the server did meanwhile."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import proxy
import pytest
from controlplane import Api, ControlPlane, wait_until
from proxy import FaultProxy, any_request, nth, on

MAPS = "/api/v1/namespaces/{}/configmaps"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


Call = Callable[..., Answer]


@pytest.fixture
def call(control_plane: ControlPlane, fault_proxy: FaultProxy) -> Call:
    """One request to the proxy, on a connection of its own."""

    def call(method: str, path: str, body: Any = None, timeout: float = 20) -> Answer:
        headers = {"Authorization": f"Bearer {control_plane.token}", "Content-Type": "application/json"}
        with closing(http.client.HTTPConnection(urlsplit(fault_proxy.server).netloc, timeout=timeout)) as connection:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            with connection.getresponse() as response:
                return Answer(response.status, dict(response.getheaders()), response.read())

    return call


@pytest.fixture
def create(call: Call, namespace: str) -> Callable[[], Answer]:
    """Creates the ConfigMap ``one``, through the proxy."""
    return lambda: call("POST", MAPS.format(namespace), a_map("one"))


@pytest.fixture
def exists(api: Api, namespace: str) -> Callable[[], bool]:
    """Whether the server has the ConfigMap ``one``."""
    return lambda: api.get(f"{MAPS.format(namespace)}/one", check=False)["kind"] == "ConfigMap"


def a_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_without_a_fault_nothing_is_changed(call: Call, create, exists, namespace: str, fault_proxy: FaultProxy):
    created = create()
    read = call("GET", f"{MAPS.format(namespace)}/one?pretty=false")
    listed = call("GET", MAPS.format(namespace))

    assert created.status == 201
    assert json.loads(read.body) == json.loads(created.body)
    assert [item["metadata"]["name"] for item in json.loads(listed.body)["items"]][-1] == "one"
    assert [(one.method, one.path, one.length, one.status) for one in fault_proxy.requests] == [
        ("POST", MAPS.format(namespace), len(json.dumps(a_map("one"))), 201),
        ("GET", f"{MAPS.format(namespace)}/one?pretty=false", 0, 200),
        ("GET", MAPS.format(namespace), 0, 200),
    ]


def test_an_answer_is_given_without_the_server(create, exists, fault_proxy: FaultProxy):
    fault_proxy.fault(on("POST"), proxy.answer(429, '{"reason": "slow"}', {"Retry-After": "1"}))

    answer = create()

    assert answer == (429, {"Retry-After": "1", "Content-Length": "18"}, b'{"reason": "slow"}')
    assert not exists()
    assert [(one.status, one.server_status) for one in fault_proxy.requests] == [(429, None)]


def test_a_fault_happens_as_often_as_it_is_told(create, exists, fault_proxy: FaultProxy):
    fault = fault_proxy.fault(any_request, proxy.answer(503), times=2)

    assert [create().status for _ in range(3)] == [503, 503, 201]
    assert fault.happened == 2


def test_a_fault_may_happen_always(create, fault_proxy: FaultProxy):
    fault_proxy.fault(any_request, proxy.answer(500), times=None)

    assert [create().status for _ in range(4)] == [500] * 4


def test_a_fault_may_wait_for_a_request_by_number(call: Call, fault_proxy: FaultProxy):
    fault_proxy.fault(nth(2, on("GET", "^/version")), proxy.answer(500))

    paths = ("/version", "/readyz", "/version", "/version")

    assert [call("GET", path).status for path in paths] == [200, 200, 500, 200]


def test_a_page_of_a_gateway_is_html(create, exists, fault_proxy: FaultProxy):
    fault_proxy.fault(on("POST"), proxy.html(502))

    answer = create()

    assert (answer.status, answer.headers["Content-Type"]) == (502, "text/html")
    assert answer.body == b"<html><body><h1>502 Bad Gateway</h1></body></html>\n"
    assert not exists()


def test_a_reset_before_the_server_leaves_nothing(create, exists, fault_proxy: FaultProxy):
    fault_proxy.fault(on("POST"), proxy.reset())

    with pytest.raises(ConnectionResetError):
        create()

    assert not exists()


def test_a_reset_after_the_server_leaves_what_it_did(create, exists, fault_proxy: FaultProxy):
    fault_proxy.fault(on("POST"), proxy.reset_after())

    with pytest.raises(ConnectionResetError):
        create()

    assert exists()
    assert [(one.status, one.server_status) for one in fault_proxy.requests] == [(None, 201)]


def test_a_truncated_answer_ends_in_the_middle(create, exists, fault_proxy: FaultProxy):
    fault_proxy.fault(on("POST"), proxy.truncate())

    with pytest.raises(http.client.IncompleteRead) as cut:
        create()

    assert abs(len(cut.value.partial) - cut.value.expected) <= 1
    assert exists()


def test_a_hanging_server_says_nothing(call: Call, fault_proxy: FaultProxy):
    fault_proxy.fault(on("GET"), proxy.hang())

    with pytest.raises(TimeoutError):
        call("GET", "/version", timeout=0.3)

    assert fault_proxy.requests[0].done.wait(5)
    assert fault_proxy.requests[0].server_status is None


def test_a_hanging_client_does_not_keep_the_proxy(call: Call, fault_proxy: FaultProxy):
    fault_proxy.fault(on("GET"), proxy.hang())
    ended: list[str] = []

    def wait() -> None:
        try:
            call("GET", "/version")
        except (http.client.RemoteDisconnected, ConnectionResetError) as error:
            ended.append(type(error).__name__)

    thread = threading.Thread(target=wait)
    thread.start()
    wait_until(lambda: fault_proxy.requests, "the request is there")
    fault_proxy.close()
    thread.join(10)

    assert ended
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", urlsplit(fault_proxy.server).port))


def test_a_delay_is_waited_for(call: Call, fault_proxy: FaultProxy):
    fault_proxy.fault(on("GET"), proxy.delay(0.3))
    start = time.monotonic()

    answer = call("GET", "/version")

    assert answer.status == 200
    assert time.monotonic() - start >= 0.3


def test_a_function_is_called_before_the_server_acts(create, exists, fault_proxy: FaultProxy):
    seen: list[bool] = []
    fault_proxy.fault(on("POST"), proxy.before(lambda _: seen.append(exists())))

    answer = create()

    assert (answer.status, seen) == (201, [False])


def test_a_function_is_called_after_the_server_acted(create, exists, fault_proxy: FaultProxy):
    seen: list[tuple[bool, int | None, int | None]] = []
    fault_proxy.fault(
        on("POST"), proxy.after(lambda request: seen.append((exists(), request.server_status, request.status)))
    )

    answer = create()

    assert (answer.status, seen) == (201, [(True, 201, None)])


CLIENT = """
import json, sys
from kubernetes import client, config
config.load_kube_config(sys.argv[1])
for name in ("one", "two"):
    client.CoreV1Api().create_namespaced_config_map(sys.argv[2], {"metadata": {"name": name}})
"""


@pytest.mark.parametrize(
    ("action", "left"),
    [(proxy.instead, ["one"]), (proxy.before, ["one", "two"]), (proxy.after, ["one", "two"])],
)
def test_a_client_can_be_killed_at_a_request(api: Api, namespace: str, fault_proxy: FaultProxy, action, left):
    with subprocess.Popen([sys.executable, "-c", CLIENT, str(fault_proxy.kubeconfig), namespace]) as client:
        fault_proxy.fault(nth(2, on("POST")), action(lambda _: os.kill(client.pid, signal.SIGKILL)))
        code = client.wait(60)
    fault_proxy.requests[-1].done.wait(10)

    assert code == -signal.SIGKILL
    names = [item["metadata"]["name"] for item in api.get(MAPS.format(namespace))["items"]]

    assert [name for name in names if name != "kube-root-ca.crt"] == left


def test_a_watch_is_passed_on_event_by_event(
    api: Api, control_plane: ControlPlane, namespace: str, fault_proxy: FaultProxy
):
    from kubernetes import client, config, watch

    seen: list[str] = []
    with config.new_client_from_config(str(fault_proxy.kubeconfig)) as connection:
        watcher = watch.Watch()
        core = client.CoreV1Api(connection)
        names = {"label_selector": "of=watch", "timeout_seconds": 30}
        api.post(MAPS.format(namespace), {**a_map("m0"), "metadata": {"name": "m0", "labels": {"of": "watch"}}})
        for event in watcher.stream(core.list_namespaced_config_map, namespace, **names):
            seen.append(event["object"].metadata.name)
            if len(seen) == 3:
                watcher.stop()
            else:
                name = f"m{len(seen)}"
                api.post(MAPS.format(namespace), {**a_map(name), "metadata": {"name": name, "labels": {"of": "watch"}}})

    assert seen == ["m0", "m1", "m2"]
    assert fault_proxy.requests[-1].done.wait(5)


def test_a_connection_serves_several_requests(control_plane: ControlPlane, fault_proxy: FaultProxy):
    connection = http.client.HTTPConnection(urlsplit(fault_proxy.server).netloc, timeout=20)
    statuses, ports = [], set()
    with closing(connection):
        for path in ("/version", "/nowhere", "/api/v1/namespaces"):
            connection.request("GET", path, headers={"Authorization": f"Bearer {control_plane.token}"})
            with connection.getresponse() as response:
                response.read()
                statuses.append(response.status)
            ports.add(connection.sock.getsockname())

    assert statuses == [200, 404, 200]
    assert len(ports) == 1


def test_many_clients_are_served_at_once(call: Call, fault_proxy: FaultProxy):
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(call("GET", "/version").status)) for _ in range(20)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert statuses == [200] * 20
