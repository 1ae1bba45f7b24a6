"""Labels by which a job's objects are found again: they stay as openflow and the engine set them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openflow_render.checks.finding import tell
from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_MANAGED_BY = "app.kubernetes.io/managed-by"
_OURS, _KUBERNETES = "openflow.io/", ("kubernetes.io/", "k8s.io/")
_ENGINES = frozenset(
    {
        "spark-app-name",
        "spark-app-selector",
        "spark-exec-id",
        "spark-exec-resourceprofile-id",
        "spark-role",
        "spark-version",
    }
)


def check(bundle: Bundle, context: Context, report: Report) -> None:
    labels = context.job.get("metadata", {}).get("labels") or {}
    for key in labels:
        owner = _owner(key)
        if owner:
            report.add(codes.LABEL_RESERVED, at=("metadata", "labels", key), label=key, owner=owner)
    if _MANAGED_BY not in labels:
        _lost(bundle, report)


def _lost(bundle: Bundle, report: Report) -> None:
    """What one object carries all must, as what belongs together is found by it."""
    made = [resource for resource in bundle if not resource.preview]
    lost = [each for each in made if each["metadata"].get("labels", {}).get(_MANAGED_BY) != "openflow"]
    for resource in lost if len(lost) < len(made) else ():
        tell(report, codes.LABEL_LOST, resource, ("metadata", "labels", _MANAGED_BY))


def _owner(key: str) -> str:
    """Whose label ``key`` is; empty if it is anybody's."""
    if key in _ENGINES:
        return "the engine"
    if key == _MANAGED_BY or key.startswith(_OURS):
        return "openflow"
    return "Kubernetes" if key.startswith(_KUBERNETES) else ""
