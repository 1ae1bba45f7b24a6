"""A connection to one API server: who we are, and requests that end in time.

``kubernetes`` reads the configuration (kubeconfig, contexts, exec plugins, in-cluster accounts, proxies, client
certificates); requests are made here, since its clients know neither deadlines nor what may be asked again.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path as FilePath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlencode

import tenacity
import urllib3
from urllib3.exceptions import HTTPError, InvalidHeader, MaxRetryError, NewConnectionError, ReadTimeoutError, SSLError

from openflow_render.cluster import kubeconfig
from openflow_render.cluster.outcome import Refused, Unreachable

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

T = TypeVar("T")

PARALLEL = 8
"""Requests at a time; a server with priority and fairness gives one client about so many."""

REQUEST_TIMEOUT = 40.0
"""Seconds for one request; the API server ends its own after 34."""

PATIENCE = 60.0
"""Seconds for one request with all its repetitions."""

_CONNECT_TIMEOUT = 5.0
_LOGIN_TIMEOUT = 60.0
_LARGEST = 64 << 20
_CHUNK = 1 << 16
_ATTEMPTS = 8
_REFUSED_ATTEMPTS = 3
_PASSING = frozenset({429, 500, 502, 503, 504})
_NEVER_PASSING = "failed to create typed patch object"
"""An object that its schema does not allow is answered with 500, each time."""

JSON = "application/json"
APPLY = "application/apply-patch+yaml"


class Answer(NamedTuple):
    """What came back: the HTTP status and the JSON of the body. ``repeated``: an earlier answer was lost."""

    status: int
    value: Any
    repeated: bool = False


class Login(NamedTuple):
    """What the command line says about where to connect; ``None`` leaves it to the environment.

    ``usual`` is the context where none is named; in a pod, which has no kubeconfig, it does not matter.
    """

    kubeconfig: str | None = None
    context: str | None = None
    usual: str | None = None
    timeout: float = REQUEST_TIMEOUT


class _Passing(Exception):  # noqa: N818 - a state that should pass
    """Worth another try; ``final`` is raised when none is left, ``after`` is the seconds that the server asks for."""

    def __init__(self, final: Exception, after: float | None = None, attempts: int = _ATTEMPTS) -> None:
        super().__init__(str(final))
        self.final = final
        self.after = after
        self.attempts = attempts


class Connection:
    """One API server, asked by several threads at a time."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._logging_in = threading.Lock()
        # Certificates and keys that a kubeconfig holds inline have to be files.
        self._keys = TemporaryDirectory(prefix="openflow-")
        self._client: ApiClient | None = None
        self.warnings: dict[str, None] = {}

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            self._client.rest_client.pool_manager.clear()
        self._keys.cleanup()

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return str(self.client.configuration.host).rstrip("/")

    @property
    def client(self) -> ApiClient:
        """The ``kubernetes`` client; made when it is first asked for.

        Raises:
            Unreachable: there is no configuration, or it is of no use.
        """
        with self._logging_in:
            if self._client is None:
                self._client = _log_in(self._login, self._keys.name)
            return self._client

    @property
    def authority(self) -> str | None:
        """``sha256:`` and the digest of the certificates that the server is checked against; ``None`` without them.

        It is that of the file; how its lines end, and the last one, is left out of it.
        """
        file = self.client.configuration.ssl_ca_cert
        if not file:
            return None
        lines = (line.strip() for line in FilePath(file).read_bytes().splitlines())
        text = b"".join(line + b"\n" for line in lines if line)
        return f"sha256:{sha256(text).hexdigest()}"

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | None] | None = None,
        body: Any = None,
        *,
        to: str,
        content_type: str = JSON,
        accept: str = JSON,
        again: bool = True,
    ) -> Answer:
        """Ask the server, and ask again what may pass and does no harm twice.

        ``to`` says in an error what the request was for. ``again`` is false for what must not reach the server twice.

        Raises:
            Refused: it answered with 400 or more.
            Unreachable: no answer came in time, or none of a Kubernetes API server.
        """
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {"Accept": accept, "User-Agent": "openflow"} | ({"Content-Type": content_type} if data else {})
        ask = _Asking(self, method, _with_query(path, query), data, headers, to, again=again)
        until = time.monotonic() + max(PATIENCE, self._login.timeout)
        try:
            for attempt in _attempts(until):
                with attempt:
                    return ask.once(until)
        except _Passing as passing:
            raise passing.final from None
        raise AssertionError("an attempt returns or raises")

    def stream(
        self,
        path: str,
        query: Mapping[str, str | None],
        *,
        to: str,
        idle: float | None,
        opened: Callable[[urllib3.BaseHTTPResponse | None], None] = lambda _: None,
    ) -> Iterator[bytes]:
        """The body of an answer as it comes; ``idle`` is the longest silence in seconds, ``None`` for any.

        ``opened`` is given the answer when it begins, so that another thread can end it, and ``None`` before it ends.

        Raises:
            Refused: the server answered with 400 or more.
            Unreachable: the connection broke, or was silent for too long.
        """
        timeout = urllib3.Timeout(connect=_CONNECT_TIMEOUT, read=idle)
        response: Any = None
        try:
            response = self.send("GET", _with_query(path, query), None, {"Accept": "*/*"}, timeout)
            opened(response)
            if response.status >= 400:
                raise refusal(response.status, response.read(_CHUNK), to)
            yield from response.stream(_CHUNK, decode_content=True)
        except HTTPError as error:
            raise Unreachable(f"{self.server}: {_short(error)}") from None
        finally:
            if response is not None:
                opened(None)
                response.close()

    def send(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str], timeout: urllib3.Timeout
    ) -> urllib3.BaseHTTPResponse:
        """One request, its answer unread."""
        client = self.client
        auth = client.configuration.auth_settings()
        signed = {**headers, **{each["key"]: each["value"] for each in auth.values() if each["in"] == "header"}}
        pool = client.rest_client.pool_manager
        response: urllib3.BaseHTTPResponse = pool.request(
            method,
            self.server + path,
            body=data,
            headers=signed,
            timeout=timeout,
            retries=False,
            redirect=False,
            preload_content=False,
        )
        return response

    def log_in_again(self, client: ApiClient) -> None:
        """Read the credentials anew, unless another thread has since ``client`` was used."""
        with self._logging_in:
            if self._client is client:
                self._client = _log_in(self._login, self._keys.name)

    @property
    def timeout(self) -> float:
        """Seconds for one request."""
        return self._login.timeout


class _Asking:
    """One request, which may be sent several times."""

    def __init__(
        self,
        connection: Connection,
        method: str,
        path: str,
        data: bytes | None,
        headers: Mapping[str, str],
        to: str,
        *,
        again: bool,
    ) -> None:
        self._connection = connection
        self._method = method
        self._path = path
        self._data = data
        self._headers = headers
        self._to = to
        self._again = again
        self._logged_in_again = False
        self._may_have_acted = False

    def once(self, until: float) -> Answer:
        """One try.

        Raises:
            _Passing: another one may do better.
        """
        client = self._connection.client
        status, headers, content = self._exchange(until)
        if status == 401 and not self._logged_in_again:
            self._logged_in_again = True
            self._connection.log_in_again(client)
            return self.once(until)
        for text in headers.getlist("Warning"):
            self._connection.warnings.setdefault(_warning(text))
        if status >= 400:
            raise self._refused(status, headers, content)
        return Answer(status, _value(content, self._connection.server, status), self._may_have_acted)

    def _exchange(self, until: float) -> tuple[int, Any, bytes]:
        connection = self._connection
        read = max(0.1, min(connection.timeout, until - time.monotonic()))
        timeout = urllib3.Timeout(connect=min(_CONNECT_TIMEOUT, read), read=read)
        try:
            response = connection.send(self._method, self._path, self._data, self._headers, timeout)
            content = _content(response, time.monotonic() + read)
        except (MaxRetryError, HTTPError) as error:
            raise self._broken(error) from None
        return response.status, response.headers, content

    def _broken(self, error: HTTPError) -> Exception:
        server = self._connection.server
        final = Unreachable(f"cannot {self._to}: {server}: {_short(error)}", _HINTS.get(type(error), ""))
        if isinstance(error, (ReadTimeoutError, SSLError)):
            return final
        if isinstance(error, NewConnectionError):
            return _Passing(final, attempts=_REFUSED_ATTEMPTS)
        self._may_have_acted = True
        return _Passing(final) if self._again else final

    def _refused(self, status: int, headers: Any, content: bytes) -> Exception:
        final = refusal(status, content, self._to)
        passes = status == 429 or (status in _PASSING and self._again) or _is_quota_contention(final)
        if not passes or (isinstance(final, Refused) and _NEVER_PASSING in final.text):
            return final
        if status == 429 and isinstance(final, Refused):
            flow = headers.get("X-Kubernetes-PF-FlowSchema-UID")
            final = Refused(status, {"message": _too_many(final, flow), "reason": final.reason}, self._to)
        self._may_have_acted |= status != 429
        return _Passing(final, _retry_after(headers.get("Retry-After")))


_HINTS: Mapping[type, str] = {
    NewConnectionError: "is the cluster up, and the kubeconfig's server right?",
    SSLError: "the kubeconfig's certificate-authority must be the one that signed the server's certificate",
}


# --- repeating -------------------------------------------------------------------------------------------------------


def _attempts(until: float) -> tenacity.Retrying:
    """Tries until ``until``, with what the server asks for between them, or longer and longer pauses with jitter."""

    def pause(state: tenacity.RetryCallState) -> float:
        passing = _passing(state)
        return growing(state) if passing.after is None else passing.after

    def enough(state: tenacity.RetryCallState) -> bool:
        passing = _passing(state)
        return state.attempt_number >= passing.attempts or time.monotonic() + (passing.after or 0.0) > until

    growing = tenacity.wait_random_exponential(multiplier=0.2, max=8)
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(_Passing), wait=pause, stop=enough, reraise=True, sleep=time.sleep
    )


def _passing(state: tenacity.RetryCallState) -> _Passing:
    outcome = state.outcome
    assert outcome is not None
    error = outcome.exception()
    assert isinstance(error, _Passing)
    return error


def _retry_after(text: str | None) -> float | None:
    """Seconds that a ``Retry-After`` asks for; ``None`` without a usable one."""
    if not text:
        return None
    try:
        return max(0.0, urllib3.Retry().parse_retry_after(text))
    except (InvalidHeader, ValueError, OverflowError):
        return None


def _is_quota_contention(error: Exception) -> bool:
    """Two objects were counted against one quota at a time, which passes."""
    return isinstance(error, Refused) and error.code == 409 and "on resourcequotas" in error.text


def _too_many(refused: Refused, flow: str | None) -> str:
    return f"{refused.text} (flow schema {flow})" if flow else refused.text


# --- reading ---------------------------------------------------------------------------------------------------------


def _content(response: urllib3.BaseHTTPResponse, until: float) -> bytes:
    """The body, if it comes in time and is of a size that a server sends."""
    try:
        content = b"".join(_bounded(response.stream(_CHUNK, decode_content=True), until))
    except HTTPError:
        response.close()
        raise
    response.release_conn()
    return content


def _bounded(parts: Iterator[bytes], until: float) -> Iterator[bytes]:
    size = 0
    for part in parts:
        yield part
        size += len(part)
        if size > _LARGEST:
            raise HTTPError(f"the answer is larger than {_LARGEST >> 20} MiB")
        if time.monotonic() > until:
            raise HTTPError("the answer comes too slowly")


def refusal(status: int, content: bytes, to: str) -> Refused | Unreachable:
    """What an answer of 400 or more means."""
    try:
        value = json.loads(content)
    except ValueError:
        value = None
    if isinstance(value, dict) and value.get("kind") == "Status":
        return Refused(status, value, to)
    if status == 401:
        return Refused(status, {"message": "Unauthorized", "reason": "Unauthorized"}, to)
    if status in (404, 429):
        return Refused(status, {"message": _shown(content)}, to)
    return Unreachable(f"cannot {to}: HTTP {status}, and not from a Kubernetes API server: {_shown(content)}")


def _value(content: bytes, server: str, status: int) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError:
        value = None
    if isinstance(value, dict):
        return value
    raise Unreachable(
        f"{server} answered HTTP {status}, and not as a Kubernetes API server: {_shown(content)}",
        "is there a proxy or a login page in between?",
    )


def _shown(content: bytes) -> str:
    """The beginning of ``content``, harmless on a terminal."""
    return ascii(content[:80].decode(errors="replace"))


def _short(error: BaseException) -> str:
    """The innermost reason of an error, in one line."""
    reason = getattr(error, "reason", None)
    if isinstance(reason, BaseException):
        return _short(reason)
    text = str(error.args[-1] if error.args else error)
    return text.rsplit(": ", 1)[-1].splitlines()[0] if text else type(error).__name__


def _warning(header: str) -> str:
    """The text of a ``Warning`` header, ``299 - "text"``."""
    parts = header.split(" ", 2)
    return parts[-1].strip('"').replace('\\"', '"').replace("\\\\", "\\")


def _with_query(path: str, query: Mapping[str, str | None] | None) -> str:
    given = {name: value for name, value in (query or {}).items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


# --- who we are ------------------------------------------------------------------------------------------------------


def _log_in(login: Login, keys: str) -> ApiClient:
    """A client of the configuration that is asked for, or else of the environment; ``keys`` is a folder for key files.

    Raises:
        Unreachable: it cannot be read, or its login program failed or took too long.
    """
    client: ApiClient = _in_time(lambda: _configured(login, keys))
    return client


def _configured(login: Login, keys: str) -> ApiClient:
    from kubernetes import client, config

    settings = client.Configuration()
    settings.connection_pool_maxsize = 2 * PARALLEL
    context = login.context or login.usual
    overheard = _Overheard()
    logging.getLogger().addHandler(overheard)
    try:
        found = kubeconfig.read(login.kubeconfig or os.environ.get("KUBECONFIG") or kubeconfig.USUAL, context)
        if login.kubeconfig and found is None:
            raise Unreachable(f"there is no kubeconfig {login.kubeconfig}", "--kubeconfig names a file that is there")
        if found is None and not login.context and os.environ.get("KUBERNETES_SERVICE_HOST"):
            config.load_incluster_config(  # type: ignore[no-untyped-call]
                client_configuration=settings
            )
        else:
            config.load_kube_config_from_dict(  # type: ignore[no-untyped-call]
                config_dict=found,
                context=context,
                client_configuration=settings,
                persist_config=False,
                temp_file_path=keys,
            )
        made = client.ApiClient(settings)
    except config.ConfigException as error:
        hint = "name a kubeconfig with --kubeconfig or KUBECONFIG, and a context of it with --context"
        raise Unreachable(f"the kubeconfig is of no use: {_first_line(error)}", hint) from None
    except OSError as error:
        raise Unreachable(f"the kubeconfig cannot be used: {error.filename}: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError, HTTPError) as error:
        raise Unreachable(f"the kubeconfig is not well formed: {_first_line(error)}") from None
    finally:
        logging.getLogger().removeHandler(overheard)
    if overheard.complaints:
        raise Unreachable(f"the kubeconfig's login program failed: {_first_line(overheard.complaints[0])}")
    return made


class _Overheard(logging.Handler):
    """What ``kubernetes`` only logs: that a login program failed, and it goes on as nobody."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.complaints: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.complaints.append(record.getMessage())


def _first_line(error: object) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:300]


def _in_time(work: Callable[[], T]) -> T:
    """``work()``, unless it takes too long: a login program may ask for what nobody answers."""
    outcome: list[tuple[T | None, BaseException | None]] = []

    def run() -> None:
        try:
            outcome.append((work(), None))
        except BaseException as error:
            outcome.append((None, error))

    thread = threading.Thread(target=run, daemon=True, name="login")
    thread.start()
    thread.join(_LOGIN_TIMEOUT)
    if not outcome:
        raise Unreachable(f"logging in took longer than {_LOGIN_TIMEOUT:.0f} s")
    value, error = outcome[0]
    if error is not None:
        raise error
    return value  # type: ignore[return-value]
