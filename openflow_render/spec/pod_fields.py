"""Rules about the pod fields that every engine's roles share."""

from __future__ import annotations

from collections.abc import Iterator

from openflow_render.core import codes
from openflow_render.core.paths import Item, Path
from openflow_render.core.report import Report, nearest
from openflow_render.spec.job import PodFields

_MOUNT = frozenset({"name", "mountPath", "readOnly", "subPath"})
_CONFINED = frozenset({"baseline", "restricted"})


def check(pod: PodFields, at: Path, profile: str, report: Report) -> None:
    """Add to ``report`` what cannot be about one role, whose fields stand at ``at`` of the job."""
    for volume in pod.volumes or []:
        field = (*at, "volumes", Item(volume["name"]))
        given = [key for key in volume if key not in _MOUNT]
        if len(given) != 1:
            count = " and ".join(given) or "no source"
            report.add(codes.VOLUME_SOURCES, at=field, name=volume["name"], count=count)
    names = [volume["name"] for volume in pod.volumes or []]
    for name in pod.local_dirs if isinstance(pod.local_dirs, list) else []:
        if name not in names:
            report.add(codes.NO_SUCH_LOCAL_DIR, at=(*at, "localDirs"), name=name, near=nearest(name, names))
    if profile in _CONFINED:
        for field, what in _against_profile(pod):
            report.add(codes.AGAINST_PROFILE, at=(*at, *field), profile=profile, what=what)


def _against_profile(pod: PodFields) -> Iterator[tuple[Path, str]]:
    """What the standards `baseline` and `restricted` both forbid."""
    if pod.host_network:
        yield ("hostNetwork",), "the node's network"
    for volume in pod.volumes or []:
        if "hostPath" in volume:
            yield ("volumes", Item(volume["name"]), "hostPath"), "volumes from the node's file system"
    if (pod.security_context or {}).get("privileged"):
        yield ("securityContext", "privileged"), "privileged containers"
