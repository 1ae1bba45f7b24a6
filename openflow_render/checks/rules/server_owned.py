"""What only the API server may fill in stays empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openflow_render.checks.finding import tell
from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_METADATA = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)


def check(bundle: Bundle, _context: Context, report: Report) -> None:
    for resource in bundle:
        if "status" in resource.manifest:
            tell(report, codes.SERVER_OWNED, resource, ("status",))
        for field in sorted(_METADATA.intersection(resource["metadata"])):
            tell(report, codes.SERVER_OWNED, resource, ("metadata", field))
