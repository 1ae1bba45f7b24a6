"""Every mount names a volume of its pod."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openflow_render.checks.finding import tell
from openflow_render.checks.pods import Pod, containers, pods
from openflow_render.core import codes, paths
from openflow_render.core.report import Report, nearest
from openflow_render.core.resource import Bundle

if TYPE_CHECKING:
    from openflow_render.checks.context import Context


def check(bundle: Bundle, _context: Context, report: Report) -> None:
    for pod in pods(bundle):
        volumes = _volumes(pod)
        for path, container in containers(pod):
            for field in ("volumeMounts", "volumeDevices"):
                for index, mount in enumerate(container.get(field, ())):
                    name = mount["name"]
                    if name not in volumes:
                        where = (*path, field, paths.step(field, index, mount), "name")
                        values = {"name": name, "near": nearest(name, volumes)}
                        tell(report, codes.NO_SUCH_VOLUME, pod.resource, where, **values)


def _volumes(pod: Pod) -> set[str]:
    """The volumes of ``pod``; a StatefulSet adds one for each template of a claim."""
    names = {volume["name"] for volume in pod.spec.get("volumes", ())}
    if pod.resource.kind == "StatefulSet":
        claims = pod.resource["spec"].get("volumeClaimTemplates", ())
        names |= {claim["metadata"]["name"] for claim in claims if "name" in claim.get("metadata", {})}
    return names
