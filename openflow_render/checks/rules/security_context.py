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

_UNMASKED_SINCE = 33
"""The minor from which the API server does not drop the field."""


def check(bundle: Bundle, context: Context, report: Report) -> None:
    for pod in pods(bundle):
        # A standard refuses each of the fields by itself, which says more; see `pod_security`.
        if context.profile == "none":
            _privileges(pod, report)
            _isolation(pod, context, report)
        if context.profile != "restricted":
            _root(pod, report)


def _isolation(pod: Pod, context: Context, report: Report) -> None:
    """What a container may do only if its pod shares the node's network, or has users of its own."""
    above: tuple[Path, Manifest] = (*pod.path, "securityContext"), pod.spec.get("securityContext", {})
    below = (((*path, "securityContext"), each.get("securityContext", {})) for path, each in containers(pod))
    processes = [
        {**above[1], **each.get("securityContext", {})}.get("windowsOptions", {}) for _, each in containers(pod)
    ]
    if len({bool(each.get("hostProcess")) for each in processes}) > 1:
        problem = "either all containers are processes of the node (`windowsOptions.hostProcess`) or none"
        tell(report, codes.CONTRADICTION, pod.resource, (*pod.path, "containers"), problem=problem)
    for path, security in (above, *below):
        if security.get("windowsOptions", {}).get("hostProcess") and not pod.spec.get("hostNetwork"):
            problem = "a process of the node is in its network too, so the pod needs `hostNetwork: true`"
            where = (*path, "windowsOptions", "hostProcess")
            tell(report, codes.CONTRADICTION, pod.resource, where, problem=problem)
        unmasked = security.get("procMount") == "Unmasked" and context.minor >= _UNMASKED_SINCE
        if unmasked and pod.spec.get("hostUsers") is not False:
            problem = "Unmasked is for pods with users of their own (`hostUsers: false`)"
            tell(report, codes.CONTRADICTION, pod.resource, (*path, "procMount"), problem=problem)


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
