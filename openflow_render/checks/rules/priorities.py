"""Priority classes: that they are not the cluster's own, and let no executor push its driver out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from openflow_render.checks import parts
from openflow_render.checks.finding import tell
from openflow_render.checks.pods import Pod, pods
from openflow_render.core import codes
from openflow_render.core.paths import Path
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Resource

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_KIND = "PriorityClass"
_FIELD = "priorityClassName"
_OF_CLUSTERS = ("system-cluster-critical", "system-node-critical")


def check(bundle: Bundle, context: Context, report: Report) -> None:
    told = set()
    for resource, path, name in _named(bundle):
        if name in _OF_CLUSTERS and name not in told:
            told.add(name)
            tell(report, codes.SYSTEM_PRIORITY, resource, path, name=name)
    for pod in pods(bundle):
        _own(pod, context, report)
    if context.given.of(_KIND):
        _order(bundle, context, report)


def _named(bundle: Bundle) -> Iterator[tuple[Resource, Path, str]]:
    """Every priority class that is named, and where."""
    for resource in bundle:
        if resource.kind == "PodGroup" and resource.manifest.get("spec", {}).get(_FIELD):
            yield resource, ("spec", _FIELD), resource["spec"][_FIELD]
    for pod in pods(bundle):
        if pod.spec.get(_FIELD):
            yield pod.resource, (*pod.path, _FIELD), pod.spec[_FIELD]


def _own(pod: Pod, context: Context, report: Report) -> None:
    """A pod may repeat what its class says, and say nothing else."""
    classes = {each.name: each.manifest for each in context.given.of(_KIND)}
    default = next((name for name, each in classes.items() if each.get("globalDefault") is True), "")
    name = pod.spec.get(_FIELD) or default
    if name and name not in classes:
        return
    found = classes.get(name, {})
    said = {"priority": ("value", 0), "preemptionPolicy": ("preemptionPolicy", "PreemptLowerPriority")}
    for field, (of_class, usual) in said.items():
        wanted = found.get(of_class, usual)
        if field in pod.spec and pod.spec[field] != wanted:
            values = {"value": pod.spec[field], "wanted": wanted}
            tell(report, codes.PRIORITY_OF_ITS_OWN, pod.resource, (*pod.path, field), **values)


def _order(bundle: Bundle, context: Context, report: Report) -> None:
    """Executors with a higher priority than their driver push it out when there is no room for them."""
    values = {each.name: parts.part(each.manifest, "value") for each in context.given.of(_KIND)}
    default = next((each.name for each in context.given.of(_KIND) if each.manifest.get("globalDefault") is True), "")
    every = [(pod, values.get(pod.spec.get(_FIELD, default), 0)) for pod in pods(bundle)]
    drivers = [value for pod, value in every if not pod.resource.preview and isinstance(value, int)]
    for pod, value in every:
        if pod.resource.preview and isinstance(value, int) and drivers and value > min(drivers):
            path = (*pod.path, _FIELD)
            tell(report, codes.DRIVER_BELOW, pod.resource, path, executors=value, driver=min(drivers))
