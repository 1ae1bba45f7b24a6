"""A control plane on 127.0.0.1: etcd, kube-apiserver and kube-controller-manager; no kubelet and no scheduler.

As a program it is the supervisor of one, see ``--help``: it ends the control plane when its owner is gone.
"""

from __future__ import annotations

import argparse
import base64
import ctypes
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import binaries
import crds
import yaml

MINOR = os.environ.get("OPENFLOW_TEST_KUBERNETES") or "1.36"
"""The version that tests run against."""

HOST = "127.0.0.1"
START_SECONDS = 60
CALL_SECONDS = 30
READY, FAILED = "ready.json", "failed.txt"
DIES_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


class StartError(Exception):
    """A control plane did not become ready; the text has the end of the log that says why."""


class ControlPlane(NamedTuple):
    """How to reach a control plane. ``token`` may do everything, ``user_token`` what any authenticated user may."""

    server: str
    ca: Path
    token: str
    user_token: str
    kubeconfig: Path
    user_kubeconfig: Path
    minor: str
    folder: Path

    def write(self) -> None:
        """Say in ``folder`` that it is ready."""
        text = json.dumps({name: str(value) for name, value in self._asdict().items()}, indent=2)
        _publish(self.folder / READY, text)

    @classmethod
    def read(cls, folder: Path) -> ControlPlane:
        """The one that said in ``folder`` that it is ready."""
        values = json.loads((folder / READY).read_text())
        paths = {name: Path(values[name]) for name in ("ca", "kubeconfig", "user_kubeconfig", "folder")}
        return cls(**{**values, **paths})

    def write_kubeconfig(self, path: Path, name: str, token: str, server: str | None = None) -> Path:
        """A kubeconfig whose one context, ``name``, is this server; or ``server``, which stands in front of it."""
        cluster: dict[str, Any] = {"server": server or self.server}
        if cluster["server"].startswith("https:"):
            cluster["certificate-authority-data"] = base64.b64encode(self.ca.read_bytes()).decode()
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": name, "user": {"token": token}}],
        }
        path.write_text(yaml.safe_dump(config, sort_keys=False))
        return path


# --- a client -------------------------------------------------------------------------------------------------------


class ApiError(Exception):
    """The server refused a call: ``status``, and the ``body`` that it sent."""

    def __init__(self, call: str, status: int, body: Any) -> None:
        super().__init__(f"{call}: {status} {body['message'] if isinstance(body, dict) else body}")
        self.status = status
        self.body = body


class Api:
    """Calls of the API as they are on the wire; a connection each, so it holds nothing open and threads may share it.

    The answer is the parsed body, or its text when it is not JSON. With ``check=False`` an error is an answer too.
    """

    def __init__(self, server: str, ca: Path, token: str) -> None:
        self._address = urlsplit(server).netloc
        self._ssl = ssl.create_default_context(cafile=str(ca))
        self._token = token

    def get(self, path: str, *, check: bool = True) -> Any:
        return self.call("GET", path, check=check)

    def post(self, path: str, body: Any, *, check: bool = True) -> Any:
        return self.call("POST", path, body, check=check)

    def put(self, path: str, body: Any, *, check: bool = True) -> Any:
        return self.call("PUT", path, body, check=check)

    def patch(
        self, path: str, body: Any, content_type: str = "application/merge-patch+json", *, check: bool = True
    ) -> Any:
        return self.call("PATCH", path, body, content_type, check=check)

    def delete(self, path: str, body: Any = None, *, check: bool = True) -> Any:
        return self.call("DELETE", path, body, check=check)

    def call(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json", *, check: bool = True
    ) -> Any:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json, */*"}
        if body is not None:
            headers["Content-Type"] = content_type
        connection = http.client.HTTPSConnection(self._address, timeout=CALL_SECONDS, context=self._ssl)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        is_json = response.headers.get_content_type() == "application/json"
        answer = json.loads(text) if is_json else text
        if check and response.status >= 400:
            raise ApiError(f"{method} {path}", response.status, answer)
        return answer


def wait_until(condition: Callable[[], Any], what: str, seconds: float = START_SECONDS, pause: float = 0.05) -> Any:
    """What ``condition`` returns as soon as that is true; it is asked again and again."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} seconds: {what}")
        time.sleep(pause)
    return value


# --- starting -------------------------------------------------------------------------------------------------------


class Programs:
    """The processes of one control plane, with a log each in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, program: Path, flags: dict[str, Any]) -> None:
        words = [str(program), *(f"--{name}={_flag(value)}" for name, value in flags.items())]
        with (self.folder / f"{program.name}.log").open("wb") as log:
            self._running[program.name] = subprocess.Popen(
                words,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Safe here: a supervisor has one thread.
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
            )

    def stop(self) -> None:
        """End them at once: nothing that they hold is wanted later."""
        for process in reversed(self._running.values()):
            process.kill()
        for process in self._running.values():
            process.wait()

    def check(self) -> None:
        for name, process in self._running.items():
            if process.poll() is not None:
                raise StartError(f"{name} ended with {process.returncode}; {self.log(name)}")

    def wait(self, name: str, condition: Callable[[], Any]) -> None:
        """Wait until ``name`` does what is wanted of it, as long as all are alive."""

        def reached() -> Any:
            self.check()
            return condition()

        try:
            wait_until(reached, f"{name} is ready")
        except TimeoutError as error:
            raise StartError(f"{error}; {self.log(name)}") from None

    def log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        lines = path.read_text(errors="replace").splitlines()[-20:]
        return "\n".join([f"the end of {path}:", *lines])


@contextmanager
def running(minor: str, folder: Path) -> Iterator[ControlPlane]:
    """A control plane that is ready; it is stopped, and its data removed, when the block is left."""
    found = binaries.find(minor)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder / "data", ignore_errors=True)
        programs = Programs(folder)
        stack.callback(programs.stop)
        yield _start(found, programs)


def _start(found: binaries.Binaries, programs: Programs) -> ControlPlane:
    folder = programs.folder
    etcd_port, peer_port, port = _free_ports(3)
    _keys(folder)
    plane = ControlPlane(
        server=f"https://{HOST}:{port}",
        ca=folder / "certificates" / "apiserver.crt",
        token=secrets.token_hex(16),
        user_token=secrets.token_hex(16),
        kubeconfig=folder / "admin.kubeconfig",
        user_kubeconfig=folder / "user.kubeconfig",
        minor=found.minor,
        folder=folder,
    )
    (folder / "tokens.csv").write_text(
        f"{plane.token},test-admin,test-admin,system:masters\n{plane.user_token},nobody-special,nobody-special\n"
    )
    programs.start(found.etcd, _etcd_flags(folder, etcd_port, peer_port))
    programs.start(found.apiserver, _apiserver_flags(folder, port, etcd_port))
    programs.wait("kube-apiserver", lambda: _is_ready(plane))
    plane.write_kubeconfig(plane.kubeconfig, "test-admin", plane.token)
    plane.write_kubeconfig(plane.user_kubeconfig, "test-user", plane.user_token)
    api = Api(plane.server, plane.ca, plane.token)
    # Before the controller manager: its garbage collector looks for new kinds only every 30 seconds.
    crds.install(api)
    programs.start(found.controller_manager, _controller_manager_flags(plane))
    programs.wait("kube-controller-manager", lambda: has_account(api, "default"))
    return plane


def has_account(api: Api, namespace: str) -> bool:
    """Whether ``namespace`` has the ServiceAccount without which it takes no pods."""
    found = api.get(f"/api/v1/namespaces/{namespace}/serviceaccounts/default", check=False)
    return bool(found["kind"] == "ServiceAccount")


def _is_ready(plane: ControlPlane) -> bool:
    if not plane.ca.is_file():
        return False
    try:
        return bool(Api(plane.server, plane.ca, plane.token).get("/readyz") == "ok")
    except (OSError, ApiError, http.client.HTTPException):
        return False


def _etcd_flags(folder: Path, port: int, peer_port: int) -> dict[str, Any]:
    client, peer = f"http://{HOST}:{port}", f"http://{HOST}:{peer_port}"
    return {
        "name": "default",
        "data-dir": folder / "data",
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"default={peer}",
        "unsafe-no-fsync": True,
        "log-level": "warn",
    }


def _apiserver_flags(folder: Path, port: int, etcd_port: int) -> dict[str, Any]:
    keys = folder / "keys"
    return {
        "etcd-servers": f"http://{HOST}:{etcd_port}",
        "bind-address": HOST,
        "advertise-address": HOST,
        "secure-port": port,
        "cert-dir": folder / "certificates",
        "token-auth-file": folder / "tokens.csv",
        "authorization-mode": "Node,RBAC",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": keys / "accounts.key",
        "service-account-signing-key-file": keys / "accounts.key",
        "service-cluster-ip-range": "10.96.0.0/16",
        "endpoint-reconciler-type": "none",
        "allow-privileged": True,
        "kubelet-client-certificate": keys / "kubelet-client.crt",
        "kubelet-client-key": keys / "kubelet-client.key",
        "kubelet-preferred-address-types": "InternalIP",
        "max-requests-inflight": 3000,
        "max-mutating-requests-inflight": 2000,
        "profiling": False,
    }


def _controller_manager_flags(plane: ControlPlane) -> dict[str, Any]:
    return {
        "kubeconfig": plane.kubeconfig,
        "leader-elect": False,
        "use-service-account-credentials": False,
        "service-account-private-key-file": plane.folder / "keys" / "accounts.key",
        "root-ca-file": plane.ca,
        "secure-port": 0,
        # A node of a test sends no heartbeats, and stays ready all the same.
        "controllers": "*,-node-lifecycle-controller,-taint-eviction-controller",
        "kube-api-qps": 500,
        "kube-api-burst": 1000,
        "resource-quota-sync-period": "2s",
        "pvclaimbinder-sync-period": "2s",
        "profiling": False,
    }


def _flag(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _keys(folder: Path) -> None:
    """The key that signs tokens of service accounts, and a certificate by which kubelets know the API server."""
    keys = folder / "keys"
    keys.mkdir()
    openssl("genrsa", "-out", str(keys / "accounts.key"), "2048")
    certificate(keys / "kubelet-client", "kube-apiserver-kubelet-client")


def certificate(path: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key: ``path`` with ``.crt`` and ``.key``."""
    files = path.with_suffix(".crt"), path.with_suffix(".key")
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"]
    names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=IP:{HOST}"]
    openssl("req", *kind, *names, "-out", str(files[0]), "-keyout", str(files[1]))
    return files


def openssl(*arguments: str) -> None:
    try:
        ended = subprocess.run(
            ["openssl", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
        )
    except FileNotFoundError:
        raise StartError("the tests make keys with openssl, which is not on the PATH") from None
    if ended.returncode != 0:
        raise StartError(f"openssl {arguments[0]} failed: {ended.stderr}")


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens on; all are held at once, so they differ."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.create_server((HOST, 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in held]


def _die_with_parent() -> None:
    """Have the kernel end a program whose supervisor was killed and could not do it."""
    ctypes.CDLL(None).prctl(DIES_WITH_PARENT, signal.SIGKILL)


# --- supervising ----------------------------------------------------------------------------------------------------


def launch(minor: str, folder: Path, owner: int) -> None:
    """Start a supervisor that outlives this process, but not the process ``owner``."""
    words = [sys.executable, __file__, "--owner", str(owner), "--folder", str(folder), "--minor", minor]
    with (folder / "supervisor.log").open("wb") as log:
        subprocess.run(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=60, check=True)


def outcome(folder: Path) -> ControlPlane:
    """The control plane that a supervisor runs in ``folder``, as soon as it is ready."""
    ready, failed = folder / READY, folder / FAILED
    try:
        wait_until(lambda: ready.is_file() or failed.is_file(), f"{ready} is there", 2 * START_SECONDS)
    except TimeoutError as error:
        raise StartError(f"{error}; {(folder / 'supervisor.log').read_text()}") from None
    if failed.is_file():
        raise StartError(failed.read_text())
    return ControlPlane.read(folder)


def supervise(minor: str, folder: Path, owner: int) -> None:
    """Run a control plane for as long as ``owner`` runs."""
    started = _started(owner)
    try:
        with running(minor, folder) as plane:
            plane.write()
            while started is not None and _started(owner) == started:
                time.sleep(0.25)
    except (StartError, binaries.BuildError, crds.InstallError) as error:
        _publish(folder / FAILED, str(error))
    finally:
        if not (folder / READY).is_file() and not (folder / FAILED).is_file():
            _publish(folder / FAILED, f"the supervisor ended; {folder / 'supervisor.log'} may say why")


def _publish(path: Path, text: str) -> None:
    """Write a file that others wait for, so that they never see half of it."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_text(text)
    unfinished.replace(path)


def _started(pid: int) -> str | None:
    """Something that stays the same while ``pid`` runs, and that a later process of the same number has not."""
    try:
        os.kill(pid, 0)
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except ProcessLookupError:
        return None
    except FileNotFoundError:
        return None if sys.platform == "linux" else "running"
    return None if state in "ZX" else fields[18]


def show(minor: str, folder: Path) -> None:
    """Run a control plane until Ctrl-C, for somebody at a terminal."""
    with running(minor, folder) as plane:
        sys.stdout.write(
            f"# Kubernetes {minor} at {plane.server}; logs are in {folder}\n"
            f"# an ordinary user, without permissions: {plane.user_kubeconfig}\n"
            "# Ctrl-C here stops it, and all in it is gone. In another terminal:\n"
            f"export KUBECONFIG={plane.kubeconfig}\n"
        )
        sys.stdout.flush()
        signal.pause()


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def main() -> None:
    parser = argparse.ArgumentParser(description="Run a control plane on 127.0.0.1.")
    parser.add_argument("--minor", default="1.36", help="version of Kubernetes")
    parser.add_argument("--folder", type=Path, help="where its logs and kubeconfig files go")
    parser.add_argument("--owner", type=int, help="run in the background, as long as this process")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _leave)
    if options.owner:
        if os.fork():
            os._exit(0)
        os.setsid()
        supervise(options.minor, options.folder.resolve(), options.owner)
        return
    with tempfile.TemporaryDirectory(prefix="openflow-cluster-") as folder:
        try:
            show(options.minor, (options.folder or Path(folder)).resolve())
        except KeyboardInterrupt:
            pass
        except (StartError, binaries.BuildError, crds.InstallError) as error:
            raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
