"""Privileges that a container is given for the sake of its limits, and that raise none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openflow_render.checks.finding import tell
from openflow_render.checks.pods import containers, pods
from openflow_render.core import codes
from openflow_render.core.paths import Path
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Manifest

if TYPE_CHECKING:
    from openflow_render.checks.context import Context


def check(bundle: Bundle, context: Context, report: Report) -> None:
    # A standard refuses both fields by itself; see `pod_security`.
    if context.profile != "none":
        return
    for pod in pods(bundle):
        for path, container in containers(pod):
            field = _privilege(container.get("securityContext", {}))
            if field and any("ulimit -S" in word for word in container.get("command", ())):
                tell(report, codes.PRIVILEGE_RAISES_NO_LIMIT, pod.resource, (*path, "securityContext", *field))


def _privilege(security: Manifest) -> Path:
    """The field that lets a process of root raise its hard limits; empty when there is none."""
    if security.get("privileged"):
        return ("privileged",)
    return ("capabilities", "add") if "SYS_RESOURCE" in security.get("capabilities", {}).get("add", ()) else ()
