"""A port of this machine behind which is one of a pod's."""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from openflow_render.cluster import pods
from openflow_render.cluster.cluster import Cluster
from openflow_render.core.resource import Key

if TYPE_CHECKING:
    from websocket import WebSocket

HERE = "127.0.0.1"

_PROTOCOL = "v4.channel.k8s.io"
_CHUNK = 1 << 16
_TICK = 0.5
_LOOK = 15.0
_DATA, _ERROR = b"\0", b"\1"
_UNAUTHORIZED = 401


class Forward:
    """Listens on this machine; each connection is passed on to the pod. ``tell`` is called with what fails.

    Connections are accepted by the thread that calls `serve`, and passed on by one each.
    """

    def __init__(self, cluster: Cluster, key: Key, uid: str, port: int, here: int, tell: Callable[[str], None]) -> None:
        """Listen on ``here``, or on a free port if that is 0.

        Raises:
            OSError: the port is taken, or not for us.
        """
        self._cluster = cluster
        self._key = key
        self._uid = uid
        self._port = port
        self._tell = tell
        self._said = ""
        self._failed = threading.Event()
        self._listener = socket.create_server((HERE, here))

    def __enter__(self) -> Forward:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    @property
    def url(self) -> str:
        """Where a browser finds the pod's port."""
        return f"http://{HERE}:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        """Pass connections on until the pod has ended."""
        self._listener.settimeout(_TICK)
        looked = time.monotonic()
        while True:
            if self._failed.is_set() or time.monotonic() > looked + _LOOK:
                looked = time.monotonic()
                self._failed.clear()
                if not self._is_running():
                    return
            with suppress(TimeoutError):
                local, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=[local], daemon=True, name="forward").start()

    def _is_running(self) -> bool:
        pod = self._cluster.get(self._key)
        return pod is not None and pod["metadata"]["uid"] == self._uid and not pods.state(pod).has_ended

    def _pass_on(self, local: socket.socket) -> None:
        from websocket import WebSocketBadStatusException, WebSocketException

        with closing(local):
            try:
                remote = self._connect()
            except WebSocketBadStatusException as refused:
                self._fail(f"HTTP {refused.status_code}")
                return
            except (WebSocketException, OSError) as error:
                self._fail(str(error))
                return
            try:
                _pump(local, remote)
            except _Told as told:
                self._fail(str(told))
            except (WebSocketException, OSError):
                # A browser that goes away breaks its connection, and no harm is done; so it is with the pod's end.
                self._failed.set()
            finally:
                remote.shutdown()  # type: ignore[no-untyped-call]

    def _fail(self, why: str) -> None:
        """Say what is wrong, once as long as it stays the same: browsers try again and again."""
        if why != self._said:
            self._said = why
            self._tell(f"a connection to port {self._port} of {self._key.name} failed: {why}")
        self._failed.set()

    def _connect(self) -> WebSocket:
        from websocket import WebSocketBadStatusException

        client = self._cluster.connection.client
        try:
            return self._open(client)
        except WebSocketBadStatusException as refused:
            if refused.status_code != _UNAUTHORIZED:
                raise
            self._cluster.connection.log_in_again(client)
            return self._open(self._cluster.connection.client)

    def _open(self, client: Any) -> WebSocket:
        from kubernetes.stream.ws_client import create_websocket, get_websocket_url

        headers = {each["key"]: each["value"] for each in client.configuration.auth_settings().values()}
        path = self._cluster.path(self._key, "portforward")
        url = get_websocket_url(  # type: ignore[no-untyped-call]
            f"{self._cluster.connection.server}{path}", [("ports", str(self._port))]
        )
        opened: WebSocket = create_websocket(  # type: ignore[no-untyped-call]
            client.configuration, url, {**headers, "sec-websocket-protocol": _PROTOCOL}
        )
        return opened


class _Told(Exception):  # noqa: N818 - what the other end says
    """The kubelet says why it cannot pass on."""


def _pump(local: socket.socket, remote: WebSocket) -> None:
    """Pass bytes both ways until one side ends.

    What the pod sends comes in frames whose first byte is the channel; a channel's first frame holds but the port.
    """
    begun: set[bytes] = set()
    wire: Any = remote.sock
    while True:
        ready = [wire] if _holds_more(wire) else select.select([local, wire], [], [])[0]
        if wire in ready:
            frame = _frame(remote)
            if frame is None:
                return
            channel, data = frame[:1], frame[1:]
            if channel and channel not in begun:
                begun.add(channel)
            elif channel == _ERROR and data:
                raise _Told(data.decode(errors="replace").strip())
            elif channel == _DATA:
                local.sendall(data)
        if local in ready:
            data = local.recv(_CHUNK)
            if not data:
                return
            remote.send_binary(_DATA + data)


def _holds_more(connection: Any) -> bool:
    """Whether TLS has bytes that ``select`` does not see."""
    return isinstance(connection, ssl.SSLSocket) and connection.pending() > 0


def _frame(remote: WebSocket) -> bytes | None:
    """The next frame, empty if it holds no data; ``None`` when there will be no more."""
    from websocket import ABNF, WebSocketConnectionClosedException

    try:
        opcode, frame = remote.recv_data_frame(control_frame=True)
    except WebSocketConnectionClosedException:
        return None
    if opcode == ABNF.OPCODE_CLOSE or frame is None:
        return None
    return bytes(frame.data) if opcode == ABNF.OPCODE_BINARY else b""
