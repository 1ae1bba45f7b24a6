"""What the API server requires beyond the schemas, which leave it optional: a patch may have removed it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from openflow_render.checks.finding import tell
from openflow_render.checks.pods import Pod, containers, pods
from openflow_render.core import codes
from openflow_render.core.paths import Path
from openflow_render.core.report import Report
from openflow_render.core.resource import POD_TEMPLATES, Bundle, Manifest, Resource

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_RESTART = {
    "Job": ("Never", "OnFailure"),
    "CronJob": ("Never", "OnFailure"),
    "Deployment": ("Always",),
    "StatefulSet": ("Always",),
}
_POLICIES = frozenset({"Always", "Never", "OnFailure"})
_DEFAULT_RESTART = "Always"
_ENDING = frozenset({"Pod", "Job", "CronJob"})


def check(bundle: Bundle, _context: Context, report: Report) -> None:
    with_pods = list(pods(bundle))
    for resource in bundle:
        for path in _missing(resource, any(pod.resource is resource for pod in with_pods)):
            tell(report, codes.SERVER_REQUIRES, resource, path)
    for pod in with_pods:
        _pod(pod, report)
        _restart(pod, report)


def _missing(resource: Resource, has_pod: bool) -> Iterator[Path]:
    """The fields without which the API server takes no object of this kind."""
    spec = resource.manifest.get("spec", {})
    if resource.kind in POD_TEMPLATES and not has_pod:
        yield (*POD_TEMPLATES[resource.kind], "spec")
    elif resource.kind == "PersistentVolumeClaim":
        yield from _of_claim(("spec",), spec)
    elif resource.kind == "StatefulSet":
        for index, claim in enumerate(spec.get("volumeClaimTemplates", ())):
            yield from _of_claim(("spec", "volumeClaimTemplates", index, "spec"), claim.get("spec", {}))
    elif resource.kind == "Service" and not spec.get("ports") and not _needs_no_port(spec):
        yield "spec", "ports"


def _of_claim(path: Path, spec: Manifest) -> Iterator[Path]:
    if not spec.get("accessModes"):
        yield (*path, "accessModes")
    if "storage" not in spec.get("resources", {}).get("requests", {}):
        yield (*path, "resources", "requests", "storage")


def _needs_no_port(service: Manifest) -> bool:
    return service.get("clusterIP") == "None" or service.get("type") == "ExternalName"


def _pod(pod: Pod, report: Report) -> None:
    if not pod.spec.get("containers"):
        tell(report, codes.SERVER_REQUIRES, pod.resource, (*pod.path, "containers"))
    for path, container in containers(pod):
        if not container.get("image"):
            tell(report, codes.SERVER_REQUIRES, pod.resource, (*path, "image"))


def _restart(pod: Pod, report: Report) -> None:
    """What is to end may not be started again for ever, and what is to run for ever may not end."""
    allowed = _RESTART.get(pod.resource.kind)
    given = pod.spec.get("restartPolicy", _DEFAULT_RESTART)
    if given not in _POLICIES:
        return  # that is told of every value; see `values`
    if allowed is not None and given not in allowed:
        values = {"value": given, "allowed": " or ".join(allowed)}
        tell(report, codes.RESTART_POLICY, pod.resource, (*pod.path, "restartPolicy"), **values)
    elif pod.resource.memory and given != "Never" and pod.resource.kind in _ENDING:
        # Executors, claims and logs carry the id of one application.
        tell(report, codes.DRIVER_RESTARTS, pod.resource, (*pod.path, "restartPolicy"), value=given)
