"""Annotations of AppArmor, which name a container of the pod and a profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openflow_render.checks.finding import tell
from openflow_render.checks.pods import APPARMOR, containers, pods
from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle

if TYPE_CHECKING:
    from openflow_render.checks.context import Context


def check(bundle: Bundle, _context: Context, report: Report) -> None:
    for pod in pods(bundle):
        annotations = pod.metadata.get("annotations", {})
        names = {container["name"] for _, container in containers(pod)}
        for key, value in annotations.items():
            if key.startswith(APPARMOR) and (problem := _problem(key.removeprefix(APPARMOR), value, names)):
                path = (*pod.path[:-1], "metadata", "annotations", key)
                tell(report, codes.VALUE_REFUSED, pod.resource, path, value=value, wanted=problem)


def _problem(container: str, profile: str, names: set[str]) -> str:
    if container not in names:
        return f"the pod has no container {container}"
    known = profile in {"", "runtime/default", "unconfined"} or profile.startswith("localhost/")
    return "" if known else "it must be runtime/default, unconfined or localhost/ with the name of a profile"
