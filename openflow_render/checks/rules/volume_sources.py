"""Volumes and their mounts: folders of the node, paths that lead out, modes of files, kinds that are gone."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from openflow_render.checks.finding import tell
from openflow_render.checks.pods import Pod, containers, pods
from openflow_render.core import codes, paths
from openflow_render.core.paths import Item, Path
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Manifest

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_OF_NODES = ("/boot", "/etc/kubernetes", "/proc", "/root", "/run", "/sys", "/var/run")
_OF_RUNTIMES = tuple(f"/var/lib/{name}" for name in ("containerd", "crio", "docker", "etcd", "kubelet", "rancher"))
_ABOVE = frozenset({"/", "/dev", "/etc", "/var", "/var/lib"})
"""Folders that hold one of them, or as much."""

_MOST_MODE = 0o777
_USUAL = frozenset({400, 440, 444, 500})
"""Modes that are also numbers below `_MOST_MODE`, so that the server takes them for others."""


class _Gone(NamedTuple):
    """Since when a kind of volume is not mounted any more, and what to use."""

    since: int
    instead: str
    when: str = ""


_GIT = "an init container that clones the repository into an emptyDir, or bake it into the image"
_CSI = "take a CSI driver for it, by a claim"
_KINDS: Mapping[str, _Gone] = {
    "cephfs": _Gone(31, _CSI),
    "flocker": _Gone(25, _CSI),
    "gitRepo": _Gone(33, _GIT, " unless its gate GitRepoVolumeDriver is on"),
    "glusterfs": _Gone(26, _CSI),
    "quobyte": _Gone(25, _CSI),
    "rbd": _Gone(31, _CSI),
    "scaleIO": _Gone(22, _CSI),
    "storageos": _Gone(25, _CSI),
}


def check(bundle: Bundle, context: Context, report: Report) -> None:
    for pod in pods(bundle):
        for volume in pod.spec.get("volumes", ()):
            path: Path = (*pod.path, "volumes", Item(volume["name"]))
            _kind(pod, path, volume, context, report)
            if "hostPath" in volume:
                _host(pod, (*path, "hostPath", "path"), volume["hostPath"]["path"], context, report)
            for where, mode in _modes(path, volume):
                _mode(pod, where, mode, report)
            for where, item in _items(path, volume):
                _below(pod, (*where, "path"), item.get("path", ""), report, reserved="..")
        for where, container in containers(pod):
            for index, mount in enumerate(container.get("volumeMounts", ())):
                if "subPath" in mount:
                    place = (*where, "volumeMounts", paths.step("volumeMounts", index, mount), "subPath")
                    _below(pod, place, mount["subPath"], report)
            _root(pod, where, container, report)


def _kind(pod: Pod, path: Path, volume: Manifest, context: Context, report: Report) -> None:
    for kind in volume:
        gone = _KINDS.get(kind)
        if gone is not None and context.minor >= gone.since:
            values = {"minor": context.kubernetes, "when": gone.when, "instead": gone.instead}
            tell(report, codes.VOLUME_GONE, pod.resource, (*path, kind), **values)


def _host(pod: Pod, path: Path, folder: str, context: Context, report: Report) -> None:
    """Under a Pod Security Standard each of them is refused; see `pod_security`."""
    clean = posixpath.normpath(folder)
    if ".." in folder.split("/"):
        problem = "a path on the node may not hold `..`"
        tell(report, codes.PATH_LEAVES, pod.resource, path, value=folder, problem=problem)
    elif context.profile == "none" and (
        clean in _ABOVE or any(f"{clean}/".startswith(f"{each}/") for each in (*_OF_NODES, *_OF_RUNTIMES))
    ):
        tell(report, codes.HOST_PATH, pod.resource, path, value=folder)


def _below(pod: Pod, path: Path, value: str, report: Report, reserved: str = "/") -> None:
    """Names that begin with ``reserved`` are kept for the kubelet."""
    if value.startswith(("/", reserved)) or ".." in value.split("/"):
        problem = "it must lead to something inside the volume"
        tell(report, codes.PATH_LEAVES, pod.resource, path, value=value, problem=problem)


def _sources(path: Path, volume: Manifest) -> Iterator[tuple[Path, Manifest]]:
    """Whatever puts files into a volume."""
    for kind in ("configMap", "secret", "downwardAPI", "projected"):
        if kind in volume:
            yield (*path, kind), volume[kind]
    for index, source in enumerate(volume.get("projected", {}).get("sources", ())):
        for kind in ("configMap", "secret", "downwardAPI"):
            if kind in source:
                yield (*path, "projected", "sources", index, kind), source[kind]


def _items(path: Path, volume: Manifest) -> Iterator[tuple[Path, Manifest]]:
    for where, source in _sources(path, volume):
        for index, item in enumerate(source.get("items", ())):
            yield (*where, "items", index), item


def _modes(path: Path, volume: Manifest) -> Iterator[tuple[Path, int]]:
    for where, source in _sources(path, volume):
        if "defaultMode" in source:
            yield (*where, "defaultMode"), source["defaultMode"]
    for where, item in _items(path, volume):
        if "mode" in item:
            yield (*where, "mode"), item["mode"]


def _mode(pod: Pod, path: Path, mode: int, report: Report) -> None:
    octal = str(mode).isdigit() and not set(str(mode)) & {"8", "9"}
    if not 0 <= mode <= _MOST_MODE:
        near = f"; 0o{mode} is {int(str(mode), 8)}" if octal and int(str(mode), 8) <= _MOST_MODE else ""
        tell(report, codes.BAD_MODE, pod.resource, path, value=mode, near=near)
    elif mode in _USUAL:
        values = {"value": mode, "octal": f"0o{mode:o}", "meant": int(str(mode), 8)}
        tell(report, codes.MODE_IN_DECIMAL, pod.resource, path, **values)


_TEMPORARY = "/tmp"  # noqa: S108 - the JVM's own default, inside a container


def _root(pod: Pod, path: Path, container: Manifest, report: Report) -> None:
    """The engine's own container needs a place for temporary files."""
    read_only = container.get("securityContext", {}).get("readOnlyRootFilesystem")
    if not read_only or pod.labels.get("spark-role") not in container.get("args", ()):
        return
    mounts = [each["mountPath"] for each in container.get("volumeMounts", ()) if not each.get("readOnly")]
    if not any(posixpath.normpath(each) in {"/", _TEMPORARY} for each in mounts):
        where = (*path, "securityContext", "readOnlyRootFilesystem")
        tell(report, codes.NOWHERE_TO_WRITE, pod.resource, where, folder=_TEMPORARY)
