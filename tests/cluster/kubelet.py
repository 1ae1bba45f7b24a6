"""A kubelet as the API server sees one: a Node, and behind it the logs of containers and their ports."""

from __future__ import annotations

import json
import secrets
import selectors
import socket
import ssl
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from controlplane import HOST, Api, certificate
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Ping
from wsproto.events import Request as Upgrade
from wsproto.utilities import LocalProtocolError

PROTOCOL = "v4.channel.k8s.io"
"""The only one for port forwarding that kubelets and the Python client share."""

CHUNK = 65536


class Log:
    """What a container wrote. Whoever follows it sees what is appended, until its end."""

    def __init__(self) -> None:
        self.previous: str | None = None
        """What the container wrote before it was restarted, if it was."""
        self._text = ""
        self._ended = False
        self._changed = threading.Condition()

    @property
    def text(self) -> str:
        return self._text

    def append(self, *lines: str) -> None:
        with self._changed:
            self._text += "".join(f"{line}\n" for line in lines)
            self._changed.notify_all()

    def end(self) -> None:
        """The container is over: nobody follows its log any more."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def follow(self, start: int) -> Iterator[str]:
        """What is written behind the character ``start``, as it is written."""
        while new := self._next(start):
            yield new
            start += len(new)

    def _next(self, start: int) -> str:
        """What is behind ``start``, as soon as something is; nothing at the end."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._text) > start or self._ended)
            return self._text[start:]


class Kubelet:
    """Answers for the pods whose ``spec.nodeName`` is ``node_name``."""

    def __init__(self, node_name: str, folder: Path) -> None:
        self.node_name = node_name
        self.logs: defaultdict[tuple[str, str, str], Log] = defaultdict(Log)
        """By namespace, pod and container. A container without an entry has not started."""
        self.requests: list[str] = []
        """The paths, with queries, that the API server asked for."""
        self._ports: dict[int, int] = {}
        self._servers = ExitStack()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate(folder / node_name, node_name))
        self.port = self._serve(_kubelet_handler(self), context)

    def listen(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        """Have an HTTP server in every pod of this node, at ``port``."""
        self._ports[port] = self._serve(handler)

    def connect(self, port: int) -> socket.socket:
        """A connection to what listens at ``port`` of a pod; `ConnectionRefusedError` if nothing does."""
        if port not in self._ports:
            raise ConnectionRefusedError(f"dial tcp4 {HOST}:{port}: connect: connection refused")
        return socket.create_connection((HOST, self._ports[port]), timeout=30)

    def close(self) -> None:
        for log in self.logs.values():
            log.end()
        self._servers.close()

    def _serve(self, handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext | None = None) -> int:
        server = _Server(handler, context)
        thread = threading.Thread(target=server.serve_forever, args=[0.02], name=f"port {server.server_port}")
        thread.start()
        self._servers.callback(server.server_close)
        self._servers.callback(thread.join)
        self._servers.callback(server.shutdown)
        self._servers.callback(server.drop)
        return server.server_port


@contextmanager
def registered(api: Api, folder: Path) -> Iterator[Kubelet]:
    """A kubelet whose Node is there as long as the block runs."""
    kubelet = Kubelet(f"node-{secrets.token_hex(4)}", folder)
    try:
        api.post("/api/v1/nodes", _node(kubelet))
        yield kubelet
    finally:
        api.delete(f"/api/v1/nodes/{kubelet.node_name}", check=False)
        kubelet.close()


def pages(content: Mapping[str, Any]) -> type[BaseHTTPRequestHandler]:
    """A server double that has a page for each path, query included; what is not text is given as JSON."""

    class Pages(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            page = content.get(self.path)
            body = page if isinstance(page, str) else json.dumps(page)
            self.send_response(404 if page is None else 200)
            self.send_header("Content-Type", "text/html" if isinstance(page, str) else "application/json")
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    return Pages


def _node(kubelet: Kubelet) -> dict[str, Any]:
    amounts = {"cpu": "64", "memory": "256Gi", "pods": "250", "ephemeral-storage": "1Ti"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": kubelet.node_name, "labels": {"kubernetes.io/hostname": kubelet.node_name}},
        "status": {
            "addresses": [{"type": "InternalIP", "address": HOST}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet.port}},
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
            "capacity": amounts,
            "allocatable": amounts,
        },
    }


class _Server(ThreadingHTTPServer):
    """Its threads end when it is closed: their connections can be dropped."""

    daemon_threads = False

    def __init__(self, handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext | None) -> None:
        super().__init__((HOST, 0), handler)
        self._context = context
        self._open: set[socket.socket] = set()
        self._dropping = False

    def finish_request(self, request: Any, client_address: Any) -> None:
        with suppress(ConnectionError, ssl.SSLError), ExitStack() as stack:
            connection = request
            if self._context:
                connection = stack.enter_context(self._context.wrap_socket(request, server_side=True))
            stack.callback(self._open.discard, connection)
            self._open.add(connection)
            if not self._dropping:
                super().finish_request(connection, client_address)

    def drop(self) -> None:
        self._dropping = True
        for connection in list(self._open):
            _end(connection)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        # Not SSLSocket.shutdown, which would take the TLS away from under a thread that reads.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


# --- what the API server asks for -----------------------------------------------------------------------------------


def _kubelet_handler(kubelet: Kubelet) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            kubelet.requests.append(self.path)
            url = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(url.query).items()}
            match url.path.strip("/").split("/"):
                case ["containerLogs", namespace, pod, container]:
                    _send_log(self, kubelet.logs.get((namespace, pod, container)), (pod, container), query)
                case ["portForward", _, pod, *_]:
                    self.close_connection = True
                    ports = [int(port) for text in parse_qs(url.query)["port"] for port in text.split(",")]
                    _forward(self, kubelet, pod, ports)
                case _:
                    _answer(self, 404, "404 page not found")

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    return Handler


def _answer(handler: BaseHTTPRequestHandler, status: int, text: str) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", "text/plain")
    handler.send_header("Content-Length", str(len(text.encode())))
    handler.end_headers()
    handler.wfile.write(text.encode())


def _send_log(
    handler: BaseHTTPRequestHandler, log: Log | None, names: tuple[str, str], query: Mapping[str, str]
) -> None:
    pod, container = names
    if log is None:
        problem = f'container "{container}" in pod "{pod}" is waiting to start: ContainerCreating'
        return _answer(handler, 400, problem)
    if query.get("previous") == "true":
        if log.previous is None:
            return _answer(handler, 400, f'previous terminated container "{container}" in pod "{pod}" not found')
        return _answer(handler, 200, _tail(log.previous, query))
    text = log.text
    if query.get("follow") != "true":
        return _answer(handler, 200, _tail(text, query))
    handler.send_response(200)
    handler.send_header("Content-Type", "text/plain")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    _send_chunk(handler, _tail(text, query))
    for new in log.follow(len(text)):
        _send_chunk(handler, new)
    handler.wfile.write(b"0\r\n\r\n")
    return None


def _send_chunk(handler: BaseHTTPRequestHandler, text: str) -> None:
    if text:
        data = text.encode()
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))


def _tail(text: str, query: Mapping[str, str]) -> str:
    if "tailLines" not in query:
        return text
    lines = text.splitlines(keepends=True)
    return "".join(lines[max(0, len(lines) - int(query["tailLines"])) :])


# --- port forwarding ------------------------------------------------------------------------------------------------


def _forward(handler: BaseHTTPRequestHandler, kubelet: Kubelet, pod: str, ports: list[int]) -> None:
    """Forward ``ports`` over a WebSocket; of each, channel ``2n`` has its data and ``2n + 1`` an error."""
    socket_ = WSConnection(ConnectionType.SERVER)
    socket_.initiate_upgrade_connection([(k.encode(), v.encode()) for k, v in handler.headers.items()], handler.path)
    offered = next(event for event in socket_.events() if isinstance(event, Upgrade)).subprotocols
    if PROTOCOL not in offered:
        return _answer(handler, 400, f"this kubelet speaks {PROTOCOL} only, not {offered}")
    handler.connection.sendall(socket_.send(AcceptConnection(subprotocol=PROTOCOL)))
    assert isinstance(handler.connection, ssl.SSLSocket)
    with ExitStack() as stack:
        tunnel = _Tunnel(handler.connection, socket_)
        for number, port in enumerate(ports):
            start = port.to_bytes(2, "little")
            tunnel.send(2 * number, start)
            tunnel.send(2 * number + 1, start)
            try:
                tunnel.add(2 * number, stack.enter_context(kubelet.connect(port)))
            except ConnectionRefusedError as error:
                problem = f"error forwarding port {port} to pod {pod}, uid : failed to execute portforward: {error}"
                tunnel.send(2 * number + 1, problem.encode())
        with suppress(ConnectionError):
            tunnel.run()
    return None


class _Tunnel:
    """The channels of one WebSocket, and the connections behind them."""

    def __init__(self, connection: ssl.SSLSocket, protocol: WSConnection) -> None:
        self._connection = connection
        self._protocol = protocol
        self._behind: dict[int, socket.socket] = {}
        self._open = True
        self._message = b""
        """What came of a message whose end has not."""

    def add(self, channel: int, connection: socket.socket) -> None:
        self._behind[channel] = connection

    def send(self, channel: int, data: bytes) -> None:
        self._connection.sendall(self._protocol.send(BytesMessage(bytes([channel]) + data)))

    def run(self) -> None:
        """Pass bytes until the client goes, or all that is behind has ended."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._connection, selectors.EVENT_READ)
            for channel, behind in self._behind.items():
                selector.register(behind, selectors.EVENT_READ, channel)
            while self._open and len(selector.get_map()) > 1:
                for key, _ in selector.select():
                    if key.data is None:
                        self._receive()
                    elif not self._pass_back(key.data):
                        selector.unregister(key.fileobj)
            if self._open:
                self._connection.sendall(self._protocol.send(CloseConnection(code=1000)))

    def _receive(self) -> None:
        """Pass on what the client sent; all of it, as TLS may hold more than poll(2) knows of."""
        while True:
            data = self._connection.recv(CHUNK)
            self._protocol.receive_data(data or None)
            for event in self._protocol.events():
                self._handle(event)
            if not data or not self._connection.pending():
                return

    def _handle(self, event: object) -> None:
        if isinstance(event, CloseConnection):
            self._open = False
            with suppress(LocalProtocolError, OSError):
                self._connection.sendall(self._protocol.send(event.response()))
        elif isinstance(event, Ping):
            self._connection.sendall(self._protocol.send(event.response()))
        elif isinstance(event, BytesMessage):
            self._message += event.data
            if event.message_finished:
                self._pass_on()

    def _pass_on(self) -> None:
        message, self._message = self._message, b""
        if message[0] in self._behind:
            self._behind[message[0]].sendall(message[1:])

    def _pass_back(self, channel: int) -> bool:
        """Whether there may be more to pass."""
        data = self._behind[channel].recv(CHUNK)
        if data:
            self.send(channel, data)
        return bool(data)
