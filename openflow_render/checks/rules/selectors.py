"""A Service's selector matches one pod, or pod template, of its namespace, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openflow_render.checks.finding import tell
from openflow_render.checks.pods import namespace, pods
from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle

if TYPE_CHECKING:
    from openflow_render.checks.context import Context


def check(bundle: Bundle, _context: Context, report: Report) -> None:
    for resource in bundle:
        selector = resource.manifest.get("spec", {}).get("selector") if resource.kind == "Service" else None
        if not selector:
            continue
        home = namespace(resource, bundle)
        matched = [
            str(pod.resource.key)
            for pod in pods(bundle)
            if selector.items() <= pod.labels.items() and namespace(pod.resource, bundle) == home
        ]
        if not matched:
            tell(report, codes.SELECTS_NOTHING, resource, ("spec", "selector"))
        elif len(matched) > 1:
            tell(report, codes.SELECTS_MANY, resource, ("spec", "selector"), pods=", ".join(matched))
