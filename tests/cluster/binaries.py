"""The programs of a control plane: those of ``KUBEBUILDER_ASSETS``, or built from the pinned modules in ``go/``."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

MODULES = Path(__file__).parent / "go"
BUILD_SECONDS = 3600
VERSIONED = "k8s.io/component-base/version"


class BuildError(Exception):
    """A program is not there and cannot be built; the text is for whoever runs the tests."""


class Binaries(NamedTuple):
    """The programs for one minor version of Kubernetes."""

    minor: str
    etcd: Path
    apiserver: Path
    controller_manager: Path

    @property
    def kubectl(self) -> Path:
        """Built when it is asked for: the control plane itself needs none."""
        return kubernetes("kubectl", self.minor)


def find(minor: str) -> Binaries:
    """The programs for ``minor``; the first call on a machine builds them, which takes minutes."""
    return Binaries(minor, etcd(), kubernetes("kube-apiserver", minor), kubernetes("kube-controller-manager", minor))


def etcd() -> Path:
    package = "go.etcd.io/etcd/server/v3"
    module = MODULES / "etcd"
    version = _required(module, package)
    return _prebuilt("etcd") or _built(cache() / f"etcd-{version}" / "etcd", module, package, "-s -w")


def kustomize() -> Path:
    """Built when it is asked for, as only tests of trees need it; in half a minute."""
    package = "sigs.k8s.io/kustomize/kustomize/v5"
    module = MODULES / "kustomize"
    version = _required(module, package)
    return _prebuilt("kustomize") or _built(cache() / f"kustomize-{version}" / "kustomize", module, package, "-s -w")


def kubernetes(program: str, minor: str) -> Path:
    """A program of the main repository of Kubernetes, such as ``kube-apiserver``."""
    module = MODULES / minor
    if not module.is_dir():
        known = sorted(folder.name for folder in MODULES.glob("[0-9]*"))
        raise BuildError(f"no Kubernetes {minor} is pinned in {MODULES}; there are {', '.join(known)}")
    version = _required(module, "k8s.io/kubernetes")
    major, _, number = minor.partition(".")
    stamp = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": number}
    flags = " ".join(["-s -w", *(f"-X {VERSIONED}.{name}={value}" for name, value in stamp.items())])
    place = cache() / f"kubernetes-{version}" / program
    return _prebuilt(program) or _built(place, module, f"k8s.io/kubernetes/cmd/{program}", flags)


def cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "openflow-test"


def _required(module: Path, package: str) -> str:
    """The version of ``package`` that the go.mod of ``module`` asks for, without the ``v``."""
    found = re.search(rf"^\s+{re.escape(package)} v(\S+)", (module / "go.mod").read_text(), re.MULTILINE)
    assert found, f"{module}/go.mod does not require {package}"
    return found[1]


def _prebuilt(program: str) -> Path | None:
    folder = os.environ.get("KUBEBUILDER_ASSETS")
    path = Path(folder, program) if folder else None
    return path if path and path.is_file() else None


def _built(place: Path, module: Path, package: str, flags: str) -> Path:
    """``place``, built there if it is not; of several processes that ask, one builds and the others wait."""
    if place.is_file():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with _locked(place.with_suffix(".lock")):
        if not place.is_file():
            _build(place, module, package, flags)
    return place


def _build(place: Path, module: Path, package: str, flags: str) -> None:
    go = shutil.which("go")
    if go is None:
        raise BuildError(
            f"{place.name} is neither in KUBEBUILDER_ASSETS nor in {place.parent}, and Go, which would build it, "
            "is not on the PATH"
        )
    sys.stderr.write(f"building {place.name} into {place.parent}; this takes some minutes, once\n")
    sys.stderr.flush()
    unfinished = place.with_suffix(".unfinished")
    ended = subprocess.run(
        [go, "build", "-trimpath", "-ldflags", flags, "-o", str(unfinished), package],
        cwd=module,
        env={**os.environ, "CGO_ENABLED": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if ended.returncode != 0:
        raise BuildError(f"{place.name} cannot be built in {module}:\n{ended.stderr}")
    unfinished.replace(place)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
