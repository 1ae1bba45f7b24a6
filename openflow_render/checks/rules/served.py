"""Custom resources: the cluster has their definition, and serves the version that the job writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openflow_render.checks import parts
from openflow_render.checks.finding import tell
from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Resource

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_OF_KUBERNETES = (".k8s.io", "apps", "autoscaling", "batch", "extensions", "policy")
"""What the groups of Kubernetes' own kinds end in, or are called."""

_CUSTOM = (".x-k8s.io", "sparkoperator.k8s.io")
"""What the groups of custom resources end in that look like Kubernetes' own."""


def check(bundle: Bundle, context: Context, report: Report) -> None:
    if not context.given.of("CustomResourceDefinition"):
        return
    for resource in bundle:
        group, _, version = resource["apiVersion"].rpartition("/")
        if group and (not group.endswith(_OF_KUBERNETES) or group.endswith(_CUSTOM)):
            _custom(resource, group, version, context, report)


def _custom(resource: Resource, group: str, version: str, context: Context, report: Report) -> None:
    for each in context.given.of("CustomResourceDefinition"):
        spec = parts.mapping(each.manifest, "spec")
        if (parts.text(spec, "group"), parts.text(spec, "names", "kind")) == (group, resource.kind):
            served = [parts.text(known, "name") for known in parts.mappings(spec, "versions") if known.get("served")]
            if version not in served:
                why = f"it serves {', '.join(served) or 'none of its versions'}"
                tell(report, codes.NOT_SERVED, resource, ("apiVersion",), kind=resource.kind, group=group, why=why)
            return
    why = "no definition of it is given"
    tell(report, codes.NOT_SERVED, resource, ("apiVersion",), kind=resource.kind, group=group, why=why)
