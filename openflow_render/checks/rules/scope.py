"""What objects say about themselves: where they live, whom they belong to, how big they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from openflow_render.checks.finding import tell
from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.core.resource import CLUSTER_SCOPED, POD_TEMPLATES, Bundle

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_OF_KUBERNETES = frozenset({"kube-node-lease", "kube-public", "kube-system"})
_MOST = 1024 * 1024 * 3 // 2
"""As many bytes does etcd take at once."""


def check(bundle: Bundle, _context: Context, report: Report) -> None:
    if bundle.namespace in _OF_KUBERNETES:
        report.add(codes.KUBERNETES_NAMESPACE, at=("metadata", "namespace"), namespace=bundle.namespace)
    _namespaces(bundle, report)
    for resource in bundle:
        if resource["metadata"].get("ownerReferences"):
            tell(report, codes.OWNER_WRITTEN, resource, ("metadata", "ownerReferences"))
        # What ConfigMaps and Secrets hold has a narrower bound, and nothing else is made of long texts.
        if resource.kind in POD_TEMPLATES and not resource.preview:
            size = len(json.dumps(resource.manifest, ensure_ascii=False))
            if size > _MOST:
                tell(report, codes.OBJECT_TOO_BIG, resource, ("spec",), size=size, most=_MOST)


def _namespaces(bundle: Bundle, report: Report) -> None:
    """What has a namespace says which, as the others do: it would else be that of whoever applies it."""
    unsaid, said = [], False
    for resource in bundle:
        named = "namespace" in resource["metadata"]
        if resource.kind in CLUSTER_SCOPED and named:
            tell(report, codes.HAS_NO_NAMESPACE, resource, ("metadata", "namespace"), kind=resource.kind)
        elif resource.kind not in CLUSTER_SCOPED and not resource.preview:
            said = said or named
            unsaid += [] if named else [resource]
    for resource in unsaid if said else ():
        tell(report, codes.NAMESPACE_UNSAID, resource, ("metadata", "namespace"))
