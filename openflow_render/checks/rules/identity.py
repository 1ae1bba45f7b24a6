"""Each object is made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openflow_render.checks.finding import tell
from openflow_render.checks.pods import namespace
from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle

if TYPE_CHECKING:
    from openflow_render.checks.context import Context


def check(bundle: Bundle, _context: Context, report: Report) -> None:
    seen = set()
    for resource in bundle:
        home = namespace(resource, bundle)
        # Versions of one group show the same object.
        key = resource["apiVersion"].rpartition("/")[0], resource.kind, home, resource.name
        if key in seen:
            tell(report, codes.SAME_OBJECT, resource, ("metadata", "name"), namespace=home)
        seen.add(key)
