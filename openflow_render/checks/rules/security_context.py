"""Security contexts that contradict themselves, which no cluster runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openflow_render.checks.finding import tell
from openflow_render.checks.pods import Pod, containers, pods
from openflow_render.core import codes
from openflow_render.core.paths import Path
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Manifest

if TYPE_CHECKING:
    from openflow_render.checks.context import Context


def check(bundle: Bundle, context: Context, report: Report) -> None:
    for pod in pods(bundle):
        # A standard refuses each of the fields by itself, which says more; see `pod_security`.
        if context.profile == "none":
            _privileges(pod, report)
        if context.profile != "restricted":
            _root(pod, report)


def _privileges(pod: Pod, report: Report) -> None:
    for path, container in containers(pod):
        security = container.get("securityContext", {})
        if security.get("allowPrivilegeEscalation") is False and (more := _more_than_escalation(security)):
            where = (*path, "securityContext", *more)
            tell(report, codes.PRIVILEGED_CONTRADICTION, pod.resource, where)


def _more_than_escalation(security: Manifest) -> Path:
    """The field that needs the escalation; empty when there is none."""
    if security.get("privileged"):
        return ("privileged",)
    return ("capabilities", "add") if "CAP_SYS_ADMIN" in security.get("capabilities", {}).get("add", ()) else ()


def _root(pod: Pod, report: Report) -> None:
    """What a container does not say, its pod says for it; a fault of the pod's own is told once."""
    above, of_pod = pod.spec.get("securityContext", {}), (*pod.path, "securityContext")
    found: dict[Path, None] = {}
    for path, container in containers(pod):
        own = container.get("securityContext", {})
        security = {**above, **own}
        if security.get("runAsNonRoot") and security.get("runAsUser") == 0:
            by_container = "runAsUser" in own or "runAsNonRoot" in own
            place = (*path, "securityContext") if by_container else of_pod
            found[(*place, "runAsUser" if "runAsUser" in own or not by_container else "runAsNonRoot")] = None
    for path in found:
        tell(report, codes.ROOT_CONTRADICTION, pod.resource, path)
