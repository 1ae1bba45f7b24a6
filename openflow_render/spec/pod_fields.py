"""Rules about the pod fields that every engine's roles share."""

from __future__ import annotations

from openflow_render.core import codes
from openflow_render.core.paths import Item, Path
from openflow_render.core.report import Report, nearest
from openflow_render.spec.job import PodFields

_MOUNT = frozenset({"name", "mountPath", "readOnly", "subPath"})


def check(pod: PodFields, at: Path, report: Report) -> None:
    """Add to ``report`` what cannot be about one role, whose fields stand at ``at`` of the job."""
    for volume in pod.volumes or []:
        field = (*at, "volumes", Item(volume["name"]))
        given = [key for key in volume if key not in _MOUNT]
        if len(given) != 1:
            count = " and ".join(given) or "no source"
            report.add(codes.VOLUME_SOURCES, at=field, name=volume["name"], count=count)
    names = [volume["name"] for volume in pod.volumes or []]
    for index, name in enumerate(pod.local_dirs if isinstance(pod.local_dirs, list) else []):
        if name not in names:
            report.add(codes.NO_SUCH_LOCAL_DIR, at=(*at, "localDirs", index), name=name, near=nearest(name, names))
