"""A proxy in front of the API server that fails when a test says so. Plain HTTP on its own side, TLS to the server.

    proxy.fault(on("PATCH", "/pods/"), reset_after())       # once: the server acts, the client never hears of it
    proxy.fault(nth(3), instead(lambda _: os.kill(pid, 9)))  # the client dies as its third request arrives

A fault is an action on an `Exchange`: what follows is a list of useful ones, and a test may write its own.
"""

from __future__ import annotations

import http.client
import itertools
import re
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from controlplane import ControlPlane

CHUNK = 65536
CLOSE_SECONDS = 10
HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "content-length"})
RST_ON_CLOSE = struct.pack("ii", 1, 0)
"""The SO_LINGER that makes close(2) drop the connection instead of ending it."""

GOING = getattr(select, "POLLRDHUP", select.POLLHUP)
"""What poll(2) says of a socket whose other end was closed."""


@dataclass
class Request:
    """A request of a client. ``status`` is what the client was told, ``server_status`` what the server said."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    status: int | None = None
    server_status: int | None = None
    done: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)
    """Set when nothing more is said about it."""

    @property
    def length(self) -> int:
        return len(self.body)

    @property
    def upgrades(self) -> bool:
        return "upgrade" in self.headers

    @property
    def streams(self) -> bool:
        """Whether it asks for an answer that lasts: a watch, or a log that is followed."""
        return re.search(r"[?&](watch|follow)=(true|1)\b", self.path) is not None


class GoneError(Exception):
    """The connection to the client is over."""


class Exchange:
    """One request, and what can be done about it. An action calls at most one of those that end in an answer."""

    def __init__(
        self,
        request: Request,
        client: socket.socket,
        server: http.client.HTTPSConnection,
        closing: threading.Event,
    ) -> None:
        self.request = request
        self.client = client
        self._server = server
        self._closing = closing

    def forward(self) -> http.client.HTTPResponse:
        """Have the server act; its answer, of which the body is not read yet."""
        request, server = self.request, self._server
        server.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers.items():
            if name != "host" and (request.upgrades or name not in HOP_BY_HOP - {"content-length"}):
                server.putheader(name, value)
        server.putheader("Host", f"{server.host}:{server.port}")
        server.endheaders(request.body or None)
        response = server.getresponse()
        request.server_status = response.status
        return response

    def pass_on(self, response: http.client.HTTPResponse) -> None:
        """Give the client the answer of the server, as it comes."""
        if response.status == 101:
            self._head(101, response.reason, response.getheaders())
            self._tunnel(response)
            raise GoneError
        headers = [(name, value) for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP]
        if response.length is not None:
            length = response.getheader("Content-Length", "0")
            self._head(response.status, response.reason, [*headers, ("Content-Length", length)])
            self._send(response.read())
            return
        self._head(response.status, response.reason, [*headers, ("Transfer-Encoding", "chunked")])
        with self._closed_with_client():
            while part := response.read1(CHUNK):
                self._send(b"%x\r\n%b\r\n" % (len(part), part))
        self._send(b"0\r\n\r\n")

    def answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        """Answer in the place of the server."""
        self._head(
            status, http.client.responses.get(status, ""), [*headers.items(), ("Content-Length", str(len(body)))]
        )
        self._send(body)

    def truncated(self, response: http.client.HTTPResponse) -> None:
        """Announce all of the server's answer, send half of its body, and close."""
        body = response.read()
        headers = [(name, value) for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP]
        self._head(response.status, response.reason, [*headers, ("Content-Length", str(len(body)))])
        self._send(body[: len(body) // 2])
        raise GoneError

    def reset(self) -> None:
        """Drop the connection: the client sees ECONNRESET."""
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_ON_CLOSE)
        raise GoneError

    def wait_for_the_end(self) -> None:
        """Say nothing until the client goes, or the proxy is closed."""
        with suppress(OSError):
            while self.client.recv(CHUNK):
                pass
        raise GoneError

    def pause(self, seconds: float) -> None:
        """Wait, at most until the proxy is closed."""
        if self._closing.wait(seconds):
            raise GoneError

    def call(self, function: Callable[[Request], object]) -> None:
        """Call a test's function; its errors are the test's, not those of a connection."""
        try:
            function(self.request)
        except OSError as error:
            raise AssertionError(f"{function} failed") from error

    def _head(self, status: int, reason: str, headers: Iterable[tuple[str, str]]) -> None:
        self.request.status = status
        lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers)]
        self._send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def _send(self, data: bytes) -> None:
        try:
            self.client.sendall(data)
        except OSError:
            raise GoneError from None

    def _closed_with_client(self) -> ExitStack:
        """While this is open, the client's going ends the connection to the server: nothing else would tell it."""
        stack = ExitStack()
        if self.request.streams:
            over = threading.Event()
            thread = threading.Thread(target=self._close_with_client, args=[over], name="proxy watches a client")
            thread.start()
            stack.callback(thread.join)
            stack.callback(over.set)
        return stack

    def _close_with_client(self, over: threading.Event) -> None:
        poll = select.poll()
        poll.register(self.client, GOING)
        while not over.is_set():
            if poll.poll(50):
                _shut(self._server.sock)
                return

    def _tunnel(self, response: http.client.HTTPResponse) -> None:
        """Pass bytes both ways until one side ends."""
        server = self._server.sock
        server.settimeout(0)
        with suppress(ssl.SSLWantReadError):
            while early := response.fp.peek():
                self._send(response.fp.read1(len(early)))
        server.settimeout(None)
        while True:
            ready = [server] if server.pending() else select.select([server, self.client], [], [])[0]
            for source in ready:
                data = source.recv(CHUNK)
                if not data:
                    return
                (self.client if source is server else server).sendall(data)


Action: TypeAlias = Callable[[Exchange], None]
Match: TypeAlias = Callable[[Request], bool]


# --- which requests -------------------------------------------------------------------------------------------------


def any_request(_request: Request) -> bool:
    return True


def on(method: str, path: str = "") -> Match:
    """Requests by method and by a regular expression that is found in the path, query included."""
    return lambda request: request.method == method and re.search(path, request.path) is not None


def nth(number: int, match: Match = any_request) -> Match:
    """The ``number``-th request, from 1, of those that ``match``."""
    counter = itertools.count(1)
    return lambda request: match(request) and next(counter) == number


# --- what happens to them -------------------------------------------------------------------------------------------


def relay(exchange: Exchange) -> None:
    """What happens without a fault."""
    exchange.pass_on(exchange.forward())


def answer(status: int, body: bytes | str = b"", headers: Mapping[str, str] | None = None) -> Action:
    """Answer so; the server never hears of it."""
    content = body.encode() if isinstance(body, str) else body
    return lambda exchange: exchange.answer(status, content, headers or {"Content-Type": "application/json"})


def html(status: int) -> Action:
    """Answer as a gateway that knows nothing of Kubernetes."""
    page = f"<html><body><h1>{status} {http.client.responses[status]}</h1></body></html>\n"
    return answer(status, page, {"Content-Type": "text/html"})


def reset() -> Action:
    """Drop the connection; the server never hears of it."""
    return lambda exchange: exchange.reset()


def reset_after() -> Action:
    """Have the server act, and drop the connection instead of telling."""

    def act(exchange: Exchange) -> None:
        exchange.forward().read()
        exchange.reset()

    return act


def truncate() -> Action:
    """Have the server act, and close in the middle of its answer."""
    return lambda exchange: exchange.truncated(exchange.forward())


def hang() -> Action:
    """Say nothing until the client goes, or the proxy is closed; the server never hears of it."""
    return lambda exchange: exchange.wait_for_the_end()


def delay(seconds: float) -> Action:
    """Wait before the server hears of it."""

    def act(exchange: Exchange) -> None:
        exchange.pause(seconds)
        relay(exchange)

    return act


def instead(call: Callable[[Request], object]) -> Action:
    """Call a function and drop the connection; the server never hears of it."""

    def act(exchange: Exchange) -> None:
        exchange.call(call)
        exchange.reset()

    return act


def before(call: Callable[[Request], object]) -> Action:
    """Call a function, then let the server act."""

    def act(exchange: Exchange) -> None:
        exchange.call(call)
        relay(exchange)

    return act


def after(call: Callable[[Request], object]) -> Action:
    """Let the server act, call a function, then tell the client."""

    def act(exchange: Exchange) -> None:
        response = exchange.forward()
        exchange.call(call)
        exchange.pass_on(response)

    return act


# --- the proxy ------------------------------------------------------------------------------------------------------


@dataclass
class Fault:
    """What happens to requests that ``match``: ``times`` often, or always if that is ``None``."""

    match: Match
    action: Action
    times: int | None
    happened: int = 0


class FaultProxy:
    """Listens on a port of 127.0.0.1 until it is closed; a thread for each connection.

    ``kubeconfig`` leads to it, with the rights of an administrator.
    """

    def __init__(self, control_plane: ControlPlane, folder: Path) -> None:
        self.requests: list[Request] = []
        """All that came, in the order in which they arrived."""
        self._address = urlsplit(control_plane.server).netloc
        self._ssl = ssl.create_default_context(cafile=str(control_plane.ca))
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._open: set[socket.socket | http.client.HTTPSConnection] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.server = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.kubeconfig = control_plane.write_kubeconfig(
            folder / "proxy.kubeconfig", "test-admin", control_plane.token, self.server
        )
        self._acceptor = threading.Thread(target=self._accept, name="proxy accepts", daemon=True)
        self._acceptor.start()

    def fault(self, match: Match, action: Action, times: int | None = 1) -> Fault:
        """Do ``action`` with the next requests that ``match``; of several faults the oldest that is left is taken."""
        fault = Fault(match, action, times)
        with self._lock:
            self._faults.append(fault)
        return fault

    def close(self) -> None:
        """Drop all connections and wait for their threads."""
        self._closing.set()
        with suppress(OSError):
            socket.create_connection(self._listener.getsockname()).close()  # wakes `_accept`
        self._acceptor.join()
        self._listener.close()
        with self._lock:
            for one in self._open:
                _shut(one if isinstance(one, socket.socket) else one.sock)
        deadline = time.monotonic() + CLOSE_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        left = [thread.name for thread in self._threads if thread.is_alive()]
        assert not left, f"the proxy does not end: {left}"

    def _accept(self) -> None:
        while not self._closing.is_set():
            client, _ = self._listener.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._serve, args=[client], name="proxy serves a client", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        """Answer the requests of one connection; one to the server belongs to it."""
        server = http.client.HTTPSConnection(self._address, context=self._ssl)
        with ExitStack() as stack:
            reader = stack.enter_context(client.makefile("rb"))
            stack.callback(client.close)
            stack.callback(server.close)
            with self._lock:
                self._open |= {client, server}
            stack.callback(self._forget, client, server)
            with suppress(GoneError, OSError, http.client.HTTPException):
                while not self._closing.is_set() and (request := _read(reader)):
                    self._handle(Exchange(request, client, server, self._closing))
                    if request.headers.get("connection", "").lower() == "close":
                        return

    def _forget(self, *ended: socket.socket | http.client.HTTPSConnection) -> None:
        with self._lock:
            self._open -= set(ended)

    def _handle(self, exchange: Exchange) -> None:
        request = exchange.request
        with self._lock:
            self.requests.append(request)
            fault = next((one for one in self._faults if one.times != one.happened and one.match(request)), None)
            if fault:
                fault.happened += 1
        try:
            (fault.action if fault else relay)(exchange)
        finally:
            request.done.set()


def _read(reader: BufferedReader) -> Request | None:
    """The next request of a connection; ``None`` at its end."""
    line = reader.readline(CHUNK)
    if not line.strip():
        return None
    method, path, _ = line.decode("latin-1").split()
    headers = {name.lower(): value for name, value in http.client.parse_headers(reader).items()}
    assert "transfer-encoding" not in headers, "the proxy takes bodies with a length only"
    length = int(headers.get("content-length", 0))
    body = reader.read(length)
    # A client that went in the middle has asked for nothing.
    return Request(method, path, headers, body) if len(body) == length else None


def _shut(connection: socket.socket | None) -> None:
    """Wake whoever waits for ``connection``, with an end of file."""
    with suppress(OSError):
        if connection is not None:
            # Not SSLSocket.shutdown, which would take the TLS away from under a thread that reads.
            socket.socket.shutdown(connection, socket.SHUT_RDWR)
